import { execFileSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { appText, claimText } from "../../cluster/files/repository.ts";
import { commit, git, repository, write } from "../../support/git-repository.ts";
import { type Ran, run } from "../run.ts";

const APP = appText("web");
const OTHER_IMAGE = APP.replace("app:1", "app:2");
const RECREATE = appText("web", { spec: "strategy: { type: Recreate }" });
const FILES = { "k8s/web.yaml": APP, "k8s/pvc.yaml": claimText() };

/** A repository in which the command is run. */
function inside(t: Test, files: Readonly<Record<string, string>> = FILES): string {
  const folder = repository(t, files);
  const before = process.cwd();
  process.chdir(folder);
  t.teardown(() => process.chdir(before));
  return folder;
}

const env = { PATH: process.env.PATH ?? "", HOME: "/nonexistent" };
const checkBase = (...words: readonly string[]): Promise<Ran> =>
  run(["check", "k8s", "--base", "main", ...words], { env });

interface Told {
  readonly findings: readonly {
    readonly rule: string;
    readonly severity: string;
    readonly known: boolean;
    readonly workload: { readonly name: string; readonly namespace: string };
  }[];
  readonly workloads: readonly { readonly name: string; readonly verdict: string }[];
  readonly notes: readonly { readonly message: string }[];
  readonly errors: readonly { readonly message: string; readonly code: string }[];
}

async function told(...words: readonly string[]): Promise<Told & { code: number | null; notesText: string }> {
  const { code, out } = await checkBase("--format", "json", ...words);
  const report = JSON.parse(out) as Told;
  return { ...report, code, notesText: report.notes.map(({ message }) => message).join("\n") };
}

const rules = ({ findings }: Told): readonly string[] =>
  findings.map(({ rule, severity, known, workload }) =>
    [workload.name, rule, severity, ...(known ? ["known"] : [])].join(" "),
  );

t.test("only what the change brings is told and counts", async (t) => {
  const folder = inside(t);
  const same = await told();
  t.same([same.code, same.findings, same.workloads], [0, [], []], "what was always there is silent");
  t.equal((await run(["check", "k8s"], { env })).code, 1, "and found by a check of the files as they lie");
  write(folder, { "k8s/web.yaml": OTHER_IMAGE });
  const changed = await told();
  t.same([changed.code, rules(changed)], [1, ["web rwo-rolling-update error"]]);
  t.match(changed.workloads, [{ name: "web", verdict: "deny" }]);
  write(folder, { "k8s/web.yaml": APP.replace("name: web\n", "name: web\n  labels: { team: a }\n") });
  const label = await told("--fail-on", "warning");
  t.same([label.code, label.findings], [0, []], "with --fail-on warning too");
  t.match(label.workloads, [{ name: "web", verdict: "warn" }], "the webhook warns");
  t.same(rules(await told("--all")), ["web rwo-rolling-update warning known"]);
  write(folder, { "k8s/web.yaml": RECREATE });
  t.same((await told()).code, 0, "the way out");
});

t.test("the last line says what was not concerned", async (t) => {
  inside(t);
  t.match((await checkBase()).out, /^The change affects no workload that mounts a claim\. .*1 known before/);
});

t.test("untracked files belong to the change, ignored ones only where they are named", async (t) => {
  const folder = inside(t, { ...FILES, ".gitignore": "*.local.yaml\n" });
  write(folder, {
    "k8s/new.yaml": appText("new", { claim: "other" }),
    "k8s/mine.local.yaml": appText("mine"),
  });
  t.same(rules(await told()), ["new claim-unknown warning"]);
  const named = await run(["check", "k8s/mine.local.yaml", "--base", "main", "--format", "json"], { env });
  t.match(JSON.parse(named.out).findings, [{ workload: { name: "mine" } }]);
});

t.test("moves, splits and edits of what is beside are no changes", async (t) => {
  const folder = inside(t);
  mkdirSync(join(folder, "k8s/deep"));
  renameSync(join(folder, "k8s/web.yaml"), join(folder, "k8s/deep/app.yaml"));
  t.same((await told()).findings, [], "moved to another folder");
  const report = await told("--all");
  t.match(report.findings, [{ known: true, place: { file: "k8s/deep/app.yaml" } }], "told where it is now");
  git(folder, "checkout", "-q", "k8s");
  rmSync(join(folder, "k8s/deep"), { recursive: true });
  write(folder, { "k8s/web.yaml": claimText("more") + APP });
  const split = await told();
  t.same([split.code, split.findings], [0, []], "another object in its file");
});

t.test("another name or namespace is a new object beside the old one", async (t) => {
  const folder = inside(t);
  write(folder, { "k8s/web.yaml": appText("shop") });
  const renamed = await told();
  t.same(rules(renamed), ["shop rwo-rolling-update error", "shop rwo-shared-claim warning"]);
  t.match(renamed.notesText, /Deployment shop replaces Deployment web .* unless it is pruned/);
  write(folder, { "k8s/web.yaml": appText("web", { namespace: "blue" }) });
  const moved = await told();
  t.match(moved.notesText, /Deployment blue\/web replaces Deployment web/);
  t.equal(moved.code, 1, "judged as CREATE");
});

t.test("a neighbour that goes or changes", async (t) => {
  const folder = inside(t, { "k8s/web.yaml": APP, "k8s/pvc.yaml": claimText("data", "ReadWriteMany") });
  t.same(rules(await told()), []);
  rmSync(join(folder, "k8s/pvc.yaml"));
  t.same(rules(await told()), ["web claim-unknown warning"], "the claim is deleted");
  write(folder, { "k8s/pvc.yaml": claimText() });
  t.same(rules(await told()), ["web rwo-rolling-update error"], "the claim's mode");
});

t.test("the merge base counts, not where the branch that is named went on to", async (t) => {
  const folder = inside(t);
  git(folder, "checkout", "-qb", "change");
  write(folder, { "k8s/web.yaml": OTHER_IMAGE });
  commit(folder, "change");
  git(folder, "checkout", "-q", "main");
  write(folder, { "k8s/more.yaml": appText("more") });
  commit(folder, "main went on");
  git(folder, "checkout", "-q", "change");
  t.same(rules(await told()), ["web rwo-rolling-update error"]);
  git(folder, "merge", "-q", "main", "-m", "merge");
  for (const [base, brings] of [
    ["HEAD^2", ["web rwo-rolling-update error"]],
    [
      "HEAD^1",
      ["more rwo-rolling-update error", "more rwo-shared-claim warning", "web rwo-shared-claim warning"],
    ],
  ] as const) {
    const { out } = await run(["check", "k8s", "--base", base, "--format", "json"], { env });
    t.same(rules(JSON.parse(out)), brings, `a merge commit against ${base}`);
  }
});

t.test("configuration and baseline are those of the base", async (t) => {
  const folder = inside(t, {
    ...FILES,
    "attachguard.yaml": "check: { failOn: warning }\n",
    "strict.yaml": "severities: { rwo-rolling-update: error }\n",
    "baseline.json": '{ "schemaVersion": 1, "kind": "Baseline", "findings": [] }\n',
  });
  write(folder, { "k8s/web.yaml": OTHER_IMAGE, "attachguard.yaml": "check: { failOn: never }\n" });
  const found = await told();
  t.equal(found.code, 1, "a change cannot silence its own check");
  t.match(found.notesText, /this change edits it: the base's version counts here/);
  write(folder, { "strict.yaml": "severities: { rwo-rolling-update: off }\n" });
  const named = await told("--config", "strict.yaml");
  t.match([named.code, named.notesText], [1, /this change edits it/]);
  await run(["check", "k8s", "--write-baseline", "baseline.json"], { env });
  t.match([(await told("--baseline", "baseline.json")).code], [1], "nor accept its own findings");
  rmSync(join(folder, "attachguard.yaml"));
  t.match((await told()).notesText, /this change removes it/);
  write(folder, { "new.yaml": "severities: { rwo-rolling-update: off }\n" });
  const brought = await told("--config", "new.yaml");
  t.match([brought.code, brought.notesText], [1, /this change adds it: it does not count here/]);
});

t.test("a baseline of the base is known", async (t) => {
  const folder = inside(t, FILES);
  await run(["check", "k8s", "--write-baseline", "baseline.json"], { env });
  commit(folder, "baseline");
  write(folder, { "k8s/web.yaml": OTHER_IMAGE });
  t.equal((await told("--baseline", "baseline.json")).code, 0);
});

t.test("an exemption that the change brings counts, and is listed", async (t) => {
  const folder = inside(t);
  const ignored = `name: web\n  annotations: { attachguard.dev/ignore: "*", attachguard.dev/reason: "one day" }\n`;
  write(folder, { "k8s/web.yaml": OTHER_IMAGE.replace("name: web\n", ignored) });
  const exempted = await told();
  t.equal(exempted.code, 0);
  t.match(
    exempted.notesText,
    /this change exempts Deployment default\/web from rwo-rolling-update \(annotation: one day\)/,
  );
  t.match(exempted.findings, [{ exempted: { by: "annotation" }, known: false }]);
});

t.test("a namespace that gets another mode is told", async (t) => {
  const namespace = (mode: string): string =>
    `---\napiVersion: v1\nkind: Namespace\nmetadata: { name: default, labels: { attachguard.dev/mode: "${mode}" } }\n`;
  const folder = inside(t, { ...FILES, "k8s/ns.yaml": namespace("enforce") });
  write(folder, { "k8s/ns.yaml": namespace("off"), "k8s/web.yaml": OTHER_IMAGE });
  t.match((await told()).notesText, /this change sets the mode of namespace default to off: it was enforce/);
});

t.test("no known finding vanishes from what is compared elsewhere", async (t) => {
  const folder = inside(t, {
    ...FILES,
    "k8s/other/app.yaml": appText("other", { spec: "replicas: 3" }),
    "k8s/other/pvc.yaml": claimText(),
  });
  write(folder, { "k8s/web.yaml": OTHER_IMAGE });
  const whole = JSON.parse((await run(["check", "k8s", "--format", "gitlab"], { env })).out) as {
    fingerprint: string;
  }[];
  const gitlab = JSON.parse((await checkBase("--format", "gitlab")).out) as { fingerprint: string }[];
  const prints = (entries: readonly { fingerprint: string }[]) =>
    entries.map(({ fingerprint }) => fingerprint).sort();
  t.same(prints(gitlab), prints(whole), "all of them in GitLab's report");
  const sarif = JSON.parse((await checkBase("--format", "sarif")).out);
  const states = sarif.runs[0].results.map(
    ({ ruleId, baselineState }: Record<string, string>) => `${ruleId} ${baselineState}`,
  );
  t.same(states.sort(), ["rwo-replicas unchanged", "rwo-rolling-update new", "rwo-rolling-update unchanged"]);
  t.notMatch((await checkBase("--format", "github")).out, /other/, "and only the change on its lines");
});

t.test("what is wrong with files that the change does not touch was so before", async (t) => {
  const folder = inside(t, { ...FILES, "k8s/broken.yaml": "a: [\n" });
  const before = await told();
  t.equal(before.code, 0);
  t.match(before.notesText, /the YAML is broken.*\(already so before this change\)/);
  write(folder, { "k8s/broken.yaml": "a: [1\n" });
  t.equal((await told()).code, 2);
  write(folder, { "k8s/broken.yaml": appText("mended", { claim: "x" }) });
  const mended = await told();
  t.match(mended.notesText, /in the base, the YAML is broken.*judged as new/);
  t.same(rules(mended), ["mended claim-unknown warning"]);
});

const KUSTOMIZATION = {
  "k8s/kustomization.yaml": "resources: [web.yaml, pvc.yaml, https://example.com/base.yaml]\n",
  ...FILES,
};

t.test("what is touched and cannot be rendered ends with 2, unless it is allowed", async (t) => {
  const folder = inside(t, KUSTOMIZATION);
  t.equal((await told()).code, 0, "untouched");
  write(folder, { "k8s/web.yaml": APP.replace("name: web\n", "name: web\n  labels: { a: b }\n") });
  const refused = await told();
  t.equal(refused.code, 2);
  t.match(refused.errors, [
    { message: /the change touches this kustomization, which was not rendered .*--allow-unrendered/ },
  ]);
  for (const [words, why] of [
    [["--allow-unrendered"], "--allow-unrendered"],
    [["--render", "never"], "--render never"],
  ] as const) {
    const { code, out } = await checkBase(...words);
    t.equal(code, 0, why);
    t.match(out.trimEnd().split("\n").at(-1), `1 changed kustomization or chart not rendered (${why})`);
  }
});

t.test("git's refusals end with 2 and say what to do", async (t) => {
  const folder = inside(t);
  const nowhere = await run(["check", "k8s", "--base", "nowhere", "--format", "json"], { env });
  t.equal(nowhere.code, 2);
  t.match(JSON.parse(nowhere.out).errors, [
    { code: "AG_ERR_GIT", message: /there is no commit nowhere: .*fetch/ },
  ]);
  t.match(await run(["check", "-", "--base", "main"], { env }), {
    code: 2,
    err: /standard input has no earlier version/,
  });
  t.match(await checkBase("--write-baseline", "x"), { code: 2, err: /leave one of them out/ });
  t.match(await run(["check", "k8s", "--base", "main"], {}), {
    code: 2,
    err: /no usable git was found/,
  });
  const other = join(folder, "../outside");
  mkdirSync(other);
  writeFileSync(join(other, "a.yaml"), APP);
  git(other, "init", "-q");
  t.match(await run(["check", "k8s", other, "--base", "main"], { env }), {
    code: 2,
    err: /different repositories/,
  });
  const shallow = join(folder, "../shallow");
  commit(folder, "second");
  git(folder, "clone", "-q", "--depth", "1", `file://${folder}`, shallow);
  process.chdir(shallow);
  t.match(await run(["check", "k8s", "--base", "HEAD^1"], { env }), {
    code: 2,
    err: /this clone is shallow/,
  });
  process.chdir(folder);
  git(folder, "config", "extensions.partialClone", "origin");
  const partial = await checkBase();
  if (partial.code === 2) t.match(partial.err, /partial clone.*--refetch/);
  else t.pass("this git can be kept from fetching");
});

t.test("before the first commit there was nothing, so everything is new", async (t) => {
  const folder = join(realpathSync.native(t.testdir()), "fresh");
  mkdirSync(folder);
  git(folder, "init", "-q", "-b", "main");
  write(folder, FILES);
  const before = process.cwd();
  process.chdir(folder);
  t.teardown(() => process.chdir(before));
  for (const head of ["HEAD", "@"]) {
    const { code, out } = await run(["check", "k8s", "--base", head], { env });
    t.equal(code, 1);
    t.match(out, /rwo-rolling-update/);
  }
  write(folder, { "k8s/web.yaml": RECREATE });
  t.equal((await run(["check", "k8s", "--base", "HEAD"], { env })).code, 0);
  t.match(await run(["check", "k8s", "--base", "origin/main"], { env }), {
    code: 2,
    err: /nothing is committed here yet.*use --base HEAD/,
  });
});

t.test("what cannot be read in either tree is told once", async (t) => {
  const template = APP.replace("metadata:", "{{ if .Values.on }}\nmetadata:");
  const broken = "a: [\n";
  const folder = inside(t, { ...FILES, "k8s/tpl.yaml": template, "k8s/broken.yaml": broken });
  git(folder, "checkout", "-q", "-b", "change");
  write(folder, { "k8s/web.yaml": OTHER_IMAGE });
  const { notesText } = await told();
  t.notMatch(notesText, /in the base/);
  t.match(notesText, /1 document is a template/);
  t.match(notesText, /so before this change/);
});

t.test("a branch without a commit beside another one", async (t) => {
  const folder = inside(t);
  git(folder, "checkout", "-q", "--orphan", "new");
  t.match(await run(["check", "k8s", "--base", "main"], { env }), { code: 2, err: /use --base HEAD/ });
  t.equal((await run(["check", "k8s", "--base", "HEAD"], { env })).code, 1);
});

t.test("a shallow merge commit of two commits is enough", async (t) => {
  const folder = inside(t);
  git(folder, "checkout", "-qb", "change");
  write(folder, { "k8s/web.yaml": OTHER_IMAGE });
  commit(folder, "change");
  git(folder, "checkout", "-q", "main");
  git(folder, "merge", "-q", "--no-ff", "change", "-m", "merge");
  const shallow = join(folder, "../shallow");
  git(folder, "clone", "-q", "--depth", "2", `file://${folder}`, shallow);
  process.chdir(shallow);
  const merged = await run(["check", "k8s", "--base", "HEAD^1", "--format", "json"], { env });
  t.same(rules(JSON.parse(merged.out)), ["web rwo-rolling-update error"]);
});

t.test("a hostile repository runs nothing, and leaves nothing behind", async (t) => {
  const odd = "k8s/odd \u00fc\n'name'.yaml";
  const folder = inside(t, {
    ...FILES,
    [odd]: appText("odd", { claim: "a" }),
    ".gitattributes": "* filter=evil diff=evil\n",
  });
  symlinkSync("/etc", join(folder, "k8s/up"));
  symlinkSync("web.yaml", join(folder, "k8s/link.yaml"));
  git(folder, "update-index", "--add", "--cacheinfo", `160000,${git(folder, "rev-parse", "HEAD")},k8s/sub`);
  commit(folder, "links");
  const ran = join(folder, "ran");
  const evil = `sh -c 'touch ${ran}; cat'`;
  for (const [key, value] of [
    ["core.fsmonitor", evil],
    ["core.pager", evil],
    ["filter.evil.smudge", evil],
    ["filter.evil.clean", evil],
    ["diff.evil.textconv", evil],
    ["diff.external", evil],
    ["core.hooksPath", join(folder, "hooks")],
  ] as const) {
    git(folder, "config", key, value);
  }
  rmSync(ran, { force: true });
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith("attachguard-"));
  write(folder, { "k8s/web.yaml": OTHER_IMAGE });
  const report = await told();
  t.ok(rules(report).includes("web rwo-rolling-update error"));
  t.notOk(
    report.findings.some(({ workload }) => workload.name === "odd"),
    "an odd name is the same file",
  );
  t.notOk(existsSync(ran), "nothing was run");
  const after = readdirSync(tmpdir()).filter((name) => name.startsWith("attachguard-"));
  t.same(
    after.filter((name) => !before.includes(name)),
    [],
    "nothing is left",
  );
});

/** Since git 2.29, where it was built with it. */
function knowsSha256(folder: string): boolean {
  try {
    execFileSync("git", ["init", "-q", "-b", "main", "--object-format=sha256", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

t.test("from a folder below, with new paths, and with what is around in a cluster", async (t) => {
  const folder = inside(t, { "k8s/web.yaml": APP, "attachguard.yaml": "check: { paths: [k8s] }\n" });
  write(folder, { "k8s/web.yaml": OTHER_IMAGE, "more/new.yaml": appText("new", { claim: "x" }) });
  const json = async (...words: readonly string[]): Promise<Told> =>
    JSON.parse((await run(["check", ...words, "--base", "main", "--format", "json"], { env })).out);
  process.chdir(join(folder, "k8s"));
  t.same(
    rules(await json("../more", ".")),
    ["new claim-unknown warning"],
    "a folder that the base does not have",
  );
  t.same(rules(await json()), [], "the paths of the configuration");
  const facts = join(folder, "../facts.yaml");
  writeFileSync(facts, claimText("data", "ReadWriteOnce", "default"));
  t.same(rules(await json(".", "--cluster-facts", facts)), ["web rwo-rolling-update error"]);
});

t.test("a submodule is left out, and named", async (t) => {
  const folder = inside(t);
  const other = join(folder, "../other");
  mkdirSync(other);
  git(other, "init", "-q", "-b", "main");
  write(other, { "app.yaml": appText("theirs", { claim: "x" }) });
  commit(other, "first");
  git(folder, "submodule", "--quiet", "add", `file://${other}`, "k8s/sub");
  commit(folder, "submodule");
  write(folder, { "k8s/sub/app.yaml": appText("changed", { claim: "x" }) });
  const report = await told();
  t.same([report.code, report.findings], [0, []]);
  t.match(report.notesText, /it is another repository \(a submodule\)/);
});

t.test("an object that the repository lost ends with 2", async (t) => {
  const folder = inside(t);
  const id = git(folder, "rev-parse", "HEAD:k8s/web.yaml");
  write(folder, { "k8s/web.yaml": OTHER_IMAGE });
  rmSync(join(folder, ".git/objects", id.slice(0, 2), id.slice(2)));
  t.match(await checkBase(), { code: 2, err: /git fsck/ });
});

t.test("a repository of SHA-256 is read alike", async (t) => {
  const folder = join(t.testdir(), "repo");
  if (!knowsSha256(folder)) {
    t.pass("skipped: this git knows no SHA-256");
    return;
  }
  write(folder, FILES);
  commit(folder, "first");
  const cwd = process.cwd();
  process.chdir(folder);
  t.teardown(() => process.chdir(cwd));
  t.same((await told()).findings, []);
  write(folder, { "k8s/web.yaml": OTHER_IMAGE });
  t.equal((await told()).code, 1);
});

const asRoot = process.getuid?.() === 0;

t.test(
  "a repository of somebody else",
  { skip: asRoot ? false : "SKIPPED: only root can give a folder away" },
  async (t) => {
    const folder = inside(t);
    chownSync(folder, 12345, 12345);
    t.match(await checkBase(), { code: 2, err: /belongs to another user, .*safe\.directory/ });
  },
);
