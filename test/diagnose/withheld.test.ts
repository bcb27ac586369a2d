import t from "tap";
import { type Diagnosed, diagnose } from "../../src/diagnose/diagnose.ts";
import type { SubjectDiagnosis } from "../../src/diagnose/diagnosis.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { DIAGNOSED_KINDS, type DiagnosedKind } from "../../src/diagnose/facts.ts";
import { NO_OPTIONS } from "../../src/diagnose/options.ts";
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
  return diagnose(
    facts,
    subject === undefined ? { all: true, namespace: null } : { all: false, subject },
    NO_OPTIONS,
  );
}

const commandsOf = (diagnoses: readonly SubjectDiagnosis[]) =>
  diagnoses.flatMap(({ steps }) => steps.flatMap(({ commands }) => commands));

/** What the part says that the whole did not. */
function added(part: Diagnosed, whole: Diagnosed): readonly string[] {
  const said = new Set(whole.diagnoses.map(({ cause }) => cause.id));
  const printed = new Set(commandsOf(whole.diagnoses));
  const found = new Set(
    whole.findings.map(({ rule, attachment }) => `${rule} ${JSON.stringify(attachment)}`),
  );
  const wrong: string[] = [];
  for (const { cause, state, steps, subject } of part.diagnoses) {
    // Under "all", what the whole found healthy is not listed: unknown is then the only thing to say of it.
    if (cause.id !== "unknown" && !said.has(cause.id)) wrong.push(`cause ${cause.id} of ${subject.name}`);
    for (const { id, commands } of steps) {
      if (cause.id === "unknown" && HARMLESS.has(id)) continue;
      wrong.push(
        ...commands.filter((command) => !printed.has(command)).map((command) => `${state} ${id}: ${command}`),
      );
    }
  }
  for (const { rule, attachment } of part.findings)
    if (!found.has(`${rule} ${JSON.stringify(attachment)}`)) wrong.push(`finding ${rule} ${attachment.name}`);
  return wrong;
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
      for (const what of [...expected.ask.filter((one) => one !== "audit"), "all"]) {
        const whole = ask(dump, dump.readings, what, expected.namespace);
        for (const kind of DIAGNOSED_KINDS) {
          for (const { why, withhold } of WITHHELD) {
            const readings = dump.readings.map((reading) =>
              reading.kind === kind ? withhold(reading) : reading,
            );
            const wrong = added(ask(dump, readings, what, expected.namespace), whole);
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
      t.strictSame(added(part, whole), [], `${name}, ${what}`);
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
