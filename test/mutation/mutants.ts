import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { randomFrom } from "../fuzz/random.ts";

/** One change of one place in the sources. */
export interface Mutant {
  /** Below src. */
  readonly file: string;
  readonly line: number;
  /** Where in the file the change stands. */
  readonly offset: number;
  readonly from: string;
  readonly to: string;
  /** The whole changed text of the file. */
  readonly text: string;
}

const SRC = join(import.meta.dirname, "../../src");

/** What is changed, wherever it stands in code. */
const OPERATORS: readonly (readonly [from: RegExp, to: string])[] = [
  [/ === /g, " !== "],
  [/ !== /g, " === "],
  [/ && /g, " || "],
  [/ \|\| /g, " && "],
  [/ > /g, " >= "],
  [/ >= /g, " > "],
  [/ < /g, " <= "],
  [/ <= /g, " < "],
  [/ \+ 1\b/g, ""],
  [/ - 1\b/g, ""],
  [/\btrue\b/g, "false"],
  [/\bfalse\b/g, "true"],
  [/(?<=[( ])!(?=[a-zA-Z(])/g, ""],
  [/\.some\(/g, ".every("],
  [/\.every\(/g, ".some("],
  [/\bMath\.max\(/g, "Math.min("],
  [/\bMath\.min\(/g, "Math.max("],
];

const COMMENT = /^\s*(\/\/|\/?\*)/;

/** Whether the place stands between quotes: what is written there is said, not done. */
function isQuoted(line: string, index: number): boolean {
  const before = line.slice(0, index);
  return before.replaceAll('\\"', "").split('"').length % 2 === 0 || /^\s*["`]/.test(before);
}

/** Every change of the file that an operator offers, the types left alone. */
export function mutantsOf(file: string): readonly Mutant[] {
  const text = readFileSync(join(SRC, file), "utf8");
  const lines = text.split("\n");
  // Types are blanked there and everything else stays where it is.
  const running = stripTypeScriptTypes(text).split("\n");
  let next = 0;
  return lines.flatMap((line, index) => {
    const start = next;
    next += line.length + 1;
    if (COMMENT.test(line)) return [];
    const comment = line.indexOf(" // ");
    return OPERATORS.flatMap(([from, to]) =>
      [...line.matchAll(from)].flatMap((match) => {
        const end = match.index + match[0].length;
        if (running[index]?.slice(match.index, end) !== match[0] || isQuoted(line, match.index)) return [];
        if (comment >= 0 && comment < match.index) return [];
        const changed = line.slice(0, match.index) + to + line.slice(end);
        return {
          file,
          line: index + 1,
          offset: start + match.index,
          from: line.trim(),
          to: changed.trim(),
          text: lines.with(index, changed).join("\n"),
        };
      }),
    );
  });
}

/** The files below `src` that are to be changed: those under each of the prefixes. */
export function filesUnder(prefixes: readonly string[]): readonly string[] {
  return globSync("**/*.ts", { cwd: SRC })
    .filter((file) => prefixes.some((prefix) => file.startsWith(prefix)) && !file.includes("generated"))
    .toSorted();
}

/** At most so many of them, drawn so that the seed draws the same again; in the order of their lines. */
export function sampleOf(mutants: readonly Mutant[], most: number, seed: number): readonly Mutant[] {
  const random = randomFrom(seed);
  const chosen = new Set<Mutant>();
  while (chosen.size < Math.min(most, mutants.length)) chosen.add(random.pick(mutants));
  return mutants.filter((mutant) => chosen.has(mutant));
}
