import t from "tap";
import { workloadFrom } from "../../src/kube/workload.ts";
import type { IntOrPercent, UpdateStrategy, Workload } from "../../src/policy/model.ts";

const int = (value: number): IntOrPercent => ({ kind: "int", value });
const percent = (value: number): IntOrPercent => ({ kind: "percent", value });
const rolling = (maxSurge: IntOrPercent, maxUnavailable: IntOrPercent): UpdateStrategy => ({
  kind: "rolling-update",
  maxSurge,
  maxUnavailable,
});

function read(raw: object): Workload {
  const workload = workloadFrom({ metadata: { name: "web", namespace: "shop" }, ...raw });
  if (workload === undefined) throw new Error("no workload");
  return workload;
}

const deployment = (spec: unknown): Workload => read({ apiVersion: "apps/v1", kind: "Deployment", spec });

t.test("applies the defaults of a Deployment's strategy member by member", async (t) => {
  const rows: { spec: unknown; expected: UpdateStrategy; reason: string }[] = [
    { spec: undefined, expected: rolling(percent(25), percent(25)), reason: "no spec at all" },
    { spec: {}, expected: rolling(percent(25), percent(25)), reason: "no strategy" },
    { spec: { strategy: null }, expected: rolling(percent(25), percent(25)), reason: "null is absent" },
    { spec: { strategy: {} }, expected: rolling(percent(25), percent(25)), reason: "no type" },
    { spec: { strategy: { type: "Recreate" } }, expected: { kind: "recreate" }, reason: "explicit" },
    {
      spec: { strategy: { rollingUpdate: { maxSurge: 0 } } },
      expected: rolling(int(0), percent(25)),
      reason: "an explicit zero is kept, the other member gets its own default",
    },
    {
      spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "100%" } } },
      expected: rolling(percent(25), percent(100)),
      reason: "a percentage is kept as one",
    },
    {
      spec: { strategy: { rollingUpdate: { maxSurge: "300%", maxUnavailable: 0 } } },
      expected: rolling(percent(300), int(0)),
      reason: "a surge has no upper limit",
    },
    {
      spec: { strategy: { rollingUpdate: { maxSurge: "0%", maxUnavailable: "0%" } } },
      expected: rolling(percent(0), percent(0)),
      reason: "zero percent is not absent",
    },
  ];
  for (const { spec, expected, reason } of rows) {
    t.same(deployment(spec).strategy, expected, reason);
    t.same(deployment(spec).notes, [], `${reason}: nothing to note`);
  }
});

t.test("replaces what cannot be read by the default and says so", async (t) => {
  const surge = (maxSurge: unknown) => ({ strategy: { rollingUpdate: { maxSurge } } });
  const unavailable = (maxUnavailable: unknown) => ({ strategy: { rollingUpdate: { maxUnavailable } } });
  const rows: { spec: unknown; note: string; reason: string }[] = [
    {
      spec: surge("abc"),
      note: 'spec.strategy.rollingUpdate.maxSurge "abc" is neither a number nor a percentage: the default 25% is used',
      reason: "a word",
    },
    {
      spec: surge("1"),
      note: 'spec.strategy.rollingUpdate.maxSurge "1" is neither a number nor a percentage: the default 25% is used',
      reason: "the API takes a number or a percentage, not a number in quotes",
    },
    {
      spec: surge(-1),
      note: "spec.strategy.rollingUpdate.maxSurge -1 is neither a number nor a percentage: the default 25% is used",
      reason: "negative",
    },
    {
      spec: surge(0.5),
      note: "spec.strategy.rollingUpdate.maxSurge 0.5 is neither a number nor a percentage: the default 25% is used",
      reason: "not whole",
    },
    {
      spec: surge("-5%"),
      note: 'spec.strategy.rollingUpdate.maxSurge "-5%" is neither a number nor a percentage: the default 25% is used',
      reason: "negative percentage",
    },
    {
      spec: surge({ intVal: 1 }),
      note: "spec.strategy.rollingUpdate.maxSurge (an object) is neither a number nor a percentage: the default 25% is used",
      reason: "an object",
    },
    {
      spec: unavailable("101%"),
      note: 'spec.strategy.rollingUpdate.maxUnavailable "101%" is more than 100%: the default 25% is used',
      reason: "more pods than there are cannot be unavailable",
    },
    {
      spec: { strategy: { type: "Rolling" } },
      note: 'spec.strategy.type "Rolling" is neither RollingUpdate nor Recreate: the default RollingUpdate is used',
      reason: "not a type",
    },
    {
      spec: { strategy: "Recreate" },
      note: 'spec.strategy "Recreate" is not an object: the default RollingUpdate is used; write strategy: {type: Recreate}',
      reason: "the type where the strategy belongs",
    },
    {
      spec: { strategy: [{ type: "Recreate" }] },
      note: "spec.strategy (a list) is not an object: the default RollingUpdate is used",
      reason: "a list",
    },
    {
      spec: { strategy: { type: "RollingUpdate", rollingUpdate: "25%" } },
      note: 'spec.strategy.rollingUpdate "25%" is not an object: the default 25% is used on both sides',
      reason: "fenceposts that are none",
    },
    {
      spec: { strategy: { type: "RollingUpdate", maxSurge: 0, maxUnavailable: 1 } },
      note: "spec.strategy.maxSurge is no field of a Deployment, and is not used: write spec.strategy.rollingUpdate.maxSurge",
      reason: "the fenceposts one level too high",
    },
    {
      spec: { strategy: { maxUnavailable: 1 } },
      note: "spec.strategy.maxUnavailable is no field of a Deployment, and is not used: write spec.strategy.rollingUpdate.maxUnavailable",
      reason: "one of them",
    },
    {
      spec: { updateStrategy: { type: "Recreate" } },
      note: "spec.updateStrategy is no field of a Deployment, and is not used: write spec.strategy",
      reason: "the name that a StatefulSet has for it",
    },
    {
      spec: { template: { spec: { strategy: { type: "Recreate" } } } },
      note: "spec.template.spec.strategy is no field of a Deployment, and is not used: write spec.strategy",
      reason: "in the pod's spec",
    },
    {
      spec: { template: { strategy: { type: "Recreate" } } },
      note: "spec.template.strategy is no field of a Deployment, and is not used: write spec.strategy",
      reason: "in the template",
    },
  ];
  for (const { spec, note, reason } of rows) {
    t.same(deployment(spec).strategy, rolling(percent(25), percent(25)), `${reason}: the default`);
    t.same(deployment(spec).notes, [note], reason);
  }
  const both = deployment({ strategy: { type: "Recreate", rollingUpdate: { maxSurge: 1 } } });
  t.same(both.strategy, { kind: "recreate" });
  t.same(both.notes, ["spec.strategy.rollingUpdate is not allowed with type Recreate: it is not used"]);
  t.same(
    deployment({ strategy: { type: "Recreate" }, updateStrategy: { type: "RollingUpdate" } }).notes,
    [],
    "what stands beside a strategy misleads nobody",
  );
});

t.test("reads replicas as the API server would", async (t) => {
  const rows: { replicas: unknown; expected: number; noted: boolean; reason: string }[] = [
    { replicas: undefined, expected: 1, noted: false, reason: "the default" },
    { replicas: null, expected: 1, noted: false, reason: "null is absent" },
    { replicas: 0, expected: 0, noted: false, reason: "an explicit zero is kept" },
    { replicas: 3, expected: 3, noted: false, reason: "as written" },
    { replicas: 1e9, expected: 1e9, noted: false, reason: "large, but legal" },
    { replicas: 2 ** 31, expected: 1, noted: true, reason: "more than an int32 holds" },
    { replicas: -1, expected: 1, noted: true, reason: "negative" },
    { replicas: 1.5, expected: 1, noted: true, reason: "not whole" },
    { replicas: "2", expected: 1, noted: true, reason: "a number in quotes is refused" },
    { replicas: Number.NaN, expected: 1, noted: true, reason: "YAML can say .nan" },
    { replicas: [2], expected: 1, noted: true, reason: "a list" },
  ];
  for (const kind of ["Deployment", "StatefulSet", "ReplicaSet"]) {
    for (const { replicas, expected, noted, reason } of rows) {
      const workload = read({ apiVersion: "apps/v1", kind, spec: { replicas } });
      t.same(workload.pods, { by: "replicas", replicas: expected }, `${kind}: ${reason}`);
      t.equal(workload.notes.length, noted ? 1 : 0, `${kind}: ${reason}: noted`);
    }
  }
  t.same(deployment({ replicas: -1 }).notes, [
    "spec.replicas -1 is not a whole number of pods: the default 1 is used",
  ]);
});

t.test("gives each kind its own way of replacing pods", async (t) => {
  const rows: { raw: object; expected: UpdateStrategy; reason: string }[] = [
    {
      raw: { apiVersion: "apps/v1", kind: "StatefulSet" },
      expected: { kind: "delete-first" },
      reason: "default",
    },
    {
      raw: { apiVersion: "apps/v1", kind: "StatefulSet", spec: { updateStrategy: { type: "OnDelete" } } },
      expected: { kind: "delete-first" },
      reason: "a person deletes first, too",
    },
    {
      raw: { apiVersion: "apps/v1", kind: "DaemonSet" },
      expected: { kind: "delete-first" },
      reason: "default",
    },
    {
      raw: { apiVersion: "apps/v1", kind: "ReplicaSet" },
      expected: { kind: "none" },
      reason: "keeps old pods",
    },
    {
      raw: { apiVersion: "batch/v1", kind: "Job" },
      expected: { kind: "none" },
      reason: "template is immutable",
    },
    { raw: { apiVersion: "batch/v1", kind: "CronJob" }, expected: { kind: "none" }, reason: "next run only" },
    { raw: { apiVersion: "v1", kind: "Pod" }, expected: { kind: "none" }, reason: "nothing replaces it" },
  ];
  for (const { raw, expected, reason } of rows) t.same(read(raw).strategy, expected, reason);
});

t.test("counts the pods of Jobs, CronJobs, DaemonSets and Pods by what sets them", async (t) => {
  const job = (spec: object, status?: object) => ({ apiVersion: "batch/v1", kind: "Job", spec, status });
  const cron = (spec: object) => ({ apiVersion: "batch/v1", kind: "CronJob", spec });
  const pod = (phase?: string) => ({ apiVersion: "v1", kind: "Pod", status: { phase } });
  const parallel = (parallelism: number, finished = false) => ({ by: "parallelism", parallelism, finished });
  const rows: { raw: object; expected: object; reason: string }[] = [
    { raw: { apiVersion: "apps/v1", kind: "DaemonSet" }, expected: { by: "nodes" }, reason: "one a node" },
    { raw: job({}), expected: parallel(1), reason: "parallelism defaults to 1" },
    { raw: job({ parallelism: 0 }), expected: parallel(0), reason: "an explicit zero is kept" },
    { raw: job({ parallelism: 3 }), expected: parallel(3), reason: "a work queue" },
    {
      raw: job({ parallelism: 3, completions: 1 }),
      expected: parallel(1),
      reason: "no more than completions",
    },
    { raw: job({ completions: 5 }), expected: parallel(1), reason: "one after the other" },
    {
      raw: job({}, { completionTime: "2026-01-01T00:00:00Z" }),
      expected: parallel(1, true),
      reason: "completed",
    },
    {
      raw: job({}, { conditions: [{ type: "Failed", status: "True" }] }),
      expected: parallel(1, true),
      reason: "failed for good",
    },
    {
      raw: job({}, { conditions: [{ type: "Complete", status: "False" }, null, 3] }),
      expected: parallel(1),
      reason: "a condition that does not hold",
    },
    {
      raw: cron({}),
      expected: { by: "schedule", parallelism: 1, concurrencyPolicy: "Allow" },
      reason: "runs may overlap by default",
    },
    {
      raw: cron({ concurrencyPolicy: "Forbid", jobTemplate: { spec: { parallelism: 2 } } }),
      expected: { by: "schedule", parallelism: 2, concurrencyPolicy: "Forbid" },
      reason: "as written",
    },
    { raw: pod("Running"), expected: { by: "pod", finished: false }, reason: "runs" },
    { raw: pod(), expected: { by: "pod", finished: false }, reason: "no status yet" },
    { raw: pod("Succeeded"), expected: { by: "pod", finished: true }, reason: "has let go of its volumes" },
    { raw: pod("Failed"), expected: { by: "pod", finished: true }, reason: "has let go of its volumes" },
  ];
  for (const { raw, expected, reason } of rows) {
    t.same(read(raw).pods, expected, reason);
    t.same(read(raw).notes, [], `${reason}: nothing to note`);
  }
  const unread = read(cron({ concurrencyPolicy: "Never", jobTemplate: { spec: { parallelism: "two" } } }));
  t.same(unread.pods, { by: "schedule", parallelism: 1, concurrencyPolicy: "Allow" });
  t.same(unread.notes, [
    'spec.jobTemplate.spec.parallelism "two" is not a whole number of pods: the default 1 is used',
    'spec.concurrencyPolicy "Never" is none of Allow, Forbid and Replace: the default Allow is used',
  ]);
});

t.test("judges gone and unknown API versions as today's, and leaves foreign groups alone", async (t) => {
  const rows: { apiVersion: string; kind: string; note: string | undefined; reason: string }[] = [
    {
      apiVersion: "extensions/v1beta1",
      kind: "Deployment",
      note: "apiVersion extensions/v1beta1 is gone from Kubernetes: judged as apps/v1, which replaced it",
      reason: "defaulted to 1/1 once; today the file only works as apps/v1",
    },
    {
      apiVersion: "apps/v1beta1",
      kind: "StatefulSet",
      note: "apiVersion apps/v1beta1 is gone from Kubernetes: judged as apps/v1, which replaced it",
      reason: "gone",
    },
    {
      apiVersion: "apps/v1beta2",
      kind: "DaemonSet",
      note: "apiVersion apps/v1beta2 is gone from Kubernetes: judged as apps/v1, which replaced it",
      reason: "gone",
    },
    {
      apiVersion: "batch/v1beta1",
      kind: "CronJob",
      note: "apiVersion batch/v1beta1 is gone from Kubernetes: judged as batch/v1, which replaced it",
      reason: "gone",
    },
    {
      apiVersion: "apps/v2",
      kind: "Deployment",
      note: "apiVersion apps/v2 is not known for Deployment: judged as apps/v1",
      reason: "a typo or the future",
    },
    { apiVersion: "apps/v1", kind: "Deployment", note: undefined, reason: "served" },
  ];
  for (const { apiVersion, kind, note, reason } of rows) {
    const workload = read({ apiVersion, kind });
    t.same(workload.notes, note === undefined ? [] : [note], reason);
    t.equal(workload.apiVersion, apiVersion, `${reason}: reported as written`);
  }
  t.same(
    read({ apiVersion: "extensions/v1beta1", kind: "Deployment" }).strategy,
    rolling(percent(25), percent(25)),
  );
  for (const [apiVersion, kind] of [
    ["apps.example.com/v1", "Deployment"],
    ["v1", "Deployment"],
    ["extensions/v1beta1", "StatefulSet"],
    ["apps/v1", "Rollout"],
  ]) {
    t.equal(workloadFrom({ apiVersion, kind, metadata: { name: "x" } }), undefined, `${apiVersion} ${kind}`);
  }
});

t.test("leaves out what another object controls", async (t) => {
  const controlled = {
    ownerReferences: [
      { kind: "X", name: "x" },
      { kind: "Y", name: "y", controller: true },
    ],
  };
  const owned = { ownerReferences: [{ kind: "X", name: "x", controller: false }] };
  for (const [apiVersion, kind] of [
    ["apps/v1", "ReplicaSet"],
    ["batch/v1", "Job"],
    ["v1", "Pod"],
  ] as const) {
    t.equal(workloadFrom({ apiVersion, kind, metadata: { name: "x", ...controlled } }), undefined, kind);
    t.ok(
      workloadFrom({ apiVersion, kind, metadata: { name: "x", ...owned } }),
      `${kind} without a controller`,
    );
  }
  const byOperator = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x", ...controlled } };
  t.ok(workloadFrom(byOperator), "an operator's Deployment is a workload of its own");
});

t.test("reads metadata and the rollout status", async (t) => {
  const workload = workloadFrom(
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {
        name: "web",
        namespace: "shop",
        uid: "u-1",
        creationTimestamp: "2026-11-20T09:33:33Z",
        labels: { app: "web" },
        annotations: {
          "attachguard.dev/ignore": "rwo-replicas",
          "kubectl.kubernetes.io/last-applied-configuration": "{...}",
        },
      },
      spec: { paused: true },
      status: { observedGeneration: 4, replicas: 2, updatedReplicas: 1 },
    },
    { file: "a.yaml", line: 3, column: 1 },
  );
  t.match(workload, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: "web",
    namespace: "shop",
    uid: "u-1",
    createdAt: Date.UTC(2026, 10, 20, 9, 33, 33),
    labels: { app: "web" },
    paused: true,
    status: { observedGeneration: 4, replicas: 2, updatedReplicas: 1 },
    source: { file: "a.yaml", line: 3, column: 1 },
  });
  t.same(Object.keys(workload?.annotations ?? {}), ["attachguard.dev/ignore"], "only ours are kept");
  t.equal(deployment({}).status, undefined, "files have no status");
  const fresh = read({
    apiVersion: "apps/v1",
    kind: "Deployment",
    status: { observedGeneration: 1, replicas: 1 },
  });
  t.same(
    fresh.status,
    { observedGeneration: 1, replicas: 1, updatedReplicas: 0 },
    "zero is left out by the API",
  );
  const named = workloadFrom({ apiVersion: "batch/v1", kind: "Job", metadata: { generateName: "run-" } });
  t.equal(named?.name, "run-", "no name yet");
});

t.test("takes the type from the list where the item does not repeat it", async (t) => {
  const type = { apiVersion: "apps/v1", kind: "Deployment" };
  const item = { metadata: { name: "web" } };
  t.equal(workloadFrom(item), undefined);
  t.match(workloadFrom(item, undefined, type), { ...type, name: "web" });
  const own = { apiVersion: "apps/v1", kind: "StatefulSet", ...item };
  t.equal(workloadFrom(own, undefined, type)?.kind, "StatefulSet", "its own type comes first");
});

t.test("does not change the object", async (t) => {
  const raw = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { template: { spec: { volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }] } } },
  };
  const before = structuredClone(raw);
  workloadFrom(raw);
  t.same(raw, before);
});

t.test("a ReplicationController that names another kind as its controller is nobody's", async (t) => {
  const controlledBy = (kind: string) =>
    workloadFrom({
      apiVersion: "v1",
      kind: "ReplicationController",
      metadata: {
        namespace: "shop",
        name: "web",
        ownerReferences: [{ apiVersion: "v1", kind, name: "web", uid: "1", controller: true }],
      },
      spec: { replicas: 2 },
    });
  t.equal(controlledBy("DeploymentConfig"), undefined, "judged as part of that");
  t.equal(controlledBy("ConfigMap")?.name, "web", "any user can write this");
});
