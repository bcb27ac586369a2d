import type { AskedSubject, SubjectKind } from "./options.ts";

/** Kinds that can be asked about, by every name that kubectl takes for them. */
const NAMES: Readonly<Record<SubjectKind, readonly string[]>> = {
  Pod: ["pod", "pods", "po"],
  Deployment: ["deployment", "deployments", "deploy", "deployment.apps", "deployments.apps"],
  ReplicaSet: ["replicaset", "replicasets", "rs", "replicaset.apps", "replicasets.apps"],
  StatefulSet: ["statefulset", "statefulsets", "sts", "statefulset.apps", "statefulsets.apps"],
  DaemonSet: ["daemonset", "daemonsets", "ds", "daemonset.apps", "daemonsets.apps"],
  Job: ["job", "jobs", "job.batch", "jobs.batch"],
  CronJob: ["cronjob", "cronjobs", "cj", "cronjob.batch", "cronjobs.batch"],
  PersistentVolumeClaim: ["persistentvolumeclaim", "persistentvolumeclaims", "pvc", "claim"],
};

const KINDS: ReadonlyMap<string, SubjectKind> = new Map(
  Object.entries(NAMES).flatMap(([kind, names]) => names.map((name) => [name, kind as SubjectKind] as const)),
);

/** In `deployments.v1.apps`. */
const VERSION = /\.v\d+(?:(?:alpha|beta)\d+)?(?=\.|$)/;

/**
 * `KIND/NAME` as kubectl takes it, in any case. Undefined where it is no such thing; `SUBJECT_KINDS` is what to offer
 * then.
 */
export function parseSubject(text: string, namespace: string): AskedSubject | undefined {
  const slash = text.indexOf("/");
  if (slash === -1) return undefined;
  const kind = KINDS.get(text.slice(0, slash).toLowerCase().replace(VERSION, ""));
  const name = text.slice(slash + 1);
  return kind === undefined || name === "" || name.includes("/") ? undefined : { kind, namespace, name };
}

/** The short name of each kind that can be asked about, for a message. */
export const SUBJECT_KINDS: readonly string[] = Object.values(NAMES).map(([name]) => name as string);
