import { exclusionOf, matchesTerms } from "../../policy/nodes.ts";
import { type Answer, answer, type Unseen } from "../answer.ts";
import type { Node, PersistentVolume, Pod } from "../facts.ts";
import type { Inquiry } from "../inquiry.ts";
import { OUT_OF_SERVICE } from "../kubectl.ts";
import type { PodCase } from "../pod-case.ts";
import { advice, rebooted, removeTaint, uncordon, undoRollout } from "../steps.ts";
import { MINUTE } from "../times.ts";
import type { Cause } from "./cause.ts";
import { notTheVolume } from "./own-fault.ts";

/** The scheduler's words about the volume's place (A24d, A24e); older ones too. */
const PLACE_TEXT =
  /didn't match PersistentVolume's node affinity|had volume node affinity conflict|exceed max volume count|had no available volume zone|didn't find available persistent volumes to bind|did not have enough free storage/;

const NOTHING_TO_BIND = /didn't find available persistent volumes to bind/;

/** A cluster can have hundreds that are cordoned. */
const MOST_NODES = 3;

/** D17: the volume lives where no node takes the pod. */
export const noNodeForTheVolume: Cause = {
  row: "D17",
  stages: ["unscheduled"],
  judge: (c, inquiry) => {
    const text = schedulerText(c.pod);
    const pinned = c.uses.find(
      ({ volume }) => volume?.is === "known" && volume.object.nodeAffinity !== undefined,
    );
    const volume = pinned?.volume?.is === "known" ? pinned.volume.object : undefined;
    const nodes = inquiry.picture.facts.objects.Node;
    const isComplete = inquiry.picture.unread("Node") === undefined;
    const near =
      volume === undefined ? [] : nodes.filter((node) => matchesTerms(volume.nodeAffinity ?? [], node));
    const takes = near.some((node) => exclusionOf(c.pod.placement, node) === undefined && !isOut(node));
    const said = PLACE_TEXT.test(text);
    // By the objects alone, where the pod's condition is silent: no node near the volume takes the pod.
    const proved = volume !== undefined && isComplete && !takes && text === "";
    if (!said && !proved) return undefined;
    const isThere = c.uses.some(({ volume }) => volume !== undefined);
    return answer({
      cause: "no-node-for-the-volume",
      state: "stuck",
      volume: true,
      text: isThere
        ? `No node that can reach the volume of ${c.pod.name} takes the pod${volume === undefined ? "" : `: the volume is in ${placeOf(volume)}`}.`
        : `${NOTHING_TO_BIND.test(text) ? "No PersistentVolume fits what" : "No node has room for the volume that"} ${c.pod.name} asks for. The scheduler says: "${text}"`,
      since: unscheduledSince(c.pod),
      disk: pinned?.disk,
      steps: stepsFor(c, volume, near, inquiry),
      questions: near.filter(isOut).map(({ name }) => rebooted(name)),
      avoid: isThere
        ? [
            { id: "delete-claim", why: "its data may be deleted with it" },
            { id: "delete-volume", why: "the data is on it" },
          ]
        : [],
      evidence: text === "" ? [] : [`the scheduler says: ${text}`],
    });
  },
};

function stepsFor(c: PodCase, volume: PersistentVolume | undefined, near: readonly Node[], inquiry: Inquiry) {
  const cordoned = near.filter((node) => exclusionOf(c.pod.placement, node) === "it is cordoned");
  const out = near.filter(isOut);
  if (cordoned.length > 0 || out.length > 0) {
    return [
      ...cordoned.slice(0, MOST_NODES).map((node) => uncordon(node, inquiry)),
      ...out.map((node) => removeTaint(node, node.name, inquiry)),
    ];
  }
  const root = inquiry.roots.rootOf(c.pod);
  const deployment =
    root.is === "known" && root.object.object?.kind === "Deployment" ? root.object.object : undefined;
  const earlier =
    deployment === undefined
      ? undefined
      : inquiry.roots
          .replicaSetsOf(deployment)
          .filter(
            ({ name, revision, placement }) =>
              name !== c.pod.owner?.name &&
              revision !== undefined &&
              revision !== deployment.revision &&
              near.some((node) => exclusionOf(placement, node) === undefined),
          )
          .toSorted((a, b) => (b.revision ?? 0) - (a.revision ?? 0))[0];
  const { message = "" } = c.pod.conditions.find(({ type }) => type === "PodScheduled") ?? {};
  if (/exceed max volume count/.test(message)) {
    return [
      advice(
        "mend-pod",
        "Add a node, or move pods with volumes away: where the pod may run, each node has as many volumes as it takes.",
      ),
    ];
  }
  if (c.uses.every((use) => use.volume === undefined)) {
    if (NOTHING_TO_BIND.test(message))
      return [
        advice(
          "create-volume",
          "Create a PersistentVolume that fits the claim, on a node that may run the pod.",
        ),
      ];
    return [
      advice(
        "mend-pod",
        "Add storage or a node that has some, or ask for less; the pod may be kept off the others by its selector.",
      ),
    ];
  }
  const where = volume === undefined ? "where the volume is" : `with ${placeOf(volume)}`;
  const mend = advice(
    "mend-pod",
    `Let the pod run ${where}: correct its node selector, affinity or tolerations, or add a node there.`,
    "a new rollout",
  );
  const excluded = near.some((node) => exclusionOf(c.pod.placement, node) !== undefined);
  return deployment !== undefined && earlier !== undefined && excluded
    ? [undoRollout(deployment, earlier, inquiry, "whose pods may run there"), mend]
    : [mend];
}

function isOut({ taints }: Node): boolean {
  return taints.some(({ key }) => key === OUT_OF_SERVICE);
}

/** The volume's own place in a few words, e.g. `topology.kubernetes.io/zone in zone-b`. */
function placeOf({ nodeAffinity = [] }: PersistentVolume): string {
  return nodeAffinity
    .map(({ matchExpressions, matchFields }) =>
      [...matchExpressions, ...matchFields]
        .map(({ key, values }) => `${key} ${values.join(" or ")}`)
        .join(", "),
    )
    .join("; ");
}

/** D19, D16: the pod cannot be placed, and not because of its volumes. */
export const notPlaced: Cause = {
  row: "D19",
  stages: ["unscheduled"],
  judge: (c, inquiry) => {
    const { pod } = c;
    const text = schedulerText(pod);
    if (text === "" && !pod.gated) return young(pod, inquiry);
    const unread = claimsUnread(c);
    if (unread !== undefined) return unread;
    const cordoned = inquiry.picture.facts.objects.Node.filter(
      (node) => exclusionOf(pod.placement, node) === "it is cordoned",
    );
    const cordonedOnly = /were unschedulable/.test(text) && !/Insufficient/.test(text);
    return notTheVolume(
      "scheduling",
      pod.gated
        ? `${pod.name} is held back by scheduling gates, not by its claim.`
        : `No node takes ${pod.name}, and not because of its claim. The scheduler says: "${text}"`,
      unscheduledSince(pod),
      {
        steps: [
          ...(cordonedOnly ? cordoned.slice(0, MOST_NODES).map((node) => uncordon(node, inquiry)) : []),
          advice(
            "mend-pod",
            "Ask for less, correct its node selector, affinity or tolerations, or add a node.",
            "a new rollout",
          ),
        ],
        evidence: text === "" ? [] : [`the scheduler says: ${text}`],
      },
    );
  },
};

/** Whether a claim is the reason cannot be told where it was not read. */
function claimsUnread({ uses }: PodCase): Unseen | undefined {
  for (const { claim, volume } of uses) {
    if (claim.is === "unread") return { unseen: claim.unread };
    if (volume?.is === "unread") return { unseen: volume.unread };
  }
  return undefined;
}

function young(pod: Pod, inquiry: Inquiry): Answer {
  if (inquiry.age(pod.createdAt) < 2 * MINUTE) {
    return answer({
      cause: "starting",
      state: "clearing",
      volume: false,
      text: `${pod.name} has just been created and is about to be scheduled.`,
      since: pod.createdAt,
      within: 2 * MINUTE,
    });
  }
  return notTheVolume(
    "scheduling",
    `${pod.name} has no node, and scheduler ${pod.schedulerName} has said nothing about it: see whether it runs.`,
    pod.createdAt,
    { steps: [advice("mend-pod", `See whether scheduler ${pod.schedulerName} runs.`)] },
  );
}

/** The scheduler's last word, from the pod's own condition. */
function schedulerText({ conditions }: Pod): string {
  return conditions.find(({ type, status }) => type === "PodScheduled" && status === "False")?.message ?? "";
}

function unscheduledSince(pod: Pod): number | undefined {
  return pod.conditions.find(({ type }) => type === "PodScheduled")?.since ?? pod.createdAt;
}
