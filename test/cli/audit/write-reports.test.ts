import { existsSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { MISSING, recordings } from "../../diagnose/recordings.ts";
import { ApiServerDouble, type RawObject } from "../../support/api-server/api-server.ts";
import { writeKubeConfig } from "../../support/api-server/live.ts";
import { ReportServer, type StoredObject } from "../../support/api-server/report-server.ts";
import { run } from "../run.ts";

const OPEN = "openreports.io/v1alpha1";
const OLDER = "wgpolicyk8s.io/v1alpha2";
const SCHEMAS = join(import.meta.dirname, "../../../../shared/schemas");
const skip = existsSync(SCHEMAS) ? false : "SKIPPED: the definitions of the report APIs are not here";

const claim = (namespace: string, name = "data") => ({
  kind: "PersistentVolumeClaim",
  metadata: { name, namespace },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
});

const deployment = (namespace: string, name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace, uid: `uid-of-${name}`, ...metadata },
  spec: {
    ...spec,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          { name: "web", image: "example.com/web", volumeMounts: [{ name: "data", mountPath: "/data" }] },
        ],
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
      },
    },
  },
});

const RECREATE = { strategy: { type: "Recreate" } };

async function cluster(t: Test, apis: readonly string[], objects: readonly object[]) {
  const double = await ApiServerDouble.start();
  for (const object of objects) double.put(object as Record<string, unknown>);
  const reports = await ReportServer.start(double.url, apis);
  t.teardown(async () => {
    reports.stop();
    await double.stop();
  });
  const kubeconfig = join(t.testdir(), "kubeconfig");
  writeKubeConfig(kubeconfig, reports.url);
  const audit = async (...words: readonly string[]) => {
    reports.writes.length = 0;
    const ran = await run(["audit", "--write-reports", "--quiet", "--kubeconfig", kubeconfig, ...words]);
    return { ...ran, line: ran.err.split("\n").find((each) => each.startsWith("reports in")) ?? ran.err };
  };
  return { double, reports, audit };
}

const SHOP = [claim("shop"), deployment("shop", "web")];
const WEB = `${OPEN}/reports/shop/attachguard-uid-of-web`;

t.test("a report for each object with findings, in the API that is served", { skip }, async (t) => {
  for (const { apis, key, kind } of [
    { apis: [OPEN, OLDER], key: WEB, kind: "Report" },
    { apis: [OLDER], key: `${OLDER}/policyreports/shop/attachguard-uid-of-web`, kind: "PolicyReport" },
  ]) {
    const { reports, audit } = await cluster(t, apis, [
      ...SHOP,
      claim("safe"),
      deployment("safe", "calm", RECREATE),
    ]);
    const first = await audit();
    t.equal(first.code, 1, "the findings count as without reports");
    t.equal(first.line, "reports in the cluster: 1 created, 0 changed, 0 unchanged, 0 deleted");
    t.strictSame([...reports.objects.keys()], [key]);
    const report = reports.objects.get(key) as StoredObject & {
      readonly results: readonly Record<string, unknown>[];
    };
    const { name, labels, ownerReferences } = report.metadata;
    t.equal(report.kind, kind);
    const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "uid-of-web" };
    t.strictSame(
      { name, labels, ownerReferences },
      {
        name: "attachguard-uid-of-web",
        labels: { "app.kubernetes.io/managed-by": "attachguard" },
        ownerReferences: [{ ...owner, blockOwnerDeletion: false }],
      },
    );
    t.strictSame(report.scope, { ...owner, namespace: "shop" });
    t.strictSame(report.summary, { pass: 0, fail: 1, warn: 0, error: 0, skip: 0 });
    t.match(report.results[0], {
      source: "attachguard",
      policy: "attachguard",
      rule: "rwo-rolling-update",
      category: "Storage",
      result: "fail",
      severity: "high",
      scored: true,
      message: /^A rolling update waits for a volume that its own old pod holds\. Claims: data$/,
    });
    t.equal(report.source, apis.includes(OPEN) ? "attachguard" : undefined);

    const second = await audit();
    t.equal(second.line, "reports in the cluster: 0 created, 0 changed, 1 unchanged, 0 deleted");
    t.strictSame(reports.writes, [], "nothing is written twice");
  }
});

t.test("what changes is written, and keeps the time at which it was first seen", { skip }, async (t) => {
  const { double, reports, audit } = await cluster(t, [OPEN], SHOP);
  await audit();
  const before = reports.objects.get(WEB) as StoredObject & { results: { timestamp: { seconds: number } }[] };
  const aged = before.results.map((each) => ({ ...each, timestamp: { seconds: 1_000, nanos: 0 } }));
  reports.put(OPEN, "reports", { ...before, results: aged });
  t.match((await audit()).line, /1 unchanged/, "another time is no other content");

  double.put(deployment("shop", "web", { replicas: 3 }));
  t.match((await audit()).line, /0 created, 1 changed/);
  const results = reports.objects.get(WEB)?.results as {
    rule: string;
    message: string;
    timestamp: { seconds: number };
  }[];
  t.strictSame(
    results.map(({ rule, timestamp }) => [rule, timestamp.seconds === 1_000]),
    [
      ["rwo-replicas", false],
      ["rwo-rolling-update", true],
    ],
  );
  double.put(deployment("shop", "web", { replicas: 5 }));
  t.match((await audit()).line, /1 unchanged/, "more replicas are no other message");
});

t.test("exempted findings are skipped ones, with their reason", { skip }, async (t) => {
  const annotations = {
    "attachguard.dev/ignore": "rwo-rolling-update",
    "attachguard.dev/reason": "moves \u001b[31mon Monday",
  };
  const { reports, audit } = await cluster(
    t,
    [OPEN],
    [claim("shop"), deployment("shop", "web", {}, { annotations })],
  );
  t.equal((await audit()).code, 0);
  t.match(reports.objects.get(WEB), {
    summary: { fail: 0, skip: 1 },
    results: [
      {
        result: "skip",
        severity: "high",
        scored: false,
        message: /Let through: exempted by annotation: moves \\u001b\[31mon Monday$/,
      },
    ],
  });
});

t.test("findings about a claim belong to the claim", { skip }, async (t) => {
  const { reports, audit } = await cluster(
    t,
    [OPEN],
    [
      { ...claim("shop", "shared"), spec: { accessModes: ["ReadWriteMany"], storageClassName: "ebs" } },
      { kind: "StorageClass", metadata: { name: "ebs" }, provisioner: "ebs.csi.aws.com" },
    ],
  );
  await audit();
  const [report] = [...reports.objects.values()];
  t.match(report, {
    metadata: { ownerReferences: [{ kind: "PersistentVolumeClaim", name: "shared", uid: /^uid-/ }] },
    results: [{ rule: "access-mode-unsupported" }],
  });
});

t.test(
  "attachments get reports outside namespaces, which go when the attachment is in order",
  { skip: skip || MISSING },
  async (t) => {
    const recording = recordings().find(({ name }) => name.startsWith("09b-"));
    const objects = (recording?.values ?? []).flatMap(
      (value) => (value as { items: readonly RawObject[] }).items,
    );
    const { double, reports, audit } = await cluster(t, [OPEN], objects);
    const ofAttachments = () => [...reports.objects].filter(([key]) => key.includes("/clusterreports/"));
    await audit();
    t.match(ofAttachments(), [
      [
        /^openreports\.io\/v1alpha1\/clusterreports\/\/attachguard-/,
        {
          kind: "ClusterReport",
          scope: { apiVersion: "storage.k8s.io/v1", kind: "VolumeAttachment" },
          results: [
            { rule: "attachment-stale", result: "warn", severity: "medium", message: /Volume: .*Node: / },
          ],
        },
      ],
    ]);
    t.match(
      (await audit()).line,
      /0 created, 0 changed, \d+ unchanged, 0 deleted/,
      "the second run writes nothing",
    );
    double.forbidden.add("pods");
    t.match((await audit()).line, /0 deleted/, "not where a kind was not read");
    double.forbidden.clear();
    for (const { metadata } of double.objects("VolumeAttachment"))
      double.remove("VolumeAttachment", "", metadata.name);
    t.match((await audit()).line, /1 deleted/);
    t.strictSame(ofAttachments(), []);
  },
);

t.test("deleted are only our own, of objects surely without findings", { skip }, async (t) => {
  const objects = [...SHOP, claim("lab"), deployment("lab", "other")];
  const mended = async (t: Test) => {
    const it = await cluster(t, [OPEN], objects);
    await it.audit();
    it.double.put(deployment("shop", "web", RECREATE));
    return it;
  };
  await t.test("whole cluster", async (t) => {
    const { reports, audit } = await mended(t);
    const stranger = { metadata: { name: "polr-shop", namespace: "shop" }, results: [] };
    reports.put(OPEN, "reports", stranger);
    const labelled = { "app.kubernetes.io/managed-by": "attachguard" };
    reports.put(OPEN, "reports", { metadata: { ...stranger.metadata, name: "by-hand", labels: labelled } });
    t.match((await audit()).line, /1 unchanged, 1 deleted/);
    t.strictSame([...reports.objects.keys()].map((key) => key.split("/").slice(3).join("/")).sort(), [
      "lab/attachguard-uid-of-other",
      "shop/by-hand",
      "shop/polr-shop",
    ]);
  });
  await t.test("in the namespace that was audited", async (t) => {
    const { audit } = await mended(t);
    t.match((await audit("-n", "lab")).line, /1 unchanged, 0 deleted/);
    t.match((await audit("-n", "shop")).line, /0 unchanged, 1 deleted/);
  });
  await t.test("never with a selector", async (t) => {
    const { audit } = await mended(t);
    t.match((await audit("--selector", "app=none")).line, /0 unchanged, 0 deleted/);
  });
  for (const plural of ["deployments", "persistentvolumeclaims", "statefulsets"]) {
    await t.test(`never where ${plural} were not read`, async (t) => {
      const { double, audit } = await mended(t);
      double.forbidden.add(plural);
      t.match((await audit()).line, /0 deleted/);
    });
  }
  await t.test("not one that has changed meanwhile, unless it is still to go", async (t) => {
    const { reports, audit } = await mended(t);
    const web = reports.objects.get(WEB) as StoredObject;
    let times = 0;
    reports.before = ({ method }) => {
      if (method === "DELETE" && times++ === 0) reports.put(OPEN, "reports", web);
    };
    t.match((await audit()).line, /1 deleted/, "another version of ours");
    reports.put(OPEN, "reports", web);
    reports.before = ({ method }) => {
      const labels = { "app.kubernetes.io/managed-by": "somebody" };
      if (method === "DELETE")
        reports.put(OPEN, "reports", { ...web, metadata: { ...web.metadata, labels } });
    };
    t.match((await audit()).line, /0 deleted/, "no longer ours");
    t.ok(reports.objects.has(WEB));
  });
});

t.test("what somebody put under our name is replaced whole, and counted", { skip }, async (t) => {
  const labels = { "app.kubernetes.io/managed-by": "attachguard" };
  const name = { name: "attachguard-uid-of-web", namespace: "shop" };
  for (const [what, metadata] of Object.entries({
    "without a label": name,
    "with our label": { ...name, labels },
  })) {
    const { reports, audit } = await cluster(t, [OPEN], SHOP);
    reports.put(OPEN, "reports", { metadata, source: "nobody", results: [] });
    const { line } = await audit();
    t.match(line, /0 created, 1 changed, .*; 1 report under our name, written by somebody else/, what);
    t.match(reports.objects.get(WEB), { source: "attachguard", summary: { fail: 1 } }, what);
    t.match((await audit()).line, /1 unchanged, 0 deleted$/, what);
  }
  const { reports, audit } = await cluster(t, [OPEN], SHOP);
  await audit();
  const ours = reports.objects.get(WEB) as StoredObject;
  reports.put(OPEN, "reports", { ...ours, results: [], summary: { fail: 0 } });
  t.match((await audit()).line, /1 changed/, "findings taken out of our report come back");
  t.match(reports.objects.get(WEB), { summary: { fail: 1 } });
});

t.test("conflicts are retried, a few times", { skip }, async (t) => {
  const { double, reports, audit } = await cluster(t, [OPEN], SHOP);
  reports.before = ({ method }) => {
    if (method === "POST")
      reports.put(OPEN, "reports", { metadata: { name: "attachguard-uid-of-web", namespace: "shop" } });
  };
  t.match((await audit()).line, /1 changed/, "made by somebody in the same moment");
  double.put(deployment("shop", "web", { replicas: 3 }));
  let times = 0;
  reports.before = ({ method }) => {
    const stored = reports.objects.get(WEB);
    if (method === "PUT" && stored !== undefined && times++ === 0) reports.put(OPEN, "reports", stored);
  };
  t.match((await audit()).line, /1 changed/, "written by somebody in the same moment");
  t.equal(times, 2);
  double.put(deployment("shop", "web", RECREATE));
  double.put(deployment("shop", "web", { replicas: 3, strategy: { type: "Recreate" } }));
  reports.before = ({ method }) => {
    if (method === "PUT") reports.remove(WEB);
  };
  t.match((await audit()).line, /1 created/, "deleted in the same moment");
  reports.before = ({ method }) => {
    const stored = reports.objects.get(WEB);
    if (method === "PUT" && stored !== undefined) reports.put(OPEN, "reports", stored);
  };
  double.put(deployment("shop", "web"));
  const { code, err } = await audit();
  t.equal(code, 2);
  t.match(err, /error: report shop\/attachguard-uid-of-web: others changed it 5 times/);
});

t.test("--max-reports: the gravest first, what is there beyond it stays", { skip }, async (t) => {
  const { double, reports, audit } = await cluster(
    t,
    [OPEN],
    [
      claim("a"),
      deployment("a", "mild", { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } }),
      claim("b"),
      deployment("b", "grave"),
    ],
  );
  t.match(
    (await audit("--max-reports", "1")).line,
    /1 created, .*; 1 more object with findings left out by --max-reports/,
  );
  t.strictSame([...reports.objects.keys()], [`${OPEN}/reports/b/attachguard-uid-of-grave`]);
  await audit();
  t.equal(reports.objects.size, 2);
  double.put(deployment("a", "mild", { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } }));
  t.match((await audit("--max-reports", "1")).line, /1 unchanged, 0 deleted; 1 more object/);
  t.equal(reports.objects.size, 2);
});

t.test("ours in the older API go once the new one is written", { skip }, async (t) => {
  const it = await cluster(t, [OPEN, OLDER], SHOP);
  const labels = { "app.kubernetes.io/managed-by": "attachguard" };
  const old = (name: string, kind = "Deployment") => ({
    metadata: { name, namespace: "shop", labels, ownerReferences: [{ kind }] },
  });
  it.reports.put(OLDER, "policyreports", old("attachguard-uid-of-web"));
  it.reports.put(OLDER, "policyreports", old("attachguard-gone"));
  it.reports.put(OLDER, "policyreports", old("attachguard-foreign", "Certificate"));
  it.reports.put(OLDER, "policyreports", { metadata: { name: "attachguard-x", namespace: "shop" } });
  it.reports.refuse = ({ method }) => (method === "POST" ? { status: 403, message: "no" } : undefined);
  const refused = await it.audit();
  t.equal(refused.code, 2);
  t.match(refused.err, /error: report shop\/attachguard-uid-of-web: no/);
  const left = () =>
    [...it.reports.objects.keys()].filter((key) => key.startsWith(OLDER)).map((key) => key.split("/")[4]);
  t.strictSame(left(), ["attachguard-uid-of-web", "attachguard-foreign", "attachguard-x"]);
  it.reports.refuse = () => undefined;
  t.match((await it.audit()).line, /1 created, .*, 1 of the older API deleted$/);
  t.strictSame(left(), ["attachguard-foreign", "attachguard-x"]);
});

t.test("a namespace that goes meanwhile and a server that asks for patience", { skip }, async (t) => {
  const { reports, audit } = await cluster(t, [OPEN], SHOP);
  const message =
    "reports is forbidden: unable to create new content in namespace shop because it is being terminated";
  reports.refuse = () => ({ status: 403, message });
  const gone = await audit();
  t.equal(gone.code, 1);
  t.match(gone.line, /1 object skipped: deleted in the meantime/);
  let asked = 0;
  reports.refuse = () => (asked++ === 0 ? { status: 429, message: "slow down" } : undefined);
  t.match((await audit()).line, /1 created/);
});

t.test("wrong calls, and a cluster without the API", { skip }, async (t) => {
  const { reports, audit } = await cluster(t, [], SHOP);
  const none = await audit();
  t.equal(none.code, 2);
  t.match(none.err, /serves neither openreports\.io\/v1alpha1 nor wgpolicyk8s\.io\/v1alpha2.*Install/s);
  t.strictSame(reports.writes, []);
  const cases: readonly (readonly [words: readonly string[], why: RegExp])[] = [
    [["--write-reports", "--from", "-"], /--write-reports: with --from/],
    [["--write-reports", "--context", "a", "--context", "b"], /--write-reports: with several contexts/],
    [["--max-reports", "3"], /--max-reports: it needs --write-reports/],
    [["--write-reports", "--max-reports", "0"], /Give a number from 1/],
  ];
  for (const [words, why] of cases) {
    const { code, err } = await run(["audit", ...words]);
    t.equal(code, 2, words.join(" "));
    t.match(err, why);
  }
});
