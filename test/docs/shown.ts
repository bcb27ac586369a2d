import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../manifests/render.ts";

/** A line of a block of code in a page. */
export interface Shown {
  /** Page and line. */
  readonly place: string;
  readonly line: string;
  /** How the block is marked; `sh`: works in a clean clone, without a cluster; "": needs files of one's own or a cluster. */
  readonly mark: string;
}

/** Every page that shows commands. */
export const PAGES: readonly string[] = [
  "README.md",
  "SECURITY.md",
  "UPGRADING.md",
  "manifests/README.md",
  "charts/attachguard/README.md",
  "examples/README.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** The lines of all blocks of a page; one that ends in a backslash is joined with the next. */
export function shownIn(page: string): readonly Shown[] {
  const shown: Shown[] = [];
  let mark: string | undefined;
  let open = "";
  for (const [index, line] of readFileSync(join(ROOT, page), "utf8").split("\n").entries()) {
    if (line.startsWith("```")) mark = mark === undefined ? line.slice(3).trim() : undefined;
    else if (mark !== undefined && line.endsWith("\\")) open += line.slice(0, -1);
    else if (mark !== undefined && line.trim() !== "") {
      shown.push({ place: `${page}:${index + 1}`, line: (open + line).trim(), mark });
      open = "";
    }
  }
  return shown;
}

/** A call of attachguard in a block without a mark. */
export interface Typed {
  readonly place: string;
  readonly words: readonly string[];
}

/** Without comments, and of a pipeline only its own part. */
export function typedIn(pages: readonly string[]): readonly Typed[] {
  return pages
    .flatMap((page) => shownIn(page))
    .filter(({ mark }) => mark === "")
    .flatMap(({ place, line }) =>
      line
        .replace(/\s+#.*$/, "")
        .split(" | ")
        .map((part) => /^(?:kubectl )?attachguard (.+)$/.exec(part.trim())?.[1])
        .filter((words) => words !== undefined)
        .map((words) => ({ place, words: words.split(/\s+/) })),
    );
}

/** Judges what a cluster has now. */
export function needsCluster({ words }: Typed): boolean {
  if (words[0] === "check") return false;
  return !words.some((word) => word === "--from" || word === "--from-log") || words.includes("--context");
}
