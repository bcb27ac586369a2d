import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { compactModule, GENERATED, parseEntries } from "../../../catalogue/generate.ts";

const CATALOGUE = join(import.meta.dirname, "../../../src/policy/catalogue/drivers.json");
const GENERATOR = join(import.meta.dirname, "../../../catalogue/generate.ts");
const text = readFileSync(CATALOGUE, "utf8");
const [ebs] = JSON.parse(text) as Record<string, unknown>[];

function problemsOf(entry: unknown): readonly string[] {
  const parsed = parseEntries(JSON.stringify([entry]));
  return "problems" in parsed ? parsed.problems : [];
}

t.test("what the program loads was made of the data: run npm run catalogue", async (t) => {
  const parsed = parseEntries(text);
  if ("problems" in parsed) t.fail(parsed.problems.join("\n"));
  else t.equal(readFileSync(GENERATED, "utf8"), compactModule(parsed.entries));
});

t.test("what is wrong with an entry is said with its name, its member and what it should be", async (t) => {
  const { parameters: _, ...without } = ebs as { parameters: unknown };
  t.same(problemsOf(without), ["ebs.csi.aws.com: must have required property 'parameters'"]);
  t.same(problemsOf({ ...ebs, accessModes: ["RWO", "RWC"] }), [
    'ebs.csi.aws.com, accessModes/1: must be equal to one of the allowed values: RWO, ROX, RWX, RWOP, but is "RWC"',
    'ebs.csi.aws.com, accessModes: must be null, but is ["RWO","RWC"]',
    'ebs.csi.aws.com, accessModes: must match a schema in anyOf, but is ["RWO","RWC"]',
  ]);
  t.match(
    problemsOf({ ...ebs, enforcedAt: "never" })[0],
    /^ebs\.csi\.aws\.com, enforcedAt: .*provision, publish/,
  );
  t.match(problemsOf("no entry")[0], /^entry 0: must be object/);
  const broken = parseEntries("[{");
  t.match("problems" in broken && broken.problems[0], /^this is not JSON: /);
});

t.test("with a problem the generator writes nothing and its exit code is not 0", async (t) => {
  const folder = t.testdir({ "drivers.json": JSON.stringify([{ ...ebs, parameters: undefined }]) });
  const path = join(folder, "drivers.json");
  const before = readFileSync(GENERATED, "utf8");
  const { status, stderr } = spawnSync(process.execPath, [GENERATOR, path], { encoding: "utf8" });
  t.equal(status, 1);
  t.equal(stderr, `${path}: ebs.csi.aws.com: must have required property 'parameters'\n`);
  t.equal(readFileSync(GENERATED, "utf8"), before);
});
