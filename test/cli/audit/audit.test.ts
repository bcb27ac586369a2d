import { join } from "node:path";
import t from "tap";
import { run } from "../run.ts";

const claim = (namespace: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", namespace },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
});

const deployment = (namespace: string, strategy: object) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace },
  spec: {
    strategy,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        containers: [
          { name: "web", image: "example.com/web", volumeMounts: [{ name: "data", mountPath: "/data" }] },
        ],
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
      },
    },
  },
});

/** As `kubectl get deploy,pvc -A -o json` prints it. */
const dump = JSON.stringify({
  apiVersion: "v1",
  kind: "List",
  items: [
    deployment("shop", {}),
    deployment("blog", { type: "Recreate" }),
    deployment("lab", {}),
    claim("shop"),
    claim("blog"),
    claim("lab"),
  ],
});

const audit = async (...words: readonly string[]) => {
  const { code, out } = await run(["audit", "--format", "json", ...words], { stdin: dump });
  return { code, report: JSON.parse(out) };
};

const verdicts = (report: { workloads: { namespace: string; verdict: string }[] }) =>
  report.workloads.map(({ namespace, verdict }) => `${namespace} ${verdict}`);

t.test("judges a dump of a whole cluster", async (t) => {
  const { code, report } = await audit("--from", "-");
  t.equal(code, 1);
  t.same(verdicts(report), ["blog allow", "lab deny", "shop deny"]);
  t.same(report.summary, { workloads: 3, errors: 2, warnings: 0, exempted: 0, known: 0 });
});

t.test("-n judges one namespace and leaves the others out of the report", async (t) => {
  const cases = [
    { namespace: "shop", code: 1, verdicts: ["shop deny"] },
    { namespace: "blog", code: 0, verdicts: ["blog allow"] },
    { namespace: "none", code: 0, verdicts: [] },
  ];
  for (const { namespace, code, verdicts: expected } of cases) {
    const result = await audit("-n", namespace, "--from", "-");
    t.equal(result.code, code, namespace);
    t.same(verdicts(result.report), expected, namespace);
  }
});

t.test("the namespace of an object that says none is default", async (t) => {
  const folder = t.testdir({ "all.json": dump.replaceAll(',"namespace":"shop"', "") });
  const { report } = await audit("-n", "default", "--from", folder);
  t.same(verdicts(report), ["default deny"]);
});

t.test("says the same as check of the same files", async (t) => {
  const folder = t.testdir({ "all.json": dump });
  const file = join(folder, "all.json");
  const audited = await run(["audit", "--from", file]);
  const checked = await run(["check", file]);
  t.match(audited.out, "ERROR  Deployment lab/web");
  t.match(audited.out, /on the live object: kubectl patch deployment web -n lab /);
  t.match(checked.out, /in the manifest: spec: /, "what is not stored is edited");
  const found = async (words: readonly string[]) =>
    JSON.parse((await run([...words, "--format=json"])).out, (key, value) =>
      key === "message" || key === "commands" ? undefined : value,
    ).findings;
  t.same(await found(["check", file]), await found(["audit", "--from", file]));
  const said = audited.err.replace(/^note: only what would get stuck .*: the dump has no pods\n/, "");
  const ofFiles = checked.err.replace(/^note: 2 findings rest on a class not among the files .*\n/, "");
  t.same([checked.code, ofFiles], [audited.code, said]);
});

t.test("without --from and without a cluster it says how to choose one, and exits with 2", async (t) => {
  const home = t.testdir();
  const { code, out, err } = await run(["audit"], { env: { HOME: home } });
  t.equal(code, 2);
  t.equal(out, "");
  t.match(err, /^error: .*kubeconfig/i);
});
