import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import t from "tap";
import { run } from "../run.ts";

const schema = JSON.parse(readFileSync(new URL("../../../docs/report.schema.json", import.meta.url), "utf8"));
const validate = new Ajv({ allowUnionTypes: true }).compile(schema);

const claim = (mode: string) => `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec:
  accessModes: [${mode}]
  resources: {requests: {storage: 1Gi}}
`;

const deployment = (spec = "", metadata = "") => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop${metadata}}
spec:
  ${spec}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: example.com/web, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`;

const RWO = claim("ReadWriteOnce");
const GP3 = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: gp3, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: ebs.csi.aws.com
`;
const RECREATE = "strategy: {type: Recreate}";
const namespace = (mode: string) =>
  `apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {attachguard.dev/mode: "${mode}"}}\n`;

const bundle = (...documents: readonly string[]) => documents.join("---\n");

const check = async (stdin: string, ...options: readonly string[]) => {
  const { code, out, err } = await run(["check", "-", "--format", "json", ...options], { stdin });
  t.ok(validate(JSON.parse(out)), JSON.stringify(validate.errors));
  return { code, err, report: JSON.parse(out) };
};

t.test("the exit code is that of the contract", async (t) => {
  const ignored =
    ", annotations: {attachguard.dev/ignore: rwo-rolling-update, attachguard.dev/reason: one node}";
  const hazard = bundle(deployment(), RWO);
  const warning = bundle(deployment("strategy: {rollingUpdate: {maxUnavailable: 100%}}"), RWO);
  const broken = `${hazard}---\na: b: c\n`;
  const cases: readonly { why: string; input: string; failOn?: string; code: number }[] = [
    { why: "an error", input: hazard, code: 1 },
    { why: "safe", input: bundle(deployment(RECREATE), RWO), code: 0 },
    { why: "a warning is below error", input: warning, code: 0 },
    { why: "a warning counts where asked for", input: warning, failOn: "warning", code: 1 },
    { why: "nothing fails with never", input: hazard, failOn: "never", code: 0 },
    {
      why: "an exempted finding fails nothing",
      input: bundle(deployment("", ignored), RWO),
      failOn: "warning",
      code: 0,
    },
    { why: "unreadable input wins over a finding", input: broken, code: 2 },
    { why: "unreadable input with never", input: broken, failOn: "never", code: 2 },
    {
      why: "a duplicate key is only noted",
      input: bundle(deployment(`${RECREATE}\n  paused: false\n  paused: true`), RWO),
      code: 0,
    },
    { why: "nothing to judge", input: RWO, code: 0 },
  ];
  for (const { why, input, failOn = "error", code } of cases) {
    t.equal((await check(input, "--fail-on", failOn)).code, code, why);
  }
});

t.test("lists every workload that mounts a claim, the allowed ones too, and no other", async (t) => {
  const other = deployment("replicas: 2")
    .replace("name: web,", "name: api,")
    .replace("claimName: data", "claimName: shared");
  const stateless =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: front, namespace: shop}\nspec: {template: {spec: {containers: [{name: f, image: f}]}}}\n";
  const shared = claim("ReadWriteMany").replace("name: data", "name: shared");
  const { report } = await check(bundle(stateless, other, shared, deployment(), RWO));
  t.same(report.workloads, [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      namespace: "shop",
      name: "api",
      source: { file: "-", line: 6, column: 1 },
      verdict: "allow",
      state: "healthy",
      factors: { moment: "steady", reach: "many", overlap: "always", spread: "free" },
      plan: null,
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      namespace: "shop",
      name: "web",
      source: { file: "-", line: 25, column: 1 },
      verdict: "deny",
      state: "latent",
      factors: { moment: "rollout", reach: "node", overlap: "stuck", spread: "free" },
      plan: { fixes: ["recreate"], steps: [{ targets: report.findings[0].fixes[0].targets, commands: [] }] },
    },
  ]);
  t.same(report.summary, { workloads: 2, errors: 1, warnings: 0, exempted: 0, known: 0 });
  t.same(
    report.findings.map(({ rule, source }: { rule: string; source: unknown }) => ({ rule, source })),
    [{ rule: "rwo-rolling-update", source: { file: "-", line: report.findings[0].source.line, column: 1 } }],
  );
});

t.test("notes a mode label that says no mode", async (t) => {
  const cases: readonly { why: string; label: string; says: string | undefined }[] = [
    { why: "a mode", label: '"warn"', says: undefined },
    {
      why: "a typing error",
      label: '"wran"',
      says: '"wran" is none of enforce, warn, audit, off; enforce applies',
    },
    { why: "off without quotes is the boolean false", label: "off", says: 'write "off" with quotes' },
  ];
  for (const { why, label, says } of cases) {
    const labelled = namespace("").replace('""', label);
    const { code, report } = await check(bundle(labelled, deployment(), RWO));
    t.equal(code, 1, `${why}: the note is not fatal`);
    t.equal(report.notes.length, says === undefined ? 0 : 1, why);
    if (says !== undefined)
      t.ok(report.notes[0].message.includes(says), `${why}: ${report.notes[0].message}`);
  }
});

t.test("honours the mode of a namespace that is among the files", async (t) => {
  const cases: readonly { mode: string; verdict: string; findings: number; code: number }[] = [
    { mode: "enforce", verdict: "deny", findings: 1, code: 1 },
    { mode: "warn", verdict: "warn", findings: 1, code: 1 },
    { mode: "audit", verdict: "allow", findings: 1, code: 1 },
    { mode: "off", verdict: "allow", findings: 0, code: 0 },
    { mode: "nonsense", verdict: "deny", findings: 1, code: 1 },
  ];
  for (const { mode, verdict, findings, code } of cases) {
    const { code: actual, report } = await check(bundle(namespace(mode), deployment(), RWO));
    t.equal(report.workloads[0].verdict, verdict, mode);
    t.equal(report.findings.length, findings, mode);
    t.equal(actual, code, mode);
  }
});

t.test("reports an object without a namespace as default", async (t) => {
  const bare = (text: string) => text.replace(", namespace: shop", "");
  const { report } = await check(bundle(bare(deployment()), bare(RWO)));
  t.equal(report.workloads[0].namespace, "default");
  t.equal(report.findings[0].workload.namespace, "default");
});

t.test("judges claims by themselves", async (t) => {
  const block = `${RWO.replace("ReadWriteOnce", "ReadWriteMany")}  storageClassName: gp3\n`;
  const storageClass =
    "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: gp3}\nprovisioner: ebs.csi.aws.com\n";
  const { code, report } = await check(bundle(block, storageClass));
  t.equal(code, 1);
  t.same(
    report.findings.map(({ rule, workload }: { rule: string; workload: unknown }) => ({ rule, workload })),
    [
      {
        rule: "access-mode-unsupported",
        workload: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: "shop", name: "data" },
      },
    ],
  );
  t.same(report.workloads, []);
});

t.test("names file, line and column of what it cannot read, judges the rest and exits with 2", async (t) => {
  const folder = t.testdir({
    "a.yaml": "apiVersion: v1\nkind: Deployment: x\n",
    "b.yaml": bundle(deployment(), RWO),
  });
  const { code, out, err } = await run(["check", folder]);
  t.equal(code, 2);
  t.match(err, new RegExp(`^${join(folder, "a.yaml")}:2:17: error: `));
  t.match(out, "ERROR  Deployment shop/web  [rwo-rolling-update]");
  t.match(out, "Not everything was judged: 1 problem with the input.");
});

t.test("a note does not stand among the errors of the text, nor does it fail", async (t) => {
  const twice = bundle(deployment(RECREATE), RWO, RWO);
  const { code, out, err } = await run(["check", "-"], { stdin: twice });
  t.equal(code, 0);
  t.match(err, "note: PersistentVolumeClaim shop/data is already defined");
  t.match(out, "0 errors, 0 warnings.\n");
  t.equal((await check(twice)).report.notes.length, 1, "json has it too");
});

t.test(
  "a format may go to a file, without colours; people get the text on standard output then",
  async (t) => {
    const folder = t.testdir();
    const file = join(folder, "report.txt");
    const stdin = bundle(deployment(), RWO, GP3);
    const { code, out, err } = await run(["check", "-", "--format", `text=${file}`], { stdin, tty: true });
    t.same({ code, err }, { code: 1, err: "" });
    t.match(out, "\u001b[31mERROR");
    const written = readFileSync(file, "utf8");
    t.equal(written, (await run(["check", "-"], { stdin })).out);
    t.notOk(written.includes("\u001b"));
  },
);

t.test(
  "findings about a class that nobody describes: a line for people says how to settle them",
  async (t) => {
    const stdin = bundle(deployment("replicas: 2"), RWO);
    const { out, err } = await run(["check", "-"], { stdin });
    t.match(
      err,
      /^note: 2 findings rest on a class not among the files \(the default class\), .* --cluster-facts DUMP .* --nodes 1 /,
    );
    t.notMatch(out, "--cluster-facts", "it is no part of the report");
    t.match(
      (
        await run(["check", "-"], {
          stdin: stdin.replace("resources", "storageClassName: longhorn\n  resources"),
        })
      ).err,
      "(longhorn)",
    );
    for (const [why, options, input] of [
      ["the class is there", [], bundle(stdin, GP3)],
      ["everything is there", ["--closed"], stdin],
      ["no finding", ["--nodes", "1"], stdin],
      ["only the errors", ["--quiet"], stdin],
    ] as const) {
      const { err } = await run(["check", "-", ...options], { stdin: input });
      t.notMatch(err, "rest on", why);
    }
  },
);

t.test("with the report in a file, what is wrong with the input is still told to people", async (t) => {
  for (const format of ["text", "json"]) {
    const file = join(t.testdir(), `report.${format}`);
    const { code, err } = await run(["check", "-", "--format", `${format}=${file}`], {
      stdin: `${RWO}---\na: b: c\n`,
    });
    t.equal(code, 2, format);
    t.match(err, /^-:8:5: error: the YAML is broken/, format);
  }
});

t.test("a report that cannot be written is told, with exit 2", async (t) => {
  const folder = t.testdir();
  const cases: readonly { why: string; file: string; says: string }[] = [
    {
      why: "no such folder",
      file: join(folder, "no/such/folder/report.txt"),
      says: "there is no such folder: create it, or name another file",
    },
    { why: "a folder", file: folder, says: "it is a folder: name a file in it" },
  ];
  for (const { why, file, says } of cases) {
    const { code, err } = await run(["check", "-", `--format=json=${file}`], { stdin: RWO });
    t.equal(code, 2, why);
    t.ok(err.includes(`${file}: it cannot be written`), why);
    t.ok(err.includes(says), `${why}: ${err}`);
  }
});

t.test("colours on a terminal only, and NO_COLOR wins", async (t) => {
  const stdin = bundle(deployment(), RWO);
  const cases: readonly { why: string; tty: boolean; env?: Record<string, string>; colour: boolean }[] = [
    { why: "a terminal", tty: true, colour: true },
    { why: "a pipe", tty: false, colour: false },
    { why: "NO_COLOR", tty: true, env: { NO_COLOR: "1" }, colour: false },
    { why: "an empty NO_COLOR says nothing", tty: true, env: { NO_COLOR: "" }, colour: true },
    { why: "a terminal without any", tty: true, env: { TERM: "dumb" }, colour: false },
  ];
  for (const { why, tty, env = {}, colour } of cases) {
    const { out } = await run(["check", "-"], { stdin, tty, env });
    t.equal(out.includes("\u001b["), colour, why);
  }
});

t.test("the report does not depend on the order of the files", async (t) => {
  const folder = t.testdir({
    "1.yaml": deployment(),
    "2.yaml": RWO,
    "3.yaml": deployment().replace("name: web,", "name: api,"),
  });
  const paths = ["1.yaml", "2.yaml", "3.yaml"].map((file) => join(folder, file));
  const forwards = await run(["check", "--format", "json", ...paths]);
  const backwards = await run(["check", "--format", "json", ...paths.toReversed()]);
  t.equal(backwards.out, forwards.out);
});

t.test("the configuration's severities, drivers and exemptions hold", async (t) => {
  const folder = t.testdir();
  const file = join(folder, "config.yaml");
  const head = "apiVersion: attachguard.dev/v1\nkind: Configuration\n";
  const stdin = bundle(deployment(), RWO);
  const cases: readonly { why: string; config: string; code: number; exempted: number }[] = [
    {
      why: "a rule switched off",
      config: "severities: {rwo-rolling-update: off}\n",
      code: 0,
      exempted: 0,
    },
    {
      why: "an exempt namespace",
      config: "namespaces: {exempt: [{name: shop, reason: moving}]}\n",
      code: 0,
      exempted: 1,
    },
    {
      why: "an excluded namespace",
      config: "namespaces: {excluded: [shop]}\n",
      code: 0,
      exempted: 0,
    },
    {
      why: "another default mode changes no finding",
      config: "mode: warn\n",
      code: 1,
      exempted: 0,
    },
  ];
  for (const { why, config, code, exempted } of cases) {
    writeFileSync(file, head + config);
    const result = await check(stdin, "--config", file);
    t.equal(result.code, code, why);
    t.equal(result.report.summary.exempted, exempted, why);
  }
  writeFileSync(file, `${head}mood: warn\n`);
  const wrong = await run(["check", "-", "--format", "json", "--config", file], { stdin });
  t.equal(wrong.code, 2);
  t.match(JSON.parse(wrong.out).errors[0].message, "mood");
});

t.test("a waiver that is not signed by a known key lifts nothing and says why", async (t) => {
  const { code, report } = await check(
    bundle(deployment("", ", annotations: {attachguard.dev/waiver: x.y.z}"), RWO),
  );
  t.equal(code, 1);
  t.match(report.findings[0].message, "the waiver is refused");
});
