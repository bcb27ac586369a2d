import { createHash } from "node:crypto";
import type { AttachmentState } from "../policy/attachments.ts";
import type { NodeState } from "./diagnosis.ts";
import type { Node, Pod, VolumeAttachment } from "./facts.ts";
import type { Disk, Picture, Unread } from "./picture.ts";
import { isTerminating, wantsVolumes } from "./pods.ts";

/** Everything that the table of attachment states depends on. */
export interface AttachmentLook {
  readonly attachment: VolumeAttachment;
  readonly disk: Disk;
  /** Pods of any namespace, through any volume of the disk, that want it on the attachment's node (A6). */
  readonly users: readonly Pod[];
  readonly nodeState: NodeState;
  readonly node: Node | undefined;
  readonly isDeleting: boolean;
  /** In the node's volumesAttached, its volumesInUse. */
  readonly isListed: boolean;
  readonly isInUse: boolean;
  readonly volumeIsGone: boolean;
  /** It may be gone: then R2 comes before R3. */
  readonly volumeIsUnread: boolean;
  /** Not undefined: what is missing from the facts may exist, so that nothing follows from its absence. */
  readonly unread: Unread | undefined;
}

export interface JudgedAttachment extends AttachmentLook {
  readonly state: AttachmentState;
  /** R1 to R13; null where it cannot be determined. */
  readonly row: string | null;
}

interface Row {
  readonly row: string;
  readonly state: AttachmentState;
  /** True where the row rests on what is not there: it does not count while a kind was not read. */
  readonly restsOnAbsence: boolean;
  readonly applies: (look: AttachmentLook) => boolean | undefined;
}

/** A name as the controller gives it. */
const CONTROLLERS = /^csi-[0-9a-f]{64}$/;

/** `attachments.md`, section 8: the first row that applies is the state. An undefined answer is "cannot be told". */
const ROWS: readonly Row[] = [
  {
    row: "R1",
    state: "attempt",
    restsOnAbsence: false,
    applies: ({ attachment, isDeleting }) => !attachment.attached && !isDeleting,
  },
  { row: "R2", state: "volume-gone", restsOnAbsence: true, applies: ({ volumeIsGone }) => volumeIsGone },
  {
    row: "R3",
    state: "detach-ordered-under-pod",
    restsOnAbsence: false,
    applies: ({ users, isDeleting, volumeIsUnread }) =>
      users.length > 0 && isDeleting && (volumeIsUnread ? undefined : true),
  },
  {
    row: "R4",
    state: "in-use",
    restsOnAbsence: false,
    applies: ({ users }) => users.some((pod) => !isTerminating(pod)),
  },
  {
    row: "R5",
    state: "being-released",
    restsOnAbsence: true,
    applies: ({ users, nodeState }) => users.length > 0 && nodeState === "ready",
  },
  { row: "R6", state: "held-by-dead-pod", restsOnAbsence: true, applies: ({ users }) => users.length > 0 },
  { row: "R7", state: "detaching", restsOnAbsence: true, applies: ({ isDeleting }) => isDeleting },
  {
    row: "R8",
    state: "foreign-name",
    restsOnAbsence: true,
    applies: ({ attachment: { name, nodeName, volumeName }, disk: { volumes } }) => {
      const { driver, handle, isMigrated } = volumes.find((volume) => volume.name === volumeName) ?? {};
      if (driver === undefined || handle === undefined) return undefined;
      const isForeign = name !== canonicalName(handle, driver, nodeName);
      // Of an in-tree volume the handle is a translation, which rests on labels that may have changed since.
      return isForeign && isMigrated !== undefined && CONTROLLERS.test(name) ? undefined : isForeign;
    },
  },
  {
    row: "R9",
    state: "detach-about-to-come",
    restsOnAbsence: true,
    applies: ({ nodeState, isListed }) => nodeState === "ready" && isListed,
  },
  {
    row: "R10",
    state: "forgotten-but-mounted",
    restsOnAbsence: true,
    applies: ({ nodeState, isInUse }) => nodeState === "ready" && isInUse,
  },
  { row: "R11", state: "stale", restsOnAbsence: true, applies: ({ nodeState }) => nodeState === "ready" },
  {
    row: "R12",
    state: "forced-detach-pending",
    restsOnAbsence: true,
    applies: ({ nodeState }) => nodeState === "not-ready",
  },
  { row: "R13", state: "node-gone", restsOnAbsence: true, applies: ({ nodeState }) => nodeState === "gone" },
];

export function judgeAttachment(attachment: VolumeAttachment, picture: Picture): JudgedAttachment {
  const look = lookAt(attachment, picture);
  for (const { row, state, restsOnAbsence, applies } of ROWS) {
    const answer = applies(look);
    if (answer === false) continue;
    if (answer === undefined || (restsOnAbsence && look.unread !== undefined)) break;
    return Object.assign(look, { state, row });
  }
  return Object.assign(look, { state: "unknown" as const, row: null });
}

function lookAt(attachment: VolumeAttachment, picture: Picture): AttachmentLook {
  const { nodeName, volumeName } = attachment;
  const disk = picture.disk(volumeName ?? "");
  const node = picture.node(nodeName);
  const volume = volumeName === undefined ? undefined : picture.find("PersistentVolume", "", volumeName);
  return {
    attachment,
    disk,
    users: picture.podsOn(disk, nodeName).filter(wantsVolumes),
    nodeState: picture.nodeState(nodeName),
    node,
    isDeleting: attachment.deletedAt !== undefined,
    isListed: disk.nodeKeys.some((key) => node?.volumesAttached.has(key)),
    isInUse: disk.nodeKeys.some((key) => node?.volumesInUse.has(key)),
    volumeIsGone: volume?.is === "absent",
    volumeIsUnread: volume?.is === "unread",
    unread: volumeName === undefined ? INLINE : unreadAbout(disk, picture),
  };
}

/** Which pods use a migrated inline volume is not followed. */
const INLINE: Unread = { kind: "PersistentVolume", namespace: null, why: "a pod names this disk itself" };

/**
 * What would have to be read before the absence of a user, a node or an attachment of a disk proves anything
 * (undefined: nothing). Its users can be in the namespaces of its claims only.
 */
export function unreadAbout(disk: Disk, picture: Picture): Unread | undefined {
  for (const kind of ["PersistentVolume", "VolumeAttachment", "Node"] as const) {
    const unread = picture.unread(kind);
    if (unread !== undefined) return unread;
  }
  const namespaces = new Set(disk.claims.map(({ namespace }) => namespace));
  for (const kind of ["PersistentVolumeClaim", "Pod"] as const) {
    for (const namespace of namespaces) {
      const unread = picture.unread(kind, namespace);
      if (unread !== undefined) return unread;
    }
    if (namespaces.size === 0 && !picture.isReadSomewhere(kind)) return picture.unread(kind);
  }
  return undefined;
}

/** The only name by which the controller finds an attachment (A1, `pkg/volume/csi/csi_attacher.go`). */
export function canonicalName(handle: string, driver: string, node: string): string {
  return `csi-${createHash("sha256").update(`${handle}${driver}${node}`).digest("hex")}`;
}
