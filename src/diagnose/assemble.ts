import { compare } from "../policy/compare.ts";
import { isObjectName } from "../report/commands.ts";
import type { Answer, StepDraft } from "./answer.ts";
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

/** Steps that may end the last pod of a claim. */
const STOPPING: ReadonlySet<StepId> = new Set([
  "patch-recreate",
  "restore-replicas",
  "scale-to-zero-and-back",
  "stop-all-users",
  "stop-one-workload",
  "taint-out-of-service",
  "force-delete-pod",
  "shorten-grace",
  "drain-and-reboot",
]);

/** Puts an answer into the form of the contract: questions answered, steps in order, holders and times named. */
export function assemble(subject: Subject, judged: Judged, inquiry: Inquiry): SubjectDiagnosis {
  const { waiting, disks, pods } = judged;
  const answer = keepingClaims(judged, inquiry);
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

/**
 * A63: a claim that is being deleted goes with its last pod, so nothing that ends one has a command; nor where that
 * was not read.
 */
function keepingClaims({ answer, disks, pods }: Judged, { picture }: Inquiry): Answer {
  if (!answer.steps.some(({ id }) => STOPPING.has(id))) return answer;
  const claims = [
    ...disks.flatMap((disk) => disk.claims),
    ...pods.flatMap(({ namespace, claims }) => claims.map(({ claimName: name }) => ({ namespace, name }))),
  ];
  for (const { namespace, name } of claims) {
    const claim = picture.find("PersistentVolumeClaim", namespace, name);
    if (claim.is === "absent" || (claim.is === "known" && claim.object.deletedAt === undefined)) continue;
    const first = advice(
      "look-at-back-end",
      `Claim ${name} ${claim.is === "known" ? "is" : "was not read; if it is"} being deleted: when its last pod ends, it and perhaps its data are gone. Before any pod is stopped, set the reclaim policy of its volume to Retain.`,
      "time",
    );
    return {
      ...answer,
      steps: [
        first,
        ...answer.steps.map((step) => (STOPPING.has(step.id) ? { ...step, commands: [] } : step)),
      ],
      avoid: [...answer.avoid, { id: "stop-all-users", why: "the claim is deleted with its last pod" }],
    };
  }
  return answer;
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

/** A dump may be old by the time it is read. */
function runLiveFirst({ namespace }: Subject): Step {
  const scope = namespace === null ? "-A" : isObjectName(namespace) ? `-n ${namespace}` : undefined;
  return {
    ...advice("run-live-first", "A dump is old: diagnose live, type only what that prints.", "seconds"),
    commands: scope === undefined ? [] : [`attachguard diagnose all ${scope}`],
  };
}

function verification(waiting: readonly Pod[], inquiry: Inquiry): readonly string[] {
  const [first] = waiting;
  if (first === undefined) return ["attachguard diagnose says healthy."];
  const [command] = inquiry.kubectl.watch(first);
  return [
    ...(command === undefined ? [] : [command]),
    "It is Running, or gone; attachguard diagnose says healthy.",
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
