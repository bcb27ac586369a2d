import { plural } from "../../policy/phrasing.ts";
import { isObjectName } from "../../report/commands.ts";
import type {
  AvoidId,
  DiagnosisDocument,
  Holder,
  NodeState,
  Question,
  SubjectDiagnosis,
} from "../diagnosis.ts";

/** The words that the text and the ticket have in common. */

/** What only the command knows, beside the document. */
export interface Circumstances {
  /** True where the time of the facts is only the newest time in a dump. */
  readonly timeIsLeast: boolean;
  /** `--kubeconfig FILE`: kubectl must be given the same. */
  readonly kubeconfig: string | null;
}

/** Everything that people try, as what not to do. */
const NOT: Readonly<Record<AvoidId, string>> = {
  "delete-old-pod": "delete the old pod",
  "delete-waiting-pods": "delete the waiting pods",
  "remove-finalizer": "remove a finalizer",
  "edit-claim": "change the claim",
  "delete-claim": "delete the claim",
  "delete-volume": "delete the volume",
  "delete-attachment": "delete the attachment",
  "undo-rollout": "undo the rollout",
  "patch-recreate": "set Recreate",
  "scale-to-zero-and-back": "scale to 0 and back",
  "scale-to-one": "scale to 1",
  "restore-replicas": "change the number of replicas",
  "cap-autoscaler": "change the autoscaler",
  wait: "wait",
  "shorten-grace": "delete the pod again with a shorter grace",
  "bring-node-back": "bring the node back",
  "taint-out-of-service": "set the out-of-service taint",
  "remove-taint": "remove the out-of-service taint",
  "force-delete-pod": "force-delete the pod",
  "look-at-driver": "restart the driver",
  "look-at-back-end": "detach in the backend",
  "look-at-kubelet": "restart the kubelet",
  "drain-and-reboot": "drain and reboot the node",
  uncordon: "uncordon the node",
  "create-claim": "create a claim",
  "create-class": "create a class",
  "create-volume": "create a volume",
  "install-provisioner": "install a provisioner",
  "replace-pending-claim": "delete and recreate the claim",
  "stop-one-workload": "stop a workload",
  "stop-all-users": "stop all users of the volume",
  "check-data": "check the data",
  "mend-pod": "change the pod",
  "power-off-node": "power the node off",
  "run-live-first": "diagnose again",
  "suspend-gitops": "suspend the GitOps tool",
};

/** "delete the attachment", to stand behind "Do not". */
export function notTo(id: AvoidId): string {
  return NOT[id];
}

const NODE_STATES: Readonly<Record<NodeState, string>> = {
  ready: "Ready",
  "not-ready": "not Ready",
  gone: "its Node object is gone",
  unknown: "its state was not read",
};

/** Who holds a volume, as half a sentence; where attachments were not read, that there is none is not said. */
export function holderText(
  { namespace, pod, node, nodeState, attachment }: Holder,
  { facts }: DiagnosisDocument,
): string {
  const place = `${node} (${NODE_STATES[nodeState]})`;
  const isRead = facts.read.some(({ kind, state }) => kind === "VolumeAttachment" && state !== "unread");
  const none = isRead ? "without an attachment" : "whose attachment cannot be seen";
  const by = attachment === null ? none : `attachment ${attachment}`;
  if (pod !== null) return `Pod ${namespace}/${pod} on ${place}, ${by}`;
  return attachment === null ? `No pod: still mounted on ${place}` : `No pod, but ${place}, ${by}`;
}

/** "Deployment web in shop", "VolumeAttachment csi-…". */
export function subjectText({ kind, namespace, name }: SubjectDiagnosis["subject"]): string {
  return namespace === null || namespace === "" ? `${kind} ${name}` : `${kind} ${name} in ${namespace}`;
}

/** As it is asked about: `deployment/web -n shop`; with an odd name, which nobody is to type, all. */
function askText({ kind, namespace, name }: SubjectDiagnosis["subject"]): string {
  if (namespace === null || !isObjectName(namespace)) return "-A";
  return isObjectName(name) ? `${kind.toLowerCase()}/${name} -n ${namespace}` : `all -n ${namespace}`;
}

const DURATION = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/;

/** An ISO 8601 duration of hours, minutes and seconds as people say it: "7 min", "1 h 2 min". */
function durationText(iso: string): string {
  const [, hours, minutes, seconds] = DURATION.exec(iso) ?? [];
  const parts = [
    ...(hours === undefined ? [] : [`${hours} h`]),
    ...(minutes === undefined ? [] : [`${minutes} min`]),
    ...(seconds === undefined ? [] : [`${seconds} s`]),
  ];
  return parts.length === 0 ? "0 s" : parts.join(" ");
}

/** Will it clear by itself: the sentence that answers it, without the questions. */
export function clearsText({ state, clears }: SubjectDiagnosis): string {
  const { byItself, within, when } = clears;
  if (state === "healthy") return "There is nothing to clear.";
  const time = within === null ? "" : ` within ${durationText(within)}${when === null ? "" : `, by ${when}`}`;
  switch (byItself) {
    case "yes":
      return time === "" ? "Yes, as soon as what it waits for is there." : `Yes,${time}.`;
    case "no":
      return "No.";
    case "unknown":
      return time === "" ? "This cannot be seen." : `This cannot be seen:${time}, or never.`;
  }
}

/** Commands stand behind a question: when they may be typed. */
export function conditionText(id: string, questions: readonly Question[]): string {
  const node = /^machine-is-off:(.+)$/s.exec(id)?.[1];
  if (node !== undefined) return `Only once the machine of ${node} is off for sure:`;
  const asked = questions.find((question) => question.id === id)?.text;
  const [first = id] = (asked ?? "").split("?", 1);
  return `Only where the answer is yes: ${first === "" ? id : `${first}?`}`;
}

/** A question, and how its answer is given where a flag takes it. */
export function questionText({ id, text }: Question): string {
  const node = /^machine-is-off:(.+)$/s.exec(id)?.[1];
  return node === undefined || !isObjectName(node)
    ? text
    : `${text} If off for good: --machine-is-off ${node}`;
}

const SAME_POD = "event FailedAttachVolume: Multi-Attach error, naming the same";

/** A Multi-Attach event that names none but the holders adds nothing but that it is there (A17). */
function namesOnly(pods: ReadonlySet<string | null>, line: string): boolean {
  const named = /^event FailedAttachVolume: Multi-Attach error .* is already used by pod\(s\) (.+)$/s.exec(
    line,
  )?.[1];
  return named?.split(", ").every((pod) => pods.has(pod)) === true;
}

const NO_POD = "no pod object wants the volume there";

/** Evidence that neither the sentence nor the holders have said already. */
export function furtherEvidence({ cause, evidence, holders }: SubjectDiagnosis): readonly string[] {
  const said = new Set(
    holders.flatMap(({ node, attachment, pod, namespace }) => [
      `attachment ${attachment} is on ${node}`,
      `${namespace}/${pod} has it on ${node}`,
    ]),
  );
  const pods = new Set(holders.map(({ pod }) => pod));
  const alone = holders.filter(({ pod }) => pod === null);
  return [...new Set(evidence.map((line) => (namesOnly(pods, line) ? SAME_POD : line)))].filter((line) => {
    if (alone.some(({ attachment, node }) => line === `attachment ${attachment} on ${node}: ${NO_POD}`))
      return false;
    const quoted = /(?:(?:attach|detach)Error|the scheduler says:) (.+)$/s.exec(line)?.[1];
    return !said.has(line) && !cause.text.includes(line) && !(quoted && cause.text.includes(quoted));
  });
}

/** The time of the facts and where they are from. */
export function factsText({ facts }: DiagnosisDocument, { timeIsLeast }: Circumstances): string {
  const { source, time, context } = facts;
  if (source === "live")
    return `Facts of ${time}, live${context === null ? "" : ` from context ${context}`}.`;
  if (timeIsLeast && Date.parse(time) === 0) return "Nothing in the dump says when it was taken (see --at).";
  return timeIsLeast
    ? `Facts of ${time} or later: the newest time in the dump (see --at).`
    : `Facts of ${time}, from a dump.`;
}

/** What was not read, a line each, and what then is to be asked for; empty where everything was read. */
export function unreadLines({ facts, diagnoses }: DiagnosisDocument): readonly string[] {
  const unread = facts.read.filter(({ state }) => state === "unread");
  if (unread.length === 0) return [];
  const byReason = Map.groupBy(unread, ({ why }) => why ?? "not read");
  const lines = [...byReason].map(([why, readings]) => {
    const kinds = new Set(
      readings.map(({ kind, namespace }) => (namespace === null ? kind : `${kind} of ${namespace}`)),
    );
    return `Not read (${why}): ${[...kinds].join(", ")}.`;
  });
  const [first] = diagnoses;
  if (!unread.some(({ why }) => why === "forbidden") || first === undefined) return lines;
  const { namespace } = first.subject;
  const isOne = diagnoses.every(({ subject }) => subject.namespace === namespace);
  const all = { ...first.subject, name: "", namespace: isOne ? namespace : null };
  const ask = askText(diagnoses.length === 1 ? first.subject : all);
  return [
    ...lines,
    `Ask the owner of the cluster to run: attachguard diagnose ${ask} (or for the permissions in manifests/components/diagnose-reader).`,
  ];
}

/** "2 stuck, 1 endangered, 5 healthy": the worst first. */
export function summaryText({ summary }: DiagnosisDocument): string {
  const { endangered, stuck, unknown, clearing, healthy } = summary;
  const total = endangered + stuck + unknown + clearing + healthy;
  const parts = Object.entries({ endangered, stuck, unknown, clearing, healthy })
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  return parts.length === 0 ? "Nothing to diagnose." : `${plural(total, "subject")}: ${parts.join(", ")}.`;
}

/** Among the lines that say how to see that it worked, those to be typed. */
export function isCommand(line: string): boolean {
  return line.startsWith("kubectl ");
}
