import t from "tap";
import { type Diagnosed, diagnose, exitCodeOf } from "../../src/diagnose/diagnose.ts";
import type { SubjectDiagnosis } from "../../src/diagnose/diagnosis.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { DIAGNOSED_KINDS, type DiagnosedKind } from "../../src/diagnose/facts.ts";
import { NO_OPTIONS } from "../../src/diagnose/options.ts";
import { preventionFrom } from "../../src/diagnose/prevention.ts";
import { factsFrom, type RawReading } from "../../src/diagnose/project.ts";
import { parseSubject } from "../../src/diagnose/subject.ts";
import { MISSING, type Recording, recordings } from "./recordings.ts";

/** Cannot lose data, whatever the cause turns out to be (design, "Diagnosis", state `unknown`). */
const HARMLESS: ReadonlySet<string> = new Set(["undo-rollout", "cap-autoscaler", "scale-to-one"]);

function look({ name, values }: Recording, at: string | undefined) {
  return readDump([{ file: name, values }], {
    closed: true,
    at: at === undefined ? undefined : Date.parse(at),
  });
}

function ask(
  dump: ReturnType<typeof look>,
  readings: readonly RawReading[],
  what: string,
  namespace: string | null,
) {
  const { source, time, timeIsLeast, context, clusterUid } = dump.facts;
  const facts = factsFrom(readings, { source, time, timeIsLeast, context, clusterUid });
  const subject = what === "all" ? undefined : parseSubject(what, namespace ?? "");
  return diagnose(facts, subject === undefined ? { all: true, namespace: null } : { all: false, subject }, {
    ...NO_OPTIONS,
    ...preventionFrom(readings),
  });
}

/** Steps that can lose data; what comes before them, or decides about them, must not get lost. */
const LOSING: ReadonlySet<string> = new Set([
  "delete-attachment",
  "taint-out-of-service",
  "force-delete-pod",
  "replace-pending-claim",
  "shorten-grace",
]);

const findingKey = ({ rule, severity, attachment }: Diagnosed["findings"][number]) =>
  `${rule} ${severity} ${JSON.stringify(attachment)}`;

/** What a diagnosis of the part says about its subject that the whole does not say about the same one. */
function addedTo(whole: SubjectDiagnosis | undefined, part: SubjectDiagnosis): readonly string[] {
  const { cause, state, clears, steps, prevention } = part;
  const isUnknown = cause.id === "unknown";
  const wrong: string[] = [];
  if (!isUnknown) {
    if (whole?.cause.id !== cause.id) return [`cause ${cause.id} instead of ${whole?.cause.id}`];
    if (whole.cause.detail !== cause.detail) wrong.push(`detail ${cause.detail}`);
    if (whole.state !== state) wrong.push(`state ${state} instead of ${whole.state}`);
    if (whole.clears.byItself !== clears.byItself) wrong.push(`clears by itself: ${clears.byItself}`);
  }
  const printed = new Set(whole?.steps.flatMap(({ commands }) => commands));
  for (const [at, { id, commands, behind }] of steps.entries()) {
    if (isUnknown && HARMLESS.has(id)) continue;
    wrong.push(...commands.filter((command) => !printed.has(command)).map((command) => `${id}: ${command}`));
    if (commands.length === 0 || !LOSING.has(id)) continue;
    const before = whole?.steps.findIndex((step) => step.id === id) ?? -1;
    const said = whole?.steps[before];
    for (const question of said?.behind ?? [])
      if (!behind.includes(question)) wrong.push(`${id} no longer behind ${question}`);
    const earlier = new Set(steps.slice(0, at).map((step) => step.id));
    for (const step of whole?.steps.slice(0, before) ?? [])
      if (step.id === "stop-all-users" && !earlier.has(step.id)) wrong.push(`${id} without ${step.id}`);
  }
  // The other rules of check want a proof that two pods cannot meet, and say so where it cannot be seen.
  const isAboutClaim = ({ rule }: { rule: string }) => rule === "claim-unknown";
  if (prevention.some(isAboutClaim) && whole?.prevention.some(isAboutClaim) !== true)
    wrong.push("prevention of claim-unknown");
  return wrong;
}

/** What the part says that the whole, asked about the same subject, does not. */
function added(
  part: Diagnosed,
  whole: Diagnosed,
  about: (subject: SubjectDiagnosis["subject"]) => SubjectDiagnosis | undefined,
): readonly string[] {
  const wrong = part.diagnoses.flatMap((diagnosis) =>
    addedTo(about(diagnosis.subject), diagnosis).map((one) => `${diagnosis.subject.name}: ${one}`),
  );
  const found = new Set(whole.findings.map(findingKey));
  for (const finding of part.findings)
    if (!found.has(findingKey(finding))) wrong.push(`finding ${findingKey(finding)}`);
  const states = new Map(whole.attachments.map(({ name, state }) => [name, state]));
  for (const { name, state } of part.attachments)
    if (state !== "unknown" && states.get(name) !== state) wrong.push(`attachment ${name} ${state}`);
  if (exitCodeOf(part) === 0 && exitCodeOf(whole) !== 0) wrong.push("exit code 0");
  return wrong;
}

/** The whole dump's answers, each worked out once. */
function wholeAnswers(dump: ReturnType<typeof look>) {
  const all = ask(dump, dump.readings, "all", null);
  const known = new Map<string, SubjectDiagnosis | undefined>();
  return ({ kind, namespace, name }: SubjectDiagnosis["subject"]) => {
    const key = `${kind} ${namespace} ${name}`;
    if (!known.has(key))
      known.set(
        key,
        namespace === null
          ? // A workload answers for its own attachment, where its claim shows that it is.
            all.diagnoses.find(
              ({ subject, holders }) =>
                (subject.kind === kind && subject.name === name) ||
                holders.some(({ attachment }) => attachment === name),
            )
          : ask(dump, dump.readings, `${kind}/${name}`, namespace).diagnoses[0],
      );
    return known.get(key);
  };
}

const WITHHELD: readonly { readonly why: string; readonly withhold: (reading: RawReading) => RawReading }[] =
  [
    {
      why: "forbidden",
      withhold: (reading) => ({ ...reading, state: "unread", why: "forbidden", items: [] }),
    },
    {
      why: "not in the dump",
      withhold: (reading) => ({ ...reading, state: "unread", why: "not in the dump", items: [] }),
    },
  ];

t.test("a kind that was not read adds no command, error or cause", { skip: MISSING }, async (t) => {
  for (const recording of recordings()) {
    const { name, expected } = recording;
    for (const at of new Set([undefined, expected.at])) {
      const dump = look(recording, at);
      const about = wholeAnswers(dump);
      for (const what of [...expected.ask.filter((one) => one !== "audit"), "all"]) {
        const whole = ask(dump, dump.readings, what, expected.namespace);
        for (const kind of DIAGNOSED_KINDS) {
          for (const { why, withhold } of WITHHELD) {
            const readings = dump.readings.map((reading) =>
              reading.kind === kind ? withhold(reading) : reading,
            );
            const wrong = added(ask(dump, readings, what, expected.namespace), whole, about);
            if (wrong.length > 0) t.strictSame(wrong, [], `${name}, ${what}, ${kind} ${why}`);
          }
        }
      }
    }
  }
});

t.test("of a List that is not closed nothing's absence is concluded", { skip: MISSING }, async (t) => {
  for (const recording of recordings()) {
    const { name, expected, values } = recording;
    const open = readDump([{ file: name, values }], { closed: false, at: undefined });
    const closed = look(recording, undefined);
    for (const what of expected.ask.filter((one) => one !== "audit")) {
      const whole = ask(closed, closed.readings, what, expected.namespace);
      const part = ask(open, open.readings, what, expected.namespace);
      t.strictSame(added(part, whole, wholeAnswers(closed)), [], `${name}, ${what}`);
      t.strictSame(
        part.findings.filter(({ rule }) => rule === "attachment-stale"),
        [],
        `${name}, ${what}: stale`,
      );
    }
  }
});

t.test(
  "the developer of one namespace hears the likely cause and its harmless way out",
  { skip: MISSING },
  async (t) => {
    const FORBIDDEN: readonly DiagnosedKind[] = [
      "Node",
      "PersistentVolume",
      "VolumeAttachment",
      "CSIDriver",
      "CSINode",
      "StorageClass",
    ];
    const stuck = recordings().find(({ name }) => name.startsWith("01-"));
    if (stuck === undefined) return;
    const dump = look(stuck, undefined);
    const readings = dump.readings.map((reading) =>
      FORBIDDEN.includes(reading.kind)
        ? { ...reading, state: "unread" as const, why: "forbidden", items: [] }
        : reading,
    );
    const [diagnosis] = ask(dump, readings, "deploy/web", "shop").diagnoses;
    t.equal(diagnosis?.state, "unknown");
    t.equal(diagnosis?.cause.detail, "rollout-waits-for-itself");
    t.strictSame(
      diagnosis?.steps.map(({ id }) => id),
      ["undo-rollout"],
    );
    t.match(diagnosis?.cause.text, /were not read \(forbidden\)/);
  },
);
