import type { LabelSelector, Labels, Workload, WorkloadKind } from "../model.ts";
import { holds, labelOf, requirementsOf } from "../selectors.ts";

/** What can be said of a match: `perhaps` where a label or a namespace is not known here. */
export type Match = "yes" | "no" | "perhaps";

/** All of them must hold. */
export function every(matches: Iterable<Match>): Match {
  let result: Match = "yes";
  for (const match of matches) {
    if (match === "no") return "no";
    if (match === "perhaps") result = "perhaps";
  }
  return result;
}

/**
 * How the pods asked about relate to the pod that asks: of the same revision of one workload, of the revision
 * before or after it, or of another workload.
 */
export type Kinship = "same-revision" | "other-revision" | "other-workload";

/** The pods of one workload as a pod affinity term sees them. */
export interface Pods {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  /** Whose labels they have; a hundred thousand are read late, and only where a term asks for one. */
  readonly template: { readonly labels: Labels };
  /** What their controller makes of its own name, whatever the template says. */
  readonly added: Labels;
  readonly kinship: Kinship;
}

const NONE_ADDED: Labels = Object.freeze({});

export function podsOf({ kind, namespace, name, template }: Workload, kinship: Kinship): Pods {
  // Beside the template's own, which are not copied for every neighbour.
  const added = kind === "Job" ? { "job-name": name, "batch.kubernetes.io/job-name": name } : NONE_ADDED;
  return { kind, namespace, template, added, kinship };
}

function labelOfPods({ template, added }: Pods, key: string): string | undefined {
  return labelOf(added, key) ?? labelOf(template.labels, key);
}

/**
 * Labels that controllers put on pods though no template has them: one value for each revision of a workload, or one
 * for each pod (or run). `apps/v1` types.go, `batch/v1` types.go.
 */
const GENERATED: Readonly<Partial<Record<WorkloadKind, Readonly<Record<string, "revision" | "pod">>>>> = {
  Deployment: { "pod-template-hash": "revision" },
  Rollout: { "rollouts-pod-template-hash": "revision" },
  DeploymentConfig: { deployment: "revision" },
  StatefulSet: {
    "controller-revision-hash": "revision",
    "statefulset.kubernetes.io/pod-name": "pod",
    "apps.kubernetes.io/pod-index": "pod",
  },
  DaemonSet: { "controller-revision-hash": "revision", "pod-template-generation": "revision" },
  Job: {
    "controller-uid": "revision",
    "batch.kubernetes.io/controller-uid": "revision",
    "batch.kubernetes.io/job-completion-index": "pod",
  },
  CronJob: {
    "job-name": "pod",
    "batch.kubernetes.io/job-name": "pod",
    "controller-uid": "pod",
    "batch.kubernetes.io/controller-uid": "pod",
    "batch.kubernetes.io/job-completion-index": "pod",
  },
};

/** Is a label's value made by the workload's controller, and how long does it last? */
export function generatedLabel(kind: WorkloadKind, key: string): "revision" | "pod" | undefined {
  const labels = GENERATED[kind];
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
}

const OPERATORS: ReadonlySet<string> = new Set(["In", "NotIn", "Exists", "DoesNotExist"]);

/** Does a selector match these pods, the labels that their controller adds included? */
export function selectsPods(selector: LabelSelector | undefined, pods: Pods): Match {
  if (selector === undefined) return "no";
  return every(
    requirementsOf(selector).map((requirement): Match => {
      const { key, operator } = requirement;
      if (!OPERATORS.has(operator)) return "no";
      if (generatedLabel(pods.kind, key) === undefined) {
        return holds(requirement, labelOfPods(pods, key)) ? "yes" : "no";
      }
      return operator === "Exists" ? "yes" : operator === "DoesNotExist" ? "no" : "perhaps";
    }),
  );
}

/**
 * Does `matchLabelKeys` (`key In (own value)`) let these pods through? The API server adds it when it makes a pod,
 * for every key that the pod has (KEP-3633).
 */
export function agreesOn(keys: readonly string[], owner: Pods, pods: Pods): Match {
  return every(
    keys.map((key): Match => {
      const generated = generatedLabel(owner.kind, key);
      if (generated === "pod") return "perhaps";
      if (generated === "revision") return pods.kinship === "same-revision" ? "yes" : "no";
      const value = labelOfPods(owner, key);
      return value === undefined || labelOfPods(pods, key) === value ? "yes" : "no";
    }),
  );
}

/** Does `mismatchLabelKeys` (`key NotIn (own value)`) let these pods through? */
export function differsOn(keys: readonly string[], owner: Pods, pods: Pods): Match {
  return every(
    keys.map((key): Match => {
      const generated = generatedLabel(owner.kind, key);
      if (generated === "pod") return "perhaps";
      if (generated === "revision") return pods.kinship === "same-revision" ? "no" : "yes";
      const value = labelOfPods(owner, key);
      return value === undefined || labelOfPods(pods, key) !== value ? "yes" : "no";
    }),
  );
}
