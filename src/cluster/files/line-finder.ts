import type { SourcePosition } from "../../policy/model.ts";

/** Turns offsets into lines and columns. Cheap when offsets are asked for in ascending order. */
export class LineFinder {
  private readonly file: string;
  private readonly text: string;
  private line = 1;
  private lineStart = 0;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  positionOf(offset: number): SourcePosition {
    if (offset < this.lineStart) {
      this.line = 1;
      this.lineStart = 0;
    }
    let newline = this.text.indexOf("\n", this.lineStart);
    while (newline !== -1 && newline < offset) {
      this.line += 1;
      this.lineStart = newline + 1;
      newline = this.text.indexOf("\n", this.lineStart);
    }
    return { file: this.file, line: this.line, column: offset - this.lineStart + 1 };
  }
}
