import { deployment, GENERATED, namespaceOf } from "./cluster-objects.ts";

/** One review as the API server would send it, and whether it has to be denied. */
export interface BenchReview {
  readonly body: string;
  readonly denied: boolean;
}

const HAZARDOUS_PER_HUNDRED = 15;
const claim = GENERATED.find(({ kind }) => kind === "PersistentVolumeClaim");
const autoscaler = GENERATED.find(({ kind }) => kind === "HorizontalPodAutoscaler");

type Raw = Record<string, unknown>;

function review(
  at: number,
  resource: readonly [group: string, version: string, resource: string, subResource?: string],
  operation: string,
  object: Raw,
  oldObject: Raw | null,
): string {
  const [group, version, plural, subResource] = resource;
  const { name, namespace } = object.metadata as Raw;
  const gvr = { group, version, resource: plural };
  // Of a scaling it is the group of Scale, not that of what is scaled.
  const [, kindGroup = "", kindVersion] = /^(?:(.+)\/)?(.+)$/.exec(String(object.apiVersion)) ?? [];
  const gvk = { group: kindGroup, version: kindVersion, kind: object.kind };
  return JSON.stringify({
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`,
      kind: gvk,
      resource: gvr,
      ...(subResource === undefined ? {} : { subResource }),
      requestKind: gvk,
      requestResource: gvr,
      name,
      namespace,
      operation,
      userInfo: { username: "dev", groups: ["developers", "system:authenticated"] },
      object,
      oldObject,
      dryRun: false,
      options: { kind: `${operation}Options`, apiVersion: "meta.k8s.io/v1" },
    },
  });
}

/**
 * The mix: 60 % updates of Deployments with managedFields and status, 20 % scalings, 10 % autoscalers, 10 % claims;
 * 15 % of each violate a rule.
 *
 * @param deployments how many the cluster has
 */
export function mixOf(count: number, deployments: number): readonly BenchReview[] {
  return Array.from({ length: count }, (_, at) => {
    const denied = (at * 37) % 100 < HAZARDOUS_PER_HUNDRED;
    const index = (at * 7919) % deployments;
    const kind = (at * 61) % 10;
    const body =
      kind < 6
        ? updated(at, index, denied)
        : kind < 8
          ? scaled(at, index, denied)
          : kind < 9
            ? autoscaled(at, index, denied)
            : claimed(at, index, denied);
    return { body, denied };
  });
}

function updated(at: number, index: number, hazardous: boolean): string {
  const type = { kind: "Deployment", apiVersion: "apps/v1" };
  const next = { ...type, ...deployment(index, hazardous) };
  const containers = (next as { spec?: { template: { spec: { containers: Raw[] } } } }).spec?.template.spec
    .containers;
  if (containers?.[0] !== undefined) containers[0].image = `registry.example.com/team/app:${at}`;
  return review(at, ["apps", "v1", "deployments"], "UPDATE", next, {
    ...type,
    ...deployment(index, hazardous),
  });
}

function scaled(at: number, index: number, hazardous: boolean): string {
  const { name, namespace, uid } = deployment(index).metadata as Raw;
  const scale = (replicas: number) => ({
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion: "5", creationTimestamp: "2026-11-20T09:36:58Z" },
    spec: { replicas },
    status: { replicas: 1, selector: `app.kubernetes.io/instance=${String(name)}` },
  });
  return review(
    at,
    ["apps", "v1", "deployments", "scale"],
    "UPDATE",
    scale(hazardous ? 3 : 1),
    scale(hazardous ? 1 : 2),
  );
}

function autoscaled(at: number, index: number, hazardous: boolean): string {
  const made = (maximum: number): Raw => {
    const object = {
      kind: "HorizontalPodAutoscaler",
      apiVersion: "autoscaling/v2",
      ...autoscaler?.make(index),
    };
    Object.assign((object as { spec?: object }).spec ?? {}, { maxReplicas: maximum });
    return object;
  };
  return review(
    at,
    ["autoscaling", "v2", "horizontalpodautoscalers"],
    "UPDATE",
    made(hazardous ? 5 : 1),
    made(1),
  );
}

function claimed(at: number, index: number, refused: boolean): string {
  const made: Raw = { kind: "PersistentVolumeClaim", apiVersion: "v1", ...claim?.make(2 * index) };
  made.metadata = { ...(made.metadata as Raw), name: `fresh-${at}`, namespace: namespaceOf(index) };
  made.spec = {
    accessModes: [refused ? "ReadWriteMany" : "ReadWriteOnce"],
    resources: { requests: { storage: "10Gi" } },
    storageClassName: `class-${index % 5}`,
    volumeMode: "Filesystem",
  };
  made.status = {};
  return review(at, ["", "v1", "persistentvolumeclaims"], "CREATE", made, null);
}
