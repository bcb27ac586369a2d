import { BundleBuilder } from "../../src/cluster/files/bundle-builder.ts";
import type { Bundle } from "../../src/cluster/files.ts";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import type { Config } from "../../src/config/model.ts";
import type { PlanMaker } from "../../src/judge/all.ts";
import { type Compared, judgeVersions } from "../../src/judge/compared.ts";
import type { Verdict } from "../../src/policy/verdict.ts";

type Raw = Readonly<Record<string, unknown>>;

/** Files by path, as raw objects, as a tree is read that is compared with another one. */
export type Files = Readonly<Record<string, readonly Raw[]>>;

function bundleOf(files: Files, options: { readonly closed?: boolean } = {}): Bundle {
  const builder = new BundleBuilder([], { ...options, nodesComplete: false });
  for (const [file, objects] of Object.entries(files)) {
    const text = objects.map((object) => JSON.stringify(object)).join("\n---\n");
    builder.add({ file, text, keepWritten: true });
  }
  return builder.build();
}

/** What `check --base` finds of a change of files, without a repository. */
export function judgeFiles(
  before: Files,
  after: Files,
  {
    config = {},
    all = false,
    closed = false,
    planFor,
  }: {
    readonly config?: Partial<Config>;
    readonly all?: boolean;
    readonly closed?: boolean;
    readonly planFor?: PlanMaker;
  } = {},
): Promise<Compared> {
  const settings = {
    config: { ...DEFAULT_CONFIG, ...config },
    verifyWaiver: async () => ({ state: "refused" as const, reason: "this test has no keys" }),
    dryRun: false,
    now: 0,
  };
  return judgeVersions(
    { before: bundleOf(before, { closed }), after: bundleOf(after, { closed }) },
    settings,
    { all, ...(planFor && { planFor }) },
  );
}

/** The worst that the webhook would say to what a change concerns. */
export function verdictOf({ workloads, findings, known }: Compared): Verdict {
  const verdicts = new Set(workloads.map(({ verdict }) => verdict));
  const ofClaims = findings.filter(
    (finding) => finding.workload.kind === "PersistentVolumeClaim" && !known.has(finding),
  );
  if (verdicts.has("deny") || ofClaims.some(({ severity }) => severity === "error")) return "deny";
  return verdicts.has("warn") || ofClaims.length > 0 ? "warn" : "allow";
}

/** What a change brings: `rule` for an error, `rule?` for a warning, sorted. */
export function broughtBy({ findings, known }: Compared): readonly string[] {
  return findings
    .filter((finding) => !known.has(finding))
    .map(({ rule, severity, workload }) => `${workload.name} ${rule}${severity === "error" ? "" : "?"}`)
    .sort();
}
