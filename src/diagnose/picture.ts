import { type CsiVolume, csiKey, fullerKeys } from "../kube/migrated-volume.ts";
import { NOTHING } from "../kube/raw.ts";
import { append, groupByEach } from "../policy/lists-by-key.ts";
import type { NodeState } from "./diagnosis.ts";
import {
  type CsiDriver,
  DIAGNOSED_KINDS,
  type DiagnosedKind,
  type Event,
  type Facts,
  type HorizontalPodAutoscaler,
  type Node,
  type ObjectOf,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type VolumeAttachment,
} from "./facts.ts";
import { PROJECTED } from "./project.ts";

/** A kind that would have to be read to know; said as "VolumeAttachments were not read (forbidden)". */
export interface Unread {
  readonly kind: DiagnosedKind;
  readonly namespace: string | null;
  readonly why: string;
}

/** What is known of one object: it, that it does not exist, or that this cannot be told. */
export type Sight<T> =
  | { readonly is: "known"; readonly object: T }
  | { readonly is: "absent" }
  | { readonly is: "unread"; readonly unread: Unread };

/**
 * One disk: every PersistentVolume with the same driver and handle, be it CSI or in-tree, or with a handle that the
 * driver takes for the same. A volume that is not known, or is of another source, is a disk of its own, without a handle.
 */
export interface Disk {
  /** `driver^handle`, or the volume's name. */
  readonly key: string;
  /** Of the volumes of the disk, in order. */
  readonly volumeNames: readonly string[];
  readonly volumes: readonly PersistentVolume[];
  readonly driver: string | undefined;
  /** The fullest, where its volumes have several. */
  readonly handle: string | undefined;
  /** In the nodes' lists (A3), one for each handle; empty where none is known. */
  readonly nodeKeys: readonly string[];
  readonly attachments: readonly VolumeAttachment[];
  /** Claims of any namespace that are bound to it. */
  readonly claims: readonly { readonly namespace: string; readonly name: string }[];
  /** Pods of any namespace that list such a claim, finished ones too. */
  readonly pods: readonly Pod[];
  /** Some volume of it may be attached to several nodes at once. */
  readonly many: boolean;
}

type Named = { readonly namespace: string; readonly name: string };

/** So many are looked through faster than they are indexed. */
const FEW_PODS = 8;

const keyOf = ({ namespace, name }: Named): string => `${namespace}/${name}`;

/** The facts, indexed by what the rules ask for. Every lookup takes the same time whatever the cluster's size. */
export class Picture {
  readonly facts: Facts;
  /** By namespace, then by name: no key is put together for the hundred thousand lookups of a large cluster. */
  readonly #objects: {
    readonly [K in DiagnosedKind]: ReadonlyMap<string, ReadonlyMap<string, ObjectOf[K]>>;
  };
  readonly #unread = new Map<DiagnosedKind, Map<string | null, Unread | null>>();
  readonly #podsByClaim: ReadonlyMap<string, ReadonlyMap<string, readonly Pod[]>>;
  readonly #claimsByVolume: ReadonlyMap<string, readonly PersistentVolumeClaim[]>;
  readonly #attachmentsByVolume: ReadonlyMap<string, readonly VolumeAttachment[]>;
  readonly #volumesByDisk: ReadonlyMap<string, readonly PersistentVolume[]>;
  readonly #volumesByClaim: ReadonlyMap<string, readonly PersistentVolume[]>;
  readonly #events: ReadonlyMap<string, readonly Event[]>;
  readonly #autoscalers: ReadonlyMap<string, readonly HorizontalPodAutoscaler[]>;
  readonly #nodesByVolumeInUse: ReadonlyMap<string, readonly Node[]>;
  readonly #drivers: ReadonlySet<string>;
  readonly #childrenByOwner: ReadonlyMap<string, readonly Pod[]>;
  readonly #fullerKeys: ReadonlyMap<string, string>;
  readonly #disks = new Map<string, Disk>();
  readonly #disksByVolume = new Map<string, Disk>();
  readonly #podsByNode = new Map<Disk, ReadonlyMap<string, readonly Pod[]>>();

  constructor(facts: Facts) {
    this.facts = facts;
    const { objects } = facts;
    this.#objects = Object.fromEntries(
      DIAGNOSED_KINDS.map((kind) => [kind, byNamespace<Named>(objects[kind])]),
    ) as unknown as { readonly [K in DiagnosedKind]: ReadonlyMap<string, ReadonlyMap<string, ObjectOf[K]>> };
    this.#podsByClaim = podsByClaim(objects.Pod);
    this.#claimsByVolume = groupByEach(objects.PersistentVolumeClaim, ({ volumeName }) =>
      volumeName === undefined ? [] : [volumeName],
    );
    this.#attachmentsByVolume = groupByEach(objects.VolumeAttachment, ({ volumeName }) => [volumeName ?? ""]);
    this.#fullerKeys = fullerKeys(objects.PersistentVolume.filter(hasHandle));
    this.#volumesByDisk = groupByEach(objects.PersistentVolume, (volume) => [this.#diskKey(volume)]);
    this.#volumesByClaim = groupByEach(objects.PersistentVolume, ({ claim }) =>
      claim === undefined ? [] : [keyOf(claim)],
    );
    this.#events = groupByEach(objects.Event, ({ about }) => [`${about.kind} ${keyOf(about)}`]);
    this.#autoscalers = groupByEach(objects.HorizontalPodAutoscaler, ({ namespace, target }) => [
      `${target.kind} ${namespace}/${target.name}`,
    ]);
    this.#nodesByVolumeInUse = groupByEach(objects.Node, ({ volumesInUse }) => [...volumesInUse]);
    this.#drivers = new Set(objects.VolumeAttachment.map(({ attacher }) => attacher));
    this.#childrenByOwner = groupByEach(objects.Pod, ({ namespace, owner }) =>
      owner === undefined ? [] : [`${owner.kind} ${namespace}/${owner.name}`],
    );
  }

  /**
   * Undefined where every object of a kind (of one namespace, where one is given) is known, so that its absence
   * proves something; else what was not read.
   */
  unread(kind: DiagnosedKind, namespace?: string): Unread | undefined {
    const scope = PROJECTED[kind].namespaced ? (namespace ?? null) : null;
    const known = this.#unread.get(kind)?.get(scope);
    if (known !== undefined) return known ?? undefined;
    const found = this.#findUnread(kind, scope);
    const scopes = this.#unread.get(kind) ?? new Map<string | null, Unread | null>();
    this.#unread.set(kind, scopes.set(scope, found ?? null));
    return found;
  }

  #findUnread(kind: DiagnosedKind, scope: string | null): Unread | undefined {
    const own = this.facts.readings.filter((reading) => reading.kind === kind);
    const covering = own.filter(({ namespace }) => namespace === null || namespace === scope);
    if (covering.some(({ state }) => state !== "unread")) return undefined;
    const why =
      covering.find(({ why }) => why !== null)?.why ?? (own.length > 0 ? "in other namespaces only" : null);
    return { kind, namespace: scope, why: why ?? "not asked for" };
  }

  /** True where a kind was read completely somewhere, if only in one namespace. */
  isReadSomewhere(kind: DiagnosedKind): boolean {
    return this.facts.readings.some((reading) => reading.kind === kind && reading.state !== "unread");
  }

  /** @param namespace `""` for kinds without namespaces */
  find<K extends DiagnosedKind>(kind: K, namespace: string, name: string): Sight<ObjectOf[K]> {
    const object = this.known(kind, namespace, name);
    if (object !== undefined) return { is: "known", object };
    const unread = this.unread(kind, namespace);
    return unread === undefined ? { is: "absent" } : { is: "unread", unread };
  }

  known<K extends DiagnosedKind>(kind: K, namespace: string, name: string): ObjectOf[K] | undefined {
    return this.#objects[kind].get(namespace)?.get(name);
  }

  node(name: string): Node | undefined {
    return this.known("Node", "", name);
  }

  nodeState(name: string): NodeState {
    const sight = this.find("Node", "", name);
    if (sight.is === "unread") return "unknown";
    if (sight.is === "absent") return "gone";
    return sight.object.ready ? "ready" : "not-ready";
  }

  podsOfClaim(namespace: string, claimName: string): readonly Pod[] {
    return this.#podsByClaim.get(namespace)?.get(claimName) ?? [];
  }

  /** Pods whose controller is the object of this kind and name. */
  podsOwnedBy(kind: string, { namespace, name }: Named): readonly Pod[] {
    return this.#childrenByOwner.get(`${kind} ${namespace}/${name}`) ?? [];
  }

  /** Events about one object, oldest first; those of an earlier object of the same name are left out. */
  eventsAbout({
    kind,
    namespace,
    name,
    uid,
  }: Named & { readonly kind: string; readonly uid: string | undefined }) {
    const events = this.#events.get(`${kind} ${namespace}/${name}`) ?? [];
    return events
      .filter(({ about }) => about.uid === undefined || uid === undefined || about.uid === uid)
      .toSorted((a, b) => (a.last ?? 0) - (b.last ?? 0));
  }

  /** Nodes whose kubelet lists a disk in volumesInUse (A4), each once. */
  nodesUsing({ nodeKeys }: Disk): readonly Node[] {
    const [only] = nodeKeys;
    if (only !== undefined && nodeKeys.length === 1) return this.#nodesByVolumeInUse.get(only) ?? NOTHING;
    return [...new Set(nodeKeys.flatMap((key) => this.#nodesByVolumeInUse.get(key) ?? []))];
  }

  autoscalersOf(kind: string, { namespace, name }: Named): readonly HorizontalPodAutoscaler[] {
    return this.#autoscalers.get(`${kind} ${namespace}/${name}`) ?? [];
  }

  csiDriver(name: string): Sight<CsiDriver> {
    return this.find("CSIDriver", "", name);
  }

  /** True where some attachment of a driver is known: it has an attach step then. */
  attaches(driver: string): boolean {
    return this.#drivers.has(driver);
  }

  /** Volumes that a claim of this namespace and name was bound to, whatever became of the claim. */
  volumesClaimedBy(named: Named): readonly PersistentVolume[] {
    return this.#volumesByClaim.get(keyOf(named)) ?? [];
  }

  /** The disk behind a volume's name; `""` stands for what pods name themselves. */
  disk(volumeName: string): Disk {
    const known = this.#disksByVolume.get(volumeName);
    if (known !== undefined) return known;
    const disk = this.#diskOf(volumeName);
    this.#disksByVolume.set(volumeName, disk);
    return disk;
  }

  #diskOf(volumeName: string): Disk {
    const volume = this.known("PersistentVolume", "", volumeName);
    const key = volume === undefined ? `pv ${volumeName}` : this.#diskKey(volume);
    const seen = this.#disks.get(key);
    if (seen !== undefined) return seen;
    const disk = this.#makeDisk(key, volume, volumeName);
    this.#disks.set(key, disk);
    return disk;
  }

  #diskKey(volume: PersistentVolume): string {
    if (!hasHandle(volume)) return `pv ${volume.name}`;
    const key = csiKey(volume);
    return this.#fullerKeys.get(key) ?? key;
  }

  #makeDisk(key: string, volume: PersistentVolume | undefined, volumeName: string): Disk {
    const volumes = volume === undefined ? NOTHING : (this.#volumesByDisk.get(key) ?? NOTHING);
    const volumeNames = volume === undefined ? [volumeName] : volumes.map(({ name }) => name);
    const claims = this.#claimsOf(volumeNames, volumes);
    const withHandle = volumes.filter(hasHandle);
    const { driver, handle } = withHandle.findLast((one) => csiKey(one) === key) ?? {};
    const [first] = volumeNames;
    return {
      key,
      volumeNames,
      volumes,
      driver,
      handle,
      nodeKeys: withHandle.length === 1 ? withHandle.map(nodeKey) : [...new Set(withHandle.map(nodeKey))],
      attachments:
        volumeNames.length === 1
          ? (this.#attachmentsByVolume.get(first ?? "") ?? NOTHING)
          : volumeNames.flatMap((name) => this.#attachmentsByVolume.get(name) ?? []),
      claims,
      pods: this.#podsOf(claims),
      many: volumes.some(({ accessModes }) =>
        accessModes.some((mode) => mode === "ReadWriteMany" || mode === "ReadOnlyMany"),
      ),
    };
  }

  /** The pods of a disk that have this node. */
  podsOn(disk: Disk, node: string): readonly Pod[] {
    const { pods } = disk;
    if (pods.length <= FEW_PODS) return pods.filter(({ nodeName }) => nodeName === node);
    const known = this.#podsByNode.get(disk);
    const byNode =
      known ?? groupByEach(pods, ({ nodeName }) => (nodeName === undefined ? NOTHING : [nodeName]));
    if (known === undefined) this.#podsByNode.set(disk, byNode);
    return byNode.get(node) ?? NOTHING;
  }

  /** Each once; nearly every disk has one claim. */
  #podsOf(claims: readonly Named[]): readonly Pod[] {
    const [only] = claims;
    if (only !== undefined && claims.length === 1) return this.podsOfClaim(only.namespace, only.name);
    return [...new Set(claims.flatMap(({ namespace, name }) => this.podsOfClaim(namespace, name)))];
  }

  /** By the claims' own word, and by the volumes' for claims that are not known. */
  #claimsOf(volumeNames: readonly string[], volumes: readonly PersistentVolume[]): readonly Named[] {
    const [volume] = volumes;
    if (volume !== undefined && volumes.length === 1) {
      const bound = this.#claimsByVolume.get(volume.name) ?? NOTHING;
      const { claim } = volume;
      const isKnown = claim === undefined || this.known("PersistentVolumeClaim", claim.namespace, claim.name);
      if (isKnown) return bound;
    }
    const claims = new Map<string, Named>();
    for (const name of volumeNames)
      for (const claim of this.#claimsByVolume.get(name) ?? []) claims.set(keyOf(claim), claim);
    for (const { claim } of volumes)
      if (
        claim !== undefined &&
        this.known("PersistentVolumeClaim", claim.namespace, claim.name) === undefined
      )
        claims.set(keyOf(claim), { namespace: claim.namespace, name: claim.name });
    return [...claims.values()];
  }
}

function byNamespace<T extends Named>(objects: readonly T[]): ReadonlyMap<string, ReadonlyMap<string, T>> {
  const namespaces = new Map<string, Map<string, T>>();
  for (const object of objects) {
    const names = namespaces.get(object.namespace) ?? new Map<string, T>();
    namespaces.set(object.namespace, names.set(object.name, object));
  }
  return namespaces;
}

/** By namespace, then by the claim's name, each pod once. */
function podsByClaim(pods: readonly Pod[]): ReadonlyMap<string, ReadonlyMap<string, readonly Pod[]>> {
  const namespaces = new Map<string, Map<string, Pod[]>>();
  for (const pod of pods) {
    for (const { claimName } of pod.claims) {
      const claims = namespaces.get(pod.namespace) ?? new Map<string, Pod[]>();
      namespaces.set(pod.namespace, claims);
      if (claims.get(claimName)?.at(-1) !== pod) append(claims, claimName, pod);
    }
  }
  return namespaces;
}

/** As nodes list it (A3). */
function nodeKey(volume: CsiVolume): string {
  return `kubernetes.io/csi/${csiKey(volume)}`;
}

function hasHandle(volume: PersistentVolume): volume is PersistentVolume & CsiVolume {
  return volume.driver !== undefined && volume.handle !== undefined;
}

/** Half a sentence: what was not read, and why. */
export function unreadText({ kind, namespace, why }: Unread): string {
  const plural = kind === "StorageClass" ? "StorageClasses" : `${kind}s`;
  const where = namespace === null || !PROJECTED[kind].namespaced ? "" : ` of ${namespace}`;
  return `${plural}${where} were not read (${why})`;
}
