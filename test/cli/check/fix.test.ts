import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { dump } from "js-yaml";
import t, { type Test } from "tap";
import { commit, git, repository, write } from "../../support/git-repository.ts";
import { run } from "../run.ts";

const ROOT = join(import.meta.dirname, "../../..");

const claim = (name = "data") => `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}}
spec: {accessModes: [ReadWriteOnce]}
`;

const deployment = (name = "web", spec = "", claimName = "data") => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
${spec}  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers: [{name: c, image: example.com/c, volumeMounts: [{name: d, mountPath: /d}]}]
      volumes: [{name: d, persistentVolumeClaim: {claimName: ${claimName}}}]
`;

const autoscaler = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 5 # busy days
`;

const RECREATED = "  strategy:\n    type: Recreate\n";

function folderWith(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = realpathSync.native(t.testdir());
  write(folder, files);
  return folder;
}

const check = (...words: readonly string[]) => run(["check", "--no-config", ...words]);

const textOf = (...path: readonly string[]) => readFileSync(join(...path), "utf8");

t.test("without an id what a rollout strategy fixes is written, and what is left counts", async (t) => {
  const folder = folderWith(t, { "all.yaml": `# ours\n${deployment()}---\n${claim()}` });
  const before = textOf(folder, "all.yaml");
  const { code, err } = await check("--fix", folder);
  t.equal(code, 0);
  t.match(err, /Deployment web: fixed by recreate/);
  t.equal(textOf(folder, "all.yaml"), before.replace("  template:", `${RECREATED}  template:`));
  t.equal((await check(folder)).code, 0, "and it is judged so when it is read again");
  const once = textOf(folder, "all.yaml");
  t.equal((await check("--fix", folder)).code, 0);
  t.equal(textOf(folder, "all.yaml"), once, "twice is the same as once");
});

t.test("what only another id mends is printed and not written", async (t) => {
  const folder = folderWith(t, { "all.yaml": `${deployment("web", "  replicas: 3\n")}---\n${claim()}` });
  const before = textOf(folder, "all.yaml");
  const { code, out } = await check("--fix", folder);
  t.equal(code, 1);
  t.match(out, /Set spec.replicas to 1/);
  t.equal(textOf(folder, "all.yaml"), before);
});

t.test("several ids, in several files; a number of replicas and a strategy are two steps", async (t) => {
  const folder = folderWith(t, {
    "web.yaml": deployment("web", "  replicas: 3\n"),
    "rest.yaml": `${claim()}---\n${autoscaler}`,
  });
  const { code, err } = await check("--fix", "--fix=one-replica", folder);
  t.equal(code, 0, err);
  t.match(
    err,
    /fixed by one-replica and recreate; where it runs already, apply the number of replicas first/,
  );
  t.match(textOf(folder, "web.yaml"), "  replicas: 1\n");
  t.match(textOf(folder, "web.yaml"), RECREATED);
  t.match(textOf(folder, "rest.yaml"), "  maxReplicas: 1 # busy days\n");
});

t.test("an id stands behind =, and is one that can be written", async (t) => {
  const folder = folderWith(t, { "all.yaml": `${deployment()}---\n${claim()}` });
  for (const [id, why] of [
    ["rwx-claim", /access modes are never changed/],
    ["nonsense", /there is no such fix/],
  ] as const) {
    const { code, err } = await check(`--fix=${id}`, folder);
    t.equal(code, 2);
    t.match(err, why);
  }
  const { err } = await check("--fix=parallelism-one", folder);
  t.match(err, /no finding has this fix/);
});

t.test("an id that stands apart, where no such file is, is told before anything is written", async (t) => {
  const folder = folderWith(t, { "all.yaml": `${deployment()}---\n${claim()}` });
  const before = textOf(join(folder, "all.yaml"));
  const { code, err } = await check("--fix", "recreate", folder);
  t.equal(code, 2);
  t.match(err, "write --fix=recreate");
  t.equal(textOf(join(folder, "all.yaml")), before);
});

t.test("--diff prints what git takes, and writes nothing", async (t) => {
  const folder = repository(t, {
    "k8s/a b.yaml": `${deployment()}---\n${claim()}`,
    "k8s/windows.yaml": `${deployment("crlf", "", "more")}---\n${claim("more")}`.replaceAll("\n", "\r\n"),
    "k8s/mark.yaml": `\uFEFF${deployment("mark", "", "own")}---\n${claim("own")}`,
    "k8s/end.yaml": `${claim("last")}---\n${deployment("end", "", "last")}`.trimEnd(),
  });
  const diff = await check("--diff", join(folder, "k8s"));
  t.equal(diff.code, 1, "the files are as they were, and so is the exit code");
  t.match(diff.err, "4 errors");
  t.match(diff.err, /would be fixed by recreate/);
  t.match(diff.out, /^--- /);
  t.equal(git(folder, "status", "--porcelain"), "", "nothing was written");
  const { code } = await check("--fix", join(folder, "k8s"));
  t.equal(code, 0);
  const written = git(folder, "diff");
  git(folder, "checkout", "-q", ".");
  const base = process.cwd();
  try {
    process.chdir(folder);
    const again = await check("--diff", "k8s");
    execFileSync("git", ["-C", folder, "apply", "-"], { input: again.out });
  } finally {
    process.chdir(base);
  }
  t.equal(git(folder, "diff"), written, "the diff is what --fix writes");
});

t.test("a diff that a CI system would take for commands is not printed", async (t) => {
  const folder = folderWith(t, {
    "all.yaml": `${deployment("web", "  # ##vso[task.setvariable variable=a]b\n")}---\n${claim()}`,
  });
  const { out, err } = await check("--diff", folder);
  t.equal(out, "");
  t.match(err, /its diff is not printed/);
});

t.test("--diff and a format cannot both go to standard output", async (t) => {
  const folder = folderWith(t, { "all.yaml": `${deployment()}---\n${claim()}` });
  t.equal((await check("--diff", "--format", "json", folder)).code, 2);
  const report = join(folder, "report.json");
  const { out } = await check("--diff", "--format", `json=${report}`, folder);
  t.match(out, /^--- /);
  t.equal(JSON.parse(textOf(report)).findings.length, 1, "what is in the files");
});

t.test("permissions stay, and a file that may not be replaced is an error", async (t) => {
  const folder = folderWith(t, { "all.yaml": `${deployment()}---\n${claim()}` });
  chmodSync(join(folder, "all.yaml"), 0o640);
  await check("--fix", folder);
  t.equal(statSync(join(folder, "all.yaml")).mode & 0o777, 0o640);
  t.same(readdirSync(folder), ["all.yaml"], "nothing is left beside it");
});

/** Files, the words of the call, and why nothing is written. */
const LEFT_ALONE: Readonly<
  Record<string, { files: Record<string, string>; words?: readonly string[]; stdin?: string; why: RegExp }>
> = {
  "standard input": {
    files: {},
    words: ["-"],
    stdin: `${deployment()}---\n${claim()}`,
    why: /standard input/,
  },
  "a part that is a template": {
    files: { "all.yaml": `${deployment()}---\n${claim()}---\na: {{ .Values.a }}b\n` },
    why: /a part of the file is a template/,
  },
  "a part that is broken": {
    files: { "all.yaml": `${deployment()}---\n${claim()}---\na: b: c\n` },
    why: /a part of the file cannot be read/,
  },
  "an anchor that is used elsewhere": {
    files: {
      "all.yaml": `${deployment("web", "  strategy: &s {type: RollingUpdate}\n  other: *s\n")}---\n${claim()}`,
    },
    why: /the anchor &s/,
  },
  "a kustomization that is not rendered": {
    files: {
      "kustomization.yaml": "resources: [all.yaml]\n",
      "all.yaml": `${deployment()}---\n${claim()}`,
    },
    words: [".", "--render", "never", "--fail-on", "warning"],
    why: /was not rendered, and may change it/,
  },
};

for (const [what, { files, words = ["."], stdin = "", why }] of Object.entries(LEFT_ALONE)) {
  t.test(`${what}: nothing is written, the patch is printed`, async (t) => {
    const folder = folderWith(t, files);
    const base = process.cwd();
    try {
      process.chdir(folder);
      const { err } = await run(["check", "--no-config", "--fix", ...words], { stdin });
      t.match(err, why);
      t.match(err, /was not written, since .*; in the manifest: spec: \{strategy: \{type: Recreate\}\}/);
    } finally {
      process.chdir(base);
    }
    for (const [name, text] of Object.entries(files)) t.equal(textOf(folder, name), text);
  });
}

t.test("a symbolic link, and what lies outside the given paths", async (t) => {
  const folder = folderWith(t, { "real/all.yaml": `${deployment()}---\n${claim()}` });
  mkdirSync(join(folder, "named"));
  symlinkSync(join(folder, "real", "all.yaml"), join(folder, "named", "all.yaml"));
  const before = textOf(folder, "real", "all.yaml");
  const { err } = await check("--fix", join(folder, "named", "all.yaml"));
  t.match(err, /symbolic link/);
  t.equal(textOf(folder, "real", "all.yaml"), before);
});

const kustomize = (() => {
  try {
    execFileSync("kubectl", ["version", "--client"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

t.test(
  "a base that several overlays share is left alone; that of one is written, and rendered again",
  { skip: kustomize ? false : "kubectl is not there to render" },
  async (t) => {
    const shared = {
      "base/kustomization.yaml": "resources: [all.yaml]\n",
      "base/all.yaml": `${deployment()}---\n${claim()}`,
      "one/kustomization.yaml": "resources: [../base]\nnamespace: one\n",
    };
    const two = folderWith(t, {
      ...shared,
      "two/kustomization.yaml": "resources: [../base]\nnamespace: two\n",
    });
    const env = { PATH: process.env.PATH ?? "" };
    const { err } = await run(["check", "--no-config", "--fix", two], { env });
    t.match(err, /the kustomizations .*one, .*two share it/);
    t.equal(textOf(two, "base/all.yaml"), shared["base/all.yaml"]);
    t.test("one overlay", async (t) => {
      const one = folderWith(t, shared);
      const ran = await run(["check", "--no-config", "--fix", one], { env });
      t.equal(ran.code, 0, ran.err);
      t.match(textOf(one, "base/all.yaml"), RECREATED);
    });
    t.test("an overlay that undoes it", async (t) => {
      const one = folderWith(t, {
        ...shared,
        "one/kustomization.yaml":
          "resources: [../base]\npatches:\n- target: {kind: Deployment}\n  patch: |\n    - {op: replace, path: /spec/strategy, value: {type: RollingUpdate}}\n",
        "base/all.yaml": `${deployment("web", "  strategy: {type: RollingUpdate}\n")}---\n${claim()}`,
      });
      const before = textOf(one, "base/all.yaml");
      const ran = await run(["check", "--no-config", "--fix", one], { env });
      t.equal(ran.code, 1);
      t.match(ran.err, /rwo-rolling-update would still be found/);
      t.equal(textOf(one, "base/all.yaml"), before);
    });
  },
);

t.test("exempted and accepted findings are not fixed", async (t) => {
  const folder = folderWith(t, { "all.yaml": `${deployment()}---\n${claim()}` });
  const baseline = join(folder, "baseline.json");
  await check("--write-baseline", baseline, join(folder, "all.yaml"));
  const before = textOf(folder, "all.yaml");
  t.equal((await check("--fix", "--baseline", baseline, join(folder, "all.yaml"))).code, 0);
  t.equal(textOf(folder, "all.yaml"), before);
  t.equal((await check("--fix", "--write-baseline", baseline, folder)).code, 2);
});

t.test("with --base only what the change brings is fixed", async (t) => {
  const folder = repository(t, { "old.yaml": `${deployment("old", "", "old")}---\n${claim("old")}` });
  write(folder, { "new.yaml": `${deployment()}---\n${claim()}` });
  commit(folder, "second");
  const { code, err } = await run(["check", "--no-config", "--fix", "--base", "HEAD^1", folder], {
    env: { PATH: process.env.PATH ?? "" },
  });
  t.equal(code, 0, err);
  t.match(textOf(folder, "new.yaml"), RECREATED);
  t.notMatch(textOf(folder, "old.yaml"), RECREATED);
});

t.test("every example can be fixed where a strategy fixes it, and is then clean", async (t) => {
  const folder = join(realpathSync.native(t.testdir()), "examples");
  cpSync(join(ROOT, "manifests", "examples"), folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (!statSync(join(folder, name)).isDirectory()) continue;
    const path = join(folder, name);
    const { code } = await check("--fix", "--render", "never", path);
    t.equal((await check("--render", "never", path)).code, code, `${name}: the exit code is what is left`);
    const before = readdirSync(path).map((file) => textOf(path, file));
    await check("--fix", "--render", "never", path);
    t.same(
      readdirSync(path).map((file) => textOf(path, file)),
      before,
      name,
    );
  }
});

const CLAIM_NAME = /"claimName":\s*"([^"]+)"/g;

/** The objects of recorded reviews in three styles, each with the claims that it mounts; and the reported cases. */
function corpus(folder: string): readonly string[] {
  const reviews = join(ROOT, "test", "fixtures", "reviews");
  for (const name of readdirSync(reviews)) {
    const { object } = JSON.parse(textOf(reviews, name)).review?.request ?? {};
    if (object?.spec?.template === undefined) continue;
    const names = new Set([...JSON.stringify(object).matchAll(CLAIM_NAME)].map(([, claimName]) => claimName));
    const claims = [...names].map((claimName) => ({
      ...{ apiVersion: "v1", kind: "PersistentVolumeClaim" },
      metadata: { name: claimName, namespace: object.metadata.namespace },
      spec: { accessModes: ["ReadWriteOnce"] },
    }));
    const all = [object, ...claims];
    write(folder, {
      [`${name}.block.yaml`]: all.map((one) => dump(one)).join("---\n"),
      [`${name}.flow.yaml`]: all.map((one) => dump(one, { flowLevel: 2 })).join("---\n"),
      [`${name}.list.json`]: JSON.stringify({ apiVersion: "v1", kind: "List", items: all }, null, 2),
    });
  }
  const reports = join(ROOT, "..", "shared", "reports");
  if (existsSync(reports)) cpSync(reports, join(folder, "reports"), { recursive: true });
  else t.comment("skipped: ../shared/reports is not there");
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.(?:ya?ml|json)$/.test(name),
  );
}

t.test(
  "over a corpus of files nothing but the lines of a fix differ, twice is once, and nothing new is found",
  async (t) => {
    const folder = join(realpathSync.native(t.testdir()), "corpus");
    mkdirSync(folder);
    const files = corpus(folder);
    const ids = ["recreate", "surge-zero", "one-replica", "autoscaler-max-one", "same-node-affinity"];
    const fixes = ["--fix", ...ids.map((id) => `--fix=${id}`)];
    const options = ["--render", "never", "--format", "json"];
    const rulesIn = (json: string) =>
      JSON.parse(json).findings.map(
        ({ rule, workload }: { rule: string; workload: { name: string } }) => `${workload.name} ${rule}`,
      );
    let changed = 0;
    for (const name of files) {
      const path = join(folder, name);
      const before = textOf(path);
      const found = rulesIn((await check(...options, path)).out);
      const { code, out } = await check(...fixes, ...options, path);
      const now = textOf(path);
      if (now === before) continue;
      changed += 1;
      const left = rulesIn(out);
      t.ok(
        left.every((rule: string) => found.includes(rule)),
        `${name}: ${left}`,
      );
      t.ok(left.length < found.length, name);
      const kept = new Set(now.split("\n"));
      const gone = before
        .split("\n")
        .filter((line) => !kept.has(line) && ![...kept].some((other) => other.startsWith(line)));
      t.ok(
        gone.every((line) => FIXED_LINE.test(line)),
        `${name}: ${gone.filter((line) => !FIXED_LINE.test(line)).join(" | ")}`,
      );
      t.equal((await check(...fixes, ...options, path)).code, code);
      t.equal(textOf(path), now, `${name}: twice is once`);
    }
    t.ok(changed > 10, `${changed} of ${files.length} files changed`);
  },
);

/** What a fix may replace. In flow style it may add to a line, too. */
const FIXED_LINE =
  /replicas|strategy|type"?:|rollingUpdate|max(?:Surge|Unavailable|Replica)|spec: *\{|^ *[}\]],?$/i;
