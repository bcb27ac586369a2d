import t from "tap";
import { parseAllDocuments } from "yaml";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { readDump } from "../../../src/diagnose/dump.ts";
import { NO_OPTIONS } from "../../../src/diagnose/options.ts";
import { ATTACHMENT_STATES, type AttachmentSituation } from "../../../src/policy/attachments.ts";
import { attachmentEndangered } from "../../../src/policy/rules/attachment-endangered.ts";
import { attachmentStale } from "../../../src/policy/rules/attachment-stale.ts";
import { ATTACHMENT_RULES } from "../../../src/policy/rules/index.ts";
import { run } from "../../cli/run.ts";

const MINUTE = 60_000;

const usual: AttachmentSituation = {
  state: "stale",
  age: 60 * MINUTE,
  unchangedFor: undefined,
  danger: null,
  runs: false,
  confirmed: false,
};

t.test("stale: only states that end by nobody, never a young one", async (t) => {
  const broken = (change: Partial<AttachmentSituation>) =>
    attachmentStale.judge({ ...usual, ...change })?.severity ?? null;
  const always = ["volume-gone", "foreign-name", "stale"];
  const later = ["forced-detach-pending", "node-gone"];
  for (const state of ATTACHMENT_STATES) {
    t.equal(broken({ state }), always.includes(state) ? "warning" : null, state);
    t.equal(
      broken({ state, unchangedFor: 10 * MINUTE }),
      [...always, ...later].includes(state) ? "warning" : null,
      `${state}, seen ten minutes ago`,
    );
    t.equal(broken({ state, unchangedFor: 10 * MINUTE, age: 59_000 }), null, `${state}, younger than 60 s`);
    t.equal(broken({ state, age: undefined }), null, `${state}, of unknown age`);
  }
  t.equal(broken({ state: "node-gone", unchangedFor: 10 * MINUTE - 1 }), null, "less than ten minutes apart");
});

t.test("endangered: an error only where a container runs and a second look says the same", async (t) => {
  const severity = (change: Partial<AttachmentSituation>) =>
    attachmentEndangered.judge({ ...usual, state: "in-use", ...change })?.severity ?? null;
  for (const danger of ["R3", "R14", "R15", "R16"] as const) {
    t.equal(severity({ danger, runs: true, confirmed: true }), "error", danger);
    t.equal(severity({ danger, runs: false, confirmed: true }), "warning", danger);
    t.equal(severity({ danger, runs: true, confirmed: false }), "warning", danger);
  }
  t.equal(severity({}), null);
  const state = "detach-ordered-under-pod";
  t.equal(severity({ state }), "warning", "ordered under a pod that has not started");
  t.equal(severity({ state, confirmed: true }), null);
});

t.test("the examples of the pages do what they say", async (t) => {
  for (const { id, examples } of ATTACHMENT_RULES) {
    for (const [which, expected] of [
      ["fail", [id]],
      ["pass", []],
    ] as const) {
      const values = parseAllDocuments(examples[which]).map((document) => document.toJS() as unknown);
      const { facts } = readDump([{ file: id, values }], { closed: true, at: undefined });
      const { findings } = diagnose(facts, { all: true, namespace: null }, NO_OPTIONS);
      t.strictSame(
        findings.map(({ rule }) => rule),
        expected,
        `${id}: ${which}`,
      );
    }
  }
});

t.test("each is explained, with what to do", async (t) => {
  for (const rule of ATTACHMENT_RULES) {
    const { code, out } = await run(["explain", rule.id]);
    t.equal(code, 0);
    const text = out.replaceAll(/\s+/g, " ");
    for (const part of [rule.title, rule.when, ...rule.ways])
      t.ok(text.includes(part), `${rule.id}: ${part}`);
  }
});
