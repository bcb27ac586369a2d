/** Manifests that were judged wrongly once: each row of the shared reports gets the answer that its README gives. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { run } from "../cli/run.ts";
import { SHARED } from "../verdicts/fixtures.ts";

const REPORTS = join(SHARED, "reports");

interface Ref {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

interface Report {
  readonly findings: readonly { readonly rule: string; readonly severity: string; readonly workload: Ref }[];
  readonly workloads: readonly (Ref & { readonly verdict: string })[];
  readonly notes?: readonly { readonly message: string }[];
}

/** What the answer is, as `Kind name: verdict` lines, or a test of the report where there is more than one right answer. */
type Answer = readonly string[] | ((report: Report) => boolean);

const finds = (kind: string, rule: string) => (report: Report) =>
  report.findings.some((finding) => finding.workload.kind === kind && finding.rule === rule);

const worst =
  (kind: string, ...verdicts: readonly string[]) =>
  ({ workloads }: Report) =>
    workloads.some((workload) => workload.kind === kind && verdicts.includes(workload.verdict));

const ANSWERS: Readonly<Record<string, Answer>> = {
  "keda-scaledjob-static-claim.yaml": worst("ScaledJob", "warn", "deny"),
  "keda-scaledobject-on-rwo.yaml": finds("Deployment", "rwo-autoscaling"),
  "ui-mounts-claim-of-statefulset.yaml": (report) =>
    finds("Deployment", "rwo-shared-claim")(report) && finds("StatefulSet", "rwo-shared-claim")(report),
  "backup-cronjob-of-statefulset-claim.yaml": finds("CronJob", "rwo-shared-claim"),
  "local-path-by-name.yaml": ["Deployment app: warn"],
  "cronjob-beside-deploymentconfig.yaml": worst("DeploymentConfig", "warn", "deny"),
  "statefulset-template-rwx-refused.yaml": finds("StatefulSet", "access-mode-unsupported"),
  "wild-node-object-of-a-fixture.yaml": ["Deployment app: deny"],
  "wild-flow-sequence-at-parent-indent.yaml": ["Deployment store: deny"],
  "wild-storageclass-patch-first.yaml": ["Deployment app: allow"],
  "wild-selector-claim-binds-static-nfs.yaml": ["Deployment app: allow"],
  "wild-cstor-refuses-second-node.yaml": ["Deployment db: deny"],
  "wild-openshift-template.yaml": ["Deployment store: deny"],
  "wild-replicationcontroller.yaml": finds("ReplicationController", "rwo-replicas"),
  "rwop-claim-shared-by-two.yaml": (report) =>
    finds("Deployment", "rwo-shared-claim")(report) && finds("CronJob", "rwo-shared-claim")(report),
  "affinity-to-pods-of-an-operator.yaml": worst("Deployment", "warn", "deny"),
  // Without a tool to render it: a warning that says so, and never a denial.
  "kustomize-overlay-sets-recreate": worst("Deployment", "allow", "warn"),
  "same-names-in-two-folders": ["Deployment mysql: allow", "Deployment mysql: deny"],
  "claim-taken-from-another-folder-missed": ["Deployment blog: allow", "Deployment shop: deny"],
  "kustomize-namespace-per-folder": ["Deployment redis-a: allow", "Deployment redis-b: allow"],
  "hidden-folder-skipped-silently": ["Deployment app: deny"],
};

const skip = existsSync(REPORTS) ? false : "the shared reports are not beside this checkout";

t.test("every row of the shared reports gets its answer", { skip }, async (t) => {
  const readme = readFileSync(join(REPORTS, "README.md"), "utf8");
  const rows = [...readme.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = ""]) => name);
  t.same(rows.toSorted(), Object.keys(ANSWERS).toSorted(), "no row is new or gone");
  for (const row of rows) {
    const { out } = await run(["check", join(REPORTS, row), "--format", "json"]);
    const report = JSON.parse(out) as Report;
    const answer = ANSWERS[row] as Answer;
    const verdicts = report.workloads.map(({ kind, name, verdict }) => `${kind} ${name}: ${verdict}`).sort();
    const right = typeof answer === "function" ? answer(report) : answer.join() === verdicts.join();
    t.ok(right, `${row}: ${verdicts.join(", ") || "nothing judged"}`);
  }
});
