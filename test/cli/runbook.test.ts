import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { autoscaler, claim, deployment, scaledObject, statefulSet } from "../support/objects.ts";
import { run } from "./run.ts";

type Raw = Readonly<Record<string, unknown>>;

let uids = 0;

/** As a cluster stores it. */
function stored(object: Raw): Raw {
  uids += 1;
  const metadata = { uid: `uid-${uids}`, resourceVersion: "1", ...(object.metadata as Raw) };
  return { ...object, metadata };
}

const shared: Raw = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "efs" },
  provisioner: "efs.csi.aws.com",
};

async function runbook(t: Test, words: readonly string[], ...objects: readonly Raw[]) {
  const file = join(t.testdir(), "dump.json");
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects.map(stored) }));
  const ran = await run(["runbook", ...words, "-n", "shop", "--from", file]);
  const commands = ran.out
    .split("\n")
    .filter((line) => /^ {5}\S/.test(line))
    .map((line) => line.trim());
  return { ...ran, commands };
}

const sized = (more: Raw = {}) => claim({ spec: { resources: { requests: { storage: "1Gi" } }, ...more } });

t.test("switch-strategy: the number, then the strategy, each by uid or by what it was", async (t) => {
  const { code, out, commands } = await runbook(
    t,
    ["switch-strategy", "web"],
    deployment({
      workload: { replicas: 3, strategy: { rollingUpdate: { maxSurge: 2, maxUnavailable: "10%" } } },
    }),
    autoscaler({ min: 2, max: 4 }),
    claim(),
  );
  t.equal(code, 0);
  t.match(commands, [
    /patch horizontalpodautoscaler web .*"uid":"uid-\d+".*"maxReplicas":1/,
    "kubectl -n shop scale deployment web --current-replicas=3 --replicas=1",
    /get deployment web/,
    /patch deployment web .*"uid":"uid-web".*"strategy":\{"type":"Recreate","rollingUpdate":null\}/,
    /jsonpath/,
    /custom-columns=NAME/,
    /rollout restart deployment\/web/,
    /rollout status deployment\/web/,
  ]);
  t.match(
    out,
    /To go back: .*scale deployment web --current-replicas=1 --replicas=3; .*"minReplicas":2,"maxReplicas":4/,
  );
  t.match(out, /To go back: .*"rollingUpdate":\{"maxSurge":2,"maxUnavailable":"10%"\}/);
  t.notMatch(
    commands.join("\n"),
    /Recreate.*replicas":|replicas":.*Recreate/,
    "never both in one change (S50)",
  );
});

t.test("one pod and no autoscaler: only the strategy", async (t) => {
  const { commands } = await runbook(t, ["switch-strategy", "web"], deployment(), claim());
  t.match(commands[0], /patch deployment web/);
});

const REFUSALS: readonly (readonly [
  what: string,
  words: readonly string[],
  why: RegExp,
  ...objects: Raw[],
])[] = [
  ["a StatefulSet", ["switch-strategy", "web"], /nothing to switch/, statefulSet()],
  [
    "a strategy that is set already",
    ["switch-strategy", "web"],
    /already has strategy Recreate/,
    deployment({ workload: { strategy: { type: "Recreate" } } }),
  ],
  [
    "KEDA",
    ["switch-strategy", "web"],
    /KEDA scales it/,
    deployment(),
    scaledObject({ spec: { maxReplicaCount: 3 } }),
  ],
  [
    "a paused Deployment",
    ["switch-strategy", "web"],
    /resume it first/,
    deployment({ workload: { paused: true } }),
  ],
  ["no class", ["share-storage", "data"], /No StorageClass that can do/, sized()],
  [
    "several classes",
    ["share-storage", "data"],
    /Several StorageClasses can do ReadWriteMany \(efs, other\)/,
    sized(),
    shared,
    { ...shared, metadata: { name: "other" } },
  ],
  ["a raw device", ["share-storage", "data"], /raw device/, sized({ volumeMode: "Block" }), shared],
  ["data at stake", ["recreate-claim", "data"], /There are no commands here/, sized(), shared],
  [
    "several users",
    ["recreate-claim", "data"],
    /2 workloads use it/,
    sized(),
    deployment(),
    deployment({ name: "api" }),
  ],
];

for (const [what, words, why, ...objects] of REFUSALS) {
  t.test(`${words[0]} would have to guess: ${what}`, async (t) => {
    const { code, out, commands } = await runbook(t, words, ...objects);
    t.equal(code, 1);
    t.match(out.replaceAll(/\s+/g, " "), why);
    t.same(commands, [], "the page without commands");
    t.match(out, /^1\. /m);
  });
}

t.test("share-storage makes a new claim under a new name, and touches no data", async (t) => {
  const { code, commands } = await runbook(t, ["share-storage", "data"], sized(), deployment(), shared);
  t.equal(code, 0);
  t.match(
    commands[1],
    /"name":"data-rwx".*"ReadWriteMany".*"storageClassName":"efs".*1073741824.*--dry-run=server/,
  );
  t.notMatch(commands.join("\n"), /delete|scale|replace|apply/);
});

t.test("a name that a shell would read otherwise gets no command", async (t) => {
  const { out, commands } = await runbook(
    t,
    ["switch-strategy", "a;b"],
    deployment({ name: "a;b" }),
    claim(),
  );
  t.match(out, /Kubernetes would refuse/);
  t.same(commands, []);
});

t.test("without a uid there is nothing to name an object by", async (t) => {
  const file = join(t.testdir(), "web.json");
  const { uid: _, ...metadata } = deployment().metadata as { readonly uid: string };
  writeFileSync(file, JSON.stringify({ ...deployment(), metadata }));
  const { code, out } = await run(["runbook", "switch-strategy", "web", "-n", "shop", "--from", file]);
  t.equal(code, 1);
  t.match(out.replaceAll(/\s+/g, " "), /Its uid, or an autoscaler's, is not in these files/);
});

t.test("what is not there, and what is no runbook", async (t) => {
  const none = await runbook(t, ["switch-strategy", "other"], deployment());
  t.equal(none.code, 2);
  t.match(none.err, /there is no Deployment shop\/other in these files/);
  t.equal((await runbook(t, ["rebuild", "web"], deployment())).code, 2);
});
