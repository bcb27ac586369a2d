import type { ClaimReach } from "./factors.ts";
import type { Labels, ObjectRef, VolumeMode, Workload } from "./model.ts";
import { listOf } from "./phrasing.ts";
import { classesOffering } from "./reach.ts";
import type { Situation } from "./situation.ts";
import { type ClusterView, knownValue } from "./view.ts";

/** What a fix is and costs, apart from any workload: shown in the pages of the rules. */
interface FixText {
  /** A few words, for a one-line warning. */
  readonly short: string;
  /** The cost in a few words; empty where there is none. */
  readonly price: string;
  readonly summary: string;
  readonly cost: string;
}

/** Every way out that a rule may name. */
export const FIXES = {
  recreate: {
    short: "strategy Recreate",
    price: "brief downtime",
    summary: "Set spec.strategy.type to Recreate: the old pod ends before the new one starts",
    cost: "brief downtime at each rollout",
  },
  "surge-zero": {
    short: "maxSurge 0",
    price: "brief downtime",
    summary: "Set maxSurge to 0 and maxUnavailable to 1: the old pod goes first",
    cost: "brief downtime at each rollout, and an event about the volume that clears by itself",
  },
  "same-node-affinity": {
    short: "same-node affinity",
    price: "one node is a single point of failure",
    summary: "Keep the pods on one node with required pod affinity to themselves on kubernetes.io/hostname",
    cost: "one node is a single point of failure: while it is full or cordoned, new pods stay Pending",
  },
  "common-affinity": {
    short: "a common same-node affinity",
    price: "one node is a single point of failure",
    summary:
      "Give the workloads that share it a common label, and required pod affinity to that label on kubernetes.io/hostname",
    cost: "one node is a single point of failure for all of them",
  },
  "rwx-claim": {
    short: "an RWX claim",
    price: "a new claim",
    summary: "Use a ReadWriteMany claim on storage that can share a volume between nodes",
    cost: "access modes are immutable: scale down, back up, delete and recreate the claim (the data is deleted with the volume when its reclaim policy is Delete)",
  },
  "rwo-claim": {
    short: "an RWO claim",
    price: "a new claim",
    summary: "Use a ReadWriteOnce claim, if the pods may share the volume on one node, and keep them there",
    cost: "access modes are immutable: scale down, back up, delete and recreate the claim (the data is deleted with the volume when its reclaim policy is Delete)",
  },
  statefulset: {
    short: "a StatefulSet",
    price: "data of its own for each pod",
    summary: "Use a StatefulSet with volumeClaimTemplates: one claim per pod",
    cost: "each pod has data of its own; the application must be built for that",
  },
  "one-replica": {
    short: "1 replica",
    price: "no second pod",
    summary: "Set spec.replicas to 1",
    cost: "no second pod takes over or shares the load",
  },
  "autoscaler-max-one": {
    short: "maxReplicas 1",
    price: "no scaling out",
    summary: "Lower the autoscaler's maxReplicas to 1, or delete it",
    cost: "the workload no longer scales out",
  },
  "parallelism-one": {
    short: "parallelism 1",
    price: "slower",
    summary: "Set parallelism to 1: one pod at a time",
    cost: "the work takes longer",
  },
  "forbid-overlap": {
    short: "concurrencyPolicy Forbid",
    price: "late runs are skipped",
    summary: "Set concurrencyPolicy Forbid: a run does not start while the last one is still going",
    cost: "a run is skipped when the last one takes too long",
  },
  "provide-claim": {
    short: "create it first",
    price: "",
    summary: "Create the claim first, or judge workload and claim together with attachguard check",
    cost: "nothing",
  },
  "supported-mode": {
    short: "another mode or class",
    price: "a new claim",
    summary: "Ask for an access mode that the driver supports, or name another StorageClass",
    cost: "access modes are immutable: delete and recreate the claim, which is still empty",
  },
} as const satisfies Record<string, FixText>;

export type FixId = keyof typeof FIXES;

/** A merge patch for one object. */
export interface FixTarget {
  readonly object: ObjectRef;
  readonly patch: Readonly<Record<string, unknown>>;
}

/** A way out, with what it costs. A command or an edit of a file is made from its targets where it is shown. */
export interface Fix {
  readonly id: FixId;
  readonly summary: string;
  readonly cost: string;
  /** What has to change for it; empty where no patch alone can do it (another claim, another kind of workload). */
  readonly targets: readonly FixTarget[];
  /** True where the fix only turns its finding into a warning. */
  readonly softens?: true;
}

/**
 * The fixes of these that apply, each with patches that work on the live objects as they are.
 *
 * @param situation of the workload; `undefined` for a finding about a claim alone
 */
export function fixesFor(
  ids: readonly FixId[],
  situation: Situation | undefined,
  claims: readonly ClaimReach[],
): readonly Fix[] {
  return ids.flatMap((id) => fixFor(id, situation, claims) ?? []);
}

/** The cheapest of these that applies, which is all that one line has room for. */
export function firstFixFor(
  ids: readonly FixId[],
  situation: Situation,
  claims: readonly ClaimReach[],
): readonly Fix[] {
  for (const id of ids) {
    const fix = fixFor(id, situation, claims);
    if (fix !== undefined) return [fix];
  }
  return [];
}

function fixFor(id: FixId, situation: Situation | undefined, claims: readonly ClaimReach[]): Fix | undefined {
  const made = situation && MAKERS[id]?.(situation, claims);
  if (made === null) return undefined;
  const { summary, cost } = FIXES[id];
  const fix: Fix = { id, summary, cost, targets: [], ...made };
  return fix.softens === true ? { ...fix, cost: `${fix.cost}; a warning remains` } : fix;
}

/** What a maker may say beyond the general text; `null`: the fix does not apply here. */
type Made = Partial<Pick<Fix, "summary" | "cost" | "targets" | "softens">> | null;

const MAKERS: { readonly [Id in FixId]?: (situation: Situation, claims: readonly ClaimReach[]) => Made } = {
  recreate: ({ workload, steady }, claims) =>
    rolls(workload) && !inConflict(steady, claims)
      ? patched(workload, { spec: { strategy: recreateFor(workload) } })
      : null,

  "surge-zero": ({ workload, steady, rollout }) => {
    if (steady.overlap.value === "always" || rollout.overlap.value !== "stuck") return null;
    const { kind } = workload.strategy;
    if (kind === "canary" || kind === "blue-green") {
      return {
        ...CANARY_AT_ONCE,
        ...SOFTENS,
        ...patched(workload, { spec: { strategy: replacingAtOnce(kind) } }),
      };
    }
    if (!rolls(workload)) return null;
    const fenceposts = { maxSurge: 0, maxUnavailable: 1 };
    const strategy =
      workload.kind === "DeploymentConfig"
        ? { type: "Rolling", rollingParams: fenceposts }
        : { type: "RollingUpdate", rollingUpdate: fenceposts };
    return { ...SOFTENS, ...patched(workload, { spec: { strategy } }) };
  },

  "same-node-affinity": ({ workload }) => {
    const labels = identifying(workload.template.labels);
    const { podAffinity, podAntiAffinity, spreadConstraints } = workload.template.placement;
    // Pods that have to be apart would stay Pending.
    if (workload.kind === "DaemonSet" || podAntiAffinity.length > 0 || spreadConstraints.length > 0)
      return null;
    // A merge patch replaces whole lists: with terms already there it would lose them.
    if (Object.keys(labels).length === 0 || podAffinity.length > 0) return {};
    const affinity = {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: labels }, topologyKey: "kubernetes.io/hostname" },
        ],
      },
    };
    return TEMPLATE_IS_ROLLED_OUT.has(workload.kind) && workload.templateFrom === undefined
      ? patched(workload, { spec: { template: { spec: { affinity } } } })
      : {};
  },

  "common-affinity": (_, claims) => (claims.every(({ reach }) => reach === "pod") ? null : {}),

  "rwx-claim": ({ workload, view, options }, claims) => {
    if (claims.every(({ inline }) => inline)) return INSTEAD_OF_A_DISK;
    const cost = costOfNewClaim(claims);
    const modes = new Set(claims.map((claim) => volumeModeOf(claim, workload, view)));
    const [mode] = modes;
    // No one class is known to serve both a file system and a raw device, nor a claim that was not found.
    if (mode === undefined || modes.size > 1) return cost;
    const offering = classesOffering("ReadWriteMany", mode, view, options);
    const own = claims.length === 1 ? claims[0]?.storageClass : undefined;
    const named = own !== undefined && offering.includes(own) ? [own] : offering.slice(0, 3);
    if (named.length === 0) return cost;
    const noun = named.length === 1 ? "StorageClass" : "StorageClasses";
    const device = mode === "Block" ? " with volumeMode Block" : "";
    return {
      ...cost,
      summary: `Use a ReadWriteMany claim${device}: ${noun} ${named.join(", ")} can share a volume`,
    };
  },

  // A driver that allows one pod does so for ReadWriteOnce too.
  "rwo-claim": (_, claims) =>
    claims.every(({ accessModes }) => accessModes.includes("ReadWriteOncePod"))
      ? costOfNewClaim(claims)
      : null,

  "provide-claim": (_, claims) => (claims.every(({ missing }) => missing) ? {} : null),

  statefulset: ({ workload }) => (MADE_OF_LIKE_PODS.has(workload.kind) ? {} : null),

  "one-replica": ({ workload, steady, rollout }, claims) => {
    if (workload.pods.by !== "replicas" || workload.pods.replicas <= 1) return null;
    const scalers = steady.overlap.byAutoscalers;
    const { summary, cost } = FIXES["one-replica"];
    return andRecreate(workload, rollout, claims, {
      summary: [summary, ...scalers.map((scaler) => `and ${maximumOf(scaler)} to 1`)].join(", "),
      cost,
      targets: [
        // An autoscaler undoes a scaling within seconds, so it comes first.
        ...scalers.map(scalerTarget),
        targetOf(workload, { spec: { replicas: 1 } }),
      ],
    });
  },

  "autoscaler-max-one": ({ workload, steady, rollout }, claims) => {
    const scalers = steady.overlap.byAutoscalers;
    // Where the replicas alone are too many, one replica is the way out, whatever the autoscalers.
    if (scalers.length === 0 || steady.overlap.byWorkload) return null;
    const isOne = scalers.length === 1;
    const isPlain = scalers.every(({ kind }) => kind === "HorizontalPodAutoscaler");
    const which =
      isPlain && !isOne
        ? `maxReplicas of HorizontalPodAutoscalers ${listOf(scalers.map(({ name }) => name))}`
        : listOf(scalers.map(maximumOf));
    return andRecreate(workload, rollout, claims, {
      summary: `Lower ${which} to 1, or delete ${isOne ? "it" : "them"}`,
      cost: FIXES["autoscaler-max-one"].cost,
      targets: scalers.map(scalerTarget),
    });
  },

  "parallelism-one": ({ workload }) => {
    const { pods } = workload;
    if (pods.by !== "parallelism" && pods.by !== "schedule") return null;
    if (pods.parallelism <= 1) return null;
    if (workload.kind === "ScaledJob") {
      return {
        summary: "Set maxReplicaCount and parallelism to 1: one pod at a time",
        ...patched(workload, { spec: { maxReplicaCount: 1, jobTargetRef: { parallelism: 1 } } }),
      };
    }
    if (workload.kind === "Job") return patched(workload, { spec: { parallelism: 1 } });
    const jobTemplate = { spec: { parallelism: 1 } };
    if (pods.by !== "schedule" || pods.concurrencyPolicy !== "Allow") {
      return patched(workload, { spec: { jobTemplate } });
    }
    return {
      summary: "Set parallelism to 1 and concurrencyPolicy to Forbid: one pod at a time",
      cost: `${FIXES["parallelism-one"].cost}, and ${FIXES["forbid-overlap"].cost}`,
      ...patched(workload, { spec: { concurrencyPolicy: "Forbid", jobTemplate } }),
    };
  },

  // Where a run has several pods, they block each other without another run.
  "forbid-overlap": ({ workload }) =>
    workload.pods.by === "schedule" &&
    workload.pods.concurrencyPolicy === "Allow" &&
    workload.pods.parallelism <= 1
      ? patched(workload, { spec: { concurrencyPolicy: "Forbid" } })
      : null,
};

/** Kinds whose place a StatefulSet could take. */
const MADE_OF_LIKE_PODS: ReadonlySet<string> = new Set([
  "Deployment",
  "ReplicaSet",
  "ReplicationController",
  "DeploymentConfig",
  "Rollout",
]);

/** Kinds that replace their pods when the template is patched. */
const TEMPLATE_IS_ROLLED_OUT: ReadonlySet<string> = new Set([
  "Deployment",
  "StatefulSet",
  "DeploymentConfig",
  "Rollout",
]);

/** A disk that the pod names has no claim, no access mode and no class. */
const INSTEAD_OF_A_DISK = {
  summary:
    "Mount a ReadWriteMany claim instead of the disk that the pod names, on storage that can share a volume",
  cost: "the data has to be copied from the disk, which stays as it is",
};

/** A warning is left: old and new pod exist at once, for a moment that ends by itself. */
const SOFTENS = { softens: true } as const;

/** As a merge patch: the API server refuses Recreate beside the parameters of a rolling update (semantics S14). */
function recreateFor({ kind }: Workload): Readonly<Record<string, string | null>> {
  return { type: "Recreate", [kind === "DeploymentConfig" ? "rollingParams" : "rollingUpdate"]: null };
}

/** An Argo Rollout has no Recreate (semantics S44). */
const CANARY_AT_ONCE = {
  summary:
    "Use a canary without steps and traffic routing, maxSurge 0 and maxUnavailable 100%: the old pods go first",
} as const;

function replacingAtOnce(kind: "canary" | "blue-green"): Readonly<Record<string, unknown>> {
  const canary = { maxSurge: 0, maxUnavailable: "100%", steps: null, trafficRouting: null };
  return kind === "canary" ? { canary } : { blueGreen: null, canary };
}

/** Several pods that cannot all have the volume: no way of replacing them helps. */
function inConflict({ overlap, spread }: Situation["steady"], claims: readonly ClaimReach[]): boolean {
  if (overlap.value !== "always") return false;
  return spread.value !== "one-node" || claims.some(({ reach }) => reach === "pod");
}

function rolls(workload: Workload): boolean {
  return workload.strategy.kind === "rolling-update";
}

function patched(workload: Workload, patch: Readonly<Record<string, unknown>>): Made {
  return { targets: [targetOf(workload, patch)] };
}

/**
 * One pod is not enough for a volume that one pod may use while a rollout keeps the old one. The strategy is a step
 * of its own: one change of both stops the Deployment controller where a rollout is unfinished (semantics S50).
 */
function andRecreate(
  workload: Workload,
  rollout: Situation["rollout"],
  claims: readonly ClaimReach[],
  fix: Pick<Fix, "summary" | "cost" | "targets">,
): Pick<Fix, "summary" | "cost" | "targets" | "softens"> {
  const { value } = rollout.overlap;
  if (!claims.some(({ reach }) => reach === "pod")) return fix;
  if (value !== "stuck") return value === "briefly" ? { ...fix, ...SOFTENS } : fix;
  const { kind } = workload.strategy;
  const isCanary = kind === "canary" || kind === "blue-green";
  const strategy = isCanary ? replacingAtOnce(kind) : recreateFor(workload);
  return {
    summary: isCanary
      ? `${fix.summary}, then ${CANARY_AT_ONCE.summary.replace("Use", "use")}`
      : `${fix.summary}, then set strategy Recreate`,
    cost: `${fix.cost}, and ${FIXES.recreate.cost}`,
    targets: [...fix.targets, targetOf(workload, { spec: { strategy } })],
    ...(isCanary ? SOFTENS : {}),
  };
}

type Scaler = Situation["steady"]["overlap"]["byAutoscalers"][number];

function scalerTarget({ kind, minReplicas, maximum }: Scaler): FixTarget {
  return targetOf(maximum.object, {
    spec:
      kind === "ScaledObject"
        ? { minReplicaCount: Math.min(minReplicas, 1), maxReplicaCount: 1 }
        : { minReplicas: 1, maxReplicas: 1 },
  });
}

function maximumOf({ kind, name }: Scaler): string {
  return `${kind === "ScaledObject" ? "maxReplicaCount" : "maxReplicas"} of ${kind} ${name}`;
}

function volumeModeOf(
  { name, inline, volume }: ClaimReach,
  { namespace }: Workload,
  view: ClusterView,
): VolumeMode | undefined {
  if (volume !== undefined) return volume.volumeMode;
  return inline ? undefined : knownValue(view.claim(namespace, name))?.volumeMode;
}

/** What happens to the data is stated as far as it is known. */
function costOfNewClaim(claims: readonly ClaimReach[]): { readonly cost: string } | Record<never, never> {
  const policies = new Set(claims.map(({ volume }) => volume?.reclaimPolicy));
  const [policy] = policies;
  if (policies.size !== 1 || (policy !== "Retain" && policy !== "Delete")) return {};
  const fate =
    policy === "Retain"
      ? "the old volume keeps its data, since its reclaim policy is Retain"
      : "the data is deleted with the volume, since its reclaim policy is Delete";
  return { cost: `access modes are immutable: scale down, back up, delete and recreate the claim (${fate})` };
}

function targetOf(
  { apiVersion, kind, namespace, name }: ObjectRef,
  patch: Readonly<Record<string, unknown>>,
): FixTarget {
  return { object: { apiVersion, kind, namespace, name }, patch };
}

/** Labels that change from release to release would send the next revision to another node (semantics S21). */
const CHANGING = new Set(["version", "app.kubernetes.io/version", "helm.sh/chart", "pod-template-hash"]);

/** More labels than these select no better, and a template may have a hundred thousand. */
const MOST_IDENTIFYING = 8;

function identifying(labels: Labels): Labels {
  const chosen: Record<string, string> = {};
  let count = 0;
  for (const key in labels) {
    if (CHANGING.has(key)) continue;
    chosen[key] = labels[key] as string;
    count += 1;
    if (count === MOST_IDENTIFYING) break;
  }
  return chosen;
}
