/** S40 to S49: the workloads of other controllers, judged as files and audits judge them. */
import t from "tap";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import { judgeAll } from "../../src/judge/all.ts";
import { bundle } from "../support/bundle.ts";
import {
  autoscaler,
  autoscalerOfKeda,
  borrowingRollout,
  claim,
  deployment,
  deploymentConfig,
  file,
  replicationController,
  rollout,
  sameNode,
  scaledJob,
  scaledObject,
  statefulSet,
  storageClass,
} from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

async function judged(objects: readonly Raw[]) {
  const { view, bundle: read } = bundle(file(...objects));
  return judgeAll(
    { view, workloads: read.workloads, claims: read.claims },
    {
      config: DEFAULT_CONFIG,
      verifyWaiver: async () => ({ state: "refused", reason: "no keys" }),
      dryRun: false,
      now: 0,
    },
  );
}

async function verdicts(objects: readonly Raw[]): Promise<readonly string[]> {
  const { findings } = await judged(objects);
  return findings
    .map(
      ({ rule, severity, workload: { kind, name } }) =>
        `${kind} ${name} ${rule}${severity === "error" ? "" : "?"}`,
    )
    .sort();
}

const RWO: readonly Raw[] = [claim(), storageClass];
const RECREATE: Raw = { strategy: { type: "Recreate" } };
const deploymentAt = (replicas: number, strategy: Raw = RECREATE): Raw =>
  deployment({ workload: { replicas, ...strategy } });
const argo = (strategy: Raw, more: Raw = {}): Raw => rollout({ workload: { strategy, ...more } });
const scaling = (spec: Raw, annotations?: Raw): Raw =>
  scaledObject({ spec, ...(annotations && { annotations }) });

interface Case {
  readonly row: string;
  readonly why: string;
  readonly objects: readonly Raw[];
  readonly expected: readonly string[];
}

const STUCK = ["Rollout web rwo-rolling-update"];
const BRIEFLY = ["Rollout web rwo-rolling-update?"];
const SCALED = ["Deployment web rwo-autoscaling"];

const CASES: readonly Case[] = [
  {
    row: "S40",
    why: "maxReplicaCount is 100 where it is not said",
    objects: [deploymentAt(1), scaling({})],
    expected: SCALED,
  },
  {
    row: "S40",
    why: "a maximum of 1 adds no pod",
    objects: [deploymentAt(1), scaling({ maxReplicaCount: 1 })],
    expected: [],
  },
  {
    row: "S40",
    why: "it wakes its target, which counts as one pod at 0",
    objects: [deploymentAt(0), scaling({ maxReplicaCount: 5 })],
    expected: SCALED,
  },
  {
    row: "S40",
    why: "also for the rollout of what it wakes",
    objects: [deploymentAt(0, {}), scaling({ maxReplicaCount: 1 })],
    expected: ["Deployment web rwo-rolling-update"],
  },
  {
    row: "S16",
    why: "which a HorizontalPodAutoscaler does not do: a warning, for when it is woken",
    objects: [deploymentAt(0, {}), autoscaler({ max: 5 })],
    expected: ["Deployment web rwo-autoscaling?"],
  },
  {
    row: "S40",
    why: "of another kind where the target says so",
    objects: [deploymentAt(1), scaling({ scaleTargetRef: { kind: "StatefulSet", name: "web" } })],
    expected: [],
  },
  {
    row: "S40",
    why: "with the autoscaler that KEDA made of it, it is one",
    objects: [deploymentAt(1), scaling({ maxReplicaCount: 1 }), autoscalerOfKeda({ max: 1 })],
    expected: [],
  },
  {
    row: "S40",
    why: "an autoscaler that says that KEDA made it, and goes further, counts by itself",
    objects: [deploymentAt(1), scaling({ maxReplicaCount: 1 }), autoscalerOfKeda({ max: 9 })],
    expected: SCALED,
  },
  {
    row: "S41",
    why: "paused: judged as if it were not",
    objects: [deploymentAt(1), scaling({ maxReplicaCount: 5 }, { "autoscaling.keda.sh/paused": "true" })],
    expected: SCALED,
  },
  {
    row: "S41",
    why: "paused at 1: judged as if it were not",
    objects: [
      deploymentAt(1),
      scaling({ maxReplicaCount: 5 }, { "autoscaling.keda.sh/paused-replicas": "1" }),
    ],
    expected: SCALED,
  },
  {
    row: "S43",
    why: "100 Jobs where it is not said",
    objects: [scaledJob()],
    expected: ["ScaledJob web rwo-replicas?"],
  },
  { row: "S43", why: "one Job at a time", objects: [scaledJob({ maxReplicaCount: 1 })], expected: [] },
  {
    row: "S43",
    why: "one Job of two pods",
    objects: [scaledJob({ maxReplicaCount: 1 }, { parallelism: 2 })],
    expected: ["ScaledJob web rwo-replicas?"],
  },
  { row: "S43", why: "none at all", objects: [scaledJob({ maxReplicaCount: 0 })], expected: [] },
  { row: "S44", why: "the defaults of a canary", objects: [argo({ canary: {} })], expected: STUCK },
  { row: "S44", why: "no strategy is read as a canary", objects: [rollout({})], expected: STUCK },
  {
    row: "S44",
    why: "no surge, all may go, no steps",
    objects: [argo({ canary: { maxSurge: 0, maxUnavailable: 1 } })],
    expected: BRIEFLY,
  },
  {
    row: "S44",
    why: "a pause before 100 holds nothing of both",
    objects: [
      argo({ canary: { maxSurge: 0, maxUnavailable: "100%", steps: [{ pause: {} }, { setWeight: 100 }] } }),
    ],
    expected: BRIEFLY,
  },
  {
    row: "S44",
    why: "a step between 0 and 100",
    objects: [argo({ canary: { maxSurge: 0, maxUnavailable: 1, steps: [{ setWeight: 20 }] } })],
    expected: STUCK,
  },
  {
    row: "S44",
    why: "a canary that is scaled by itself",
    objects: [
      argo({ canary: { maxSurge: 0, maxUnavailable: 1, steps: [{ setCanaryScale: { replicas: 1 } }] } }),
    ],
    expected: STUCK,
  },
  {
    row: "S44",
    why: "a surge, though all may go",
    objects: [argo({ canary: { maxSurge: 1, maxUnavailable: 1 } })],
    expected: STUCK,
  },
  {
    row: "S44",
    why: "two pods that never fit",
    objects: [argo({ canary: { maxSurge: 0, maxUnavailable: 2 } }, { replicas: 2 })],
    expected: ["Rollout web rwo-replicas", "Rollout web rwo-rolling-update?"],
  },
  { row: "S44", why: "no pods", objects: [argo({ canary: {} }, { replicas: 0 })], expected: [] },
  {
    row: "S44",
    why: "all pods on one node",
    objects: [rollout({ workload: { strategy: { canary: {} } }, spec: sameNode({ app: "web" }) })],
    expected: [],
  },
  {
    row: "S45",
    why: "traffic routing keeps the old pods, whatever may go",
    objects: [argo({ canary: { maxSurge: 0, maxUnavailable: 1, trafficRouting: { nginx: {} } } })],
    expected: STUCK,
  },
  { row: "S46", why: "blueGreen", objects: [argo({ blueGreen: { activeService: "web" } })], expected: STUCK },
  {
    row: "S47",
    why: "never (the default): the Deployment keeps its pods and shares the claim",
    objects: [deploymentAt(1), borrowingRollout({})],
    expected: [
      "Deployment web rwo-shared-claim?",
      "Rollout web-rollout rwo-rolling-update",
      "Rollout web-rollout rwo-shared-claim?",
    ],
  },
  {
    row: "S47",
    why: "never, and the Deployment is at 0",
    objects: [deploymentAt(0), borrowingRollout({})],
    expected: ["Rollout web-rollout rwo-rolling-update"],
  },
  {
    row: "S47",
    why: "scaled down in its favour: judged as the Rollout, and nothing is shared",
    objects: [deploymentAt(3, {}), borrowingRollout({ scaleDown: "onsuccess" })],
    expected: ["Rollout web-rollout rwo-rolling-update"],
  },
  {
    row: "S47",
    why: "at the Rollout's replicas",
    objects: [deploymentAt(1), borrowingRollout({ scaleDown: "progressively", workload: { replicas: 2 } })],
    expected: ["Rollout web-rollout rwo-replicas", "Rollout web-rollout rwo-rolling-update"],
  },
  { row: "S47", why: "a Deployment that nobody knows", objects: [borrowingRollout({})], expected: [] },
  {
    row: "S48",
    why: "an autoscaler on a Rollout",
    objects: [
      argo({ canary: { maxSurge: 0, maxUnavailable: "100%" } }),
      {
        ...autoscaler({ max: 3 }),
        spec: {
          maxReplicas: 3,
          scaleTargetRef: { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "web" },
        },
      },
    ],
    expected: ["Rollout web rwo-autoscaling", "Rollout web rwo-rolling-update?"],
  },
  {
    row: "S49",
    why: "Rolling is the default",
    objects: [deploymentConfig()],
    expected: ["DeploymentConfig web rwo-rolling-update"],
  },
  { row: "S49", why: "Recreate", objects: [deploymentConfig({ workload: RECREATE })], expected: [] },
  {
    row: "S49",
    why: "rollingParams are its fenceposts",
    objects: [
      deploymentConfig({
        workload: { strategy: { type: "Rolling", rollingParams: { maxSurge: 0, maxUnavailable: 1 } } },
      }),
    ],
    expected: ["DeploymentConfig web rwo-rolling-update?"],
  },
  {
    row: "S49",
    why: "Custom is judged as the default",
    objects: [deploymentConfig({ workload: { strategy: { type: "Custom" } } })],
    expected: ["DeploymentConfig web rwo-rolling-update"],
  },
  {
    row: "S49",
    why: "an old file without a group",
    objects: [{ ...deploymentConfig(), apiVersion: "v1" }],
    expected: ["DeploymentConfig web rwo-rolling-update"],
  },
  {
    row: "S15",
    why: "a ReplicationController replaces no pods, and two of them do not fit",
    objects: [replicationController({ workload: { replicas: 2 } })],
    expected: ["ReplicationController web rwo-replicas"],
  },
  { row: "S15", why: "a ReplicationController of one", objects: [replicationController()], expected: [] },
];

for (const { row, why, objects, expected } of CASES) {
  t.test(`${row}: ${why}`, async (t) => t.strictSame(await verdicts([...objects, ...RWO]), expected));
}

const template = (name: string, modes: readonly string[], spec: Raw = {}): Raw => ({
  metadata: { name },
  spec: { accessModes: modes, storageClassName: "gp3", ...spec },
});
const set = (spec: Raw = {}, modes: readonly string[] = ["ReadWriteOnce"]): Raw =>
  statefulSet({
    name: "db",
    claims: [],
    workload: { volumeClaimTemplates: [template("data", modes)], ...spec },
  });
const user = (claimName: string): Raw => deployment({ name: "ui", claims: [claimName], workload: RECREATE });

const OF_SETS: readonly (Case & { readonly row: "S35" })[] = [
  { row: "S35", why: "each pod has its own", objects: [set({ replicas: 3 })], expected: [] },
  {
    row: "S35",
    why: "somebody else mounts one",
    objects: [set(), user("data-db-0")],
    expected: ["Deployment ui rwo-shared-claim?", "StatefulSet db rwo-shared-claim?"],
  },
  {
    row: "S35",
    why: "of the second pod",
    objects: [set({ replicas: 2 }), user("data-db-1")],
    expected: ["Deployment ui rwo-shared-claim?", "StatefulSet db rwo-shared-claim?"],
  },
  { row: "S35", why: "of a pod that there is not", objects: [set(), user("data-db-1")], expected: [] },
  {
    row: "S35",
    why: "an autoscaler makes that pod",
    objects: [
      set(),
      user("data-db-1"),
      {
        ...autoscaler({ max: 2 }),
        spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" } },
      },
    ],
    expected: ["Deployment ui rwo-shared-claim?", "StatefulSet db rwo-shared-claim?"],
  },
  {
    row: "S35",
    why: "the first pod has the number that ordinals.start says",
    objects: [set({ ordinals: { start: 5 } }), user("data-db-5")],
    expected: ["Deployment ui rwo-shared-claim?", "StatefulSet db rwo-shared-claim?"],
  },
  {
    row: "S35",
    why: "and none before it",
    objects: [set({ ordinals: { start: 5 } }), user("data-db-0")],
    expected: [],
  },
  {
    row: "S35",
    why: "a stored claim wins over the template",
    objects: [
      set(),
      user("data-db-0"),
      claim({ name: "data-db-0", modes: ["ReadWriteMany"], spec: { storageClassName: "shared" } }),
    ],
    expected: [],
  },
  {
    row: "S35",
    why: "a mode that the class refuses is told of the set",
    objects: [set({}, ["ReadWriteMany"])],
    expected: ["StatefulSet db access-mode-unsupported"],
  },
  {
    row: "S35",
    why: "and of its stored claim as a warning",
    objects: [set({}, ["ReadWriteMany"]), claim({ name: "data-db-0", modes: ["ReadWriteMany"] })],
    expected: [
      "PersistentVolumeClaim data-db-0 access-mode-unsupported?",
      "StatefulSet db access-mode-unsupported",
    ],
  },
  {
    row: "S35",
    why: "not of a set without pods",
    objects: [set({ replicas: 0 }, ["ReadWriteMany"])],
    expected: [],
  },
];

for (const { row, why, objects, expected } of OF_SETS) {
  t.test(`${row}: claim templates: ${why}`, async (t) =>
    t.strictSame(await verdicts([...objects, storageClass]), expected),
  );
}

t.test("what borrows a template that nobody knows is named", async (t) => {
  const { notes, workloads } = await judged([borrowingRollout({})]);
  t.match(notes, [
    { message: /^Rollout shop\/web-rollout was not judged: .* Deployment web, which is not known$/ },
  ]);
  t.strictSame(workloads, []);
});

t.test("a set with claim templates has a row, which says why it is safe", async (t) => {
  const { workloads } = await judged([set({ replicas: 3 }), storageClass]);
  t.match(workloads, [
    {
      workload: { name: "db" },
      verdict: "allow",
      factors: { reach: "node" },
      reason: "each of its pods has claims of its own",
    },
  ]);
});
