/** Every fixture whose verdict is written down in `test/golden/verdicts.json`, by a name that says where it is from. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { RULES } from "../../src/policy/rules/index.ts";
import { run } from "../cli/run.ts";
import { EXAMPLES_FOLDER } from "../examples/outcomes.ts";
import { TRICKY_BUNDLES } from "../parity/bundles.ts";

/** Recordings and reports that stand beside the checkout, and not everywhere. */
export const SHARED = join(import.meta.dirname, "../../../shared");

interface Report {
  readonly findings: readonly { rule: string; severity: string; workload: Ref; factors?: Moment | null }[];
  readonly workloads: readonly (Ref & { verdict: string; factors: Factors })[];
}
interface Ref {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}
interface Moment {
  readonly moment: string;
}
interface Factors extends Moment {
  readonly reach: string;
  readonly overlap: string;
  readonly spread: string;
}

/** What each object of a fixture gets, a line each, e.g. `Deployment shop/web: deny by rwo-replicas (steady node always free)`. */
export type Verdicts = Readonly<Record<string, readonly string[]>>;

/** The verdicts on all fixtures that this machine has. */
export async function verdictsOnFixtures(t: Test): Promise<Verdicts> {
  const verdicts: Record<string, readonly string[]> = {};
  for (const name of foldersIn(EXAMPLES_FOLDER)) {
    verdicts[`example ${name}`] = await linesOf(["check", join(EXAMPLES_FOLDER, name)]);
  }
  for (const { id, examples } of RULES) {
    for (const [name, text] of Object.entries(examples)) {
      const folder = written(t, { "example.yaml": text });
      verdicts[`rule ${id} ${name}`] = await linesOf(["check", folder]);
    }
  }
  for (const { why, files } of TRICKY_BUNDLES) {
    verdicts[`bundle ${why}`] = await linesOf(["check", written(t, files)]);
  }
  for (const [kind, command] of [
    ["reports", ["check"]],
    ["recordings/stuck", ["audit", "--from"]],
  ] as const) {
    const folder = join(SHARED, kind);
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder).sort()) {
      if (name === "README.md" || name === "expected.json") continue;
      verdicts[`${kind} ${name}`] = await linesOf([...command, join(folder, name)]);
    }
  }
  return verdicts;
}

function foldersIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function written(t: Test, files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = t.testdir();
  const own = join(folder, String(Math.random()).slice(2));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(own, name, ".."), { recursive: true });
    writeFileSync(join(own, name), content);
  }
  return own;
}

async function linesOf(words: readonly string[]): Promise<readonly string[]> {
  const { out } = await run([...words, "--format", "json"]);
  const { findings, workloads } = JSON.parse(out) as Report;
  const lines = workloads.map((workload) => {
    const { verdict, factors } = workload;
    const { moment, reach, overlap, spread } = factors;
    return `${nameOf(workload)}: ${verdict}${rulesOf(findings, workload)} (${moment} ${reach} ${overlap} ${spread})`;
  });
  const judged = new Set(workloads.map(nameOf));
  const others = findings
    .filter(({ workload }) => !judged.has(nameOf(workload)))
    .map((finding) => `${nameOf(finding.workload)}: ${ruleOf(finding)}`);
  return [...lines, ...others].sort();
}

function rulesOf(findings: Report["findings"], subject: Ref): string {
  const own = findings.filter(({ workload }) => nameOf(workload) === nameOf(subject)).map(ruleOf);
  return own.length === 0 ? "" : ` by ${own.sort().join(", ")}`;
}

/** `rule` for an error, `rule?` for a warning. */
function ruleOf({ rule, severity }: Report["findings"][number]): string {
  return severity === "error" ? rule : `${rule}?`;
}

function nameOf({ kind, namespace, name }: Ref): string {
  return `${kind} ${namespace}/${name}`;
}
