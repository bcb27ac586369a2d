/**
 * One verdict, whichever way the objects come in: `check` of the files, `audit --from` the files, and the server
 * with the files as its cluster, which is sent every object's creation over TLS.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import t, { type Test } from "tap";
import { parseAllDocuments } from "yaml";
import { buildServer } from "../../src/admission/server.ts";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { FileCluster } from "../../src/cluster/file-cluster.ts";
import { decode } from "../../src/cluster/files/decode.ts";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import { apiVersionOf, type KINDS } from "../../src/kube/kinds.ts";
import { createMetrics } from "../../src/metrics.ts";
import { RULES } from "../../src/policy/rules/index.ts";
import { MemorySource } from "../../src/tls/certificate-source.ts";
import { issueCa, issueServing } from "../../src/tls/issue.ts";
import { servingCertificate } from "../../src/tls/pair.ts";
import { run } from "../cli/run.ts";
import { creationOf, type Manifest, post, type Response, verdictIn } from "../demo/review.ts";
import { EXAMPLES_FOLDER, readExamples } from "../examples/outcomes.ts";
import { TRICKY_BUNDLES } from "./bundles.ts";

interface Ref {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

interface Report {
  readonly findings: readonly { readonly rule: string; readonly severity: string; readonly workload: Ref }[];
  readonly workloads: readonly (Ref & { readonly verdict: string })[];
}

interface Scaling {
  readonly spec?: { readonly scaleTargetRef: { readonly kind: string; readonly name: string } };
}

const LEFT_OUT = new Set(["message", "commands", "cluster", "scope", "time", "read", "attachments"]);

const nameOf = ({ kind, namespace, name }: Ref): string => `${kind} ${namespace}/${name}`;

/** Workloads that admission judges. */
const REVIEWED = new Set(["Deployment", "StatefulSet"]);

/**
 * A report without what depends on whether the objects are in a cluster already (commands against YAML to edit), and
 * without what only an audit says of itself.
 */
async function reportOf(words: readonly string[]): Promise<Report> {
  const { out } = await run([...words, "--format", "json"]);
  return JSON.parse(out, (key, value) => (LEFT_OUT.has(key) ? undefined : value)) as Report;
}

interface Served {
  use(folder: string): Promise<void>;
  create(object: Manifest): Promise<Response>;
}

/** One server for all bundles; `use` gives it another cluster. */
async function serve(t: Test): Promise<Served> {
  let cluster: Cluster = new FileCluster([]);
  const ca = await issueCa({ name: "test CA", days: 1, now: Date.now() });
  const serving = await issueServing({ ca, hosts: ["127.0.0.1"], days: 1, now: Date.now() });
  const server = await buildServer({
    cluster: {
      get view() {
        return cluster.view;
      },
      prepare: (wanted, signal) => cluster.prepare(wanted, signal),
      status: () => cluster.status(),
      start: () => cluster.start(),
      close: () => cluster.close(),
    },
    config: () => DEFAULT_CONFIG,
    certificates: new MemorySource(await servingCertificate(serving)),
    verifyWaiver: async () => ({ state: "refused", reason: "this test has no keys" }),
    metrics: createMetrics({ process: false }),
    logger: pino({ level: "silent" }),
  });
  t.teardown(() => server.close());
  const { port } = await server.listen({ host: "127.0.0.1", port: 0, metricsPort: 0 });
  return {
    use: async (folder) => {
      cluster = new FileCluster([folder]);
      await cluster.start();
    },
    create: (object) => {
      const uid = randomUUID();
      return post(`https://127.0.0.1:${port}`, ca.certificate, uid, creationOf(object, uid));
    },
  };
}

/** The objects in the files below a folder, as `kubectl apply` would send them. */
function objectsBelow(folder: string): readonly Manifest[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(yaml|json)$/.test(file))
    .sort()
    .flatMap((file) => objectsIn(readFileSync(join(folder, file))));
}

function objectsIn(bytes: Uint8Array): readonly Manifest[] {
  const decoded = decode(bytes);
  if (!("text" in decoded)) throw new Error(decoded.problem);
  return parseAllDocuments(decoded.text.replace(/^\uFEFF/, ""), { merge: true, uniqueKeys: false })
    .filter(({ errors }) => errors.length === 0)
    .map((document) => document.toJS() as Manifest & { readonly items?: readonly Manifest[] })
    .flatMap((object) => object.items ?? [object]);
}

/** As the API server hands it over: in a namespace, in the version of today. */
function admitted(object: Manifest): Manifest & { readonly metadata: Ref } {
  const { kind, metadata } = object;
  const namespace = metadata.namespace ?? "default";
  return {
    ...object,
    apiVersion: apiVersionOf(kind as keyof typeof KINDS),
    metadata: { ...metadata, namespace },
  } as Manifest & { readonly metadata: Ref };
}

function rulesIn({ auditAnnotations }: Response): readonly string[] {
  return (auditAnnotations?.rule ?? "").split(",").filter((rule) => rule !== "");
}

/** @param serverSays the one exception: what a request would bring about later is a warning for what merely stands */
async function compare(t: Test, served: Served, folder: string, serverSays?: "deny"): Promise<void> {
  const report = await reportOf(["check", folder]);
  t.same(await reportOf(["audit", "--from", folder]), report, "audit says what check says");
  await served.use(folder);
  const rulesOf = (ref: Ref) =>
    report.findings.filter(({ workload }) => nameOf(workload) === nameOf(ref)).map(({ rule }) => rule);
  const told = new Set<string>();
  for (const object of objectsBelow(folder).map(admitted)) {
    const ref = { ...object.metadata, kind: object.kind };
    // Of objects with one name the first counts.
    if (told.has(nameOf(ref))) continue;
    told.add(nameOf(ref));
    if (REVIEWED.has(object.kind)) {
      const response = await served.create(object);
      const row = report.workloads.find((each) => nameOf(each) === nameOf(ref));
      t.equal(verdictIn(response), serverSays ?? row?.verdict ?? "allow", `the verdict on ${nameOf(ref)}`);
      t.same(rulesIn(response).toSorted(), rulesOf(ref).toSorted(), `the rules that ${nameOf(ref)} breaks`);
    } else if (object.kind === "PersistentVolumeClaim") {
      const rules = rulesIn(await served.create(object)).filter((rule) => rule === "access-mode-unsupported");
      t.same(rules, rulesOf(ref), `the rules that ${nameOf(ref)} breaks`);
    } else if (object.kind === "HorizontalPodAutoscaler") {
      const { kind = "", name = "" } = (object as Scaling).spec?.scaleTargetRef ?? {};
      const expected = rulesOf({ kind, namespace: ref.namespace, name }).includes("rwo-autoscaling");
      const rules = rulesIn(await served.create(object));
      t.equal(rules.includes("rwo-autoscaling"), expected, `what ${nameOf(ref)} brings about`);
    }
  }
}

t.test("check, audit and the server give one verdict on every rule's examples", async (t) => {
  const served = await serve(t);
  for (const { id, examples } of RULES) {
    for (const [outcome, text] of Object.entries(examples)) {
      await t.test(`${id}, ${outcome}`, async (t) => {
        await compare(t, served, t.testdir({ "example.yaml": text }));
      });
    }
  }
});

t.test("check, audit and the server give one verdict on every example", async (t) => {
  const served = await serve(t);
  for (const { id, folder } of readExamples()) {
    await t.test(id, (t) => compare(t, served, folder));
  }
  await t.test("all together", (t) => compare(t, served, EXAMPLES_FOLDER));
});

t.test("check, audit and the server give one verdict on bundles that are easily misread", async (t) => {
  const served = await serve(t);
  for (const { why, files, serverSays } of TRICKY_BUNDLES) {
    await t.test(why, (t) => compare(t, served, t.testdir({ ...files }), serverSays));
  }
});
