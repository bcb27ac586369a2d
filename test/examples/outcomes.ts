import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Verdict } from "../../src/policy/verdict.ts";

/** What the README of an example says that becomes of one of its objects. */
export interface Outcome {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly verdict: Verdict;
  readonly rules: readonly string[];
}

export interface Example {
  /** The folder's name. */
  readonly id: string;
  readonly folder: string;
  /** The README's title. */
  readonly title: string;
  readonly outcomes: readonly Outcome[];
}

export const EXAMPLES_FOLDER = join(import.meta.dirname, "../../manifests/examples");

const OUTCOME =
  /^- `(?<kind>\w+) (?<namespace>[\w-]+)\/(?<name>[\w-]+)`: \*\*(?<verdict>deny|warn|allow)\*\*(?: by (?<rules>.+))?$/;

/**
 * All examples with the outcomes that their READMEs document, in the order of the index.
 *
 * @throws Error where the index does not list each folder once, or a README has no title, no outcome, or a line in
 * its list that is none.
 */
export function readExamples(): readonly Example[] {
  const index = readFileSync(join(EXAMPLES_FOLDER, "README.md"), "utf8");
  const listed = [...index.matchAll(/^\| \[([\w-]+)\]\(\1\)/gm)].map(([, id = ""]) => id);
  const folders = readdirSync(EXAMPLES_FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  if (listed.toSorted().join() !== folders.toSorted().join()) {
    throw new Error(
      `${EXAMPLES_FOLDER}/README.md lists ${listed.join(", ")}; the folders are ${folders.join(", ")}`,
    );
  }
  return listed.map(readExample);
}

function readExample(id: string): Example {
  const folder = join(EXAMPLES_FOLDER, id);
  const readme = readFileSync(join(folder, "README.md"), "utf8");
  const title = /^# (.+)$/m.exec(readme)?.[1];
  const list = readme.split("\nOutcome:\n")[1]?.trim().split("\n");
  if (title === undefined || list === undefined) {
    throw new Error(`${folder}/README.md needs a title and, at its end, a list after "Outcome:"`);
  }
  return { id, folder, title, outcomes: list.map((line) => readOutcome(line, folder)) };
}

function readOutcome(line: string, folder: string): Outcome {
  const { kind, namespace, name, verdict, rules } = OUTCOME.exec(line)?.groups ?? {};
  if (!kind || !namespace || !name || !verdict)
    throw new Error(`${folder}/README.md: not an outcome: ${line}`);
  return {
    kind,
    namespace,
    name,
    verdict: verdict as Verdict,
    rules: rules?.split(", ").map((rule) => rule.replaceAll("`", "")) ?? [],
  };
}
