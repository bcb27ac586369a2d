import type { AccessMode, Labels } from "../model.ts";

/** How parameters of a StorageClass (and a few other things) change what a driver can do. */
export interface ParameterRule {
  /**
   * All must hold. A value is a pattern: `a|b` either; `*` any characters; `!a` present and not `a`; `!*` absent;
   * `>=n` a number; `<...>` a name that only the site knows. Keys and values are compared without regard to case.
   * A key with `$` is not a parameter: `$pvc.dataSource` is read from the claim, all others cannot be seen.
   */
  readonly when: Labels;
  readonly adds?: ModeLists;
  readonly removes?: ModeLists;
  readonly sets?: {
    /** null: not known. */
    readonly accessModes?: readonly AccessMode[] | null;
    readonly blockAccessModes?: readonly AccessMode[] | null;
    readonly attachRequired?: boolean;
    readonly nodeLocal?: boolean;
    readonly nodeAffinity?: boolean;
    readonly sameNodeMultiPod?: boolean;
    readonly refusesSecondNode?: boolean;
  };
}

interface ModeLists {
  readonly accessModes?: readonly AccessMode[];
  readonly blockAccessModes?: readonly AccessMode[];
}

/** What a rule may look at. */
export interface Visible {
  readonly parameters: Labels;
  readonly claim: { readonly hasDataSource: boolean } | undefined;
}

/** `maybe`: everything that can be seen matches, and something that cannot be seen decides. */
type Answer = "yes" | "no" | "maybe";

/** Whether all conditions hold, and the parameters, as `key: value`, that made them hold. */
export function matches(when: Labels, { parameters, claim }: Visible): { answer: Answer; seen: string[] } {
  const seen: string[] = [];
  let answer: Answer = "yes";
  for (const [key, pattern] of Object.entries(when)) {
    if (key === "$pvc.dataSource" && claim !== undefined) {
      if (!claim.hasDataSource) return { answer: "no", seen: [] };
    } else if (key.startsWith("$") || pattern.startsWith("<")) {
      answer = "maybe";
    } else {
      const [name, value] = parameterNamed(key, parameters);
      if (!pattern.split("|").some((alternative) => valueMatches(alternative, value))) {
        return { answer: "no", seen: [] };
      }
      if (value !== undefined) seen.push(`${name}: ${value}`);
    }
  }
  return { answer, seen };
}

function parameterNamed(key: string, parameters: Labels): readonly [string, string | undefined] {
  if (Object.hasOwn(parameters, key)) return [key, parameters[key]];
  const wanted = key.toLowerCase();
  return Object.entries(parameters).find(([name]) => name.toLowerCase() === wanted) ?? [key, undefined];
}

function valueMatches(pattern: string, value: string | undefined): boolean {
  if (pattern === "!*") return value === undefined;
  if (value === undefined) return false;
  if (pattern.startsWith("!")) return !globMatches(pattern.slice(1).toLowerCase(), value.toLowerCase());
  if (pattern.startsWith(">=")) return Number(value) >= Number(pattern.slice(2));
  return globMatches(pattern.toLowerCase(), value.toLowerCase());
}

/** Whether the whole name matches; `*` stands for any characters, none included. */
export function globMatches(pattern: string, name: string): boolean {
  if (!pattern.includes("*")) return pattern === name;
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return name.length - at >= last.length && name.endsWith(last);
}

/** How many characters of a pattern stand for themselves: the more, the more exact it is. */
export function literalLength(pattern: string): number {
  return pattern.replaceAll("*", "").length;
}
