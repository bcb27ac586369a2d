import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { ROOT } from "./render.ts";

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly strategy?: { readonly matrix: Readonly<Record<string, readonly unknown[]>> };
        readonly "timeout-minutes": number;
        readonly steps: readonly Step[];
      }
    >
  >;
}

const workflow = parse(await readFile(join(ROOT, ".github/workflows/ci.yml"), "utf8")) as Workflow;
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));

t.test("the workflow can read the repository and nothing else", async (t) => {
  t.strictSame(workflow.permissions, { contents: "read" });
});

t.test("every job ends by itself", async (t) => {
  for (const [name, job] of Object.entries(workflow.jobs)) t.ok(job["timeout-minutes"] <= 30, name);
});

t.test("the workflow runs what decides whether a change lands", async (t) => {
  t.ok(commands.includes(".ci/run"));
  t.not((await stat(join(ROOT, ".ci/run"))).mode & 0o111, 0, "it can be run");
});

t.test("the packed tarball meets every Node that the package promises, by absolute path", async (t) => {
  const { engines } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
    engines: { node: string };
  };
  t.strictSame(workflow.jobs.packed?.strategy?.matrix.node, [engines.node.replace(">=", ""), 24, 26]);
  t.ok(commands.some((run) => run.startsWith('test/e2e/packed.sh "$(command -v node)"')));
  t.not((await stat(join(ROOT, "test/e2e/packed.sh"))).mode & 0o111, 0, "it can be run");
});

t.test("the scripts and files that the workflow names are there", async (t) => {
  const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
    scripts: Readonly<Record<string, string>>;
  };
  for (const run of commands) {
    for (const [, script = ""] of run.matchAll(/npm run ([\w:-]+)/g))
      t.ok(script in manifest.scripts, script);
    for (const [path] of run.matchAll(/\b(?:manifests|test)\/[\w./-]+/g)) {
      await t.resolves(stat(join(ROOT, path)), path);
    }
  }
});
