import type { NotRendered, NotRenderedCode } from "./renderer.ts";

/** Longer than any message that a person reads to its end. */
const MAX_LINE = 300;

/** Control and format characters and separators: they would move a cursor, reorder a line or start a new one. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu;

/** Text of others as one line that is safe to print, cut to `length` characters. */
export function oneLine(text: string, length: number = MAX_LINE): string {
  // Cut before the expression runs: what is read here may be megabytes.
  const line = text
    .slice(0, length * 4)
    .replace(UNPRINTABLE, " ")
    .trim();
  return line.length > length || text.length > length * 4 ? `${line.slice(0, length)}…` : line;
}

const RENDER_YOURSELF = "render it yourself and pass the output to `attachguard check -`";

const REMEDIES: Readonly<Record<NotRenderedCode, string>> = {
  "no-tool": RENDER_YOURSELF,
  remote: `vendor it into the tree, or ${RENDER_YOURSELF}`,
  outside: `move it into the repository, name a folder that holds both, or ${RENDER_YOURSELF}`,
  program: RENDER_YOURSELF,
  "helm-in-kustomize": `${RENDER_YOURSELF} (kustomize build --enable-helm)`,
  dependencies: `run \`helm dependency build\` in the chart's folder, or ${RENDER_YOURSELF}`,
  library: "nothing: it is judged in the charts that use it",
  component: "nothing: it is judged in the kustomizations that use it",
  unreadable: "correct the file",
  values: "name a local file",
  "too-large": RENDER_YOURSELF,
  failed: `correct what it names, or ${RENDER_YOURSELF}`,
};

/** A reason, made safe for printing, with the remedy that its kind has. */
export function notRendered(code: NotRenderedCode, reason: string, remedy = REMEDIES[code]): NotRendered {
  return { state: "not-rendered", code, reason: oneLine(reason), remedy };
}
