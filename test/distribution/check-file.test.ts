import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse, parseAllDocuments } from "yaml";
import { ROOT } from "../manifests/render.ts";

// `dist/check.js` and what is built on it, as they lie in a release's tagged commit: without node_modules.

const { NODE_OPTIONS: _hooks, ...env } = process.env;

const FILES = ["dist/check.js", "ci/action.sh", "action.yml", ".pre-commit-hooks.yaml"];

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: web}}
  strategy: {type: Recreate}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`;
const CLAIM = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: ebs.csi.aws.com
`;

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder with what a release holds, and a repository that uses it, whose last commit is without a finding. */
function released(folder: string) {
  const release = join(folder, "release");
  for (const file of FILES) cpSync(join(ROOT, file), join(release, file));
  const repository = join(folder, "repository");
  mkdirSync(join(repository, "app"), { recursive: true });
  const write = (replicas: number) =>
    writeFileSync(join(repository, "app/web.yaml"), DEPLOYMENT.replace("REPLICAS", String(replicas)));
  const git = (...words: readonly string[]) =>
    execFileSync("git", ["-c", "user.name=n", "-c", "user.email=n@example.com", ...words], {
      cwd: repository,
      env,
      stdio: "ignore",
    });
  write(1);
  writeFileSync(join(repository, "app/claim.yaml"), CLAIM);
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "--message", "without a finding");
  const run = (words: readonly string[], variables: NodeJS.ProcessEnv = {}): Run => {
    const [command = "", ...rest] = words;
    const { status, stdout, stderr } = spawnSync(command, rest, {
      cwd: repository,
      env: { ...env, ...variables },
      encoding: "utf8",
    });
    return { code: status, out: stdout, err: stderr };
  };
  return { release, repository, write, run };
}

t.test("it stands alone, and says what it is without", async (t) => {
  const { release, run, write } = released(t.testdir());
  const file = join(release, "dist/check.js");
  t.not(statSync(file).mode & 0o111, 0, "it can be run");
  t.equal(run([file, "app"]).code, 0);
  write(3);
  const found = run([file, "--format", "json", "app"]);
  t.equal(found.code, 1);
  const { toolVersion, findings } = JSON.parse(found.out) as { toolVersion: string; findings: unknown[] };
  t.equal(
    toolVersion,
    (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string }).version,
  );
  t.equal(findings.length, 1);
  const live = run([file, "--live", "app"]);
  t.equal(live.code, 2);
  t.match(live.err, "this file judges files only; install the package attachguard");
  t.match(readFileSync(file, "utf8"), /js-yaml \d[\s\S]*MIT/, "with the licences of what is in it");
});

t.test("the action: inputs by environment, annotations, summary and SARIF", async (t) => {
  const { release, repository, run, write } = released(t.testdir());
  const action = [join(release, "ci/action.sh")];
  write(3);
  const summary = join(repository, "../summary.md");
  const found = run(action, {
    GITHUB_STEP_SUMMARY: summary,
    ATTACHGUARD_PATHS: "app\n",
    ATTACHGUARD_SARIF_FILE: "out.sarif",
  });
  t.equal(found.code, 1);
  t.match(found.out, /^::error file=app\/web\.yaml,line=5,/);
  t.match(readFileSync(summary, "utf8"), "rwo-replicas");
  t.match(readFileSync(join(repository, "out.sarif"), "utf8"), "rwo-replicas");
  t.equal(run(action, { ATTACHGUARD_FAIL_ON: "never" }).code, 0, "the whole folder, where no path is named");
  t.equal(run(action, { ATTACHGUARD_BASE: "HEAD", ATTACHGUARD_PATHS: "." }).code, 1, "this change brings it");
  writeFileSync(join(repository, "attachguard.yaml"), "check: {failOn: error}\n");
  t.equal(run(action).code, 1, "a configuration without paths");
  t.equal(run(action, { ATTACHGUARD_BASE: "HEAD" }).code, 1, "one that the change brings");
  writeFileSync(join(repository, "attachguard.yaml"), "check: {paths: [nowhere]}\n");
  t.match(run(action).err, "nowhere:1:1: error: there is no such file");
  rmSync(join(repository, "attachguard.yaml"));
  const hostile = run(action, { ATTACHGUARD_PATHS: "--live\n$(touch pwned)" });
  t.equal(hostile.code, 2);
  t.match(hostile.err, "--live:1:1: error: there is no such file", "a path is never an option");
  t.equal(run(["ls", "pwned"]).code, 2, "and never a script");
});

t.test("an older Node gets the step that helps", async (t) => {
  const { release, repository, run } = released(t.testdir());
  const bin = join(repository, "../bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "node"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const old = run([join(release, "ci/action.sh")], { PATH: `${bin}:${process.env.PATH}` });
  t.equal(old.code, 2);
  t.match(
    old.out,
    "::error title=attachguard::Node.js 20.12 or newer is needed; put a step with actions/setup-node",
  );
});

t.test("with the oldest Node that the action takes", async (t) => {
  const oldest = process.env.NODE_20;
  if (oldest === undefined) {
    t.pass("SKIPPED: NODE_20 names no Node.js 20");
    return;
  }
  const { release, repository, run, write } = released(t.testdir());
  const bin = join(repository, "../bin");
  mkdirSync(bin);
  symlinkSync(oldest, join(bin, "node"));
  write(3);
  const found = run([join(release, "ci/action.sh")], { PATH: `${bin}:${process.env.PATH}` });
  t.equal(found.code, 1);
  t.match(found.out, "rwo-replicas");
});

t.test("action.yml pastes nothing into a script, and hands every input on", async (t) => {
  const action = parse(readFileSync(join(ROOT, "action.yml"), "utf8")) as {
    inputs: Readonly<Record<string, { description: string; default: string }>>;
    runs: { steps: readonly { run?: string; uses?: string; env?: Readonly<Record<string, string>> }[] };
  };
  for (const { run = "", uses } of action.runs.steps) {
    t.notMatch(run, /\$\{\{/);
    if (uses !== undefined) t.match(uses, /@[0-9a-f]{40}$/);
  }
  const script = readFileSync(join(ROOT, "ci/action.sh"), "utf8");
  const handed = Object.entries(action.runs.steps[0]?.env ?? {});
  for (const [name, value] of handed) {
    t.match(script, `\${${name}:-}`);
    t.match(value, /^\$\{\{ inputs\.[a-z-]+ \}\}$/);
  }
  const inputs = Object.keys(action.inputs).filter((input) => input !== "working-directory");
  t.strictSame(
    handed.map(([, value]) => value.slice("${{ inputs.".length, -" }}".length)).sort(),
    inputs.sort(),
  );
});

t.test("the pre-commit hook judges what the commit changes, with its neighbours", async (t) => {
  const [hook] = parse(readFileSync(join(ROOT, ".pre-commit-hooks.yaml"), "utf8")) as [
    { entry: string; args: readonly string[]; language: string; pass_filenames: boolean },
  ];
  t.equal(hook.language, "script");
  t.equal(hook.pass_filenames, false);
  const { release, run, write } = released(t.testdir());
  const [file = "", ...words] = hook.entry.split(" ");
  const commit = () => run([join(release, file), ...words, ...hook.args]);
  t.equal(commit().code, 0);
  write(3);
  const { code, out } = commit();
  t.equal(code, 1);
  t.match(out, "app/web.yaml:5");
});

t.test("the pre-commit hook judges the first commit of a repository too", async (t) => {
  const [hook] = parse(readFileSync(join(ROOT, ".pre-commit-hooks.yaml"), "utf8")) as [
    { entry: string; args: readonly string[] },
  ];
  const { release, repository, run, write } = released(t.testdir());
  rmSync(join(repository, ".git"), { recursive: true });
  t.equal(run(["git", "init", "--quiet"]).code, 0);
  const [file = "", ...words] = hook.entry.split(" ");
  const commit = () => run([join(release, file), ...words, ...hook.args]);
  t.equal(commit().code, 0);
  write(3);
  t.match(commit(), { code: 1, out: /app\/web\.yaml:5/ });
});

t.test("the GitLab component writes both reports", async (t) => {
  const documents = parseAllDocuments(readFileSync(join(ROOT, "templates/check.yml"), "utf8"));
  const [{ spec }, { attachguard: job }] = documents.map((document) => document.toJS()) as [
    { spec: { inputs: object } },
    { attachguard: { script: readonly string[]; artifacts: { reports: object } } },
  ];
  const inputs = Object.keys(spec.inputs);
  const used = [...JSON.stringify(job).matchAll(/\$\[\[ inputs\.([a-z-]+) \]\]/g)].map(([, name]) => name);
  t.strictSame([...new Set(used)].sort(), inputs.sort());
  const { release, repository, run, write } = released(t.testdir());
  write(3);
  // What stands for the package here is the file that is made of the same source.
  const script = (job.script[0] ?? "").replace(
    /^npx --yes "attachguard@\$ATTACHGUARD_VERSION" check/,
    '"$CHECK"',
  );
  for (const base of ["", "HEAD"]) {
    const variables = {
      CHECK: join(release, "dist/check.js"),
      ATTACHGUARD_PATHS: "app",
      ATTACHGUARD_BASE: base,
    };
    t.equal(run(["sh", "-c", script], variables).code, 1, base);
  }
  for (const file of Object.values(job.artifacts.reports ?? {}))
    t.match(readFileSync(join(repository, String(file)), "utf8"), "rwo-replicas", String(file));
});
