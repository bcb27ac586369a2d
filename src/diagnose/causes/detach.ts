import { type Answer, answer, type Unseen } from "../answer.ts";
import type { JudgedAttachment } from "../attachment-rows.ts";
import type { Avoid } from "../diagnosis.ts";
import type { Node, Pod } from "../facts.ts";
import type { Inquiry } from "../inquiry.ts";
import { OUT_OF_SERVICE } from "../kubectl.ts";
import type { PodCase } from "../pod-case.ts";
import { wantsVolumes } from "../pods.ts";
import {
  deleteAttachment,
  drainAndReboot,
  lookAtBackEnd,
  lookAtDriver,
  lookAtKubelet,
  machineIsOff,
  shortenGrace,
  stopAll,
  wait,
} from "../steps.ts";
import { clock, MINUTE, SECOND, spoken } from "../times.ts";
import {
  blockerIn,
  type Cause,
  DELETED_ALREADY,
  KEEP_FINALIZER,
  MOUNTED_STILL,
  NEVER_DELETE_ATTACHMENT,
  WAITING,
} from "./cause.ts";
import { usersOf } from "./danger.ts";

/** How long a detach, or what follows the end of a grace period, may take before it counts as stuck. */
const PATIENCE = 2 * MINUTE;

/** D4, D12, D13: a detach was ordered, of another node's attachment or of the pod's own (25b). */
export const detachOrdered: Cause = {
  row: "D4, D12, D13",
  stages: WAITING,
  judge: (c, inquiry) => {
    const held = blockerIn(c, "detaching", "detach-ordered-under-pod");
    if (held === undefined) return undefined;
    const { attachment, disk } = held;
    const since = attachment.deletedAt;
    const elapsed = inquiry.age(since);
    const on = `${attachment.name} on ${attachment.nodeName}`;
    if (attachment.detachError !== undefined) {
      return answer({
        cause: "driver-cannot-detach",
        state: "stuck",
        volume: true,
        text: `The driver ${disk.driver ?? attachment.attacher} cannot detach the volume from ${attachment.nodeName}. It says: "${attachment.detachError.text}"`,
        since,
        disk,
        byItself: "unknown",
        steps: [
          lookAtBackEnd(disk, inquiry),
          lookAtDriver(disk.driver ?? attachment.attacher, inquiry, { attachment }),
        ],
        avoid: [KEEP_FINALIZER, DELETED_ALREADY],
        evidence: [`attachment ${on}: deleting, detachError ${attachment.detachError.text}`],
      });
    }
    return elapsed < PATIENCE
      ? detaching(
          c,
          held,
          elapsed,
          `The volume is being detached from ${attachment.nodeName}.`,
          since,
          inquiry,
        )
      : answer({
          cause: "attacher-not-answering",
          state: "stuck",
          volume: true,
          text: `The detach from ${attachment.nodeName} was ordered ${spoken(elapsed)} ago, and the driver ${disk.driver ?? attachment.attacher} has not answered: its controller pod is down, or lacks permissions.`,
          since,
          disk,
          byItself: "unknown",
          steps: [lookAtDriver(disk.driver ?? attachment.attacher, inquiry, { attachment })],
          avoid: [KEEP_FINALIZER, DELETED_ALREADY],
          evidence: [`attachment ${on}: deleting since ${clock(since)}, no detachError`],
        });
  },
};

const COMES_BY_ITSELF: Avoid = { id: "delete-attachment", why: "Kubernetes is about to do it" };

function detaching(
  c: PodCase,
  { attachment, disk, isDeleting, isInUse }: JudgedAttachment,
  elapsed: number,
  text: string,
  since: number | undefined,
  inquiry: Inquiry,
): Answer {
  return answer({
    cause: "detaching",
    state: "clearing",
    volume: true,
    text,
    since: inquiry.waitingSince(c.pod),
    disk,
    within: Math.max(20 * SECOND, PATIENCE - elapsed),
    steps: [
      wait(
        "Wait: an unmount and a detach take up to 20 s and what the driver needs.",
        inquiry.kubectl.watch(attachment),
      ),
    ],
    avoid: [isDeleting ? DELETED_ALREADY : isInUse ? MOUNTED_STILL : COMES_BY_ITSELF, KEEP_FINALIZER],
    evidence: [
      `attachment ${attachment.name} on ${attachment.nodeName}, due since ${clock(since) ?? "an unknown time"}`,
    ],
  });
}

/** D4 and D22: nobody uses it any more, and the kubelet of a Ready node has not let go of it. */
export const detachDue: Cause = {
  row: "D4, D22",
  stages: WAITING,
  judge: (c, inquiry) => {
    const held = blockerIn(c, "detach-about-to-come", "forgotten-but-mounted");
    if (held === undefined) return undefined;
    const { attachment, disk, node, isInUse } = held;
    const since = dueSince(c.pod, inquiry);
    const elapsed = inquiry.age(since);
    const { nodeName } = attachment;
    if (elapsed < PATIENCE) {
      return detaching(
        c,
        held,
        elapsed,
        `No pod uses the volume on ${nodeName} any more; it is detached there as soon as the kubelet has unmounted it.${withoutUnmount(node)}`,
        since,
        inquiry,
      );
    }
    if (!isInUse) {
      return answer({
        cause: "unknown",
        state: "unknown",
        volume: true,
        text: `Nothing keeps the volume on ${nodeName}, and it has not been detached for ${spoken(elapsed)}: see whether kube-controller-manager runs.`,
        since,
        disk,
      });
    }
    return answer({
      cause: "unmount-hangs",
      state: "stuck",
      volume: true,
      text: `No pod has used the volume on ${nodeName} for ${spoken(elapsed)}, but its kubelet still has it mounted. A Ready node is never forced.`,
      since,
      disk,
      steps: [lookAtKubelet(nodeName), drainAndReboot(node, nodeName, true, inquiry)],
      avoid: [
        MOUNTED_STILL,
        { id: "taint-out-of-service", why: "a running node loses it while mounted" },
        { id: "force-delete-pod", why: "no pod holds it" },
      ],
      evidence: [`volumesInUse of ${nodeName} lists it; no pod there wants it`],
    });
  },
};

const ENDED: ReadonlySet<string> = new Set(["SuccessfulDelete", "Killing", "TaintManagerEviction"]);

/**
 * Since when, at the latest, the detach has been due: the waiting pod, a change of its Deployment's availability (its
 * last pod went), or an event about the end of a pod of its workload, whichever is newest.
 */
function dueSince(pod: Pod, inquiry: Inquiry): number | undefined {
  const times = [inquiry.waitingSince(pod)];
  const root = inquiry.roots.rootOf(pod);
  if (root.is === "known") {
    const { object } = root.object;
    if (object?.kind === "Deployment")
      times.push(
        object.conditions.find(({ type, status }) => type === "Available" && status === "False")?.since,
      );
    const owners = [root.object, ...inquiry.roots.between(root.object)];
    for (const { kind, namespace, name } of owners) {
      const ended = inquiry.picture
        .eventsAbout({ kind, namespace, name, uid: undefined })
        .findLast(({ reason }) => ENDED.has(reason));
      times.push(ended?.last);
    }
  }
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** D5: the old pod ends, within its grace period; or its kubelet cannot end it. */
export const oldPodTerminating: Cause = {
  row: "D5",
  stages: [...WAITING, "terminating"],
  judge: (c, inquiry) => {
    const ending = endingPod(c, inquiry);
    if (ending === undefined || "unseen" in ending) return ending;
    const { nodeName = "", deletedAt = 0 } = ending;
    const who = `${ending.namespace}/${ending.name}`;
    const since = deletedAt - (ending.graceSeconds ?? 0) * SECOND;
    const disk = c.uses.find((use) => use.disk?.pods.includes(ending) === true)?.disk;
    const said = { cause: "old-pod-terminating", volume: true, since, disk } as const;
    const late = inquiry.now - deletedAt;
    if (late < PATIENCE) {
      return answer({
        ...said,
        state: "clearing",
        text: `${who} is ending on ${nodeName}, by ${clock(deletedAt)} at the latest; the volume is freed then.${withoutUnmount(inquiry.picture.node(nodeName))}`,
        within: Math.max(0, -late) + (late < 0 ? PATIENCE : PATIENCE - late),
        steps: [
          wait("Wait until it has ended.", inquiry.kubectl.watch(ending)),
          ...(-late > 30 * SECOND ? [shortenGrace(ending, inquiry)] : []),
        ],
        avoid: [
          NEVER_DELETE_ATTACHMENT,
          { id: "force-delete-pod", why: "the program may write on while another starts" },
        ],
        evidence: [`${who}: deletion asked for at ${clock(since)}, grace ${ending.graceSeconds ?? 0} s`],
      });
    }
    return answer({
      ...said,
      state: "stuck",
      text: `${who} should have ended ${spoken(late)} ago, but the kubelet of ${nodeName} does not end it.`,
      steps: [
        lookAtKubelet(nodeName),
        drainAndReboot(inquiry.picture.node(nodeName), nodeName, true, inquiry),
      ],
      avoid: [
        NEVER_DELETE_ATTACHMENT,
        { id: "force-delete-pod", why: "its program may write on while another starts" },
        { id: "shorten-grace", why: "the grace is over already" },
      ],
      evidence: [`${who}: grace ended at ${clock(deletedAt)}; ${nodeName} is Ready`],
    });
  },
};

/** A14: the taint is for nodes whose machine is off. */
function withoutUnmount(node: Node | undefined): string {
  return node?.ready === true && node.taints.some(({ key }) => key === OUT_OF_SERVICE)
    ? ` ${node.name} is Ready and yet marked out of service: its volumes are taken away without waiting for the unmount.`
    : "";
}

function endingPod(c: PodCase, inquiry: Inquiry): Pod | Unseen | undefined {
  const { pod, stage, nodeState } = c;
  if (stage === "terminating" && wantsVolumes(pod) && c.uses.length > 0) {
    const node = inquiry.picture.find("Node", "", pod.nodeName ?? "");
    if (node.is === "unread") return { unseen: node.unread };
    return nodeState === "ready" ? pod : undefined;
  }
  // Of several the one that may take longest.
  const ending = blockerIn(c, "being-released")?.users ?? [];
  return ending.toSorted((a, b) => (b.deletedAt ?? 0) - (a.deletedAt ?? 0))[0];
}

/** D11: a leftover that nothing will remove. */
export const leftover: Cause = {
  row: "D11",
  stages: WAITING,
  judge: (c, inquiry) => {
    const held = blockerIn(c, "stale", "foreign-name");
    if (held === undefined) return undefined;
    const { attachment } = held;
    const age = inquiry.age(attachment.createdAt);
    if (age < MINUTE && held.state === "foreign-name") {
      return answer({
        cause: "unknown",
        state: "unknown",
        volume: true,
        text: `Attachment ${attachment.name} on ${attachment.nodeName} was made ${spoken(age)} ago under a name that the controller never looks for, and no pod there uses it: diagnose again in a minute.`,
        since: attachment.createdAt,
        disk: held.disk,
        avoid: [NEVER_DELETE_ATTACHMENT],
      });
    }
    if (age < MINUTE && attachment.createdAt !== undefined) {
      return detaching(
        c,
        held,
        age,
        `The volume has just been attached to ${attachment.nodeName}, where no pod uses it; it may be taken back by itself.`,
        attachment.createdAt,
        inquiry,
      );
    }
    return staleAnswer(held, inquiry.waitingSince(c.pod), inquiry);
  },
};

/** Also of a claim that nobody waits for, and of an attachment alone. */
export function staleAnswer(
  { attachment, disk, state, nodeState, isInUse }: JudgedAttachment,
  since: number | undefined,
  inquiry: Inquiry,
): Answer {
  const ignoresNode =
    disk.driver === undefined ? "unknown" : inquiry.options.driver(disk.driver).unpublishIgnoresNode;
  const users = usersOf(disk.pods, inquiry);
  const why =
    state === "foreign-name"
      ? "under a name that the controller never looks for"
      : `the controller does not know the attachment, and ${attachment.nodeName} does not list the volume as used`;
  const isOff = machineIsOff(attachment.nodeName);
  const isUnsure = nodeState !== "ready";
  const mounted = nodeState === "ready" && isInUse;
  return answer({
    cause: "stale-attachment",
    state: "stuck",
    volume: true,
    text: `Attachment ${attachment.name} on ${attachment.nodeName} is left over: no pod there uses the volume, ${why}.`,
    since,
    disk,
    steps: [
      ...(ignoresNode === false || users.length === 0 ? [] : [stopAll(users, inquiry)]),
      ...(mounted
        ? [lookAtKubelet(attachment.nodeName)]
        : [deleteAttachment(attachment, isUnsure ? [isOff.id] : [], inquiry)]),
    ],
    questions: isUnsure ? [isOff] : [],
    avoid: mounted ? [KEEP_FINALIZER, MOUNTED_STILL] : [KEEP_FINALIZER],
    evidence: [
      `${attachment.nodeName} (${nodeState}): no pod wants it, neither volumesAttached nor volumesInUse lists it`,
    ],
  });
}
