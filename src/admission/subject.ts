import type { AutoscalerChange, WorkloadChange } from "../judge/change.ts";
import type { Target } from "../judge/target.ts";
import { autoscalerFrom, scaledObjectFrom } from "../kube/autoscaler.ts";
import { claimFrom } from "../kube/claim.ts";
import { FACT_KINDS, type FactKind, groupOf, isWorkloadKind, KINDS } from "../kube/kinds.ts";
import { isRecord } from "../kube/raw.ts";
import { whatChanged } from "../kube/what-changed.ts";
import { isOwned, workloadFrom } from "../kube/workload.ts";
import type { Claim } from "../policy/model.ts";
import { type RawObject, type ReviewRequest, shown } from "./review.ts";
import { RequestRefused } from "./status.ts";

/** What a request is about. */
export type Subject =
  | ({ readonly type: "workload" } & WorkloadChange)
  | {
      readonly type: "scale";
      readonly target: Target;
      /** Of the workload that the scale belongs to. */
      readonly uid: string | undefined;
      readonly replicas: number;
      /** `undefined` where the request did not say. */
      readonly previousReplicas: number | undefined;
    }
  | ({ readonly type: "autoscaler" } & AutoscalerChange)
  | {
      readonly type: "claim";
      readonly claim: Claim;
      /** True where the StatefulSet controller creates it from a template. */
      readonly bySet: boolean;
    }
  /** Allowed without being judged. */
  | { readonly type: "none"; readonly reason: string };

interface Judged {
  readonly type: Exclude<Subject["type"], "none">;
  /** Kind and groups of the object in such a request. */
  readonly kind: string;
  readonly groups: readonly string[];
  readonly operations: readonly string[];
  /** The kind that the resource belongs to; for a scale, the scaled workload's. */
  readonly of: FactKind;
}

/** A Scale is in group `autoscaling`; OpenShift's API server sends its old group for a DeploymentConfig. */
const SCALE_GROUPS = ["autoscaling", "extensions"];

/** `pkg/controller/statefulset`, by its service-account credentials. */
const STATEFUL_SET_CONTROLLER = "system:serviceaccount:kube-system:statefulset-controller";

/** What is judged, by group, resource and subresource, from the table of kinds. */
const JUDGED: ReadonlyMap<string, Judged> = new Map(
  FACT_KINDS.flatMap((kind): (readonly [string, Judged])[] => {
    const { group, plural, role, admitted, scaled } = KINDS[kind];
    const key = `${group}/${plural}`;
    const scale: Judged = {
      type: "scale",
      kind: "Scale",
      groups: SCALE_GROUPS,
      operations: ["UPDATE"],
      of: kind,
    };
    return [
      ...(admitted.length === 0 || role === "surroundings"
        ? []
        : [[key, { type: role, kind, groups: [group], operations: admitted, of: kind }] as const]),
      ...(scaled ? [[`${key}/scale`, scale] as const] : []),
    ];
  }),
);

type ResourceOfRequest = Pick<ReviewRequest, "resource" | "subResource">;

/**
 * The resource as metrics and logs name it; resources that are never judged are `other`, so that the label stays
 * bounded.
 */
export function resourceLabel(request: ResourceOfRequest): string {
  return JUDGED.has(keyOf(request)) ? resourceName(request) : "other";
}

/** `deployments`, `deployments/scale`. */
export function resourceName({ resource, subResource }: ResourceOfRequest): string {
  return subResource === "" ? resource.resource : `${resource.resource}/${subResource}`;
}

/**
 * Determines what a request is about.
 *
 * @throws RequestRefused (400) where the object is not what the resource says
 */
export function subjectOf(request: ReviewRequest): Subject {
  const judged = JUDGED.get(keyOf(request));
  if (judged === undefined) return none(`${resourceName(request)} is not judged`);
  if (!judged.operations.includes(request.operation)) {
    return none(`${request.operation} of ${resourceName(request)} is not judged`);
  }
  const object = objectOf(request, "object", judged);
  if (object === null) {
    throw new RequestRefused(
      400,
      `request.object is null; a ${request.operation} of ${resourceName(request)} carries a ${judged.kind}`,
    );
  }
  // Finalizers are removed by UPDATE; whatever blocks one keeps the object, and its namespace, from going away.
  if (metadataOf(object).deletionTimestamp != null) return none("the object is being deleted");
  const oldObject = request.operation === "UPDATE" ? objectOf(request, "oldObject", judged) : null;
  switch (judged.type) {
    case "workload":
      if (isWorkloadKind(judged.of) && isOwned(judged.of, object)) {
        return none("another object controls it and was judged in its place");
      }
      return workloadSubject(object, oldObject);
    case "scale":
      return scaleSubject(request, judged.of, object, oldObject);
    case "autoscaler": {
      const read = judged.of === "ScaledObject" ? scaledObjectFrom : autoscalerFrom;
      const next = read(object);
      if (next === undefined) throw unreadable(judged.kind);
      return { type: "autoscaler", next, previous: (oldObject && read(oldObject)) ?? null };
    }
    case "claim": {
      const claim = claimFrom(object);
      if (claim === undefined) throw unreadable(judged.kind);
      return { type: "claim", claim, bySet: request.user.name === STATEFUL_SET_CONTROLLER };
    }
  }
}

function workloadSubject(object: RawObject, oldObject: RawObject | null): Subject {
  const next = workloadFrom(object);
  if (next === undefined) throw unreadable("workload");
  const previous = (oldObject && workloadFrom(oldObject)) ?? null;
  const changed =
    previous === null || oldObject === null
      ? { specChanged: true, templateChanged: false }
      : whatChanged(object, oldObject);
  return { type: "workload", next, previous, ...changed };
}

function scaleSubject(
  request: ReviewRequest,
  kind: string,
  object: RawObject,
  oldObject: RawObject | null,
): Subject {
  const metadata = metadataOf(object);
  return {
    type: "scale",
    target: {
      kind,
      namespace: request.namespace,
      name: request.name !== "" ? request.name : String(metadata.name ?? ""),
    },
    uid: typeof metadata.uid === "string" && metadata.uid !== "" ? metadata.uid : undefined,
    replicas: replicasOf(object, "object"),
    previousReplicas: oldObject === null ? undefined : replicasOf(oldObject, "oldObject"),
  };
}

/** `spec.replicas` of a Scale is left out when it is 0 (`autoscaling/v1` ScaleSpec, `omitempty`). */
function replicasOf(scale: RawObject, field: string): number {
  const spec = isRecord(scale.spec) ? scale.spec : {};
  const replicas = spec.replicas ?? 0;
  if (typeof replicas !== "number" || !Number.isInteger(replicas)) {
    throw new RequestRefused(
      400,
      `request.${field}.spec.replicas is ${shown(replicas)}; expected a whole number`,
    );
  }
  return replicas;
}

/**
 * The object, checked to be of its resource's kind, with the namespace and name from the request: the object itself may
 * lack the namespace, and before a name is generated has only its prefix.
 */
function objectOf(request: ReviewRequest, field: "object" | "oldObject", judged: Judged): RawObject | null {
  const raw = request[field];
  if (raw === null) return null;
  const group = typeof raw.apiVersion === "string" ? groupOf(raw.apiVersion) : undefined;
  if (raw.kind !== judged.kind || group === undefined || !judged.groups.includes(group)) {
    throw new RequestRefused(
      400,
      `request.${field} is ${shown(raw.kind)} of ${shown(raw.apiVersion)}; ${resourceName(request)} carries a ${judged.kind} of ${judged.groups[0] === "" ? "v1" : judged.groups[0]}`,
    );
  }
  const metadata = metadataOf(raw);
  const namespace = request.namespace !== "" ? request.namespace : metadata.namespace;
  const name = nameOf(request, metadata);
  // As the API server sends it, with nothing to add.
  if (raw.metadata === metadata && metadata.namespace === namespace && metadata.name === name) return raw;
  return { ...raw, metadata: { ...metadata, namespace, name } };
}

function nameOf(request: ReviewRequest, metadata: RawObject): string {
  if (typeof metadata.name === "string" && metadata.name !== "") return metadata.name;
  if (request.name !== "") return request.name;
  return typeof metadata.generateName === "string" ? `${metadata.generateName}*` : "";
}

function metadataOf(object: RawObject): RawObject {
  return isRecord(object.metadata) ? object.metadata : {};
}

function keyOf({ resource, subResource }: ResourceOfRequest): string {
  const key = `${resource.group}/${resource.resource}`;
  return subResource === "" ? key : `${key}/${subResource}`;
}

function none(reason: string): Subject {
  return { type: "none", reason };
}

function unreadable(kind: string): RequestRefused {
  return new RequestRefused(400, `request.object cannot be read as a ${kind}`);
}
