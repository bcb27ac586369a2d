import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import t from "tap";
import { diagnose, documentOf } from "../../src/diagnose/diagnose.ts";
import { CAUSE_IDS, STEP_IDS, SUBJECT_STATES } from "../../src/diagnose/diagnosis.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { DIAGNOSED_KINDS } from "../../src/diagnose/facts.ts";
import { NO_OPTIONS } from "../../src/diagnose/options.ts";
import { parseSubject } from "../../src/diagnose/subject.ts";
import { ATTACHMENT_STATES } from "../../src/policy/attachments.ts";
import { MISSING, recordings } from "./recordings.ts";

const SCHEMA = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "docs", "diagnosis.schema.json"), "utf8"),
);

t.test("every answer is as the schema says", { skip: MISSING }, async (t) => {
  const validate = new Ajv2020({ allErrors: true }).compile(SCHEMA);
  for (const { name, values, expected } of recordings()) {
    const { facts } = readDump([{ file: name, values }], { closed: true, at: undefined });
    for (const what of expected.ask) {
      const subject = parseSubject(what, expected.namespace ?? "");
      const asked =
        subject === undefined ? { all: true as const, namespace: null } : { all: false as const, subject };
      const document: unknown = JSON.parse(
        JSON.stringify(documentOf(facts, diagnose(facts, asked, NO_OPTIONS), "1.0.0")),
      );
      t.ok(validate(document), `${name}, ${what}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
    }
  }
});

t.test("the schema and the types name the same states, causes, steps and kinds", async (t) => {
  const { diagnoses, attachments, facts } = SCHEMA.properties;
  const diagnosis = diagnoses.items.properties;
  t.strictSame(diagnosis.state.enum, SUBJECT_STATES);
  t.strictSame(diagnosis.cause.properties.id.enum, CAUSE_IDS);
  t.strictSame(diagnosis.steps.items.properties.id.enum, STEP_IDS);
  t.strictSame(attachments.items.properties.state.enum, ATTACHMENT_STATES);
  t.strictSame(facts.properties.read.items.properties.kind.enum, DIAGNOSED_KINDS);
});
