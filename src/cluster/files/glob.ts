/**
 * Patterns for paths, as .gitignore writes them: `*` and `?` stop at a `/`, `**` does not, `[a-z]` and `[!a]` stand for
 * one character, `\` takes the next character literally. A repository may bring its own patterns, so they are not
 * turned into regular expressions: matching takes at most pattern × path steps. (Node's `path.matchesGlob` warns that
 * it is experimental on the oldest Node that is supported.)
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  const parts = partsOf(pattern);
  return (path) => matches(parts, path.split("/"), isFolders, partMatches);
}

/**
 * What `--include` and `--exclude` mean: a pattern without a `/` is a name at any depth, one with a `/` a path from the
 * folder that was named; either also stands for everything below it.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const tests = patterns.flatMap((pattern) => {
    const trimmed = pattern.replace(/^\.?\//, "").replace(/\/+$/, "");
    const anywhere = trimmed.includes("/") ? trimmed : `**/${trimmed}`;
    return [globMatcher(anywhere), globMatcher(`${anywhere}/**`)];
  });
  return (path) => tests.some((test) => test(path));
}

/** One name of a path: tests for single characters, and `*`, which is any number of them. */
type Part = "**" | readonly ("*" | ((character: string) => boolean))[];

const isFolders = (part: Part): boolean => part === "**";

function partMatches(part: Part, name: string): boolean {
  return part !== "**" && matches(part, [...name], (each) => each === "*", characterMatches);
}

function characterMatches(test: Exclude<Part, "**">[number], character: string): boolean {
  return test !== "*" && test(character);
}

/** Matches a list against a pattern in which some elements stand for any number of entries; only the last is retried. */
function matches<P, T>(
  pattern: readonly P[],
  list: readonly T[],
  isMany: (element: P) => boolean,
  isOne: (element: P, entry: T) => boolean,
): boolean {
  let at = 0;
  let next = 0;
  let many = -1;
  let retry = 0;
  while (next < list.length) {
    const element = pattern[at];
    if (at < pattern.length && isMany(element as P)) {
      many = at;
      retry = next;
      at += 1;
    } else if (at < pattern.length && isOne(element as P, list[next] as T)) {
      at += 1;
      next += 1;
    } else if (many !== -1) {
      retry += 1;
      next = retry;
      at = many + 1;
    } else return false;
  }
  return pattern.slice(at).every(isMany);
}

function partsOf(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  for (const text of pattern.split("/")) {
    if (!/^\*\*+$/.test(text)) parts.push(charactersOf(text));
    else if (parts.at(-1) !== "**") parts.push("**");
  }
  // `x/**` is what lies below x, and not x.
  if (parts.at(-1) === "**") parts.push(["*"]);
  return parts;
}

function charactersOf(text: string): Exclude<Part, "**"> {
  const tests: ("*" | ((character: string) => boolean))[] = [];
  const characters = [...text];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string;
    if (character === "*") {
      if (tests.at(-1) !== "*") tests.push("*");
    } else if (character === "?") tests.push(() => true);
    else if (character === "[" && characters.indexOf("]", at + 2) !== -1) {
      const end = characters.indexOf("]", at + 2);
      tests.push(oneOf(characters.slice(at + 1, end)));
      at = end;
    } else {
      if (character === "\\" && at + 1 < characters.length) at += 1;
      const literal = characters[at] as string;
      tests.push((other) => other === literal);
    }
  }
  return tests;
}

/** `abc`, `a-z`, and with `!` or `^` before them everything else. */
function oneOf(characters: readonly string[]): (character: string) => boolean {
  const negated = characters[0] === "!" || characters[0] === "^";
  const ranges: [string, string][] = [];
  for (let at = negated ? 1 : 0; at < characters.length; at += 1) {
    const from = characters[at] as string;
    const isRange = characters[at + 1] === "-" && at + 2 < characters.length;
    ranges.push([from, isRange ? (characters[at + 2] as string) : from]);
    if (isRange) at += 2;
  }
  return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== negated;
}
