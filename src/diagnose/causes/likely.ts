import type { Answer } from "../answer.ts";
import type { Pod } from "../facts.ts";
import type { Inquiry } from "../inquiry.ts";
import type { ClaimUse, PodCase } from "../pod-case.ts";
import { hasRunningContainer, isTerminating } from "../pods.ts";
import { capAutoscaler, isScalable, scaleToOne, undoRollout } from "../steps.ts";
import { relationOf } from "./relation.ts";

/**
 * Where pods and ReplicaSets alone look like D1, D2 or D3, an answer that cannot be given names that cause as likely,
 * with its harmless way out: none of them can lose data, whatever the reason turns out to be.
 */
export function withLikely(unseen: Answer, c: PodCase, inquiry: Inquiry): Answer {
  const unknown = { ...unseen, evidence: [...unseen.evidence, ...seenOf(c, inquiry)] };
  if (c.stage !== "creating" && c.stage !== "unscheduled") return unknown;
  const holders = c.uses.filter(isExclusive).flatMap(({ claimName }) => holdersOf(c.pod, claimName, inquiry));
  if (holders.length === 0) return unknown;
  const relation = relationOf(c.pod, holders, inquiry);
  if (relation === undefined || "unseen" in relation) return unknown;
  const where = holders.map(({ name, nodeName }) => `${name} on ${nodeName}`).join(", ");
  const said = `${unknown.text} It is likely, though, that`;
  if (relation.is === "rollout") {
    const { deployment, holder, isNewer } = relation;
    if (isNewer) return unknown;
    return {
      ...unknown,
      detail: "rollout-waits-for-itself",
      volume: true,
      text: `${said} the rollout of Deployment ${deployment.name} waits for itself: ${where} uses the same claim.`,
      steps: [undoRollout(deployment, holder, inquiry)],
    };
  }
  if (relation.is !== "replicas") return unknown;
  const { root, autoscaler } = relation;
  const scalable = isScalable(root) && root.object.replicas > 1 ? root.object : undefined;
  return {
    ...unknown,
    detail: autoscaler === undefined ? "replicas-on-several-nodes" : "autoscaler-raises-replicas",
    volume: true,
    text: `${said} ${root.kind} ${root.name} has more pods than nodes that may have its volume: ${where} uses the same claim.`,
    steps: [
      ...(autoscaler === undefined ? [] : [capAutoscaler(autoscaler, inquiry)]),
      ...(scalable === undefined ? [] : [scaleToOne(scalable, inquiry)]),
    ],
  };
}

const COMPLAINTS: ReadonlySet<string> = new Set(["FailedAttachVolume", "FailedMount", "FailedScheduling"]);

/** What pods and events show nevertheless, for the person to be asked. */
function seenOf({ pod, uses }: PodCase, { picture }: Inquiry): readonly string[] {
  const event = picture.eventsAbout(pod).findLast(({ reason }) => COMPLAINTS.has(reason));
  const leaving = uses
    .flatMap(({ claimName }) => picture.podsOfClaim(pod.namespace, claimName))
    .filter((other) => other !== pod && isTerminating(other) && other.nodeName !== undefined);
  return [
    ...leaving.map(({ name, nodeName }) => `${name} on ${nodeName} uses the same claim and is Terminating`),
    ...(event === undefined ? [] : [`event ${event.reason}: ${event.message}`]),
  ];
}

/** By the claim's own modes, which is all that a developer may see. */
function isExclusive({ claim }: ClaimUse): boolean {
  return (
    claim.is !== "known" ||
    !claim.object.accessModes.some((mode) => mode === "ReadWriteMany" || mode === "ReadOnlyMany")
  );
}

function holdersOf(pod: Pod, claimName: string, inquiry: Inquiry): readonly Pod[] {
  return inquiry.picture
    .podsOfClaim(pod.namespace, claimName)
    .filter((other) => other !== pod && other.nodeName !== undefined && other.nodeName !== pod.nodeName)
    .filter((other) => hasRunningContainer(other) && !isTerminating(other));
}
