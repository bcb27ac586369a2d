import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { DiagnosisDocument, Step } from "../../src/diagnose/diagnosis.ts";
import { run } from "../cli/run.ts";
import { MISSING, recordings } from "../diagnose/recordings.ts";
import { findBinaries } from "./binaries.ts";
import { Cluster, type Outcome } from "./cluster.ts";
import { path, type Recorded, remake } from "./recorded.ts";

// What diagnose prints does what it says on a real API server, and spares what has taken an old name.

t.setTimeout(300_000);
const binaries = await findBinaries();
const skip = "skipped" in binaries ? binaries.skipped : MISSING;

let cluster: Cluster;

/** Nothing younger is called left over. */
const YOUNGEST = 61_000;

function objectsOf(start: string): readonly Recorded[] {
  const found = recordings().find(({ name }) => name.startsWith(`${start}-`));
  if (found === undefined) throw new Error(`no recording begins with ${start}`);
  return found.values.flatMap((value) => (value as { items: readonly Recorded[] }).items);
}

t.before(async () => {
  if ("skipped" in binaries || skip !== false) return;
  cluster = await Cluster.start(binaries);
  const made = new Set<string>();
  for (const start of ["09b", "06b", "54", "65", "17a"]) {
    // Classes, drivers and some nodes stand in several recordings.
    const objects = objectsOf(start).filter(({ kind, metadata }) => {
      const key = `${kind} ${metadata.namespace}/${metadata.name}`;
      const isNew = !made.has(key);
      made.add(key);
      return isNew;
    });
    const names = new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []));
    for (const name of names) await cluster.kubectl(["create", "namespace", name]);
    await remake(cluster, objects);
  }
});

t.after(async () => {
  await cluster?.stop();
});

async function diagnosed(...words: readonly string[]): Promise<DiagnosisDocument> {
  const result = await run(["diagnose", ...words, "--kubeconfig", cluster.kubeconfig, "--format", "json"]);
  return JSON.parse(result.out) as DiagnosisDocument;
}

function step(document: DiagnosisDocument, id: Step["id"]): Step {
  const steps = document.diagnoses.flatMap((diagnosis) => diagnosis.steps);
  const found = steps.find((candidate) => candidate.id === id);
  if (found === undefined)
    throw new Error(
      `no step ${id} among ${steps.map((each) => each.id).join()}: ${JSON.stringify(document.diagnoses[0]?.cause)}`,
    );
  return found;
}

async function typed(command: string | undefined): Promise<Outcome> {
  if (command === undefined) throw new Error("there is no command");
  return cluster.typed(command);
}

function works(t: Test, { code, stderr }: Outcome, what: string): void {
  t.equal(code, 0, `${what}: ${stderr}`);
}

async function uidOf(object: Recorded): Promise<string> {
  return (await cluster.get<Recorded>(...path(object))).metadata.uid;
}

t.test("a rollout that waits for itself: undo, Recreate, scaling, each as printed", { skip }, async (t) => {
  const deployment = objectsOf("54").find(({ kind }) => kind === "Deployment") as Recorded;
  const document = await diagnosed("deploy/chat", "-n", "chat");
  t.equal(document.diagnoses[0]?.cause.id, "rollout-waits-for-itself");
  const imageNow = async () => {
    const { spec } = await cluster.get<{ spec: { template: { spec: { containers: { image: string }[] } } } }>(
      ...path(deployment),
    );
    return spec.template.spec.containers[0]?.image;
  };
  const before = await imageNow();
  for (const command of step(document, "undo-rollout").commands) works(t, await typed(command), command);
  t.not(await imageNow(), before, "the template is that of the revision that holds the volume");

  const scaling = step(await diagnosed("deploy/chat", "-n", "chat"), "scale-to-zero-and-back");
  const [down, , up] = scaling.commands;
  works(t, await typed(down), "scale down");
  t.equal((await typed(down)).code, 1, "the number is not what it was: refused");
  works(t, await typed(up), "scale up");
});

t.test(
  "Recreate as printed, and not to a workload that was recreated under the name",
  { skip },
  async (t) => {
    const deployment = objectsOf("65").find(({ kind }) => kind === "Deployment") as Recorded;
    const strategyNow = async () => {
      const { spec } = await cluster.get<{ spec: { strategy: { type: string } } }>(...path(deployment));
      return spec.strategy.type;
    };
    const [patch] = step(await diagnosed("deploy/blog", "-n", "blog"), "patch-recreate").commands;
    t.equal(await strategyNow(), "RollingUpdate");
    works(t, await typed(patch), "the object that was seen");
    t.equal(await strategyNow(), "Recreate");

    await cluster.must(["delete", ...path(deployment), "--cascade=background"]);
    await remake(cluster, [deployment]);
    const refused = await typed(patch);
    t.equal(refused.code, 1);
    t.match(refused.stderr, "field is immutable");
    t.equal(await strategyNow(), "RollingUpdate", "and nothing was changed");
  },
);

t.test(
  "a dead node: the taint, and a forced deletion that spares a new pod of the name",
  { skip },
  async (t) => {
    const words = ["deploy/web", "-n", "l06", "--machine-is-off", "node-06-a"];
    const document = await diagnosed(...words);
    t.equal(document.diagnoses[0]?.cause.id, "held-by-dead-pod");
    const [force] = step(document, "force-delete-pod").commands;
    const dead = objectsOf("06b").find(
      ({ kind, metadata }) => kind === "Pod" && metadata.deletionTimestamp !== undefined,
    ) as Recorded;
    const first = await uidOf(dead);
    await cluster.must(["delete", ...path(dead), "--force", "--grace-period=0"]);
    await remake(cluster, [dead]);
    t.not(await uidOf(dead), first, "recreated under its name");
    const refused = await typed(force);
    t.equal(refused.code, 1, "the command of before is refused");
    t.match(refused.stderr, "UID in the precondition");
    t.ok(await uidOf(dead), "and the new one is there");

    const again = await diagnosed(...words);
    const [taint] = step(again, "taint-out-of-service").commands;
    works(t, await typed(taint), "taint");
    const node = await cluster.get<{ spec: { taints: readonly { key: string }[] } }>("node", "node-06-a");
    t.ok(node.spec.taints.length > 1, "the other taints are still there");
    t.match(node.spec.taints.at(-1), { key: "node.kubernetes.io/out-of-service" });
    works(t, await typed(step(again, "force-delete-pod").commands[0]), "forced deletion");
    t.equal((await cluster.kubectl(["get", ...path(dead)])).code, 1, "the pod is gone");
  },
);

t.test(
  "a leftover attachment: deleted as printed, but not one recreated under its name",
  { skip },
  async (t) => {
    await sleep(YOUNGEST);
    const [stale] = objectsOf("09b").filter(
      ({ kind, status }) => kind === "VolumeAttachment" && (status as { attached: boolean }).attached,
    );
    if (stale === undefined) throw new Error("09b has no attachment");
    const document = await diagnosed("deploy/web", "-n", stale.metadata.namespace ?? "shop");
    t.match(document.findings, [{ rule: "attachment-stale", attachment: { name: stale.metadata.name } }]);
    const [command] = step(document, "delete-attachment").commands;
    t.match(command, "--context ", "live commands name the context");

    const finalizers = JSON.stringify({ metadata: { finalizers: null } });
    await cluster.must(["patch", ...path(stale), "--type=merge", "-p", finalizers]);
    t.equal((await typed(command)).code, 1, "refused: the object has changed since");

    const again = await diagnosed("deploy/web", "-n", stale.metadata.namespace ?? "shop");
    const [fresh] = step(again, "delete-attachment").commands;
    works(t, await typed(fresh), "the command printed for this one");
    t.equal((await cluster.kubectl(["get", ...path(stale)])).code, 1, "the attachment is gone");

    await remake(cluster, [{ ...stale, metadata: { ...stale.metadata, finalizers: [] } }]);
    t.equal((await typed(fresh)).code, 1, "refused: another object has the name");
    t.ok(await uidOf(stale), "and it is there");
  },
);

t.test("a pod of a StatefulSet: a forced deletion that spares its successor", { skip }, async (t) => {
  const words = ["sts/db", "-n", "l17", "--machine-is-off", "node-17-a"];
  const [force] = step(await diagnosed(...words), "force-delete-pod").commands;
  const dead = objectsOf("17a").find(({ kind }) => kind === "Pod") as Recorded;
  const first = await uidOf(dead);
  await cluster.must(["delete", ...path(dead), "--force", "--grace-period=0"]);
  await remake(cluster, [dead]);
  const successor = await uidOf(dead);
  t.not(successor, first, "recreated under its name, as the controller does");
  const refused = await typed(force);
  t.equal(refused.code, 1, "the command of before is refused");
  t.match(refused.stderr, "UID in the precondition");
  t.equal(await uidOf(dead), successor, "and the new one is there");

  works(t, await typed(step(await diagnosed(...words), "force-delete-pod").commands[0]), "forced deletion");
  t.equal((await cluster.kubectl(["get", ...path(dead)])).code, 1, "the pod is gone");
});

t.test("the lines of the help collect a dump that gives the same answer", { skip }, async (t) => {
  const { out } = await run(["diagnose", "--help"]);
  const lines = out.split("\n").filter((line) => line.startsWith("  kubectl get --raw "));
  const folder = t.testdir();
  for (const line of lines) works(t, await typed(`cd ${folder} && ${line.trim()}`), line);
  const live = await diagnosed("-A");
  const read = await run(["diagnose", "-A", "--from", folder, "--format", "json"]);
  const dump = JSON.parse(read.out) as DiagnosisDocument;
  t.strictSame(dump.errors, []);
  t.equal(dump.facts.clusterUid, live.facts.clusterUid);
  t.strictSame(
    dump.diagnoses.map(({ subject, cause }) => [subject, cause.id]),
    live.diagnoses.map(({ subject, cause }) => [subject, cause.id]),
  );
});

t.end();
