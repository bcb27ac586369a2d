import { type Answer, answer, type Unseen } from "../answer.ts";
import { unreadAbout } from "../attachment-rows.ts";
import { needsAttachment } from "../dangers.ts";
import type { Pod } from "../facts.ts";
import type { Inquiry } from "../inquiry.ts";
import type { Disk } from "../picture.ts";
import { deadClaimants, type PodCase } from "../pod-case.ts";
import {
  BACK_END_AGREES,
  lookAtBackEnd,
  lookAtDriver,
  lookAtNodeDriver,
  machineIsOff,
  wait,
} from "../steps.ts";
import { MINUTE, spoken } from "../times.ts";
import { type Cause, NEVER_DELETE_ATTACHMENT, NOT_BEFORE_OFF } from "./cause.ts";
import { deadNodeSteps } from "./dead-node.ts";
import { mountComplaint, notTheVolume } from "./own-fault.ts";

const PATIENCE = 2 * MINUTE;

/** D13, D14: nothing in this cluster holds the disk, and its attach fails or is not answered. */
export const attachFails: Cause = {
  row: "D13, D14",
  stages: ["creating"],
  judge: (c, inquiry) => {
    if (c.blockers.length > 0) return undefined;
    const attempt = c.own.find(({ state }) => state === "attempt");
    if (attempt === undefined) return undefined;
    const unread = unreadAbout(attempt.disk, inquiry.picture);
    if (unread !== undefined) return { unseen: unread };
    const { attachment, disk } = attempt;
    const driver = disk.driver ?? attachment.attacher;
    const age = inquiry.age(attachment.createdAt);
    if (attachment.attachError !== undefined && isAttachedElsewhere(disk)) {
      return answer({
        cause: "unknown",
        state: "unknown",
        volume: true,
        text: `The driver ${driver} cannot attach the volume to ${attachment.nodeName}, beside the nodes that have it. It says: "${attachment.attachError.text}"`,
        since: inquiry.waitingSince(c.pod),
        disk,
        steps: [lookAtDriver(driver, inquiry, { attachment })],
        avoid: [NEVER_DELETE_ATTACHMENT],
        evidence: [
          `attachment ${attachment.name} on ${attachment.nodeName}: attachError ${attachment.attachError.text}`,
        ],
      });
    }
    if (attachment.attachError !== undefined) {
      return answer({
        cause: "held-outside-the-cluster",
        state: "stuck",
        volume: true,
        text: `The driver ${driver} cannot attach the volume to ${attachment.nodeName}, and nothing in this cluster has it. It says: "${attachment.attachError.text}"`,
        since: inquiry.waitingSince(c.pod),
        disk,
        questions: [BACK_END_AGREES],
        steps: [lookAtBackEnd(disk, inquiry), lookAtDriver(driver, inquiry, { attachment })],
        avoid: [{ ...NEVER_DELETE_ATTACHMENT, why: "it is the waiting pod's own, and holds nothing" }],
        evidence: [
          `attachment ${attachment.name} on ${attachment.nodeName}: attachError ${attachment.attachError.text}`,
        ],
      });
    }
    if (age < PATIENCE) return undefined;
    return answer({
      cause: "attacher-not-answering",
      state: "stuck",
      volume: true,
      text: `The attach to ${attachment.nodeName} was asked for ${spoken(age)} ago, and the driver ${driver} has not answered: its controller pod is down, or lacks permissions.`,
      since: inquiry.waitingSince(c.pod),
      disk,
      byItself: "unknown",
      steps: [lookAtDriver(driver, inquiry, { attachment }), lookAtBackEnd(disk, inquiry)],
      avoid: [
        {
          id: "remove-finalizer",
          why: "Kubernetes then only forgets; the backend may still have the volume elsewhere",
        },
        NEVER_DELETE_ATTACHMENT,
      ],
      evidence: [
        `attachment ${attachment.name}: not attached, no error${attachment.finalizers.length === 0 ? ", not even the attacher's finalizer" : ""}`,
      ],
    });
  },
};

/** A volume of several nodes is held by none of them against the others. */
function isAttachedElsewhere({ attachments }: Disk): boolean {
  return attachments.some(({ attached }) => attached);
}

/** What storage reports where an image is open on another machine (A40). */
const OPEN_ELSEWHERE = /is still being used/;

/** A23, A40: attached, but the node part of the driver refuses. */
export const mountFails: Cause = {
  row: "D14",
  stages: ["creating"],
  judge: (c, inquiry) => {
    if (c.blockers.length > 0 || c.own.some(({ attachment }) => !attachment.attached)) return undefined;
    const event = mountComplaint(c, inquiry);
    const use = c.uses.find(({ disk }) =>
      disk?.volumeNames.some((name) => event?.message.includes(`"${name}"`)),
    );
    if (event === undefined || use === undefined) return undefined;
    const said = {
      volume: true,
      since: event.first,
      disk: use.disk,
      avoid: [NEVER_DELETE_ATTACHMENT],
      evidence: [`event ${event.reason}: ${event.message}`],
    } as const;
    if (OPEN_ELSEWHERE.test(event.message)) {
      return answer({
        ...said,
        cause: "held-outside-the-cluster",
        state: "stuck",
        text: `The volume is attached, but another machine still has it open. The kubelet says: "${event.message}"`,
        questions: [BACK_END_AGREES],
        steps: [lookAtBackEnd(use.disk, inquiry)],
      });
    }
    return answer({
      ...said,
      cause: "unknown",
      state: "unknown",
      text: `The volume is attached, but the part of its driver on ${c.pod.nodeName} does not mount it. The kubelet says: "${event.message}"`,
      steps: [lookAtNodeDriver(use.disk?.driver, c.pod.nodeName ?? "", inquiry)],
    });
  },
};

/** The pod has just begun, and nothing has failed; or it has been at it for longer than the volume explains. */
export const starting: Cause = {
  row: "starting",
  stages: ["creating"],
  judge: (c, inquiry) => {
    for (const { disk, claim, volume } of c.uses) {
      if (claim.is === "unread") return { unseen: claim.unread };
      if (volume?.is === "unread") return { unseen: volume.unread };
      const unread = disk === undefined ? undefined : unreadAbout(disk, inquiry.picture);
      if (unread !== undefined) return { unseen: unread };
    }
    const unread = inquiry.picture.unread("Event", c.pod.namespace);
    if (unread !== undefined) return { unseen: unread };
    if (c.pod.hasInlineDisk) return inlineDisk(c, inquiry);
    const missing = c.uses.find(({ disk }) => disk !== undefined && !isAttached(c, disk));
    if (missing?.disk !== undefined) return unattached(c, missing.disk, inquiry);
    return attached(c, inquiry);
  },
};

/** Deprecated since long, and no object says which disk it is to a driver. */
function inlineDisk({ pod }: PodCase, inquiry: Inquiry): Answer {
  return answer({
    cause: "unknown",
    state: "unknown",
    volume: true,
    text: `${pod.name} names a disk itself, without a claim: who has that disk cannot be followed. Its events say what it waits for.`,
    since: inquiry.waitingSince(pod),
    avoid: [NEVER_DELETE_ATTACHMENT],
  });
}

function isAttached({ own }: PodCase, disk: Disk): boolean {
  return own.some((judged) => judged.disk === disk && judged.attachment.attached);
}

function unattached(c: PodCase, disk: Disk, inquiry: Inquiry): Answer | Unseen | undefined {
  const needs = needsAttachment(disk, inquiry.picture);
  if (typeof needs !== "boolean") return { unseen: needs };
  if (!needs) return attached(c, inquiry);
  const attempt = c.own.find((judged) => judged.disk === disk)?.attachment;
  const since = attempt?.createdAt ?? inquiry.waitingSince(c.pod);
  const age = inquiry.age(since);
  if (age < PATIENCE)
    return begun(c, disk, `The volume is being attached to ${c.pod.nodeName}.`, PATIENCE - age, inquiry);
  const { nodeName = "" } = c.pod;
  const what = isAttachedElsewhere(disk) ? "The volume" : "Nothing in this cluster has the volume, and it";
  const late = `${what} has not been attached to ${nodeName} for ${spoken(age)}`;
  const said = { cause: "unknown", state: "unknown", volume: true, since, disk } as const;
  const csiNode = inquiry.picture.known("CSINode", "", nodeName);
  if (disk.driver !== undefined && csiNode?.drivers.includes(disk.driver) === false) {
    return answer({
      ...said,
      text: `${late}: its driver ${disk.driver} does not run there, by CSINode ${nodeName}.`,
      steps: [lookAtNodeDriver(disk.driver, nodeName, inquiry)],
      evidence: [`CSINode ${nodeName} does not list ${disk.driver}`],
    });
  }
  const event = inquiry.picture.eventsAbout(c.pod).findLast(({ reason }) => reason === "FailedAttachVolume");
  return answer({
    ...said,
    text: `${late}: see whether kube-controller-manager runs.`,
    evidence: event === undefined ? [] : [`event ${event.reason}: ${event.message}`],
  });
}

function attached(c: PodCase, inquiry: Inquiry): Answer {
  const { pod, uses } = c;
  const times = [inquiry.waitingSince(pod), ...c.own.map(({ attachment }) => attachment.createdAt)];
  const since = Math.max(...times.filter((time) => time !== undefined), 0);
  const age = inquiry.age(since);
  const volumes =
    uses.length === 0
      ? "It has no claim"
      : c.own.length === 0
        ? "Its volume needs no attachment"
        : "Its volume is attached";
  if (age < PATIENCE)
    return begun(c, uses[0]?.disk, `${pod.name} is starting. ${volumes}.`, PATIENCE - age, inquiry);
  const look = {
    id: "mend-pod",
    text: "Look at its events and at the kubelet of its node.",
    commands: inquiry.kubectl.describe(pod),
    behind: [],
    cost: "nothing",
    danger: null,
  } as const;
  const late = `${pod.name} has not started for ${spoken(age)}, and not because of an attachment. ${volumes}`;
  const complaint = inquiry.picture.eventsAbout(pod).findLast(({ reason }) => SANDBOX_REASONS.has(reason));
  if (uses.length === 0 || isMounted(pod) || complaint !== undefined) {
    const quoted = complaint === undefined ? "" : ` The kubelet says: "${complaint.message}"`;
    return notTheVolume("other", `${late}.${quoted}`, inquiry.waitingSince(pod), {
      steps: [look],
      evidence: complaint === undefined ? [] : [`event ${complaint.reason}: ${complaint.message}`],
    });
  }
  return answer({
    cause: "unknown",
    state: "unknown",
    volume: false,
    text: `${late}; whether it is mounted${othersOf(pod)} is shown by events only, and none is left that says so.`,
    since: inquiry.waitingSince(pod),
    disk: uses[0]?.disk,
    steps: [look],
    avoid: [NEVER_DELETE_ATTACHMENT],
  });
}

/** The kubelet makes the sandbox only after every volume is mounted (`pkg/kubelet/kubelet.go` SyncPod). */
const SANDBOX_REASONS: ReadonlySet<string> = new Set(["FailedCreatePodSandBox", "FailedPodSandBoxStatus"]);

function isMounted({ conditions, containers }: Pod): boolean {
  return (
    conditions.some(({ type, status }) => type === "PodReadyToStartContainers" && status === "True") ||
    containers.some(({ state }) => state === "terminated")
  );
}

/** A ConfigMap or a Secret that is missing shows in no object that is read (19b). */
function othersOf({ otherVolumes }: Pod): string {
  // Every pod has one for its service account.
  const named = otherVolumes.filter((name) => !name.startsWith("kube-api-access-"));
  return named.length === 0 ? "" : `, and the other volumes of the pod (${named.join(", ")}),`;
}

function begun(c: PodCase, disk: Disk | undefined, text: string, within: number, inquiry: Inquiry): Answer {
  const [dead] = deadClaimants(c, inquiry);
  const nodeName = dead?.nodeName ?? "";
  return answer({
    cause: "starting",
    state: "clearing",
    volume: true,
    text:
      dead === undefined ? text : `${text} The dead pod ${dead.name} on ${nodeName} still wants the volume.`,
    since: inquiry.waitingSince(c.pod),
    disk,
    within,
    questions: dead === undefined ? [] : [machineIsOff(nodeName)],
    steps: [
      wait("Wait.", inquiry.kubectl.watch(c.pod)),
      ...(dead === undefined ? [] : deadNodeSteps(nodeName, dead, inquiry)),
    ],
    avoid: dead === undefined ? [NEVER_DELETE_ATTACHMENT] : [NOT_BEFORE_OFF],
  });
}
