import { compare } from "../policy/compare.ts";
import { append } from "../policy/lists-by-key.ts";
import type { ReportedAttachment } from "../report/report.ts";
import { answer } from "./answer.ts";
import { assemble } from "./assemble.ts";
import { endangered } from "./causes/danger.ts";
import { staleAnswer } from "./causes/detach.ts";
import { dangerKey } from "./dangers.ts";
import {
  type DiagnosisDocument,
  type DiagnosisError,
  SUBJECT_STATES,
  type SubjectDiagnosis,
  type SubjectState,
} from "./diagnosis.ts";
import type { DiagnosedKind, Facts, Pod, Sighting, VolumeAttachment } from "./facts.ts";
import { reportAttachments } from "./findings.ts";
import { Inquiry } from "./inquiry.ts";
import { type Judged, judgeClaimSubject, judgePods, judgeWorkload } from "./judge-subject.ts";
import type { Asked, AskedSubject, DiagnoseOptions } from "./options.ts";
import { type Disk, unreadText } from "./picture.ts";
import { isFinished } from "./pods.ts";
import { type Root, type RootObject, refOf } from "./roots.ts";
import { BACK_END_AGREES, deleteAttachment, lookAtBackEnd, machineIsOff } from "./steps.ts";
import { clock } from "./times.ts";

/** The result of a diagnosis, without what only the caller knows. */
export type Diagnosed = Pick<
  DiagnosisDocument,
  "diagnoses" | "attachments" | "findings" | "errors" | "summary"
>;

interface Part {
  readonly subject: SubjectDiagnosis["subject"];
  readonly judged: Judged;
}

/** Diagnoses what is asked about; a subject that is not there, or cannot be read, is an error and no diagnosis. */
export function diagnose(facts: Facts, asked: Asked, options: DiagnoseOptions): Diagnosed {
  const inquiry = new Inquiry(facts, options);
  const errors: DiagnosisError[] = [];
  const counts = new Map<SubjectState, number>();
  const count = ({ judged }: Part) =>
    counts.set(judged.answer.state, (counts.get(judged.answer.state) ?? 0) + 1);
  const parts = asked.all
    ? everything(asked.namespace, inquiry, errors)
    : one(asked.subject, inquiry, errors);
  parts.forEach(count);
  const shown = asked.all ? parts.filter(({ judged }) => judged.answer.state !== "healthy") : parts;
  const disks = asked.all
    ? disksOf(asked.namespace, inquiry)
    : new Set(parts.flatMap(({ judged }) => judged.disks));
  const { attachments, findings } = reportAttachments(disks, inquiry);
  const rest = asked.all ? uncovered(findings, shown, inquiry) : [];
  rest.forEach(count);
  return {
    diagnoses: [...shown, ...rest]
      .map(({ subject, judged }) => assemble(subject, judged, inquiry))
      .toSorted(bySubject),
    attachments,
    findings,
    errors,
    summary: Object.fromEntries(
      SUBJECT_STATES.map((state) => [state, counts.get(state) ?? 0]),
    ) as DiagnosisDocument["summary"],
  };
}

/** The document of the JSON contract. */
export function documentOf(facts: Facts, diagnosed: Diagnosed, toolVersion: string): DiagnosisDocument {
  const { source, time, context, clusterUid, readings } = facts;
  return {
    schemaVersion: 2,
    kind: "Diagnosis",
    toolVersion,
    facts: { source, time: clock(time) ?? "", context, clusterUid, read: readings },
    ...diagnosed,
  };
}

/** 2 where something asked about is not there or cannot be read, 1 where something does not come free, else 0. */
export function exitCodeOf({ errors, summary }: Pick<Diagnosed, "errors" | "summary">): 0 | 1 | 2 {
  if (errors.length > 0) return 2;
  return summary.stuck + summary.endangered + summary.unknown > 0 ? 1 : 0;
}

/** The dangers of a first live look, to be passed as `dangersSeenBefore` to a second one at least 15 s later. */
export function dangersIn(facts: Facts, options: DiagnoseOptions): ReadonlySet<string> {
  const inquiry = new Inquiry(facts, { ...options, dangersSeenBefore: null });
  const keys = new Set<string>();
  for (const disk of disksOf(null, inquiry))
    for (const danger of inquiry.dangersOf(disk).told) keys.add(dangerKey(danger));
  return keys;
}

/** Attachments that may become stale with time, for a later look (`--since`, `--watch`); earlier sightings are kept. */
export function sightingsIn(facts: Facts, options: DiagnoseOptions): readonly Sighting[] {
  const inquiry = new Inquiry(facts, options);
  return facts.objects.VolumeAttachment.flatMap((attachment) => {
    const { state } = inquiry.judged(attachment);
    if (attachment.uid === undefined || (state !== "forced-detach-pending" && state !== "node-gone"))
      return [];
    return [options.sightings.get(attachment.uid) ?? { uid: attachment.uid, at: facts.time }];
  });
}

function one(
  { kind, namespace, name }: AskedSubject,
  inquiry: Inquiry,
  errors: DiagnosisError[],
): readonly Part[] {
  const sight = inquiry.picture.find(kind, namespace, name);
  if (sight.is === "known") {
    const { object } = sight;
    return [{ subject: refOf(object), judged: judgeObject(object, inquiry) }];
  }
  const title = `${kind} ${namespace}/${name}`;
  errors.push({
    file: null,
    message:
      sight.is === "absent"
        ? `${title} does not exist: give another name, or another namespace with -n`
        : `${title} cannot be seen: ${unreadText(sight.unread)}`,
  });
  return [];
}

function judgeObject(
  object: RootObject | Facts["objects"]["PersistentVolumeClaim"][number],
  inquiry: Inquiry,
): Judged {
  if (object.kind === "PersistentVolumeClaim") return judgeClaimSubject(object, inquiry);
  if (object.kind === "Pod") return judgePods([object], inquiry) as Judged;
  return judgeWorkload({ ...refOf(object), object }, inquiry);
}

/** Every workload and bare pod of the namespace, then the claims and attachments that none of them answers for. */
function everything(namespace: string | null, inquiry: Inquiry, errors: DiagnosisError[]): readonly Part[] {
  errors.push(...unseenSubjects(namespace, inquiry));
  const isAsked = (object: { readonly namespace: string }) =>
    namespace === null || object.namespace === namespace;
  const { roots, strays } = rootsIn(inquiry);
  const parts: Part[] = [];
  const covered = new Set<string>();
  const add = (part: Part) => {
    const { judged } = part;
    parts.push(part);
    if (judged.answer.state === "healthy") return;
    for (const pod of judged.pods)
      for (const { claimName } of pod.claims) covered.add(`${pod.namespace}/${claimName}`);
  };
  for (const root of roots)
    if (isAsked(root)) add({ subject: subjectOf(root), judged: judgeWorkload(root, inquiry) });
  for (const pods of strays) strayPart(pods.filter(isAsked), inquiry).forEach(add);
  for (const claim of inquiry.picture.facts.objects.PersistentVolumeClaim.filter(isAsked)) {
    if (covered.size > 0 && covered.has(`${claim.namespace}/${claim.name}`)) continue;
    const judged = judgeClaimSubject(claim, inquiry);
    if (judged.answer.state !== "healthy" && !judged.pods.some((pod) => !isFinished(pod)))
      parts.push({ subject: refOf(claim), judged });
    else if (judged.answer.cause === "stale-attachment" || isBehindPods(judged.answer))
      parts.push({ subject: refOf(claim), judged });
  }
  return parts;
}

/** What can be stuck without a pod that shows it: a workload that may make none, a claim that nobody waits for. */
const STUCK_ALONE = [
  "PersistentVolumeClaim",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "Job",
] as const;

/** That not everything that is asked about is known. */
function unseenSubjects(namespace: string | null, { picture }: Inquiry): readonly DiagnosisError[] {
  const unreadIn = (kind: DiagnosedKind) => picture.unread(kind, namespace ?? undefined);
  const pods = unreadIn("Pod");
  if (pods !== undefined)
    return [{ file: null, message: `What is stuck cannot be seen: ${unreadText(pods)}` }];
  const unread = STUCK_ALONE.flatMap((kind) => unreadIn(kind) ?? []);
  if (unread.length === 0) return [];
  const why = unread.map(unreadText).join(", ");
  return [{ file: null, message: `Whether anything without a pod is stuck cannot be seen: ${why}` }];
}

function subjectOf({ apiVersion, kind, namespace, name }: Root): SubjectDiagnosis["subject"] {
  return { apiVersion, kind, namespace, name };
}

/** What is wrong with a claim though its pods run. */
function isBehindPods({ detail }: Judged["answer"]): boolean {
  return detail === "claim-being-deleted" || detail === "claim-lost";
}

/** Pods whose workload is not known are represented by the worst of those that share a claim. */
function strayPart(pods: readonly Pod[], inquiry: Inquiry): readonly Part[] {
  const judged = judgePods(pods, inquiry);
  return judged?.worst === undefined ? [] : [{ subject: refOf(judged.worst), judged }];
}

interface Found {
  readonly roots: readonly Root[];
  /** Pods whose controller's own controller was not read, those that share a claim together. */
  readonly strays: readonly (readonly Pod[])[];
}

/** Workloads without an owner, pods without one, and owners that pods name without being known. */
function rootsIn(inquiry: Inquiry): Found {
  const { objects } = inquiry.picture.facts;
  const roots = new Map<Root["object"] | string, Root>();
  const strays = new Map<string, Pod[]>();
  const add = (root: Root) => roots.set(root.object ?? `${root.kind} ${root.namespace}/${root.name}`, root);
  const kinds = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet"] as const;
  for (const kind of kinds) {
    for (const object of objects[kind]) if (object.owner === undefined) add({ ...refOf(object), object });
  }
  for (const pod of objects.Pod) {
    const root = inquiry.roots.rootOf(pod);
    if (root.is === "known") add(root.object);
    else {
      const key = `${pod.namespace}/${pod.claims[0]?.claimName ?? `pod ${pod.name}`}`;
      append(strays, key, pod);
    }
  }
  return { roots: [...roots.values()], strays: [...strays.values()] };
}

function disksOf(namespace: string | null, inquiry: Inquiry): ReadonlySet<Disk> {
  const { VolumeAttachment, PersistentVolume, PersistentVolumeClaim } = inquiry.picture.facts.objects;
  const names = new Set<string>();
  for (const { volumeName } of PersistentVolumeClaim) if (volumeName !== undefined) names.add(volumeName);
  for (const { volumeName } of VolumeAttachment) names.add(volumeName ?? "");
  for (const { name } of PersistentVolume) names.add(name);
  const disks = new Set<Disk>();
  for (const name of names) {
    const disk = inquiry.picture.disk(name);
    const isHere = disk.claims.length === 0 || disk.claims.some((claim) => claim.namespace === namespace);
    if (namespace === null || isHere) disks.add(disk);
  }
  return disks;
}

/** Attachments with a finding that no subject answers for are subjects of their own. */
function uncovered(
  findings: readonly ReportedAttachment[],
  shown: readonly Part[],
  inquiry: Inquiry,
): readonly Part[] {
  const covered = new Set(shown.flatMap(({ judged }) => judged.disks));
  const parts: Part[] = [];
  for (const { attachment } of findings) {
    const object =
      attachment.name === null ? undefined : inquiry.picture.known("VolumeAttachment", "", attachment.name);
    if (object === undefined) continue;
    const judged = inquiry.judged(object);
    if (covered.has(judged.disk)) continue;
    const found = attachmentAnswer(object, inquiry);
    if (found === undefined) continue;
    const { apiVersion, kind, name } = object;
    const subject = { apiVersion, kind, namespace: null, name };
    parts.push({
      subject,
      judged: { answer: found, worst: undefined, waiting: [], disks: [judged.disk], pods: [] },
    });
  }
  return parts;
}

/** Undefined where the pods that wait for the attachment answer for it. */
function attachmentAnswer(attachment: VolumeAttachment, inquiry: Inquiry): Judged["answer"] | undefined {
  const judged = inquiry.judged(attachment);
  const danger = inquiry.dangersOf(judged.disk).told.find((found) => found.attachment === attachment);
  if (danger !== undefined) return endangered(danger, inquiry);
  if (judged.users.length > 0) return undefined;
  if (judged.state !== "volume-gone") {
    const isOff = machineIsOff(attachment.nodeName);
    const stale = staleAnswer(judged, attachment.createdAt, inquiry);
    return judged.nodeState === "ready" ? stale : { ...stale, questions: [isOff] };
  }
  return answer({
    cause: "stale-attachment",
    state: "stuck",
    volume: true,
    text: `Attachment ${attachment.name} on ${attachment.nodeName} is left over: its PersistentVolume ${attachment.volumeName} is gone, so it holds nothing, and cannot be detached either.${judged.isDeleting ? " Its deletion was ordered already, and hangs." : ""}`,
    since: attachment.createdAt,
    disk: judged.disk,
    questions: [BACK_END_AGREES],
    steps: [
      lookAtBackEnd(judged.disk, inquiry),
      ...(judged.isDeleting ? [] : [deleteAttachment(attachment, [BACK_END_AGREES.id], inquiry)]),
    ],
    avoid: [
      {
        id: "remove-finalizer",
        why: "only where the deletion hangs, and the backend shows the volume free",
      },
    ],
    evidence: [`PersistentVolume ${attachment.volumeName} does not exist`],
  });
}

function bySubject({ subject: a }: SubjectDiagnosis, { subject: b }: SubjectDiagnosis): number {
  const key = ({ namespace, kind, name }: SubjectDiagnosis["subject"]) =>
    `${namespace ?? "~"}/${kind}/${name}`;
  return compare(key(a), key(b));
}
