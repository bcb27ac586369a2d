import { NOTHING } from "../kube/raw.ts";
import type { DangerRow } from "../policy/attachments.ts";
import { type JudgedAttachment, unreadAbout } from "./attachment-rows.ts";
import type { Pod, VolumeAttachment } from "./facts.ts";
import type { Disk, Picture, Unread } from "./picture.ts";
import { hasRunningContainer, isFinished, isTerminating, wantsVolumes } from "./pods.ts";

/** Data is at risk: the rows R3 and R14 to R16 of `attachments.md`. */
export interface Danger {
  readonly row: DangerRow;
  readonly disk: Disk;
  readonly node: string;
  /** Null where the danger is that there is none (R14, R16). */
  readonly attachment: VolumeAttachment | null;
  /** Pods that use the disk on the node. */
  readonly pods: readonly Pod[];
  /** One sentence. */
  readonly text: string;
}

export interface Dangers {
  readonly dangers: readonly Danger[];
  /** Not undefined: others may exist that cannot be seen. */
  readonly unread: Unread | undefined;
}

/** Of nearly every disk. */
const NO_DANGERS: Dangers = { dangers: NOTHING, unread: undefined };

/** Names one danger across looks: a race of seconds is reported only when a second look sees it too. */
export function dangerKey({ row, disk, node, attachment }: Danger): string {
  return `${row} ${disk.key} ${node} ${attachment?.uid ?? ""}`;
}

/** @param attachments the judged attachments of the disk */
export function dangersOf(disk: Disk, attachments: readonly JudgedAttachment[], picture: Picture): Dangers {
  const ordered = detachOrdered(disk, attachments);
  const unread = unreadAbout(disk, picture) ?? attachStepUnread(disk, picture);
  if (unread !== undefined) return { dangers: ordered, unread };
  const others = [
    takenAway(disk, attachments, picture),
    twoNodes(disk, attachments),
    stillMounted(disk, attachments, picture),
  ];
  return others.every(({ length }) => length === 0) && ordered.length === 0
    ? NO_DANGERS
    : { dangers: [ordered, ...others].flat(), unread };
}

function detachOrdered(disk: Disk, attachments: readonly JudgedAttachment[]): readonly Danger[] {
  return attachments
    .filter(({ state, users }) => state === "detach-ordered-under-pod" && users.some(hasRunningContainer))
    .map(({ attachment, users }) => ({
      row: "R3",
      disk,
      node: attachment.nodeName,
      attachment,
      pods: users,
      text: `somebody ordered the detach of ${attachment.name} while ${names(users)} is using the volume on ${attachment.nodeName}`,
    }));
}

/** Whether the driver attaches at all; without an attach step nothing can be missing. */
export function needsAttachment(disk: Disk, picture: Picture): boolean | Unread {
  if (disk.driver === undefined || !isCsi(disk, picture)) return disk.attachments.length > 0;
  const driver = picture.csiDriver(disk.driver);
  if (driver.is === "known") return driver.object.attachRequired;
  if (driver.is === "absent" || disk.attachments.length > 0 || picture.attaches(disk.driver)) return true;
  return driver.unread;
}

/** Before Kubernetes 1.23 to 1.27 an in-tree volume may be attached in the old way, which leaves no attachment. */
function isCsi(disk: Disk, picture: Picture): boolean {
  return disk.volumes.some(({ isMigrated }) => isMigrated !== false) || picture.nodesUsing(disk).length > 0;
}

function attachStepUnread(disk: Disk, picture: Picture): Unread | undefined {
  const needs = needsAttachment(disk, picture);
  return typeof needs === "boolean" ? undefined : needs;
}

function takenAway(
  disk: Disk,
  attachments: readonly JudgedAttachment[],
  picture: Picture,
): readonly Danger[] {
  if (disk.handle === undefined || needsAttachment(disk, picture) !== true) return NOTHING;
  const byNode = new Map<string, Pod[]>();
  for (const pod of disk.pods) {
    if (pod.nodeName === undefined || isTerminating(pod) || isFinished(pod) || !hasRunningContainer(pod))
      continue;
    if (attachments.some(({ attachment }) => attachment.nodeName === pod.nodeName)) continue;
    byNode.set(pod.nodeName, [...(byNode.get(pod.nodeName) ?? []), pod]);
  }
  return [...byNode].map(([node, pods]) => ({
    row: "R14",
    disk,
    node,
    attachment: null,
    pods,
    text: `${names(pods)} runs on ${node} without its volume: no VolumeAttachment is left there`,
  }));
}

function twoNodes(disk: Disk, attachments: readonly JudgedAttachment[]): readonly Danger[] {
  if (disk.many || attachments.length < 2) return NOTHING;
  const used = attachments.filter(
    ({ attachment, users, isInUse }) => attachment.attached && (users.length > 0 || isInUse),
  );
  if (new Set(used.map(({ attachment }) => attachment.nodeName)).size < 2) return [];
  const nodes = used.map(({ attachment }) => attachment.nodeName).join(" and ");
  return used.map(({ attachment, users }) => ({
    row: "R15",
    disk,
    node: attachment.nodeName,
    attachment,
    pods: users,
    text: `one disk is attached to ${nodes} at once and used on each`,
  }));
}

function stillMounted(
  disk: Disk,
  attachments: readonly JudgedAttachment[],
  picture: Picture,
): readonly Danger[] {
  if (disk.many) return NOTHING;
  const attached = attachments.find(({ attachment }) => attachment.attached)?.attachment;
  if (attached === undefined) return NOTHING;
  const suspects = picture
    .nodesUsing(disk)
    .filter(({ name, ready }) => ready && !attachments.some((judged) => isAttachedTo(judged, name)));
  if (suspects.length === 0) return NOTHING;
  const wanted = new Set(disk.pods.filter(isOrWillBeThere).map(({ nodeName }) => nodeName));
  return suspects
    .filter(({ name }) => !wanted.has(name))
    .map(({ name }) => ({
      row: "R16",
      disk,
      node: name,
      attachment: null,
      pods: [],
      text: `${name} still has the volume mounted, though the volume is attached to ${attached.nodeName}`,
    }));
}

/** An attempt gives a node nothing. */
function isAttachedTo({ attachment, isDeleting }: JudgedAttachment, node: string): boolean {
  return attachment.nodeName === node && (attachment.attached || isDeleting);
}

/** A waiting pod's kubelet lists the volume as well (A4). */
function isOrWillBeThere(pod: Pod): boolean {
  return wantsVolumes(pod) || (pod.nodeName !== undefined && !isFinished(pod));
}

function names(pods: readonly Pod[]): string {
  return pods.map(({ namespace, name }) => `${namespace}/${name}`).join(", ");
}
