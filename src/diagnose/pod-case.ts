import { NOTHING } from "../kube/raw.ts";
import type { JudgedAttachment } from "./attachment-rows.ts";
import type { NodeState } from "./diagnosis.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "./facts.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Disk, Sight, Unread } from "./picture.ts";
import { isTerminating, type Stage, stageOf, wantsVolumes } from "./pods.ts";

/** One claim of a pod, followed to its disk as far as that was read. */
export interface ClaimUse {
  readonly claimName: string;
  readonly volumeName: string;
  readonly claim: Sight<PersistentVolumeClaim>;
  /** Undefined where the claim names no volume, or is not known. */
  readonly volume: Sight<PersistentVolume> | undefined;
  readonly disk: Disk | undefined;
}

/** One pod, with what its volumes are and who has them. */
export interface PodCase {
  readonly pod: Pod;
  readonly stage: Stage;
  /** Of its own node; undefined where it has none. */
  readonly nodeState: NodeState | undefined;
  readonly uses: readonly ClaimUse[];
  /** Attachments that keep the pod waiting: other nodes', or its own node's while it is being taken away. */
  readonly blockers: readonly JudgedAttachment[];
  /** The attachment of each disk on the node of a pod that is being created. */
  readonly own: readonly JudgedAttachment[];
  /** Not undefined: a use could not be followed, so that there may be more blockers. */
  readonly unread: Unread | undefined;
}

export function podCase(pod: Pod, inquiry: Inquiry): PodCase {
  const { picture } = inquiry;
  const stage = stageOf(pod);
  const uses = pod.claims.map(({ claimName, volumeName }) =>
    useOf(pod.namespace, claimName, volumeName, inquiry),
  );
  // Nothing else than a volume's way to its node is of interest of a pod that waits, and of others not that.
  const waits = stage === "creating" || stage === "unscheduled";
  return {
    pod,
    stage,
    nodeState: pod.nodeName === undefined ? undefined : picture.nodeState(pod.nodeName),
    uses,
    blockers: waits
      ? uses.flatMap(({ disk }) => (disk === undefined ? [] : blockersOf(pod, stage, disk, inquiry)))
      : NOTHING,
    own: stage === "creating" ? ownOf(pod, uses, inquiry) : NOTHING,
    unread: waits ? unreadOf(uses, inquiry) : undefined,
  };
}

function ownOf({ nodeName }: Pod, uses: readonly ClaimUse[], inquiry: Inquiry): readonly JudgedAttachment[] {
  return uses.flatMap(({ disk }) =>
    disk === undefined
      ? []
      : inquiry.attachmentsOf(disk).filter(({ attachment }) => attachment.nodeName === nodeName),
  );
}

function useOf(namespace: string, claimName: string, volumeName: string, inquiry: Inquiry): ClaimUse {
  const { picture } = inquiry;
  const claim = picture.find("PersistentVolumeClaim", namespace, claimName);
  const pv = claim.is === "known" ? claim.object.volumeName : undefined;
  const volume = pv === undefined ? undefined : picture.find("PersistentVolume", "", pv);
  const disk = pv === undefined ? undefined : picture.disk(pv);
  return { claimName, volumeName, claim, volume, disk };
}

function unreadOf(uses: readonly ClaimUse[], inquiry: Inquiry): Unread | undefined {
  for (const { claim, volume, disk } of uses) {
    if (claim.is === "unread") return claim.unread;
    if (volume?.is === "unread") return volume.unread;
    // Without any attachment in sight, whether there is one cannot be told.
    const attachments = disk === undefined || disk.attachments.length > 0;
    const unread = attachments ? undefined : inquiry.picture.unread("VolumeAttachment");
    if (unread !== undefined) return unread;
  }
  return undefined;
}

/**
 * Whether a disk lets a second pod on the same node have it; where one pod of the whole cluster may have it, the
 * scheduler holds the second one back.
 */
export function isOnePod(disk: Disk): boolean {
  return disk.volumes.some(({ accessModes }) => accessModes.includes("ReadWriteOncePod"));
}

function blockersOf(pod: Pod, stage: Stage, disk: Disk, inquiry: Inquiry): readonly JudgedAttachment[] {
  if (disk.many) return [];
  if (stage === "unscheduled" && !isOnePod(disk)) return [];
  const attachments = inquiry.attachmentsOf(disk);
  const own = attachments.find(({ attachment }) => attachment.nodeName === pod.nodeName);
  if (own?.attachment.attached === true && !own.isDeleting) return [];
  const others = attachments.filter(
    (judged) => judged !== own && (judged.attachment.attached || judged.isDeleting),
  );
  return own?.isDeleting === true ? [...others, own] : others;
}

/** Dead pods that want a disk of the case, whether an attachment is left for them or not. */
export function deadClaimants({ pod, uses }: PodCase, inquiry: Inquiry): readonly Pod[] {
  return uses
    .flatMap(({ disk }) => disk?.pods ?? [])
    .filter((other) => other !== pod && isTerminating(other) && wantsVolumes(other))
    .filter(({ nodeName = "" }) => ["not-ready", "gone"].includes(inquiry.picture.nodeState(nodeName)));
}
