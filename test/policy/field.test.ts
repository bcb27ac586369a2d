import t from "tap";
import { compare } from "../../src/policy/compare.ts";
import { claimNameField, countField, type FieldStep, maximumField } from "../../src/policy/field.ts";
import type { Autoscaler } from "../../src/policy/model.ts";
import { bundle } from "../support/bundle.ts";
import * as objects from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const cronJob = (spec: Raw): Raw => ({
  apiVersion: "batch/v1",
  kind: "CronJob",
  metadata: { name: "web", namespace: "shop" },
  spec: { schedule: "0 0 * * *", ...spec },
});
const runs = (parallelism: number, more: Raw = {}): Raw =>
  cronJob({ jobTemplate: { spec: { parallelism, template: objects.template() } }, ...more });
/** A path as `spec.replicas`; the item of a list by what it holds. */
const text = (path: readonly FieldStep[]): string =>
  path
    .map((step) => (typeof step === "string" ? step : `[${step.holding.join(".")}=${step.value}]`))
    .join(".");
const workload = (raw: Raw) => bundle(objects.file(raw)).workload();

t.test("a finding points at the field that says how many pods there are", async (t) => {
  const rows: readonly (readonly [Raw, string])[] = [
    [objects.deployment(), "spec.replicas"],
    [objects.statefulSet(), "spec.replicas"],
    [objects.daemonSet(), "spec"],
    [objects.pod(), "spec"],
    [objects.job({ workload: { parallelism: 2 } }), "spec.parallelism"],
    [objects.scaledJob({ maxReplicaCount: 2 }), "spec.maxReplicaCount"],
    [runs(2), "spec.jobTemplate.spec.parallelism"],
    [runs(1), "spec.concurrencyPolicy"],
  ];
  for (const [raw, path] of rows) t.equal(text(countField(workload(raw)).path), path, `${raw.kind}: ${path}`);
});

t.test("and at the one that names the claim", async (t) => {
  const end = ".volumes.[persistentVolumeClaim.claimName=data].persistentVolumeClaim.claimName";
  const own = { volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {} }] };
  const rows: readonly (readonly [Raw, string, string])[] = [
    [objects.deployment(), "data", `spec.template.spec${end}`],
    [objects.pod(), "data", `spec${end}`],
    [runs(1), "data", `spec.jobTemplate.spec.template.spec${end}`],
    [objects.scaledJob(), "data", `spec.jobTargetRef.template.spec${end}`],
    [objects.borrowingRollout({}), "data", "spec.workloadRef"],
    [objects.statefulSet({ name: "db", workload: own }), "data-db-0", "spec.volumeClaimTemplates"],
    [objects.statefulSet({ name: "db", workload: own }), "data", `spec.template.spec${end}`],
  ];
  for (const [raw, name, path] of rows) {
    t.equal(text(claimNameField(workload(raw), name).path), path, `${raw.kind}: ${path}`);
  }
});

t.test("and at an autoscaler's maximum", async (t) => {
  const scaler = { kind: "HorizontalPodAutoscaler", namespace: "shop", name: "web" } as Autoscaler;
  t.match(maximumField(scaler), {
    object: { apiVersion: "autoscaling/v2" },
    path: ["spec", "maxReplicas"],
    source: null,
  });
  t.match(maximumField({ ...scaler, kind: "ScaledObject" }), {
    object: { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject" },
    path: ["spec", "maxReplicaCount"],
  });
});

t.test("names are in the same order everywhere, and equal ones stay as they were", async (t) => {
  t.strictSame(["b", "B", "a", "é"].sort(compare), ["B", "a", "b", "é"]);
  t.equal(compare("a", "a"), 0);
});
