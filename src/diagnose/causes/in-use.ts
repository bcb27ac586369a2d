import { type Answer, answer, isUnseen, type StepDraft, type Unseen } from "../answer.ts";
import type { JudgedAttachment } from "../attachment-rows.ts";
import type { CauseId } from "../diagnosis.ts";
import type { Deployment, Pod } from "../facts.ts";
import type { Inquiry } from "../inquiry.ts";
import type { Disk, Unread } from "../picture.ts";
import { isOnePod, type PodCase } from "../pod-case.ts";
import { isTerminating, wantsVolumes } from "../pods.ts";
import {
  advice,
  capAutoscaler,
  isScalable,
  patchRecreate,
  restoreReplicas,
  scaleToOne,
  stopOne,
  undoRollout,
  wait,
  zeroAndBack,
} from "../steps.ts";
import { MINUTE, spoken } from "../times.ts";
import { type Cause, KEEP_OLD_POD, NEVER_DELETE_ATTACHMENT, WAITING } from "./cause.ts";
import { numberBeforeScaling, type Relation, relationOf } from "./relation.ts";

/** A live pod has the volume, on a node that works: D1, D2, D3, D15, D18, D23. */
export const inUse: Cause = {
  row: "D1, D2, D3, D15, D18, D23",
  stages: WAITING,
  judge: (c, inquiry) => {
    const held = holding(c);
    if (held === undefined || "unseen" in held) return held;
    const node = inquiry.picture.find("Node", "", held.node);
    if (node.is === "unread") return { unseen: node.unread };
    const relation = relationOf(c.pod, held.pods, inquiry);
    if (relation === undefined || "unseen" in relation) return relation;
    const found = explain(relation, c, held, inquiry);
    return found === undefined || isUnseen(found) ? found : held.onePod ? asOnePod(found) : found;
  },
};

interface Held {
  readonly pods: readonly Pod[];
  readonly node: string;
  readonly disk: Disk;
  readonly attachment: string | null;
  /** The reach is one pod: the scheduler, or the kubelet of the same node, holds the second one back. */
  readonly onePod: boolean;
}

function holding(c: PodCase): Held | Unseen | undefined {
  for (const { claim, volume, disk } of c.uses) {
    if (disk === undefined || claim.is !== "known" || volume?.is === "absent") continue;
    const mode = onePodSight(
      claim.object.accessModes,
      disk,
      volume?.is === "unread" ? volume.unread : undefined,
    );
    if (typeof mode !== "boolean") return { unseen: mode };
    if (!mode) continue;
    const pods = disk.pods.filter((pod) => pod !== c.pod && wantsVolumes(pod) && !isTerminating(pod));
    const [first] = pods;
    if (first === undefined || (c.stage === "creating" && !comesBefore(first, c.pod))) continue;
    const node = first.nodeName ?? "";
    const attachment = disk.attachments.find(({ nodeName }) => nodeName === node)?.name ?? null;
    return { pods, node, disk, attachment, onePod: true };
  }
  const blocker = c.blockers.find(({ state }) => state === "in-use");
  return blocker === undefined ? undefined : heldBy(blocker);
}

/** Of two pods on one node the one whose containers run has the volume. */
function comesBefore(other: Pod, pod: Pod): boolean {
  return (
    other.containers.some(({ state }) => state === "running") &&
    !pod.containers.some(({ state }) => state === "running")
  );
}

function onePodSight(
  claimModes: readonly string[],
  disk: Disk,
  unread: Unread | undefined,
): boolean | Unread {
  if (disk.volumes.length > 0) return isOnePod(disk);
  const asked = claimModes.includes("ReadWriteOncePod");
  return asked && unread !== undefined ? unread : false;
}

function heldBy({ users, attachment, disk }: JudgedAttachment): Held {
  return {
    pods: users.filter((pod) => !isTerminating(pod)),
    node: attachment.nodeName,
    disk,
    attachment: attachment.name,
    onePod: false,
  };
}

function asOnePod(found: Answer): Answer {
  // What keeps a Deployment from moving at all stays the reason, whatever the access mode.
  if (found.cause === "recreate-and-scaling-at-once") return found;
  return {
    ...found,
    cause: "one-pod-claim-in-use",
    text: `${found.text} The claim is ReadWriteOncePod: one pod in the whole cluster may use it, so the same node does not help.`,
  };
}

function explain(relation: Relation, c: PodCase, held: Held, inquiry: Inquiry): Answer | Unseen | undefined {
  switch (relation.is) {
    case "rollout":
      return rollout(relation, c, held, inquiry);
    case "replicas":
      return replicas(relation, c, held, inquiry);
    case "versions":
      return say(
        "rollout-waits-for-itself",
        `${relation.root.kind} ${relation.root.name} waits for itself: ${c.pod.name} needs the volume that a pod of another version keeps (${where(held)}).`,
        c,
        held,
        inquiry,
        {
          steps: [
            advice(
              "undo-rollout",
              `Undo it to the version that has the volume, with the tool that manages ${relation.root.kind} ${relation.root.name}.`,
              "the old version stays",
            ),
          ],
          avoid: [NEVER_DELETE_ATTACHMENT, KEEP_OLD_POD],
        },
      );
    case "runs":
      return say(
        "replicas-on-several-nodes",
        `${c.pod.name} waits for the volume that an earlier run of ${relation.root.kind} ${relation.root.name} uses: ${where(held)}.`,
        c,
        held,
        inquiry,
        {
          byItself: "unknown",
        },
      );
    case "shared":
      return say(
        "shared-by-workloads",
        `${relation.root.kind} ${relation.root.name} and ${relation.others.map(({ kind, name }) => `${kind} ${name}`).join(", ")} share one volume, which only one node may have: ${where(held)}.`,
        c,
        held,
        inquiry,
        { steps: [stopOne(relation.root, inquiry)] },
      );
  }
}

function rollout(
  { deployment, holder, isNewer }: Extract<Relation, { is: "rollout" }>,
  c: PodCase,
  held: Held,
  inquiry: Inquiry,
): Answer {
  const old = numberBeforeScaling(deployment, inquiry);
  if (old !== undefined) {
    return say(
      "recreate-and-scaling-at-once",
      `Deployment ${deployment.name} does nothing any more: Recreate and another number of replicas (${deployment.replicas} instead of ${old}) came in one change during a rollout.`,
      c,
      held,
      inquiry,
      {
        steps: [restoreReplicas(deployment, old, inquiry)],
        avoid: [
          NEVER_DELETE_ATTACHMENT,
          { id: "undo-rollout", why: "nothing moves until the old number is back" },
          { id: "scale-to-zero-and-back", why: "nothing moves until the old number is back" },
        ],
      },
    );
  }
  if (isNewer) return nearlyThrough(deployment, c, held, inquiry);
  return say(
    "rollout-waits-for-itself",
    `The rollout of Deployment ${deployment.name} waits for itself: ${c.pod.name} needs the volume that a pod of the old version keeps (${where(held)}), and that one stays until the new one is ready.${deployment.paused ? " The Deployment is paused." : ""}`,
    c,
    held,
    inquiry,
    {
      steps: rolloutSteps(deployment, holder, inquiry),
      avoid: [
        NEVER_DELETE_ATTACHMENT,
        KEEP_OLD_POD,
        { id: "force-delete-pod", why: "its ReplicaSet makes another" },
      ],
    },
  );
}

/** The new version has the volume: the Deployment removes the old version's pod once the new one is Ready. */
function nearlyThrough(deployment: Deployment, c: PodCase, held: Held, inquiry: Inquiry): Answer {
  const { name, paused } = deployment;
  const readySince = held.pods.map(
    ({ conditions }) => conditions.find(({ type, status }) => type === "Ready" && status === "True")?.since,
  );
  const isReady = readySince.every((since) => since !== undefined);
  const elapsed = Math.min(...readySince.map((since) => inquiry.age(since)));
  const text = `The new version of Deployment ${name} has the volume (${where(held)}); ${c.pod.name} is of the version before`;
  if (isReady && !paused && elapsed < 2 * MINUTE) {
    return say("starting", `${text} and is removed now.`, c, held, inquiry, {
      state: "clearing",
      byItself: "yes",
      within: 2 * MINUTE - elapsed,
      steps: [wait("Wait.", inquiry.kubectl.watch(c.pod))],
    });
  }
  const why = paused
    ? "stays while the Deployment is paused"
    : isReady
      ? `should have been removed ${spoken(elapsed)} ago: see whether kube-controller-manager runs`
      : "is removed as soon as that one is Ready";
  return say("rollout-waits-for-itself", `${text} and ${why}.`, c, held, inquiry, {
    steps: [
      advice(
        "mend-pod",
        paused
          ? `Resume the rollout of Deployment ${name}.`
          : isReady
            ? "See whether kube-controller-manager runs."
            : `See why ${held.pods.map((pod) => pod.name).join(", ")} is not Ready.`,
      ),
    ],
    avoid: [
      NEVER_DELETE_ATTACHMENT,
      { id: "undo-rollout", why: "the new version has the volume already; the rollout would turn round" },
    ],
  });
}

function rolloutSteps(
  deployment: Deployment,
  holder: Parameters<typeof undoRollout>[1],
  inquiry: Inquiry,
): readonly StepDraft[] {
  const pods = inquiry.roots.podsOf(deployment);
  const isRecreate = deployment.strategy === "Recreate";
  return [
    undoRollout(deployment, holder, inquiry),
    // Recreate acts on a paused Deployment only after it has been resumed.
    ...(isRecreate || deployment.paused ? [] : [patchRecreate(deployment, inquiry)]),
    ...(deployment.replicas > 0 ? [zeroAndBack(deployment, pods, inquiry)] : []),
  ];
}

function replicas(
  { root, autoscaler }: Extract<Relation, { is: "replicas" }>,
  c: PodCase,
  held: Held,
  inquiry: Inquiry,
): Answer | Unseen {
  const scalable = isScalable(root) ? root.object : undefined;
  const reason = `${root.kind} ${root.name} has more pods than nodes that may have its volume: ${where(held)}.`;
  if (autoscaler !== undefined) {
    return say(
      "autoscaler-raises-replicas",
      `Autoscaler ${autoscaler.name} keeps several pods of ${root.kind} ${root.name}, but only one node may have its volume: ${where(held)}.`,
      c,
      held,
      inquiry,
      {
        steps: [
          capAutoscaler(autoscaler, inquiry),
          ...(scalable === undefined || scalable.replicas < 2 ? [] : [scaleToOne(scalable, inquiry)]),
        ],
      },
    );
  }
  const unread =
    scalable === undefined ? undefined : inquiry.picture.unread("HorizontalPodAutoscaler", root.namespace);
  if (unread !== undefined) return { unseen: unread };
  if (scalable === undefined && ["Deployment", "StatefulSet", "ReplicaSet"].includes(root.kind)) {
    const kind = root.kind as "Deployment" | "StatefulSet" | "ReplicaSet";
    const missing = inquiry.picture.unread(kind, root.namespace);
    if (missing !== undefined) return { unseen: missing };
  }
  return say(
    "replicas-on-several-nodes",
    scalable === undefined
      ? `${reason} Give each node a claim of its own, or run it on one node only.`
      : reason,
    c,
    held,
    inquiry,
    {
      steps: scalable === undefined || scalable.replicas < 2 ? [] : [scaleToOne(scalable, inquiry)],
      avoid: [
        NEVER_DELETE_ATTACHMENT,
        { id: "delete-waiting-pods", why: "new ones are made, and wait for the same" },
      ],
      byItself: root.kind === "Job" || root.kind === "CronJob" ? "unknown" : "no",
    },
  );
}

function say(
  cause: CauseId,
  text: string,
  c: PodCase,
  held: Held,
  inquiry: Inquiry,
  rest: Partial<Answer>,
): Answer {
  const seen = inquiry.picture
    .eventsAbout(c.pod)
    .findLast(
      ({ reason, message }) => reason === "FailedAttachVolume" && message.includes("Multi-Attach error"),
    );
  return answer({
    cause,
    state: "stuck",
    volume: true,
    text,
    since: inquiry.waitingSince(c.pod),
    disk: held.disk,
    avoid: [NEVER_DELETE_ATTACHMENT],
    evidence: [
      where(held),
      ...(held.attachment === null ? [] : [`attachment ${held.attachment} is on ${held.node}`]),
      ...(seen === undefined ? [] : [`event ${seen.reason}: ${seen.message}`]),
    ],
    ...rest,
  });
}

function where({ pods, node }: Held): string {
  const names = pods.map(({ namespace, name }) => `${namespace}/${name}`).join(", ");
  return `${names} ${pods.length > 1 ? "have" : "has"} it on ${node}`;
}
