import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { run } from "../run.ts";

const HAZARD = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: example.com/web, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {accessModes: [ReadWriteOnce]}
`;

/** A repository with one hazard in `k8s/`; the test runs in the folder `below` it. */
function repository(t: Test, files: Readonly<Record<string, string>>, below = "."): string {
  const folder = t.testdir({ ".git": {}, k8s: { "web.yaml": HAZARD }, deep: { er: {} } });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const before = process.cwd();
  process.chdir(join(folder, below));
  t.teardown(() => process.chdir(before));
  return folder;
}

t.test("attachguard.yaml is found at or above the working folder, and is named", async (t) => {
  repository(t, { "attachguard.yaml": "check: {paths: [k8s], failOn: never}\n" }, "deep/er");
  const { code, out, err } = await run(["check"]);
  t.equal(code, 0, "its failOn holds");
  t.match(out, "ERROR  Deployment shop/web", "its paths were checked");
  t.match(err, "../../attachguard.yaml:1:1: note: this configuration is used");
  t.equal((await run(["check", "--fail-on", "error"])).code, 1, "the command line wins");
  t.match((await run(["check", "--no-config"])).err, "missing required argument 'PATH'");
});

t.test("in a folder that is checked it is no manifest, and nothing is said of that", async (t) => {
  repository(t, { "attachguard.yaml": "check: {failOn: never}\n", "other.yaml": "a: 1\n" });
  const { err } = await run(["check", "."]);
  t.match(err, "other.yaml:1:1: note: it holds no Kubernetes object");
  t.notMatch(err, /attachguard\.yaml:1:1: note: it (?:holds|and)/);
});

t.test("no higher than the repository's root", async (t) => {
  const outer = t.testdir({
    "attachguard.yaml": "check: {failOn: never}\n",
    repo: { ".git": {}, "web.yaml": HAZARD },
  });
  const before = process.cwd();
  process.chdir(join(outer, "repo"));
  t.teardown(() => process.chdir(before));
  t.equal((await run(["check", "."])).code, 1);
});

t.test("a found file may not let a finding pass; a named one may", async (t) => {
  repository(t, { "attachguard.yaml": "severities: {rwo-rolling-update: off}\n" });
  const found = await run(["check", "k8s"]);
  t.equal(found.code, 2);
  t.match(
    found.err,
    /attachguard\.yaml:1:1: severities is not allowed in a file that is found automatically/,
  );
  t.equal((await run(["check", "k8s", "--config", "attachguard.yaml"])).code, 0, "a named one may");
  for (const [text, says] of [
    ["check: {render: always}\n", "check.render may be auto or never here"],
    ["check: {paths: [../..]}\n", "is outside the file"],
    ["check: {paths: [/etc]}\n", "is outside the file"],
    ["mode: audit\n", "mode is not allowed"],
  ] as const) {
    writeFileSync("attachguard.yaml", text);
    t.match((await run(["check", "k8s"])).err, says);
  }
});

t.test("what the baseline holds is known, and an entry that is gone is named", async (t) => {
  repository(t, {});
  const written = await run(["check", "k8s", "--write-baseline", "baseline.json"]);
  t.match(written.err, /baseline\.json: \d+ findings? accepted; from now on check with --baseline/);
  t.equal(written.code, 0);
  const again = await run(["check", "k8s", "--baseline", "baseline.json"]);
  t.equal(again.code, 0);
  t.match(again.out, "0 errors, 0 warnings, 1 known before.");
  t.notMatch(again.out, "Deployment shop/web");
  const { findings, summary } = JSON.parse(
    (await run(["check", "k8s", "--baseline", "baseline.json", "--format", "json"])).out,
  );
  t.same([findings, summary.known], [[], 1]);
  writeFileSync("k8s/web.yaml", HAZARD.replace("spec:\n", "spec:\n  strategy: {type: Recreate}\n"));
  t.match((await run(["check", "k8s", "--baseline", "baseline.json"])).err, "is no longer found: remove it");
  writeFileSync("k8s/web.yaml", HAZARD);
  t.equal((await run(["check", "k8s", "--baseline", "baseline.json", "--fail-on", "warning"])).code, 0);
  writeFileSync("baseline.json", "{}");
  t.equal((await run(["check", "k8s", "--baseline", "baseline.json"])).code, 2);
  t.equal((await run(["check", "k8s", "--baseline", "nowhere.json"])).code, 2);
});

t.test("paths are relative to the repository in the formats that a pipeline reads", async (t) => {
  repository(t, {}, "k8s");
  const { out } = await run(["check", "web.yaml", "--format", "gitlab"]);
  t.equal(JSON.parse(out)[0].location.path, "k8s/web.yaml");
  const json = JSON.parse((await run(["check", "web.yaml", "--format", "json"])).out);
  t.equal(json.findings[0].source.file, "web.yaml", "and to the working folder in json");
});

t.test("several formats at once: at most one to standard output, a job summary for GitHub", async (t) => {
  repository(t, {});
  const { code, out, err } = await run(
    ["check", "k8s", "--format", "sarif=out.sarif", "--format", "junit=out.xml", "--format", "github"],
    { env: { GITHUB_STEP_SUMMARY: "summary.md" } },
  );
  t.equal(code, 1);
  t.match(out, /^::error file=k8s\/web\.yaml,/);
  t.match(err, "ERROR  Deployment shop/web", "the text goes to standard error then");
  t.match(readFileSync("out.xml", "utf8"), "<failure ");
  t.equal(JSON.parse(readFileSync("out.sarif", "utf8")).runs[0].results.length, 1);
  t.match(readFileSync("summary.md", "utf8"), /^<!-- attachguard -->/);
  const two = await run(["check", "k8s", "--format", "sarif", "--format", "json"]);
  t.equal(two.code, 2);
  t.match(two.err, "sarif and json cannot both go to standard output");
});

t.test(
  "what attachguard.yaml says of reading holds where the command line does not say otherwise",
  async (t) => {
    repository(t, { "k8s/skipped/web.yaml": HAZARD.replaceAll("shop", "other") });
    const verdicts = async (...words: readonly string[]) => {
      const { workloads } = JSON.parse((await run(["check", "k8s", "--format=json", ...words])).out);
      return workloads.map(
        ({ namespace, verdict }: { namespace: string; verdict: string }) => `${namespace} ${verdict}`,
      );
    };
    t.same(await verdicts(), ["other deny", "shop deny"]);
    writeFileSync("attachguard.yaml", 'check: {exclude: ["**/skipped/**"], nodes: 1}\n');
    t.same(await verdicts(), ["shop allow"], "one node, and a folder left out");
    t.same(await verdicts("--nodes", "3"), ["shop deny"], "the command line wins");
  },
);
