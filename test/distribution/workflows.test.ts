import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { ROOT } from "../manifests/render.ts";
import type { Workflow } from "./jobs.ts";

const FOLDER = join(ROOT, ".github/workflows");
const FILES = readdirSync(FOLDER);

const textOf = (file: string) => readFileSync(join(FOLDER, file), "utf8");
const workflowOf = (file: string) => parse(textOf(file)) as Workflow;
const stepsOf = (workflow: Workflow) => Object.values(workflow.jobs).flatMap(({ steps }) => steps);

t.test("actions are pinned by commit, and the version stands beside it", async (t) => {
  for (const file of FILES) {
    const lines = textOf(file)
      .split("\n")
      .filter((line) => line.includes("uses:"));
    t.not(lines.length, 0, file);
    for (const line of lines) t.match(line, /uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, file);
  }
});

t.test("nothing is pasted into a script", async (t) => {
  for (const file of FILES)
    for (const { run = "" } of stepsOf(workflowOf(file))) t.notMatch(run, /\$\{\{/, `${file}: ${run}`);
});

t.test("actionlint has nothing to say", async (t) => {
  const actionlint = process.env.ACTIONLINT ?? "actionlint";
  const { error, status, stdout } = spawnSync(actionlint, ["-shellcheck=", ...FILES], {
    cwd: FOLDER,
    encoding: "utf8",
  });
  if (error !== undefined) {
    t.pass("SKIPPED: there is no actionlint on the PATH; ACTIONLINT may name one");
    return;
  }
  t.equal(status, 0, stdout);
});

t.test("scripts are shell that bash can read", async (t) => {
  for (const file of FILES) {
    for (const { run } of stepsOf(workflowOf(file))) {
      if (run === undefined) continue;
      const { status, stderr } = spawnSync("bash", ["-n"], { input: run, encoding: "utf8" });
      t.equal(status, 0, `${file}: ${run}: ${stderr}`);
    }
  }
});

t.test("a script ends at the first command that fails, also within a pipe", async (t) => {
  for (const file of FILES) t.equal(workflowOf(file).defaults?.run.shell, "bash", file);
});

const release = workflowOf("release.yml");

t.test("a release is started by hand, with a version", async (t) => {
  t.strictSame(Object.keys(release.on), ["workflow_dispatch"]);
  t.match(release.on.workflow_dispatch, { inputs: { version: { required: true, type: "string" } } });
});

t.test("each job of a release has the rights that it needs and no more", async (t) => {
  t.strictSame(release.permissions, {});
  t.strictSame(
    Object.fromEntries(Object.entries(release.jobs).map(([name, { permissions }]) => [name, permissions])),
    {
      test: { contents: "read" },
      tag: { contents: "write" },
      image: { contents: "read", packages: "write", "id-token": "write" },
      chart: { contents: "read", packages: "write", "id-token": "write" },
      npm: { contents: "read", "id-token": "write" },
      github: { contents: "write" },
    },
  );
  for (const [name, job] of Object.entries(release.jobs))
    t.ok(job["timeout-minutes"], `${name} ends by itself`);
});

t.test("tests come before the tag, and everything published is made from the tagged commit", async (t) => {
  t.equal(release.jobs.tag?.needs, "test");
  for (const name of ["image", "chart", "npm", "github"]) {
    t.ok([release.jobs[name]?.needs].flat().includes("tag"), name);
    const checkout = release.jobs[name]?.steps.find(({ uses }) => uses?.startsWith("actions/checkout@"));
    t.match(
      checkout?.with,
      { ref: /^\$\{\{ needs\.tag\.outputs\.commit \}\}$/, "persist-credentials": false },
      name,
    );
  }
  const scripts = (name: string) => release.jobs[name]?.steps.map(({ run = "" }) => run).join("\n") ?? "";
  t.match(scripts("tag"), "git add --force dist/check.js");
  t.match(scripts("image"), "--platform linux/amd64,linux/arm64");
  t.match(scripts("image"), "--sbom=true --provenance=mode=max");
  t.match(scripts("image"), 'cosign" sign --yes "$IMAGE"');
  t.match(scripts("github"), "sha256sum");
});

t.test("the files of this repository that a release names are there", async (t) => {
  for (const { run = "" } of stepsOf(release)) {
    for (const [path] of run.matchAll(/\b(?:release|charts|manifests)\/[\w./-]+/g)) {
      if (path.startsWith("releases/")) continue;
      t.ok(spawnSync("test", ["-e", join(ROOT, path)]).status === 0, path);
    }
  }
});
