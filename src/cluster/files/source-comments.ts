import type { SourcePosition } from "../../policy/model.ts";

const COMMENT = /^# Source: (\S.*)$/;

/**
 * Where `helm template` says that an object of its output comes from: the `# Source:` comment of its document.
 *
 * @returns for a place in the text, the place that is shown in its stead; `undefined` where no comment tells one
 */
export function sourceComments(text: string): (at: SourcePosition) => SourcePosition | undefined {
  if (!text.includes("# Source: ")) return () => undefined;
  /** By line, from 1: the file that was named last since the last `---`. */
  const files: (string | undefined)[] = [];
  let file: string | undefined;
  for (const [at, line] of text.split("\n").entries()) {
    if (/^---(?=\s|$)/.test(line)) file = undefined;
    file = COMMENT.exec(line.trimEnd())?.[1] ?? file;
    files[at + 1] = file;
  }
  return ({ line }) => {
    const named = files[line];
    return named === undefined ? undefined : { file: named, line: 1, column: 1 };
  };
}
