import { type Answer, answer, type StepDraft, type Unseen } from "../answer.ts";
import type { JudgedAttachment } from "../attachment-rows.ts";
import type { Avoid } from "../diagnosis.ts";
import type { Node, Pod } from "../facts.ts";
import type { Inquiry } from "../inquiry.ts";
import { OUT_OF_SERVICE } from "../kubectl.ts";
import type { Disk, Unread } from "../picture.ts";
import { deadClaimants, type PodCase } from "../pod-case.ts";
import { isTerminating, wantsVolumes } from "../pods.ts";
import {
  bringNodeBack,
  deleteAttachment,
  FORCE_DETACH_DISABLED,
  forceDelete,
  lookAtDriver,
  machineIsOff,
  powerOffNode,
  removeTaint,
  stopAll,
  taintOutOfService,
  wait,
} from "../steps.ts";
import { clock, MINUTE, spoken } from "../times.ts";
import { blockerIn, type Cause, NOT_BEFORE_OFF, WAITING } from "./cause.ts";
import { usersOf } from "./danger.ts";

const DEAD: ReadonlySet<string> = new Set(["not-ready", "gone"]);

/** D7, D8: a pod that cannot end on a dead node keeps the volume forever (A9). */
export const heldByDeadPod: Cause = {
  row: "D7, D8",
  stages: [...WAITING, "terminating"],
  judge: (c, inquiry) => {
    const dead = deadHolder(c, inquiry);
    if (dead === undefined || "unseen" in dead) return dead;
    const nodeName = dead.nodeName ?? "";
    // Pod garbage collection removes the pods of a node that is gone within a minute (A15).
    return inquiry.picture.nodeState(nodeName) === "gone"
      ? nodeGone(nodeName, undefined, undefined, inquiry)
      : deadPodAnswer(dead, c, inquiry);
  },
};

function deadHolder(c: PodCase, inquiry: Inquiry): Pod | Unseen | undefined {
  const { pod, stage, nodeState } = c;
  if (stage === "terminating" && c.uses.length > 0 && wantsVolumes(pod)) {
    const node = inquiry.picture.find("Node", "", pod.nodeName ?? "");
    const unread = node.is === "unread" ? node.unread : attachmentsUnread(c, inquiry);
    if (unread !== undefined) return { unseen: unread };
    return nodeState !== undefined && DEAD.has(nodeState) ? pod : undefined;
  }
  const held = blockerIn(c, "held-by-dead-pod");
  if (held !== undefined) return held.users[0];
  if (stage !== "creating" || c.own.some(({ attachment }) => attachment.attached)) return undefined;
  const claimant = c.blockers.length === 0 ? deadClaimants(c, inquiry)[0] : undefined;
  const unread = claimant === undefined ? undefined : attachmentsUnread(c, inquiry);
  return unread === undefined ? claimant : { unseen: unread };
}

/** Whether the volume is still where the pod is, or has gone elsewhere (24a). */
function attachmentsUnread({ uses }: PodCase, inquiry: Inquiry): Unread | undefined {
  for (const { claim, volume } of uses) {
    if (claim.is === "unread") return claim.unread;
    if (volume?.is === "unread") return volume.unread;
  }
  return inquiry.picture.unread("VolumeAttachment");
}

function deadPodAnswer(dead: Pod, c: PodCase, inquiry: Inquiry): Answer {
  const nodeName = dead.nodeName ?? "";
  const node = inquiry.picture.node(nodeName);
  const disk = c.uses.find((use) => use.disk?.pods.includes(dead) === true)?.disk;
  const isThere = disk?.attachments.some((attachment) => attachment.nodeName === nodeName) === true;
  const held = `${dead.namespace}/${dead.name} is Terminating on ${nodeName}, which is ${node === undefined ? "gone" : "not Ready"}; its object ${isThere ? "keeps the volume there" : "still wants the volume there"}`;
  const said = {
    cause: "held-by-dead-pod",
    volume: true,
    since: dead.deletedAt === undefined ? undefined : dead.deletedAt - (dead.graceSeconds ?? 0) * 1000,
    disk,
    evidence: [held],
  } as const;
  if (isOutOfService(node)) {
    const effect = effectOfTaint(node, inquiry);
    if (effect !== "in-time") {
      return answer({
        ...said,
        state: "stuck",
        text: `${held}. The node is marked out of service for ${spoken(effect.late)}, which should have removed the pod within 20 s: see whether kube-controller-manager runs.`,
        byItself: "unknown",
        questions: [machineIsOff(nodeName)],
        steps: [forceDelete(dead, inquiry)],
        avoid: [NOT_BEFORE_OFF, { id: "taint-out-of-service", why: "it is set already" }],
      });
    }
    return answer({
      ...said,
      state: "clearing",
      text: `${held}. The node is marked out of service: the pod is removed within about 20 s.${UNLESS}`,
      within: 2 * MINUTE,
      steps: [
        wait(
          "Wait: pod garbage collection removes the dead pods of the node every 20 s.",
          inquiry.kubectl.watch(dead),
        ),
      ],
      avoid: [
        NOT_BEFORE_OFF,
        { id: "taint-out-of-service", why: "it is set already" },
        { id: "force-delete-pod", why: "the taint does it" },
      ],
    });
  }
  return answer({
    ...said,
    state: "stuck",
    text: `${held}, forever, unless the node comes back.`,
    questions: [machineIsOff(nodeName)],
    steps: deadNodeSteps(nodeName, dead, inquiry),
    avoid: [NOT_BEFORE_OFF],
  });
}

/** What frees a volume from a dead node, in order; also offered where a dead pod is left over. */
export function deadNodeSteps(
  nodeName: string,
  dead: Pod | undefined,
  inquiry: Inquiry,
): readonly StepDraft[] {
  const node = inquiry.picture.node(nodeName);
  return [
    bringNodeBack(nodeName),
    powerOffNode(nodeName),
    ...(node === undefined || isOutOfService(node)
      ? []
      : [taintOutOfService(node, nodeName, inquiry), removeTaint(node, nodeName, inquiry)]),
    ...(dead === undefined ? [] : [forceDelete(dead, inquiry)]),
  ];
}

/** D6: the node is dead, and nothing has been evicted yet (A43). */
export const nodeNotReady: Cause = {
  row: "D6",
  stages: [...WAITING, "failing", "running"],
  judge: (c, inquiry) => {
    const { pod, stage, nodeState } = c;
    if (stage !== "unscheduled" && nodeState === "not-ready")
      return notReady(pod.nodeName ?? "", pod, inquiry);
    if (stage !== "unscheduled" && nodeState === "gone")
      return nodeGone(pod.nodeName ?? "", undefined, undefined, inquiry);
    const held = c.blockers.find(({ state, nodeState }) => state === "in-use" && DEAD.has(nodeState));
    const holder = held?.users.find((user) => !isTerminating(user));
    return held === undefined || holder === undefined
      ? undefined
      : notReady(held.attachment.nodeName, holder, inquiry, held.disk);
  },
};

function notReady(nodeName: string, pod: Pod, inquiry: Inquiry, disk?: Disk): Answer {
  const node = inquiry.picture.node(nodeName);
  const since = node?.readySince;
  const eviction = evictionText(pod, node, inquiry);
  return answer({
    cause: "node-not-ready",
    state: "stuck",
    volume: false,
    text: `${nodeName} is not Ready; ${pod.namespace}/${pod.name} only looks as if it ran there; ${eviction}.`,
    since,
    disk,
    questions: [machineIsOff(nodeName)],
    steps: deadNodeSteps(nodeName, undefined, inquiry),
    avoid: [NOT_BEFORE_OFF],
    evidence: [`node ${nodeName}: Ready is not True since ${clock(since) ?? "an unknown time"}`],
  });
}

/** A43; where many nodes of a zone are not Ready, evictions are slowed or stopped (A47). */
function evictionText(pod: Pod, node: Node | undefined, { now }: Inquiry): string {
  const seconds = node?.readyStatus === "False" ? pod.notReadySeconds : pod.unreachableSeconds;
  if (seconds === undefined) return "it is not evicted by itself";
  if (node?.readySince === undefined) return "when it is evicted cannot be seen";
  const due = node.readySince + seconds * 1000;
  return now > due + 2 * MINUTE
    ? `its eviction was due at ${clock(due)} and has not come: Kubernetes stops evicting where most nodes of a zone are not Ready`
    : `it is evicted at ${clock(due)}, and even then keeps its volume`;
}

/** D9: no pod is left, the six minutes run; whether they end cannot be seen (A10, A16). */
export const waitingForForcedDetach: Cause = {
  row: "D9",
  stages: WAITING,
  judge: (c, inquiry) => {
    const held = blockerIn(c, "forced-detach-pending");
    if (held === undefined) return undefined;
    const { nodeName } = held.attachment;
    const node = inquiry.picture.node(nodeName);
    if (isOutOfService(node)) return freedByTaint(c, held, inquiry);
    return sixMinutes(c, held, inquiry, {
      cause: "waiting-for-forced-detach",
      text: `${nodeName} is not Ready and keeps the volume, though no pod wants it. It is detached by force 6 min after the last pod went, unless that is switched off.`,
      taint: node === undefined ? [] : [taintOutOfService(node, nodeName, inquiry)],
      instead: "the taint",
    });
  },
};

const ORDERED_BY_TAINT: Avoid = { id: "delete-attachment", why: "the taint orders the detach already" };

/** The detach of a node that is marked out of service does not wait for the unmount (A13). */
function freedByTaint({ pod }: PodCase, { attachment, disk }: JudgedAttachment, inquiry: Inquiry): Answer {
  const { nodeName } = attachment;
  const since = inquiry.waitingSince(pod);
  const effect = effectOfTaint(inquiry.picture.node(nodeName), inquiry);
  if (effect !== "in-time") {
    return answer({
      cause: "waiting-for-forced-detach",
      state: "stuck",
      volume: true,
      text: `${nodeName} is marked out of service for ${spoken(effect.late)} and no pod is left there, but the volume is still attached: see whether kube-controller-manager and the driver's controller pod run.`,
      since,
      disk,
      byItself: "unknown",
      steps: [lookAtDriver(disk.driver ?? attachment.attacher, inquiry, { attachment })],
      avoid: [ORDERED_BY_TAINT, { id: "taint-out-of-service", why: "it is set already" }],
      evidence: [`${nodeName} carries the taint ${OUT_OF_SERVICE}`],
    });
  }
  return answer({
    cause: "waiting-for-forced-detach",
    state: "clearing",
    volume: true,
    text: `${nodeName} is marked out of service and no pod is left there: the volume is detached within seconds.${UNLESS}`,
    since,
    disk,
    within: 2 * MINUTE,
    steps: [wait("Wait.", inquiry.kubectl.watch(attachment))],
    avoid: [ORDERED_BY_TAINT],
    evidence: [`${nodeName} carries the taint ${OUT_OF_SERVICE}`],
  });
}

function isOutOfService(node: Node | undefined): boolean {
  return node?.taints.some(({ key }) => key === OUT_OF_SERVICE) === true;
}

/** Behind a time that rests on nothing but the taint. */
const UNLESS = " If nothing has changed in 2 minutes, see whether kube-controller-manager runs.";

/** How long at least the taint should have had its effect. */
type TaintEffect = "in-time" | { readonly late: number };

/** The out-of-service taint takes effect within 20 s (A13), two minutes at most; mostly nothing shows since when it is set. */
function effectOfTaint(node: Node | undefined, inquiry: Inquiry): TaintEffect {
  const addedAt = node?.taints.find(({ key }) => key === OUT_OF_SERVICE)?.addedAt;
  if (addedAt === undefined || inquiry.age(addedAt) < 2 * MINUTE) return "in-time";
  return { late: inquiry.age(addedAt) };
}

/** D10: the Node object is gone, its attachment is left (A15). */
export const nodeDeleted: Cause = {
  row: "D10",
  stages: WAITING,
  judge: (c, inquiry) => {
    const held = blockerIn(c, "node-gone");
    return held === undefined ? undefined : nodeGone(held.attachment.nodeName, c, held, inquiry);
  },
};

function nodeGone(
  nodeName: string,
  c: PodCase | undefined,
  held: JudgedAttachment | undefined,
  inquiry: Inquiry,
): Answer {
  if (c !== undefined && held !== undefined) {
    return sixMinutes(c, held, inquiry, {
      cause: "node-deleted",
      text: `Node ${nodeName} is gone, but the volume is still attached there. It is detached by force within about 7 minutes, unless that is switched off.`,
      taint: [powerOffNode(nodeName, "Power")],
      instead: "waiting",
    });
  }
  return answer({
    cause: "node-deleted",
    state: "stuck",
    volume: true,
    text: `Node ${nodeName} is gone; its pods are removed within a minute, its volumes within about 7 minutes.`,
    since: undefined,
    byItself: "unknown",
    within: 7 * MINUTE,
    questions: [machineIsOff(nodeName), FORCE_DETACH_DISABLED],
    steps: [wait("Wait 7 minutes."), powerOffNode(nodeName, "Power")],
    avoid: [NOT_BEFORE_OFF],
  });
}

/** The last steps are another way to the same end, and not to be taken after the first. */
function insteadOf(what: string, [first, ...rest]: readonly StepDraft[]): readonly StepDraft[] {
  if (first === undefined) return [];
  const text = `${first.text.charAt(0).toLowerCase()}${first.text.slice(1)}`;
  return [{ ...first, text: `Or, instead of ${what}: ${text}` }, ...rest];
}

interface SixMinutes {
  readonly cause: "waiting-for-forced-detach" | "node-deleted";
  readonly text: string;
  readonly taint: readonly StepDraft[];
  /** What need not be done where the attachment is deleted. */
  readonly instead: string;
}

function sixMinutes(
  c: PodCase,
  held: JudgedAttachment,
  inquiry: Inquiry,
  { cause, text, taint, instead }: SixMinutes,
): Answer {
  const { attachment, disk } = held;
  const off = machineIsOff(attachment.nodeName);
  const ignoresNode =
    disk.driver === undefined ? "unknown" : inquiry.options.driver(disk.driver).unpublishIgnoresNode;
  const unchangedFor = inquiry.unchangedFor(attachment);
  const isOver = unchangedFor >= 10 * MINUTE;
  return answer({
    cause,
    state: "stuck",
    volume: true,
    text: isOver
      ? `No pod is left on ${attachment.nodeName}, and the volume is attached there unchanged for ${spoken(unchangedFor)}: it is not detached by itself any more.`
      : text,
    since: inquiry.waitingSince(c.pod),
    disk,
    ...(isOver ? { byItself: "no" } : { byItself: "unknown", within: 7 * MINUTE }),
    questions: isOver ? [off] : [off, FORCE_DETACH_DISABLED],
    steps: [
      ...(isOver ? [] : [wait("Wait 7 minutes and diagnose again.")]),
      ...taint,
      ...insteadOf(instead, [
        ...(ignoresNode === false
          ? []
          : [{ ...stopAll(usersOf(disk.pods, inquiry), inquiry), behind: [off.id] }]),
        deleteAttachment(attachment, [off.id], inquiry),
      ]),
    ],
    avoid: [
      { id: "remove-finalizer", why: "Kubernetes only forgets, nothing is detached" },
      { id: "delete-waiting-pods", why: "the next one waits for the same" },
    ],
    evidence: [
      `attachment ${attachment.name} on ${attachment.nodeName}: no pod object wants the volume there`,
    ],
  });
}
