import t, { type Test } from "tap";
import { run } from "../cli/run.ts";
import { autoscaler, claim, deployment } from "../support/objects.ts";
import { findBinaries } from "./binaries.ts";
import { Cluster } from "./cluster.ts";

// What a runbook prints does what it says on a real API server, step by step, and back again.

t.setTimeout(300_000);
const binaries = await findBinaries();
const skip = "skipped" in binaries ? binaries.skipped : false;

let cluster: Cluster;

t.before(async () => {
  if ("skipped" in binaries) return;
  cluster = await Cluster.start(binaries);
  await cluster.must(["create", "namespace", "shop"]);
  await cluster.mustApply(
    [
      deployment({
        workload: {
          selector: { matchLabels: { app: "web" } },
          replicas: 3,
          strategy: { rollingUpdate: { maxSurge: 2, maxUnavailable: "10%" } },
        },
      }),
      autoscaler({ min: 2, max: 4 }),
      claim({ spec: { resources: { requests: { storage: "1Gi" } }, storageClassName: "efs" } }),
      {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: "efs" },
        provisioner: "efs.csi.aws.com",
      },
    ].map(withoutUid),
  );
});

t.after(async () => {
  await cluster?.stop();
});

/** The API server gives uids of its own. */
function withoutUid(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { uid: _, resourceVersion: __, ...metadata } = object.metadata as Record<string, unknown>;
  return { ...object, metadata };
}

interface PrintedStep {
  readonly commands: readonly string[];
  readonly back: readonly string[];
}

/** The steps as they were printed: lines with commands, and the way back. */
async function printed(t: Test, ...words: readonly string[]): Promise<readonly PrintedStep[]> {
  const { code, out, err } = await run([
    "runbook",
    ...words,
    "-n",
    "shop",
    "--kubeconfig",
    cluster.kubeconfig,
  ]);
  t.equal(code, 0, err);
  return out
    .split(/^\d+\. /m)
    .slice(1)
    .map((step) => ({
      commands: [...step.matchAll(/^ {5}(\S.*)$/gm)].map(([, command = ""]) => command),
      back: (/^ {3}To go back: (kubectl .*)$/m.exec(step)?.[1] ?? "")
        .split("; ")
        .filter((word) => word !== ""),
    }));
}

async function types(t: Test, commands: readonly string[]): Promise<readonly string[]> {
  const told: string[] = [];
  for (const command of commands) {
    const { code, stdout, stderr } = await cluster.typed(command);
    t.equal(code, 0, `${command}: ${stderr}`);
    told.push(stdout);
  }
  return told;
}

const read = (resource: string, path: string) =>
  cluster.must(["-n", "shop", "get", resource, "-o", `jsonpath=${path}`]);

t.test("switch-strategy: the numbers, the strategy, and both back", { skip }, async (t) => {
  const [numbers, strategy, trial] = await printed(t, "switch-strategy", "web");
  await types(t, numbers?.commands ?? []);
  t.equal(await read("deployment/web", "{.spec.replicas}"), "1");
  t.equal(await read("hpa/web", "{.spec.minReplicas} {.spec.maxReplicas}"), "1 1");
  const told = await types(t, strategy?.commands ?? []);
  t.equal(told.at(-1), '{"type":"Recreate"}', "it worked, as the step says it");
  // No controller makes a rollout of it here, so that nothing ends the last command.
  await types(
    t,
    (trial?.commands ?? []).filter((command) => !command.includes("rollout status")),
  );
  t.match(await read("deployment/web", "{.spec.template.metadata.annotations}"), /restartedAt/);

  await types(t, strategy?.back ?? []);
  t.same(JSON.parse(await read("deployment/web", "{.spec.strategy}")), {
    type: "RollingUpdate",
    rollingUpdate: { maxSurge: 2, maxUnavailable: "10%" },
  });
  await types(t, numbers?.back ?? []);
  t.equal(await read("deployment/web", "{.spec.replicas}"), "3");
  t.equal(await read("hpa/web", "{.spec.minReplicas} {.spec.maxReplicas}"), "2 4");

  await cluster.must(["-n", "shop", "delete", "deployment", "web"]);
  await cluster.mustApply([
    withoutUid(deployment({ workload: { selector: { matchLabels: { app: "web" } }, replicas: 5 } })),
  ]);
  for (const command of [...(numbers?.commands ?? []), ...(strategy?.commands ?? [])]) {
    if (!/(patch|scale) deployment/.test(command)) continue;
    t.not((await cluster.typed(command)).code, 0, `another Deployment under that name is spared: ${command}`);
  }
  t.equal(await read("deployment/web", "{.spec.replicas} {.spec.strategy.type}"), "5 RollingUpdate");
});

t.test("share-storage: a claim under a new name, and never a second one", { skip }, async (t) => {
  const [choose, make] = await printed(t, "share-storage", "data");
  await types(t, choose?.commands ?? []);
  await types(t, make?.commands ?? []);
  t.equal(
    await read(
      "pvc/data-rwx",
      "{.spec.accessModes[*]} {.spec.storageClassName} {.spec.resources.requests.storage}",
    ),
    "ReadWriteMany efs 1073741824",
  );
  const create = (make?.commands ?? []).find((command) => / create -f -$/.test(command));
  t.match(await cluster.typed(create ?? "false"), { code: 1, stderr: /already exists/ });
  t.equal(await read("pvc/data", "{.spec.accessModes[*]}"), "ReadWriteOnce", "the old one is as it was");
});

t.end();
