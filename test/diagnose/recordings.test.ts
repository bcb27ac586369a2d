import t from "tap";
import { type Diagnosed, diagnose } from "../../src/diagnose/diagnose.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { NO_OPTIONS } from "../../src/diagnose/options.ts";
import { parseSubject } from "../../src/diagnose/subject.ts";
import { wrongAttachments, wrongIn } from "./expectation.ts";
import { type Expected, MISSING, type Recording, recordings } from "./recordings.ts";

function ask({ name, values }: Recording, what: string, namespace: string | null, at?: string): Diagnosed {
  const { facts } = readDump([{ file: name, values }], {
    closed: true,
    at: at === undefined ? undefined : Date.parse(at),
  });
  const subject = what === "audit" ? undefined : parseSubject(what, namespace ?? "");
  return diagnose(
    facts,
    subject === undefined ? { all: true, namespace: null } : { all: false, subject },
    NO_OPTIONS,
  );
}

function wrong(diagnosed: Diagnosed, what: string, expected: Expected): readonly string[] {
  const isAll = what === "audit";
  const about = isAll ? [] : wrongIn(diagnosed.diagnoses[0], { ...expected, ...expected.perAsk?.[what] });
  return [
    ...diagnosed.errors.map(({ message }) => message),
    ...about,
    ...wrongAttachments(diagnosed, expected, isAll),
  ];
}

t.test(
  "every recording gets the right answer to everything that is asked of it",
  { skip: MISSING },
  async (t) => {
    for (const recording of recordings()) {
      const { name, expected } = recording;
      const { namespace, at, whenAt } = expected;
      for (const what of new Set([...expected.ask, "audit"])) {
        t.strictSame(wrong(ask(recording, what, namespace), what, expected), [], `${name}, ${what}`);
        if (at === undefined || whenAt === undefined) continue;
        const later = { ...expected, ...whenAt };
        t.strictSame(
          wrong(ask(recording, what, namespace, at), what, later),
          [],
          `${name}, ${what} at ${at}`,
        );
      }
    }
  },
);
