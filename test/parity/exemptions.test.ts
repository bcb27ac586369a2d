/** What is let through is let through the same way in a file, in an audit and at creation. */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { parseConfig } from "../../src/config/parse.ts";
import { waiverCheck } from "../../src/judge/context.ts";
import { IGNORE_ANNOTATION, REASON_ANNOTATION, WAIVER_ANNOTATION } from "../../src/policy/exemptions.ts";
import { generateWaiverKeys, parseSigningKey } from "../../src/waiver/keys.ts";
import { signWaiver } from "../../src/waiver/sign.ts";
import { MemoryCluster } from "../admission/support/memory-cluster.ts";
import { responseOf, startServer, verdictSeen } from "../admission/support/server.ts";
import { run } from "../cli/run.ts";
import { creationOf, type Manifest } from "../demo/review.ts";

const pair = generateWaiverKeys("storage", "EdDSA");
const ISSUER = "storage@example.com";
const HOUR = 3_600_000;

const waiverFor = (kind: string, name: string, rules: readonly string[]) =>
  signWaiver(
    {
      object: { kind, namespace: "shop", name },
      rules,
      issuer: ISSUER,
      reason: "moves in March",
      expires: Date.now() + HOUR,
      notBefore: undefined,
    },
    parseSigningKey(pair.privatePem, pair.id),
    Date.now(),
  );

const KEYS = { keys: [{ id: pair.id, issuer: ISSUER, algorithm: "EdDSA", publicKey: pair.publicPem }] };

const deployment = (annotations: object, onTemplate: object = {}): Manifest =>
  ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop", annotations },
    spec: {
      template: {
        metadata: { labels: { app: "web" }, annotations: onTemplate },
        spec: {
          containers: [{ name: "web", image: "x", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
          volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
        },
      },
    },
  }) as unknown as Manifest;

const claim = (annotations: object, mode = "ReadWriteOnce"): Manifest =>
  ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", namespace: "shop", annotations },
    spec: { accessModes: [mode], storageClassName: "gp3", resources: { requests: { storage: "1Gi" } } },
  }) as unknown as Manifest;

const CLASS: Manifest = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "gp3" },
  provisioner: "ebs.csi.aws.com",
} as Manifest;

interface Row {
  readonly why: string;
  readonly subject: Manifest;
  readonly others: readonly Manifest[];
  readonly config?: object;
  /** `deny`, `warn` or `allow`. */
  readonly verdict: string;
  readonly by: string | null;
}

const ignored = { [IGNORE_ANNOTATION]: "rwo-rolling-update", [REASON_ANNOTATION]: "one node" };
const ROWS: readonly Row[] = [
  { why: "nothing", subject: deployment({}), others: [claim({}), CLASS], verdict: "deny", by: null },
  {
    why: "annotation",
    subject: deployment(ignored),
    others: [claim({}), CLASS],
    verdict: "warn",
    by: "annotation",
  },
  {
    why: "annotation on the template",
    subject: deployment({}, ignored),
    others: [claim({}), CLASS],
    verdict: "warn",
    by: "annotation",
  },
  {
    why: "annotations refused",
    subject: deployment(ignored),
    others: [claim({}), CLASS],
    config: { ignoreAnnotation: "refuse" },
    verdict: "deny",
    by: null,
  },
  {
    why: "waiver on a workload",
    subject: deployment({
      [WAIVER_ANNOTATION]: await waiverFor("Deployment", "web", ["rwo-rolling-update"]),
    }),
    others: [claim({}), CLASS],
    verdict: "warn",
    by: "waiver",
  },
  {
    why: "waiver of another object",
    subject: deployment({
      [WAIVER_ANNOTATION]: await waiverFor("Deployment", "api", ["rwo-rolling-update"]),
    }),
    others: [claim({}), CLASS],
    verdict: "deny",
    by: null,
  },
  {
    why: "a claim that its driver refuses",
    subject: claim({}, "ReadWriteMany"),
    others: [CLASS],
    verdict: "deny",
    by: null,
  },
  {
    why: "waiver on a claim",
    subject: claim(
      { [WAIVER_ANNOTATION]: await waiverFor("PersistentVolumeClaim", "data", ["*"]) },
      "ReadWriteMany",
    ),
    others: [CLASS],
    verdict: "warn",
    by: "waiver",
  },
  {
    why: "annotation on a claim",
    subject: claim(
      { [IGNORE_ANNOTATION]: "access-mode-unsupported", [REASON_ANNOTATION]: "a driver of our own" },
      "ReadWriteMany",
    ),
    others: [CLASS],
    verdict: "warn",
    by: "annotation",
  },
  {
    why: "namespace",
    subject: deployment({}),
    others: [claim({}), CLASS],
    config: { namespaces: { exempt: [{ name: "shop", reason: "legacy" }] } },
    verdict: "warn",
    by: "namespace",
  },
  {
    why: "mode warn",
    subject: deployment({}),
    others: [claim({}), CLASS],
    config: { mode: "warn" },
    verdict: "warn",
    by: null,
  },
  {
    why: "mode audit",
    subject: deployment({}),
    others: [claim({}), CLASS],
    config: { mode: "audit" },
    verdict: "allow",
    by: null,
  },
];

/** The one finding about the subject, as a report has it, and the verdict where the subject is a workload. */
async function reported(words: readonly string[], { kind }: Manifest) {
  const { findings, workloads } = JSON.parse((await run([...words, "--format=json"])).out);
  const own = findings.filter(({ workload }: { workload: { kind: string } }) => workload.kind === kind);
  return { by: own[0]?.exempted?.by ?? null, severity: own[0]?.severity, verdict: workloads[0]?.verdict };
}

async function compare(t: Test, { subject, others, config = {}, verdict, by }: Row): Promise<void> {
  const folder = t.testdir();
  const text = JSON.stringify({ ...config, waivers: KEYS });
  writeFileSync(join(folder, "config.yaml"), text);
  const file = join(folder, "all.json");
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: [subject, ...others] }));
  const settings = ["--config", join(folder, "config.yaml")];
  const checked = await reported(["check", file, ...settings], subject);
  t.same(
    await reported(["audit", "--from", file, ...settings], subject),
    checked,
    "audit says what check says",
  );
  t.equal(checked.by, by, "exempted by");
  if (subject.kind === "Deployment") t.equal(checked.verdict, verdict);
  else t.equal(checked.severity, verdict === "deny" ? "error" : "warning");
  const parsed = parseConfig(text, "config.yaml");
  const server = await startServer(t, {
    cluster: new MemoryCluster(others),
    config: { ...parsed, limits: { ...parsed.limits } },
    verifyWaiver: waiverCheck(() => parsed),
    now: Date.now,
  });
  const review = creationOf(subject, randomUUID());
  const answer = responseOf(t, await server.post(review), review);
  t.equal(verdictSeen(answer), verdict, "at creation");
  t.equal(
    /exempted by (\w+)/.exec(String(answer.warnings ?? ""))?.[1] ?? null,
    by,
    "who let it through, at creation",
  );
}

for (const row of ROWS) t.test(row.why, (t) => compare(t, row));
