import { NOTHING } from "../kube/raw.ts";
import { compare } from "../policy/compare.ts";
import { type Answer, answer, isUnseen, unknownAnswer } from "./answer.ts";
import { judgeClaim } from "./causes/claim.ts";
import { endangered } from "./causes/danger.ts";
import { staleAnswer } from "./causes/detach.ts";
import { notTheVolume } from "./causes/own-fault.ts";
import { judgePod } from "./causes.ts";
import type { SubjectState } from "./diagnosis.ts";
import type { PersistentVolumeClaim, Pod } from "./facts.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Disk } from "./picture.ts";
import { type PodCase, podCase } from "./pod-case.ts";
import { isFinished, isTerminating, isWaiting } from "./pods.ts";
import type { Root } from "./roots.ts";
import { advice } from "./steps.ts";
import { MINUTE } from "./times.ts";

/** What came of a subject: the answer of its worst pod, and every pod that gave the same. */
export interface Judged {
  readonly answer: Answer;
  /** The pod whose answer it is; undefined where there is none. */
  readonly worst: Pod | undefined;
  /** Pods that wait, with the answer's cause. */
  readonly waiting: readonly Pod[];
  /** The disks of all volumes of the subject. */
  readonly disks: readonly Disk[];
  /** How many pods it rests on. */
  readonly pods: readonly Pod[];
}

const RANK: Readonly<Record<SubjectState, number>> = {
  endangered: 0,
  stuck: 1,
  unknown: 2,
  clearing: 3,
  healthy: 4,
};

interface PodAnswer {
  readonly pod: Pod;
  readonly answer: Answer;
  readonly disks: readonly Disk[];
  readonly isLeftBehind: boolean;
}

/** A pod is asked for by its workload and by each of its claims. */
const ANSWERS = new WeakMap<Inquiry, Map<Pod, PodAnswer>>();

function answersIn(inquiry: Inquiry): Map<Pod, PodAnswer> {
  const known = ANSWERS.get(inquiry);
  if (known !== undefined) return known;
  const made = new Map<Pod, PodAnswer>();
  ANSWERS.set(inquiry, made);
  return made;
}

function answerFor(pod: Pod, inquiry: Inquiry): PodAnswer {
  const answers = answersIn(inquiry);
  const seen = answers.get(pod);
  if (seen !== undefined) return seen;
  const c = podCase(pod, inquiry);
  const disks = disksOf(c);
  const found = { pod, answer: judgePod(c, inquiry), disks, isLeftBehind: isLeftBehind(c, inquiry) };
  answers.set(pod, found);
  return found;
}

/** Each once; nearly every pod has one at most. */
function disksOf({ uses }: PodCase): readonly Disk[] {
  const [only] = uses;
  if (uses.length > 1) return [...new Set(uses.flatMap(({ disk }) => disk ?? []))];
  return only?.disk === undefined ? NOTHING : [only.disk];
}

/** The worst state first; of two alike what is about a volume, then by name, so that the order of objects never counts. */
function worse(a: PodAnswer, b: PodAnswer): number {
  return (
    RANK[a.answer.state] - RANK[b.answer.state] ||
    Number(b.answer.volume) - Number(a.answer.volume) ||
    Number(!isWaiting(a.pod)) - Number(!isWaiting(b.pod)) ||
    compare(`${a.pod.namespace}/${a.pod.name}`, `${b.pod.namespace}/${b.pod.name}`)
  );
}

export function judgePods(pods: readonly Pod[], inquiry: Inquiry): Judged | undefined {
  const [one] = pods;
  if (one !== undefined && pods.length === 1) {
    const { answer, disks } = answerFor(one, inquiry);
    return { answer, worst: one, waiting: isHeldUp(one, answer) ? pods : NOTHING, disks, pods };
  }
  const all = pods.map((pod) => answerFor(pod, inquiry));
  const present = all.filter(({ isLeftBehind }) => !isLeftBehind);
  const answers = (present.length === 0 ? all : present).toSorted(worse);
  const [worst] = answers;
  if (worst === undefined) return undefined;
  return {
    answer: worst.answer,
    worst: worst.pod,
    waiting: answers
      .filter(({ pod, answer }) => answer.cause === worst.answer.cause && isHeldUp(pod, answer))
      .map(({ pod }) => pod),
    disks: [...new Set(answers.flatMap(({ disks }) => disks))],
    pods,
  };
}

/** A pod that cannot end, and whose volumes have all gone to other nodes: it keeps nobody waiting (24a). */
function isLeftBehind({ pod, stage, uses }: PodCase, inquiry: Inquiry): boolean {
  if (stage !== "terminating" || uses.length === 0) return false;
  return uses.every(({ disk }) => {
    const attached = (disk === undefined ? [] : inquiry.attachmentsOf(disk)).filter(
      ({ attachment }) => attachment.attached,
    );
    return attached.length > 0 && attached.every(({ attachment }) => attachment.nodeName !== pod.nodeName);
  });
}

/** One that has not started, or whose container fails. */
function isHeldUp(pod: Pod, { cause, state }: Answer): boolean {
  if (state === "healthy") return false;
  return isWaiting(pod) || (cause === "not-the-volume" && pod.deletedAt === undefined && !isFinished(pod));
}

/** A workload: its pods, and what it says itself about pods that it cannot make. */
export function judgeWorkload(root: Root, inquiry: Inquiry): Judged {
  const { object, kind, namespace, name } = root;
  const middle = kind === "Deployment" ? "ReplicaSet" : kind === "CronJob" ? "Job" : undefined;
  const pods = inquiry.roots.podsOf(root);
  // Pods that are known are judged all the same: what they show cannot be taken back by those that are not.
  for (const needed of pods.length === 0 ? ([middle, "Pod"] as const) : []) {
    const unread = needed === undefined ? undefined : inquiry.picture.unread(needed, namespace);
    if (unread !== undefined) return alone(failureOf(root, inquiry) ?? unknownAnswer(unread, undefined));
  }
  const judged = judgePods(pods, inquiry);
  const failure = failureOf(root, inquiry);
  if (failure !== undefined && (judged === undefined || RANK[judged.answer.state] > RANK.stuck))
    return { answer: failure, worst: undefined, waiting: [], disks: judged?.disks ?? [], pods };
  const wanted = object !== undefined && "replicas" in object ? object.replicas : 0;
  const title = `${kind} ${name}`;
  if (judged !== undefined) return (wanted === 0 ? undefined : keptByEnded(title, judged, inquiry)) ?? judged;
  if (wanted === 0) return alone(healthyAnswer(`${title} has no pods, and asks for none.`));
  if (inquiry.age(object?.createdAt) < 2 * MINUTE || isBehind(root)) {
    return alone(
      answer({
        cause: "starting",
        state: "clearing",
        volume: false,
        text: `${title} has no pod yet.`,
        since: object?.createdAt,
        within: 2 * MINUTE,
      }),
    );
  }
  return alone(
    notTheVolume("other", `${title} asks for ${wanted} pods and has none; its events say why.`, undefined, {
      steps: [advice("mend-pod", "Read the events of the workload, and of its ReplicaSet.")],
    }),
  );
}

/**
 * Pods that have ended and hold nothing can keep a workload from making others all the same: a StatefulSet and a
 * Recreate rollout wait for the object to go (A45, A60).
 */
function keptByEnded(title: string, judged: Judged, inquiry: Inquiry): Judged | undefined {
  const { pods, answer: found } = judged;
  const isEnded = (pod: Pod) => isFinished(pod) || isTerminating(pod);
  if (found.state !== "healthy" || !pods.every(isEnded)) return undefined;
  const kept = pods.filter(isTerminating).toSorted((a, b) => (b.deletedAt ?? 0) - (a.deletedAt ?? 0));
  const [last] = kept;
  if (last === undefined || inquiry.now - (last.deletedAt ?? 0) < 2 * MINUTE) return undefined;
  const by = last.finalizers[0] === undefined ? "" : ` (its finalizer ${last.finalizers[0]} keeps it)`;
  return {
    ...judged,
    answer: notTheVolume(
      "other",
      `${title} has no pod that runs: ${last.name} has ended, but its object does not go${by}, and another is made only then. It holds no volume.`,
      last.deletedAt,
      { steps: [advice("mend-pod", "See what the finalizer waits for, or the kubelet of its node.")] },
    ),
  };
}

function isBehind({ object }: Root): boolean {
  if (object === undefined || !("generation" in object)) return false;
  return object.generation !== undefined && (object.observedGeneration ?? 0) < object.generation;
}

/** D19: the API server refuses the pods, e.g. by a quota. */
function failureOf({ object, kind, name }: Root, inquiry: Inquiry): Answer | undefined {
  if (object === undefined || !("conditions" in object) || object.kind === "Pod") return undefined;
  const condition = object.conditions.find(
    ({ type, status }) => type === "ReplicaFailure" && status === "True",
  );
  const event = inquiry.picture.eventsAbout(object).findLast(({ reason }) => reason === "FailedCreate");
  const message =
    condition?.message ??
    (object.kind === "StatefulSet" || object.kind === "Job" ? event?.message : undefined);
  if (message === undefined) return undefined;
  if (condition === undefined && inquiry.roots.podsOf(object).length > 0) return undefined;
  const quota = /exceeded quota/i.test(message);
  return notTheVolume(
    quota ? "quota" : "other",
    `${kind} ${name} is not allowed to create its pods: "${message}". Its claims are fine.`,
    condition?.since ?? event?.first,
    {
      byItself: "unknown",
      steps: [
        advice("mend-pod", quota ? "Raise the quota, or ask for less." : "Change what the message names."),
      ],
      evidence: [message],
    },
  );
}

/** A claim: the pods of its disk, else the claim itself and what is attached. */
export function judgeClaimSubject(claim: PersistentVolumeClaim, inquiry: Inquiry): Judged {
  const disk = claim.volumeName === undefined ? undefined : inquiry.picture.disk(claim.volumeName);
  const pods = disk === undefined ? inquiry.picture.podsOfClaim(claim.namespace, claim.name) : disk.pods;
  const disks = disk === undefined ? [] : [disk];
  const judged = judgePods(pods, inquiry);
  if (judged !== undefined && judged.answer.state !== "healthy") return { ...judged, disks };
  const present = pods.some((pod) => !isFinished(pod)) ? judged?.answer : undefined;
  const own = claimAnswer(claim, disk, present, inquiry);
  return { answer: own, worst: undefined, waiting: [], disks, pods };
}

function claimAnswer(
  claim: PersistentVolumeClaim,
  disk: Disk | undefined,
  /** Of those that have not ended: of the others nothing follows about the claim. */
  pods: Answer | undefined,
  inquiry: Inquiry,
): Answer {
  const [danger] = disk === undefined ? [] : inquiry.dangersOf(disk).told;
  if (danger !== undefined) return endangered(danger, inquiry);
  const leftover = disk === undefined ? undefined : leftoverOf(disk, inquiry);
  if (leftover !== undefined) return leftover;
  const unreadDisk = disk === undefined ? undefined : inquiry.dangersOf(disk).unread;
  if (pods !== undefined && !isGoing(claim, inquiry) && unreadDisk === undefined) return pods;
  const unreadPods = inquiry.picture.unread("Pod", claim.namespace);
  const found = judgeClaim(claim.name, { is: "known", object: claim }, undefined, inquiry);
  if (found !== undefined) {
    if (isUnseen(found)) return unknownAnswer(found.unseen, claim.createdAt);
    return unreadPods === undefined || isOnlyTold(found) ? found : unknownAnswer(unreadPods, claim.createdAt);
  }
  const unread = unreadPods ?? unreadDisk;
  if (unread !== undefined) return unknownAnswer(unread, undefined);
  return healthyAnswer(`Claim ${claim.name} is ${claim.phase || "there"}, and nobody waits for it.`);
}

/** Pods that run go on; new ones will not start. */
function isGoing({ deletedAt, phase, volumeName }: PersistentVolumeClaim, { picture }: Inquiry): boolean {
  if (deletedAt !== undefined || phase === "Lost") return true;
  return volumeName !== undefined && picture.find("PersistentVolume", "", volumeName).is === "absent";
}

/** What is wrong with the claim itself, with nothing to type: true whoever mounts it. */
function isOnlyTold({ state, steps }: Answer): boolean {
  return state === "stuck" && steps.every(({ commands }) => commands.length === 0);
}

const LEFTOVER: ReadonlySet<string> = new Set(["foreign-name", "stale"]);

function leftoverOf(disk: Disk, inquiry: Inquiry): Answer | undefined {
  const found = inquiry
    .attachmentsOf(disk)
    .find(({ state, attachment }) => LEFTOVER.has(state) && inquiry.age(attachment.createdAt) >= MINUTE);
  return found === undefined ? undefined : staleAnswer(found, found.attachment.createdAt, inquiry);
}

function healthyAnswer(text: string): Answer {
  return answer({
    cause: "healthy",
    state: "healthy",
    volume: false,
    text,
    since: undefined,
    byItself: "yes",
  });
}

function alone(answer: Answer): Judged {
  return { answer, worst: undefined, waiting: [], disks: [], pods: [] };
}
