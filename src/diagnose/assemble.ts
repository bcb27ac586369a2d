import { compare } from "../policy/compare.ts";
import { isObjectName } from "../report/commands.ts";
import type { StepDraft } from "./answer.ts";
import type { Question, Step, StepId, SubjectDiagnosis } from "./diagnosis.ts";
import type { Pod } from "./facts.ts";
import { holdersOf } from "./holders.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Judged } from "./judge-subject.ts";
import { refOf } from "./roots.ts";
import { advice } from "./steps.ts";
import { clock, isoDuration } from "./times.ts";

type Subject = SubjectDiagnosis["subject"];

/** Steps that can lose data: from a dump, which may be old, never before a look at the live cluster. */
const LOSES_DATA: ReadonlySet<StepId> = new Set([
  "delete-attachment",
  "taint-out-of-service",
  "force-delete-pod",
  "replace-pending-claim",
  "shorten-grace",
]);

/** Puts an answer into the form of the contract: questions answered, steps in order, holders and times named. */
export function assemble(
  subject: Subject,
  { answer, waiting, disks, pods }: Judged,
  inquiry: Inquiry,
): SubjectDiagnosis {
  const { now } = inquiry;
  const { within } = answer;
  const open = answer.questions.filter((question) => !isAnswered(question, inquiry));
  const named = answer.disk === undefined || answer.volume === false ? disks : [answer.disk];
  return {
    subject,
    state: answer.state,
    cause: { id: answer.cause, detail: answer.detail, volume: answer.volume, text: answer.text },
    since: clock(answer.since),
    waiting: waiting
      .map(({ namespace, name, nodeName }) => ({ namespace, pod: name, node: nodeName ?? null }))
      .toSorted((a, b) => compare(`${a.namespace}/${a.pod}`, `${b.namespace}/${b.pod}`)),
    holders: named.flatMap((disk) => holdersOf(disk, inquiry)),
    clears: {
      byItself: answer.byItself,
      within: within === undefined || answer.byItself === "no" ? null : isoDuration(within),
      when: within === undefined || answer.byItself === "no" ? null : clock(now + within),
    },
    questions: open,
    steps: inOrder(answer.steps, subject, inquiry),
    avoid: answer.avoid,
    verify: answer.state === "healthy" ? [] : [...verification(waiting, inquiry), ...answer.verify],
    prevention: preventionOf(pods, inquiry),
    evidence: answer.evidence,
  };
}

function isAnswered({ id }: Question, inquiry: Inquiry): boolean {
  const node = /^machine-is-off:(.*)$/s.exec(id)?.[1];
  return node !== undefined && inquiry.isMachineOff(node);
}

function inOrder(drafts: readonly StepDraft[], subject: Subject, inquiry: Inquiry): readonly Step[] {
  const steps: Step[] = [];
  const managed = drafts.find(
    ({ touches, commands }) => touches?.managedBy !== undefined && commands.length > 0,
  )?.touches;
  if (managed?.managedBy !== undefined) {
    const { tool, label } = managed.managedBy;
    steps.push(
      advice(
        "suspend-gitops",
        `${managed.kind} ${managed.name} seems to be managed by ${tool} (${label}): suspend that first, or it changes back what you do here; make the change there afterwards.`,
      ),
    );
  }
  let warned = false;
  for (const { touches: _, ...draft } of drafts) {
    if (inquiry.isDump && !warned && LOSES_DATA.has(draft.id)) {
      steps.push(runLiveFirst(subject));
      warned = true;
    }
    steps.push({ ...draft, behind: draft.behind.filter((id) => !isAnswered({ id, text: "" }, inquiry)) });
  }
  return steps;
}

/** A dump is old by the time that it is read. */
function runLiveFirst({ namespace }: Subject): Step {
  const scope = namespace === null ? "-A" : isObjectName(namespace) ? `-n ${namespace}` : undefined;
  return {
    ...advice(
      "run-live-first",
      "These facts are from a dump. Diagnose again live, and type only what that prints.",
      "seconds",
    ),
    commands: scope === undefined ? [] : [`attachguard diagnose all ${scope}`],
  };
}

function verification(waiting: readonly Pod[], inquiry: Inquiry): readonly string[] {
  const [first] = waiting;
  if (first === undefined) return ["attachguard diagnose says healthy."];
  const [command] = inquiry.kubectl.watch(first);
  return [
    ...(command === undefined ? [] : [command]),
    `${first.name}, or the pod in its place, is Running; attachguard diagnose says healthy.`,
  ];
}

function preventionOf(pods: readonly Pod[], inquiry: Inquiry): SubjectDiagnosis["prevention"] {
  const fixes = new Map<string, SubjectDiagnosis["prevention"][number]>();
  const asked = new Set<string>();
  for (const pod of pods) {
    const root = inquiry.roots.rootOf(pod);
    const ref = root.is === "known" ? root.object : refOf(pod);
    const key = `${ref.kind} ${ref.namespace}/${ref.name}`;
    if (asked.has(key)) continue;
    asked.add(key);
    const { apiVersion, kind, namespace, name } = ref;
    for (const fix of inquiry.options.prevention({ apiVersion, kind, namespace, name }))
      fixes.set(`${key} ${fix.id}`, fix);
  }
  return [...fixes.values()];
}
