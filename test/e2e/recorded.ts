import type { Cluster } from "./cluster.ts";

/** An object as a recording has it. */
export interface Recorded {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: unknown;
  readonly [member: string]: unknown;
}

/** Owners before what they own, claims before the volumes that name their uid. */
const ORDER = [
  "Namespace",
  "StorageClass",
  "CSIDriver",
  "Node",
  "CSINode",
  "PersistentVolumeClaim",
  "PersistentVolume",
  "Deployment",
  "StatefulSet",
  "ReplicaSet",
  "Pod",
  "VolumeAttachment",
];

/**
 * Makes the objects of a recording on a real API server, where no controller and no kubelet changes them again: spec,
 * then status, then the deletion of what was Terminating. Their uids are new, and so is what refers to them.
 */
export async function remake(cluster: Cluster, objects: readonly Recorded[]): Promise<void> {
  const uids = new Map<string, string>();
  const remade = objects
    .filter(({ kind, apiVersion }) => ORDER.includes(kind) && !apiVersion.startsWith("longhorn"))
    .toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  for (const object of remade) {
    const uid = await create(cluster, object, uids);
    uids.set(object.metadata.uid, uid);
    const where = [...path(object)];
    if (object.status !== undefined && object.kind !== "StorageClass") {
      const patch = JSON.stringify({ status: object.status });
      await cluster.must(["patch", ...where, "--subresource=status", "--type=merge", "-p", patch]);
    }
    if (object.metadata.deletionTimestamp !== undefined)
      await cluster.must(["delete", ...where, "--wait=false"]);
  }
}

/** The words by which kubectl finds an object. */
export function path({ apiVersion, kind, metadata }: Recorded): readonly string[] {
  const group = apiVersion.includes("/") ? `.${apiVersion.replace(/^(.*)\/(.*)$/, "$2.$1")}` : "";
  const namespace = metadata.namespace === undefined ? [] : ["-n", metadata.namespace];
  return [`${kind}${group}`, metadata.name, ...namespace];
}

async function create(
  cluster: Cluster,
  object: Recorded,
  uids: ReadonlyMap<string, string>,
): Promise<string> {
  const { status: _, metadata, ...rest } = object;
  const { name, namespace, labels, annotations, finalizers, ownerReferences } = metadata;
  const text = JSON.stringify({
    ...rest,
    metadata: { name, namespace, labels, annotations, finalizers, ownerReferences },
  });
  const renamed = [...uids].reduce(
    (done, [before, after]) => done.replaceAll(`"uid":"${before}"`, `"uid":"${after}"`),
    text,
  );
  const made = JSON.parse(await cluster.must(["create", "-f", "-", "-o", "json"], renamed)) as Recorded;
  return made.metadata.uid;
}
