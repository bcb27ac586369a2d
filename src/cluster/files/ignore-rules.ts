import { globMatcher } from "./glob.ts";

interface IgnoreRule {
  readonly negated: boolean;
  readonly foldersOnly: boolean;
  /** Matches a path relative to the folder of the .gitignore. */
  readonly test: (path: string) => boolean;
}

/** Nobody writes longer patterns. */
const LONGEST_PATTERN = 1024;
const MOST_PATTERNS = 10_000;

/** What one .gitignore says (gitignore(5)), in its order. */
export function ignoreRules(text: string): readonly IgnoreRule[] {
  const rules: IgnoreRule[] = [];
  for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    if (rules.length === MOST_PATTERNS) break;
    const rule = line.length > LONGEST_PATTERN ? undefined : ignoreRule(line);
    if (rule !== undefined) rules.push(rule);
  }
  return rules;
}

function ignoreRule(line: string): IgnoreRule | undefined {
  if (line.startsWith("#")) return undefined;
  // A trailing space counts only after a backslash.
  let pattern = line.replace(/(?<!\\)\s+$/, "");
  const negated = pattern.startsWith("!");
  if (negated) pattern = pattern.slice(1);
  const foldersOnly = pattern.endsWith("/");
  if (foldersOnly) pattern = pattern.slice(0, -1);
  const anchored = pattern.includes("/");
  if (pattern.startsWith("/")) pattern = pattern.slice(1);
  if (pattern === "") return undefined;
  return { negated, foldersOnly, test: globMatcher(anchored ? pattern : `**/${pattern}`) };
}

/** The rules that hold in a folder: those of its own .gitignore come after those of the folders around it. */
export class IgnoreScope {
  readonly #around: IgnoreScope | undefined;
  readonly #rules: readonly IgnoreRule[];
  /** The path of this scope's folder from that of `around`. */
  readonly #name: string;

  constructor(around: IgnoreScope | undefined, name: string, rules: readonly IgnoreRule[]) {
    this.#around = around;
    this.#name = name;
    this.#rules = rules;
  }

  /** Whether something in the folder is ignored; the last pattern that matches decides, the nearest file first. */
  ignores(path: string, isFolder: boolean): boolean {
    for (let at = this.#rules.length - 1; at >= 0; at -= 1) {
      const { negated, foldersOnly, test } = this.#rules[at] as IgnoreRule;
      if ((isFolder || !foldersOnly) && test(path)) return !negated;
    }
    return this.#around?.ignores(`${this.#name}/${path}`, isFolder) ?? false;
  }
}
