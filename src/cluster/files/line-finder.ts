import type { SourcePosition } from "../../policy/model.ts";

/** Turns offsets into lines and columns. Cheap when offsets are asked for in ascending order. */
export class LineFinder {
  readonly #file: string;
  readonly #text: string;
  #line = 1;
  #lineStart = 0;
  /** Where the line ends; -1: with the text. Kept, since in a text of one line the search runs to its end. */
  #lineEnd: number;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
    this.#lineEnd = text.indexOf("\n");
  }

  positionOf(offset: number): SourcePosition {
    if (offset < this.#lineStart) {
      this.#line = 1;
      this.#moveTo(0);
    }
    while (this.#lineEnd !== -1 && this.#lineEnd < offset) {
      this.#line += 1;
      this.#moveTo(this.#lineEnd + 1);
    }
    return { file: this.#file, line: this.#line, column: offset - this.#lineStart + 1 };
  }

  #moveTo(lineStart: number): void {
    this.#lineStart = lineStart;
    this.#lineEnd = this.#text.indexOf("\n", lineStart);
  }
}
