import { type Answer, answer } from "../answer.ts";
import type { Container, Event } from "../facts.ts";
import type { Inquiry } from "../inquiry.ts";
import type { PodCase } from "../pod-case.ts";
import { failingContainer, hasRunningContainer, wantsVolumes } from "../pods.ts";
import { advice, lookAtKubelet, wait } from "../steps.ts";
import { clock, MINUTE, SECOND } from "../times.ts";
import { type Cause, NEVER_DELETE_ATTACHMENT } from "./cause.ts";

export type FaultDetail = "image" | "config" | "crash" | "scheduling" | "other-volume" | "quota" | "other";

export function notTheVolume(
  detail: FaultDetail,
  text: string,
  since: number | undefined,
  rest: Partial<Answer> = {},
): Answer {
  return answer({
    cause: "not-the-volume",
    detail,
    state: "stuck",
    volume: false,
    text,
    since,
    avoid: [NEVER_DELETE_ATTACHMENT],
    ...rest,
  });
}

const DETAILS: readonly { readonly reason: RegExp; readonly detail: FaultDetail; readonly remedy: string }[] =
  [
    {
      reason: /Image|Registry/,
      detail: "image",
      remedy: "Correct the image's name, or the right to pull it.",
    },
    {
      reason: /^CreateContainerConfigError$/,
      detail: "config",
      remedy: "Create the ConfigMap or Secret that is missing.",
    },
    {
      reason: /^CrashLoopBackOff$/,
      detail: "crash",
      remedy: "Read the container's log and repair the program, or undo the rollout that brought it.",
    },
  ];

/** D19: a container was made, so its volumes are mounted; what it waits for now is its own. */
export const failing: Cause = {
  row: "D19",
  stages: ["failing"],
  isShownByItself: true,
  judge: ({ pod }) => {
    const container = failingContainer(pod);
    if (container === undefined) return undefined;
    const known = DETAILS.find(({ reason }) => reason.test(container.reason));
    return notTheVolume(known?.detail ?? "other", said(pod.name, container), pod.createdAt, {
      steps: [
        advice("mend-pod", known?.remedy ?? "Fix what the container waits for.", "a restart of the pod"),
      ],
      evidence: [`container ${container.name}: ${container.reason}, ${container.restarts} restarts`],
    });
  },
};

function said(pod: string, { name, reason, message }: Container): string {
  const quote = message === "" ? "" : ` ("${message}")`;
  return `Container ${name} of ${pod} waits: ${reason}${quote}. Its volumes are mounted; the claim is fine.`;
}

/** D19: runs, but is not ready; or an init container goes on. */
export const notReady: Cause = {
  row: "D19",
  stages: ["running"],
  judge: ({ pod, nodeState }, inquiry) => {
    if (nodeState !== "ready") return undefined;
    const ready = pod.conditions.find(({ type }) => type === "Ready");
    if (ready === undefined || ready.status === "True" || inquiry.age(ready.since) < 2 * MINUTE)
      return undefined;
    const what = hasRunningContainer(pod) ? "runs, but is not Ready" : "has no running container";
    return notTheVolume(
      "other",
      `${pod.name} ${what}; its volumes are mounted and the claim is fine.`,
      ready.since,
      {
        steps: [
          advice(
            "mend-pod",
            "Look at its readiness probe, its init containers and its log.",
            "nothing, if you only look",
          ),
        ],
      },
    );
  },
};

/** D19: a pod without a claim ends, or cannot; no volume is kept by it. */
export const endsWithoutClaim: Cause = {
  row: "D19",
  stages: ["terminating"],
  isShownByItself: true,
  judge: ({ pod, uses, nodeState }, inquiry) => {
    if (uses.length > 0 || !wantsVolumes(pod)) return undefined;
    const { name, nodeName = "", deletedAt = 0, graceSeconds = 0 } = pod;
    const node = inquiry.picture.find("Node", "", nodeName);
    if (node.is === "unread") return { unseen: node.unread };
    const late = inquiry.now - deletedAt;
    const since = deletedAt - graceSeconds * SECOND;
    if (nodeState !== "not-ready" && late < 2 * MINUTE) {
      return answer({
        cause: "old-pod-terminating",
        state: "clearing",
        volume: false,
        text: `${name} is ending on ${nodeName}, by ${clock(deletedAt)} at the latest; it has no claim.`,
        since,
        within: 2 * MINUTE - late,
        steps: [wait("Wait until it has ended.", inquiry.kubectl.watch(pod))],
      });
    }
    const why =
      nodeState === "ready"
        ? `the kubelet of ${nodeName} does not end it`
        : `${nodeName} is ${nodeState === "gone" ? "gone" : "not Ready"}`;
    return notTheVolume("other", `${name} cannot end: ${why}. It has no claim.`, since, {
      steps: [lookAtKubelet(nodeName)],
    });
  },
};

/** The kubelet's messages about volumes without a driver. */
const CONFIG = /\b(?:configmap|secret)s? "?[^"]*"? not found|object "[^"]*"\/"[^"]*" not registered/i;

/** Event reasons of the kubelet about volumes. */
const MOUNT_REASONS: ReadonlySet<string> = new Set(["FailedMount", "FailedMapVolume"]);

/**
 * The newest of the kubelet's complaints about a volume of the pod. One from before the pod's attachments were made is
 * about an earlier state, and so is one about a detach that the objects do not show (A20b).
 */
export function mountComplaint({ pod, own }: PodCase, inquiry: Inquiry): Event | undefined {
  const attachedAt = Math.max(0, ...own.map(({ attachment }) => attachment.createdAt ?? 0));
  return inquiry.picture
    .eventsAbout(pod)
    .findLast(
      ({ reason, message, last }) =>
        MOUNT_REASONS.has(reason) &&
        (last ?? attachedAt) >= attachedAt &&
        !message.includes("volume attachment is being deleted"),
    );
}

/** D19: the claim's volume is attached, and another volume cannot be mounted. */
export const otherVolume: Cause = {
  row: "D19",
  stages: ["creating"],
  judge: (c, inquiry) => {
    if (c.blockers.length > 0) return undefined;
    if (c.own.some(({ attachment, isDeleting }) => !attachment.attached || isDeleting)) return undefined;
    const event = mountComplaint(c, inquiry);
    if (event === undefined) return undefined;
    const steps = [advice("mend-pod", "Create what is missing; the pod then starts by itself.")];
    const evidence = [`event ${event.reason}: ${event.message}`];
    const text = `${c.pod.name} cannot mount another of its volumes: "${event.message}". Its claim is attached and fine.`;
    if (CONFIG.test(event.message)) return notTheVolume("config", text, event.first, { steps, evidence });
    const named = /for volume "([^"]+)"/.exec(event.message)?.[1];
    const isOwn = c.uses.some(
      ({ volumeName, disk }) => volumeName === named || disk?.volumeNames.includes(named ?? "") === true,
    );
    if (named === undefined || isOwn) return undefined;
    return notTheVolume("other-volume", text, event.first, { steps, evidence });
  },
};
