import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Ajv } from "ajv";
import t from "tap";
import { run } from "../run.ts";

interface Event {
  readonly id: string;
  readonly at?: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly stage?: string;
  readonly uri?: string;
  readonly resource?: string;
  readonly name?: string;
  readonly user?: string;
}

/** A line as the API server writes it at level Metadata. */
const event = ({ id, annotations, at = "2026-11-10T09:00:00.123456Z", ...rest }: Event) =>
  JSON.stringify({
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: id,
    stage: rest.stage ?? "ResponseComplete",
    requestURI: rest.uri ?? "/apis/apps/v1/namespaces/shop/deployments",
    verb: "create",
    user: { username: rest.user ?? "jane" },
    objectRef: {
      resource: rest.resource ?? "deployments",
      namespace: "shop",
      name: rest.name ?? "web",
      apiGroup: "apps",
      apiVersion: "v1",
    },
    requestReceivedTimestamp: at,
    stageTimestamp: at,
    annotations: { "authorization.k8s.io/decision": "allow", ...annotations },
  });

const ours = (words: Readonly<Record<string, string>>, entry = "volumes") =>
  Object.fromEntries(Object.entries(words).map(([key, value]) => [`${entry}.attachguard.dev/${key}`, value]));

const STOPPED = ours({
  verdict: "allow",
  mode: "audit",
  rule: "rwo-rolling-update,rwo-shared-claim",
  denies: "rwo-rolling-update",
  enforced: "deny",
});
const CLEAN = ours({ verdict: "allow", mode: "audit" });

const SCHEMA = new Ajv({ strict: false, validateFormats: false }).compile(
  JSON.parse(readFileSync(join(import.meta.dirname, "../../../docs/report.schema.json"), "utf8")),
);

const audit = async (text: string, ...words: readonly string[]) => {
  const ran = await run(["audit", "--from-log", "-", "--format", "json", ...words], { stdin: text });
  const report = ran.out === "" ? undefined : JSON.parse(ran.out);
  if (report !== undefined && !SCHEMA(report)) throw new Error(JSON.stringify(SCHEMA.errors));
  return { ...ran, log: report?.fromLog };
};

const rows = (log: {
  keys: { rule: string; kind: string; name: string; count: number; possibly: number }[];
}) => log.keys.map(({ rule, kind, name, count, possibly }) => `${rule} ${kind}/${name} ${count} ${possibly}`);

t.test("an audit log: who would have been stopped, by which rule, how often, since when", async (t) => {
  const { code, log } = await audit(
    [
      event({ id: "1", annotations: STOPPED, at: "2026-11-12T09:00:00Z" }),
      event({ id: "1", annotations: STOPPED, at: "2026-11-12T09:00:00Z" }),
      event({ id: "2", annotations: STOPPED, at: "2026-11-01T09:00:00Z", stage: "RequestReceived" }),
      event({ id: "3", annotations: STOPPED, at: "2026-11-02T09:00:00Z" }),
      event({ id: "4", annotations: STOPPED, uri: "/apis/apps/v1/namespaces/shop/deployments?dryRun=All" }),
      event({ id: "5", annotations: CLEAN, name: "calm" }),
      event({ id: "6", annotations: {}, name: "not-ours" }),
      event({
        id: "7",
        annotations: ours(
          { verdict: "allow", rule: "rwo-autoscaling", denies: "rwo-autoscaling" },
          "autoscalers",
        ),
        resource: "horizontalpodautoscalers",
      }),
      event({ id: "8", annotations: ours({ verdict: "unjudged", unjudged: "late" }) }),
      "I1110 09:00:00 a line of another program",
      event({ id: "9", annotations: STOPPED }).slice(0, 300),
    ].join("\n"),
  );
  t.equal(code, 1);
  t.match(log, { source: "audit-log", requests: 4, dryRuns: 1, ignoredLines: 2, beyond: 0 });
  t.strictSame(rows(log), [
    "rwo-rolling-update Deployment/web 2 0",
    "rwo-autoscaling HorizontalPodAutoscaler/web 1 0",
  ]);
  t.match(log.keys[0], { first: "2026-11-02T09:00:00.000Z", last: "2026-11-12T09:00:00.000Z", now: null });
  t.notOk("users" in log.keys[0]);
});

t.test("without `denies` each rule that may deny counts as possibly", async (t) => {
  const cases: readonly (readonly [words: Readonly<Record<string, string>>, rows: readonly string[]])[] = [
    [{ verdict: "deny", mode: "enforce", rule: "rwo-replicas" }, ["rwo-replicas Deployment/web 1 1"]],
    [
      { verdict: "allow", mode: "audit", rule: "rwo-replicas", enforced: "deny" },
      ["rwo-replicas Deployment/web 1 1"],
    ],
    [{ verdict: "allow", mode: "audit", rule: "rwo-replicas", enforced: "warn" }, []],
    [{ verdict: "warn", mode: "enforce", rule: "rwo-replicas" }, []],
    [
      {
        verdict: "allow",
        mode: "audit",
        rule: "rwo-replicas,rwop-overlap",
        exempted: "rwo-replicas exempted by waiver: x",
      },
      ["rwop-overlap Deployment/web 1 1"],
    ],
    [{ verdict: "allow", mode: "audit", rule: "Not A Rule,../x", enforced: "deny" }, []],
  ];
  for (const [words, expected] of cases) {
    const { code, log } = await audit(event({ id: "1", annotations: ours(words) }));
    t.strictSame(rows(log), expected, JSON.stringify(words));
    t.equal(code, 0, "what is only possible fails nothing by default");
    const strictly = await audit(event({ id: "1", annotations: ours(words) }), "--fail-on", "warning");
    t.equal(strictly.code, expected.length > 0 ? 1 : 0);
  }
});

/** A line of serve's log. */
const decision = (uid: string, members: object = {}) =>
  JSON.stringify({
    level: 30,
    time: "2026-11-10T09:00:00.000Z",
    uid,
    resource: "deployments",
    operation: "UPDATE",
    namespace: "shop",
    name: "web",
    user: "jane",
    dryRun: false,
    verdict: "allow",
    enforced: "deny",
    denies: ["rwo-rolling-update"],
    judged: true,
    mode: "audit",
    rules: ["rwo-rolling-update", "rwo-shared-claim"],
    findings: [
      { rule: "rwo-rolling-update", severity: "error", workload: "Deployment/web" },
      { rule: "rwo-shared-claim", severity: "error", workload: "Deployment/web" },
    ],
    exempted: ["rwo-shared-claim exempted by waiver until 2027-01-01: moves"],
    ...members,
    msg: "decision",
  });

t.test("a log of serve, as a container runtime keeps it", async (t) => {
  const { code, log } = await audit(
    [
      '{"level":30,"time":"2026-11-10T08:00:00.000Z","msg":"listening"}',
      `2026-11-10T09:00:00.1Z stdout F ${decision("1")}`,
      `[pod/attachguard-1/attachguard] ${decision("1")}`,
      decision("2", {
        user: "john",
        time: Date.parse("2026-11-11T09:00:00Z"),
        resource: "deployments/scale",
      }),
      decision("3", { denies: undefined, enforced: undefined }),
      decision("4", { dryRun: true }),
      decision("5", { judged: false, denies: [] }),
      decision("6", { time: 1e300 }),
      "#\n# Fatal error in , line 0\n#",
    ].join("\r\n"),
    "--users",
  );
  t.equal(code, 1);
  t.match(log, { source: "decision-log", requests: 3, dryRuns: 1, ignoredLines: 3 });
  t.strictSame(rows(log), ["rwo-rolling-update Deployment/web 3 0"], "older lines by their findings");
  t.strictSame(log.keys[0].users, ["jane", "john"]);
});

t.test("rotated, packed, cut and in any order", async (t) => {
  const lines = Array.from({ length: 100_000 }, (_, at) => {
    const time = new Date(Date.parse("2026-11-01T00:00:00Z") + at * 10_000).toISOString();
    return event({
      id: String(at),
      at: time,
      annotations: at % 10 === 0 ? STOPPED : CLEAN,
      name: `web-${at % 500}`,
    });
  });
  const text = (from: number, to: number) => `${lines.slice(from, to).join("\n")}\n`;
  const folder = t.testdir();
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const packed = gzipSync(text(0, 30_000));
  const files = [
    file("audit.log", text(60_000, 100_000).slice(0, -100)),
    file("audit-2.log.gz", Buffer.concat([packed, gzipSync(text(30_000, 40_000))])),
    file("audit-1.log", text(35_000, 60_000)),
    file("empty.log", ""),
  ];
  const ran = await run(["audit", "--format", "json", "--from-log", ...files]);
  const { fromLog } = JSON.parse(ran.out);
  t.match(fromLog, {
    requests: 99_999,
    ignoredLines: 1,
    first: "2026-11-01T00:00:00.000Z",
    last: "2026-11-12T13:46:20.000Z",
  });
  t.equal(fromLog.keys.length, 50);
  t.equal(
    fromLog.keys.reduce((sum: number, { count }: { count: number }) => sum + count, 0),
    10_000,
  );
  const cut = file("cut.log.gz", packed.subarray(0, packed.length / 2));
  const half = await run(["audit", "--format", "json", "--from-log", cut]);
  t.ok(
    JSON.parse(half.out).fromLog.requests > 10_000,
    "a packed file that breaks off is read as far as it goes",
  );
});

t.test("keys beyond 50,000 are counted, not kept", async (t) => {
  const many = Array.from({ length: 50_002 }, (_, at) =>
    event({ id: String(at), annotations: STOPPED, name: `web-${at}` }),
  );
  const { log } = await audit(many.join("\n"));
  t.strictSame([log.keys.length, log.beyond, log.requests], [50_000, 2, 50_002]);
});

t.test("whether it is still so, by a dump", async (t) => {
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", namespace: "shop" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  };
  const workload = (name: string, strategy: object) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "shop" },
    spec: {
      strategy,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [{ name: "web", image: "web", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
          volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
        },
      },
    },
  });
  const autoscaler = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "web", namespace: "shop" },
    spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, maxReplicas: 3 },
  };
  const items = [claim, workload("web", {}), workload("mended", { type: "Recreate" }), autoscaler];
  const folder = t.testdir({
    "dump.json": JSON.stringify({ apiVersion: "v1", kind: "List", items }),
    "mended.log": event({ id: "2", annotations: STOPPED, name: "mended" }),
    "possibly.log": event({ id: "1", annotations: ours({ verdict: "allow", rule: "rwo-rolling-update" }) }),
    "audit.log": [
      event({ id: "1", annotations: STOPPED }),
      event({ id: "2", annotations: STOPPED, name: "mended" }),
      event({ id: "3", annotations: STOPPED, name: "gone" }),
      event({
        id: "4",
        annotations: ours({ verdict: "allow", denies: "rwo-autoscaling" }, "autoscalers"),
        resource: "horizontalpodautoscalers",
      }),
    ].join("\n"),
  });
  const words = ["--from-log", join(folder, "audit.log"), "--from", join(folder, "dump.json")];
  const open = JSON.parse((await run(["audit", ...words, "--open", "--format", "json"])).out);
  const closed = JSON.parse((await run(["audit", ...words, "--closed", "--format", "json"])).out);
  const now = (report: typeof open) =>
    Object.fromEntries(
      report.fromLog.keys.map((key: { kind: string; name: string; now: string }) => [
        `${key.kind}/${key.name}`,
        key.now,
      ]),
    );
  t.strictSame(now(closed), {
    "HorizontalPodAutoscaler/web": "yes",
    "Deployment/web": "yes",
    "Deployment/gone": "no",
    "Deployment/mended": "no",
  });
  t.match(now(open), { "Deployment/gone": "unknown" }, "what is not in the files may exist");
  t.ok(closed.findings.length > 0, "the audit stands beside it");

  const dump = ["--from", join(folder, "dump.json"), "--closed"];
  const code = async (log: string, ...more: readonly string[]) =>
    (await run(["audit", "--from-log", join(folder, log), ...dump, ...more])).code;
  t.equal((await run(["audit", ...dump])).code, 1, "the cluster has findings");
  t.equal(await code("mended.log"), 0, "but nothing in the log was about them");
  t.equal(await code("mended.log", "--fail-on", "warning"), 0);
  t.equal(await code("audit.log"), 1);
  t.equal(await code("audit.log", "--fail-on", "never"), 0);
  t.equal(await code("possibly.log"), 0, "only possibly denied");
  t.equal(await code("possibly.log", "--fail-on", "warning"), 1);
  const { out } = await run(["audit", ...words, "--closed"]);
  t.match(
    out,
    /^Can I switch to enforce\? 4 requests judged, 2026-11-10 to 2026-11-10\n4 denials, for 4 objects, 2 of them not known to be fixed\./,
  );
  t.match(out, / {2}Deployment shop\/web \[rwo-rolling-update\]: 1 time, 2026-11-10, still holds\n/);
  t.match(out, /\nAudit of /);
});

t.test("text: nothing to stop, and text of others that stays text", async (t) => {
  const calm = await run(["audit", "--from-log", "-"], { stdin: event({ id: "1", annotations: CLEAN }) });
  t.equal(calm.code, 0);
  t.match(calm.out, "Nothing would have been denied.");
  t.match(calm.out, "mode enforce would have stopped nobody");
  const odd = event({ id: "1", annotations: STOPPED, name: "a\u001b[31m", user: "##[error]x" });
  const { out } = await run(["audit", "--from-log", "-", "--users"], { stdin: odd });
  t.match(out, "shop/a\\u001b[31m");
  t.notMatch(out, "##[error]");
  t.match(out, "To see whether that still holds, run it again with --context or --from.");
});

t.test("-n keeps to one namespace", async (t) => {
  const both = [
    event({ id: "1", annotations: STOPPED }),
    event({ id: "2", annotations: STOPPED }).replaceAll('"shop"', '"lab"'),
  ];
  const { log } = await audit(both.join("\n"), "-n", "lab");
  t.match(log, { requests: 1, keys: [{ namespace: "lab" }] });
});

t.test("what is no such log, is of two kinds, or is not there", async (t) => {
  const folder = t.testdir({
    "audit.log": event({ id: "1", annotations: STOPPED }),
    "serve.log": decision("1"),
  });
  const file = (name: string) => join(folder, name);
  const cases: readonly (readonly [files: readonly string[], stdin: string, why: RegExp])[] = [
    [["-"], "hello\nworld\n", /-: none of its first 2 lines is from an audit log/],
    [["-"], `${"x\n".repeat(5_000)}${decision("1")}`, /none of its first 1000 lines/],
    [["-"], "", /there is nothing in the files/],
    [
      [file("audit.log"), file("serve.log")],
      "",
      /serve\.log is a log of attachguard serve and .*audit\.log is an audit log/,
    ],
    [[file("none.log")], "", /none\.log: /],
  ];
  for (const [files, stdin, why] of cases) {
    const { code, err } = await run(["audit", "--from-log", ...files], { stdin });
    t.equal(code, 2, String(why));
    t.match(err, why);
  }
});

t.test("wrong calls", async (t) => {
  const wrong = async (...words: readonly string[]) => {
    const { code, err } = await run(["audit", ...words], { stdin: decision("1") });
    t.equal(code, 2, words.join(" "));
    return err;
  };
  t.match(await wrong("--users"), "--users: it needs --from-log");
  for (const words of [["--write-reports"], ["--events"], ["--since", "x.json"], ["--selector", "app=web"]]) {
    t.match(await wrong("--from-log", "-", ...words), new RegExp(`${words[0]}: with --from-log`));
  }
  t.match(await wrong("--from-log", "-", "--context", "a", "--context", "b"), /give the one cluster/);
});
