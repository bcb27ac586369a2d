/** Admission of the kinds of Argo, KEDA and OpenShift, of ReplicationControllers, and of claims that a set makes. */
import t from "tap";
import { type Json, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, rulesSeen, startServer, verdictSeen } from "../admission/support/server.ts";
import {
  autoscalerOfKeda,
  borrowingRollout,
  claim,
  deployment,
  deploymentConfig,
  replicationController,
  rollout,
  scaledJob,
  scaledObject,
  statefulSet,
} from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const RESOURCES: Readonly<Record<string, readonly [group: string, version: string, plural: string]>> = {
  Deployment: ["apps", "v1", "deployments"],
  StatefulSet: ["apps", "v1", "statefulsets"],
  ReplicationController: ["", "v1", "replicationcontrollers"],
  Rollout: ["argoproj.io", "v1alpha1", "rollouts"],
  DeploymentConfig: ["apps.openshift.io", "v1", "deploymentconfigs"],
  ScaledJob: ["keda.sh", "v1alpha1", "scaledjobs"],
  ScaledObject: ["keda.sh", "v1alpha1", "scaledobjects"],
  HorizontalPodAutoscaler: ["autoscaling", "v2", "horizontalpodautoscalers"],
  PersistentVolumeClaim: ["", "v1", "persistentvolumeclaims"],
};

interface Request {
  readonly old?: Raw;
  readonly user?: string;
  /** Of a scale: the workload's kind, and the replicas before and after. */
  readonly scale?: readonly [from: number, to: number];
}

function review(object: Raw, { old, user, scale }: Request = {}): Json {
  const { kind, metadata } = object as { kind: string; metadata: { name: string } };
  const [group, version, resource] = RESOURCES[kind] ?? ["", "", ""];
  return reviewOf("005", (request) => {
    Object.assign(request, {
      kind: { group, version, kind },
      resource: { group, version, resource },
      requestKind: { group, version, kind },
      requestResource: { group, version, resource },
      name: metadata.name,
      namespace: "shop",
      operation: old === undefined ? "CREATE" : "UPDATE",
      object,
      oldObject: old ?? null,
    });
    if (user !== undefined) Object.assign(request, { userInfo: { username: user, groups: [] } });
    if (scale !== undefined) {
      const [from, to] = scale.map((replicas) => ({
        apiVersion: group === "apps.openshift.io" ? "extensions/v1beta1" : "autoscaling/v1",
        kind: "Scale",
        metadata,
        spec: { replicas },
      }));
      Object.assign(request, { operation: "UPDATE", subResource: "scale", object: to, oldObject: from });
    }
  });
}

const RECREATE: Raw = { strategy: { type: "Recreate" } };
const canary = (more: Raw = {}): Raw => ({ strategy: { canary: {} }, ...more });
const otherImage = (of: Raw): Raw =>
  JSON.parse(JSON.stringify(of).replace("example.com/web", "example.com/web:2"));
const UNFINISHED: Raw = { stableRS: "aaa", currentPodHash: "bbb" };
const FINISHED: Raw = { stableRS: "aaa", currentPodHash: "aaa" };
const lender = (replicas: number): Raw => deployment({ workload: { replicas, ...RECREATE } });
const owned = (of: Raw): Raw => ({
  ...of,
  metadata: {
    ...(of.metadata as Raw),
    ownerReferences: [{ kind: "DeploymentConfig", name: "web", uid: "1", controller: true }],
  },
});
const rwxSet = statefulSet({
  name: "db",
  claims: [],
  workload: {
    volumeClaimTemplates: [
      { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteMany"], storageClassName: "gp3" } },
    ],
  },
});

interface Row {
  readonly why: string;
  readonly objects?: readonly Raw[];
  readonly request: Json;
  readonly verdict: string;
  readonly rules: readonly string[];
}

const deny = (rule: string) => ({ verdict: "deny", rules: [rule] });
const warn = (rule: string) => ({ verdict: "warn", rules: [rule] });
const ALLOW = { verdict: "allow", rules: [] };

const ROWS: readonly Row[] = [
  {
    why: "a Rollout is created",
    request: review(rollout({ workload: canary() })),
    ...deny("rwo-rolling-update"),
  },
  {
    why: "a DeploymentConfig is created",
    request: review(deploymentConfig()),
    ...deny("rwo-rolling-update"),
  },
  { why: "with Recreate", request: review(deploymentConfig({ workload: RECREATE })), ...ALLOW },
  { why: "a ScaledJob is created", request: review(scaledJob()), ...warn("rwo-replicas") },
  {
    why: "a ReplicationController of 2 is created",
    request: review(replicationController({ workload: { replicas: 2 } })),
    ...deny("rwo-replicas"),
  },
  {
    why: "one that a DeploymentConfig makes",
    request: review(owned(replicationController({ workload: { replicas: 2 } }))),
    ...ALLOW,
  },

  {
    why: "another template of a Rollout that has finished",
    request: review(otherImage(rollout({ workload: canary(), status: FINISHED })), {
      old: rollout({ workload: canary(), status: FINISHED }),
    }),
    ...deny("rwo-rolling-update"),
  },
  {
    why: "S44: back to the stable template, or after an abort",
    request: review(otherImage(rollout({ workload: canary(), status: UNFINISHED })), {
      old: rollout({ workload: canary(), status: UNFINISHED }),
    }),
    ...warn("rwo-rolling-update"),
  },
  {
    why: "a Rollout is scaled down by its spec",
    request: review(rollout({ workload: canary({ replicas: 1 }) }), {
      old: rollout({ workload: canary({ replicas: 3 }) }),
    }),
    ...warn("rwo-rolling-update"),
  },
  {
    why: "a Rollout is scaled up",
    objects: [rollout({ workload: canary() })],
    request: review(rollout(), { scale: [1, 2] }),
    verdict: "deny",
    rules: ["rwo-replicas", "rwo-rolling-update"],
  },
  {
    why: "a Rollout is scaled down",
    objects: [rollout({ workload: canary({ replicas: 3 }) })],
    request: review(rollout(), { scale: [3, 2] }),
    verdict: "warn",
    rules: ["rwo-replicas", "rwo-rolling-update"],
  },
  {
    why: "a DeploymentConfig is scaled up, in its old group",
    objects: [deploymentConfig({ workload: RECREATE })],
    request: review(deploymentConfig(), { scale: [1, 2] }),
    ...deny("rwo-replicas"),
  },
  {
    why: "a ReplicationController is scaled up",
    objects: [replicationController()],
    request: review(replicationController(), { scale: [1, 2] }),
    ...deny("rwo-replicas"),
  },

  {
    why: "S47: a Rollout on the template of a Deployment that keeps no pods",
    objects: [lender(0)],
    request: review(borrowingRollout({ scaleDown: "onsuccess" })),
    ...deny("rwo-rolling-update"),
  },
  {
    why: "S47: the Deployment's template changes, at 0 replicas: judged as the Rollout",
    objects: [borrowingRollout({ scaleDown: "onsuccess", status: FINISHED })],
    request: review(otherImage(lender(0)), { old: lender(0) }),
    ...deny("rwo-rolling-update"),
  },
  {
    why: "S47: and passes while the Rollout is unfinished",
    objects: [borrowingRollout({ scaleDown: "onsuccess", status: UNFINISHED })],
    request: review(otherImage(lender(0)), { old: lender(0) }),
    ...warn("rwo-rolling-update"),
  },
  {
    why: "S47: never, and the Deployment has pods: both share the claim",
    objects: [borrowingRollout({ status: FINISHED })],
    request: review(lender(1), { old: lender(0) }),
    verdict: "warn",
    rules: ["rwo-rolling-update", "rwo-shared-claim"],
  },

  {
    why: "S42: a ScaledObject is created",
    objects: [lender(1)],
    request: review(scaledObject()),
    ...deny("rwo-autoscaling"),
  },
  {
    why: "S41: a paused one",
    objects: [lender(1)],
    request: review(scaledObject({ annotations: { "autoscaling.keda.sh/paused": "true" } })),
    ...deny("rwo-autoscaling"),
  },
  {
    why: "S41: one is unpaused, and known",
    objects: [lender(1), scaledObject({ annotations: { "autoscaling.keda.sh/paused": "true" } })],
    request: review(scaledObject(), {
      old: scaledObject({ annotations: { "autoscaling.keda.sh/paused": "true" } }),
    }),
    ...warn("rwo-autoscaling"),
  },
  {
    why: "a higher maximum",
    objects: [lender(1), scaledObject({ spec: { maxReplicaCount: 2 } }), autoscalerOfKeda({ max: 2 })],
    request: review(scaledObject({ spec: { maxReplicaCount: 3 } }), {
      old: scaledObject({ spec: { maxReplicaCount: 2 } }),
    }),
    ...deny("rwo-autoscaling"),
  },
  {
    why: "S42: what KEDA makes of a known ScaledObject is never denied",
    objects: [lender(1), scaledObject({ spec: { maxReplicaCount: 5 } })],
    request: review(autoscalerOfKeda({ max: 5 })),
    ...ALLOW,
  },
  {
    why: "S42: unless it goes further",
    objects: [lender(1), scaledObject({ spec: { maxReplicaCount: 5 } })],
    request: review(autoscalerOfKeda({ max: 6 })),
    ...deny("rwo-autoscaling"),
  },
  {
    why: "S42: or names another ScaledObject",
    objects: [lender(1), scaledObject({ spec: { maxReplicaCount: 5 } })],
    request: review(autoscalerOfKeda({ max: 5, uid: "somebody-else" })),
    ...deny("rwo-autoscaling"),
  },
  {
    why: "S42: or nobody knows it",
    objects: [lender(1)],
    request: review(autoscalerOfKeda({ max: 5 })),
    ...deny("rwo-autoscaling"),
  },

  {
    why: "a set whose claims would stay Pending",
    request: review(rwxSet),
    ...deny("access-mode-unsupported"),
  },
  {
    why: "the same set, changed",
    objects: [rwxSet],
    request: review(otherImage(rwxSet), { old: rwxSet }),
    ...warn("access-mode-unsupported"),
  },
  {
    why: "the claim that its controller makes",
    objects: [rwxSet],
    request: review(claim({ name: "data-db-0", modes: ["ReadWriteMany"] }), {
      user: "system:serviceaccount:kube-system:statefulset-controller",
    }),
    ...warn("access-mode-unsupported"),
  },
  {
    why: "the claim by hand, named by the template of a known set",
    objects: [rwxSet],
    request: review(claim({ name: "data-db-0", modes: ["ReadWriteMany"] })),
    ...warn("access-mode-unsupported"),
  },
  {
    why: "any other claim",
    objects: [rwxSet],
    request: review(claim({ name: "data-db-7", modes: ["ReadWriteMany"] })),
    ...deny("access-mode-unsupported"),
  },
];

t.test("each request gets what its object would do", async (t) => {
  const server = await startServer(t, {});
  const classes = [...server.cluster.index.facts("StorageClass")];
  for (const { why, objects = [], request, verdict, rules } of ROWS) {
    server.cluster.reset([claim(), ...objects]);
    for (const one of classes) server.cluster.index.put(one);
    const reply = responseOf(t, await server.post(request), request);
    t.strictSame([verdictSeen(reply), rulesSeen(reply).toSorted()], [verdict, rules], why);
  }
});

t.test("what scales by itself is counted and never denied", async (t) => {
  const server = await startServer(t, { objects: [claim(), rollout({ workload: canary() })] });
  const scaleBy = async (user: string) => {
    const request = review(rollout(), { scale: [1, 2], user });
    return verdictSeen(responseOf(t, await server.post(request), request));
  };
  t.equal(await scaleBy("system:serviceaccount:kube-system:horizontal-pod-autoscaler"), "allow");
  t.equal(await scaleBy("system:serviceaccount:keda:keda-operator"), "allow");
  t.equal(await scaleBy("system:serviceaccount:argo-rollouts:argo-rollouts"), "allow");
  t.equal(await scaleBy("system:serviceaccount:shop:scaler"), "deny");
  server.configure({ autoscalerAccounts: ["system:serviceaccount:shop:*"] });
  t.equal(await scaleBy("system:serviceaccount:shop:scaler"), "allow");
  t.equal(await scaleBy("system:serviceaccount:keda:keda-operator"), "deny");
  server.configure({ autoscalerController: "judge" });
  t.equal(await scaleBy("system:serviceaccount:shop:scaler"), "deny");
});
