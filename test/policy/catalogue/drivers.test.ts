import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import t from "tap";
import type { Entry } from "../../../catalogue/generate.ts";
import schema from "../../../src/policy/catalogue/drivers.schema.json" with { type: "json" };

const CATALOGUE = join(import.meta.dirname, "../../../src/policy/catalogue/drivers.json");
const entries = JSON.parse(readFileSync(CATALOGUE, "utf8")) as readonly Entry[];

t.test("every entry of the catalogue is as the schema says", async (t) => {
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
  validate(entries);
  t.same(
    (validate.errors ?? []).map(({ instancePath, message }) => {
      const index = Number(instancePath.split("/")[1]);
      return `${entries[index]?.provisioner}${instancePath}: ${message}`;
    }),
    [],
  );
});

t.test("the schema refuses what the program would misread", async (t) => {
  const validate = new Ajv({ allowUnionTypes: true }).compile(schema);
  const entry = entries[0];
  t.ok(validate([entry]), "the entry itself is right");
  const wrong: [reason: string, change: Record<string, unknown>][] = [
    ["a long access mode", { accessModes: ["ReadWriteOnce"] }],
    ["a fact without a source", { sources: [] }],
    ["an in-tree name that says no CSI driver", { kind: "in-tree-migrated" }],
    [
      "a provisioner without CSI that says not which volumes it makes",
      { kind: "external", attachRequired: null },
    ],
    ["a node-local driver that says not whether the scheduler knows", { nodeLocal: true }],
    ["an exact name with a star", { provisioner: "*.example.com" }],
    ["a rule that changes nothing", { parameters: [{ when: { type: "io2" } }] }],
    ["a refusal that was only copied from a table", { evidence: "official-table-only" }],
    ["a refusal of a second node that nobody documents", { refusesSecondNode: true, evidence: "secondary" }],
    ["a detaching that nobody has read", { evidence: "docs" }],
    ["a hint without its source", { backEndHint: { text: "look there" } }],
    ["a member nobody reads", { atachRequired: true }],
  ];
  for (const [reason, change] of wrong) t.notOk(validate([{ ...entry, ...change }]), reason);
});

t.test("no provisioner is listed twice, and in-tree names lead to entries", async (t) => {
  const names = entries.map(({ provisioner }) => provisioner);
  t.same(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
  for (const { provisioner, migratesTo } of entries) {
    if (migratesTo !== undefined) t.ok(names.includes(migratesTo), `${provisioner} → ${migratesTo}`);
  }
});
