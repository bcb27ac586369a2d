/** Files are an open world: what they do not hold may exist all the same. */
import t from "tap";
import { evaluate } from "../../../src/policy/evaluate.ts";
import { DEFAULT_OPTIONS } from "../../../src/policy/options.ts";
import { bundle } from "../../support/bundle.ts";
import { judge } from "../../support/judge.ts";
import { autoscaler, claim, daemonSet, deployment, file, node, sameNode } from "../../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

function judged(of: Raw, nodes: readonly Raw[], nodesComplete: boolean) {
  const { view, workload } = bundle(file(of, claim(), ...nodes), { nodesComplete });
  const context = { options: DEFAULT_OPTIONS, waiver: null, namespace: null, dryRun: false };
  const { findings, factors, evidence } = evaluate(view, workload("web"), null, context);
  const rules = findings.map(({ rule, severity }) => (severity === "error" ? rule : `${rule}?`)).join(" ");
  return {
    rules,
    spread: factors.spread,
    evidence: evidence.join("\n"),
    message: findings[0]?.evidence.join("\n") ?? "",
  };
}

const onDisk: Raw = { spec: { nodeSelector: { disk: "ssd" } } };
const onHost: Raw = { spec: { nodeSelector: { "kubernetes.io/hostname": "c" } } };
const AB = [node("a", { disk: "ssd" }), node("b")];

t.test("nodes among files prove nothing unless they are said to be all", async (t) => {
  const rows = [
    ["one stray Node object", deployment(), [node("a")], "rwo-rolling-update", ""],
    ["a label that one of them has", deployment(onDisk), AB, "rwo-rolling-update", ""],
    ["a DaemonSet beside one Node object", daemonSet(), [node("a")], "rwo-replicas", ""],
  ] as const;
  for (const [why, of, nodes, open, complete] of rows) {
    t.equal(judged(of, nodes, false).rules, open, `${why}, in files`);
    t.equal(judged(of, nodes, true).rules, complete, `${why}, where it is the whole cluster`);
  }
  t.equal(
    judged(deployment(onHost), AB, false).spread,
    "one-node",
    "a host that is not among them, in files",
  );
  t.equal(judged(deployment(onHost), AB, true).spread, "nowhere", "the same, where they are all");
});

t.test("the evidence says what was not known", async (t) => {
  t.match(
    judged(deployment(onDisk), AB, false).message,
    /how many nodes nodeSelector disk=ssd leaves is not known \(files seldom hold every node\)/,
  );
  t.match(
    judged(daemonSet(), [node("a")], false).evidence,
    /assumed to be more than one \(files seldom hold/,
  );
  const spec = sameNode({ app: "web" });
  t.match(judged(deployment({ spec }), [], false).evidence, /as far as is known it matches no other pods/);
  const beside = judged(deployment({ spec: sameNode({ "cnpg.io/cluster": "db" }) }), [], false);
  t.equal(beside.rules, "rwo-rolling-update?", "pods of an operator: a warning");
  t.match(beside.message, /one node as long as the pods that match are on one/, "which names its condition");
});

t.test("a class by a conventional name: a warning with the condition", async (t) => {
  const on = (storageClassName: string) => [claim({ spec: { storageClassName } })];
  const leaning = judge(deployment(), on("local-path"));
  t.strictSame(leaning.rules, ["rwo-rolling-update?"]);
  t.match(
    leaning.findings[0]?.evidence.join("\n"),
    /if StorageClass local-path is rancher\.io\/local-path, .* this is safe/,
  );
  t.strictSame(judge(deployment({ workload: { replicas: 2 } }), on("hostpath")).rules, [
    "rwo-replicas?",
    "rwo-rolling-update?",
  ]);
  t.strictSame(judge(deployment(), on("fast")).rules, ["rwo-rolling-update"], "any other name is an error");
  const storageClasses = [{ name: "local-path", provisioner: "rancher.io/local-path" }];
  t.strictSame(
    judge(deployment(), on("local-path"), { ...DEFAULT_OPTIONS, storageClasses }).rules,
    [],
    "safe where the configuration says what it is",
  );
  const disk = [{ name: "local-path", provisioner: "ebs.csi.aws.com" }];
  t.strictSame(judge(deployment(), on("local-path"), { ...DEFAULT_OPTIONS, storageClasses: disk }).rules, [
    "rwo-rolling-update",
  ]);
});

t.test("a conventional name of file storage: a warning with the condition, for its own claims", async (t) => {
  const data = claim({ spec: { storageClassName: "azurefile-csi" } });
  const two = { workload: { replicas: 2 } };
  const shared = judge(deployment(two), [data]);
  t.strictSame(shared.rules, ["rwo-replicas?", "rwo-rolling-update?"]);
  t.match(
    shared.findings[0]?.evidence.join("\n"),
    "if StorageClass azurefile-csi is file.csi.azure.com, as its name suggests, its volumes have no attach step",
  );
  t.strictSame(judge(deployment(), [data, autoscaler({ max: 3 })]).rules, [
    "rwo-autoscaling?",
    "rwo-rolling-update?",
  ]);
  const disk = claim({ name: "disk", spec: { storageClassName: "gp3" } });
  const both = deployment({ claims: ["data", "disk"] });
  t.strictSame(judge(both, [data, disk]).rules, ["rwo-rolling-update"], "a disk beside it is a disk");
  t.strictSame(judge(both, [claim({ spec: { storageClassName: "local-path" } }), disk]).rules, [
    "rwo-rolling-update?",
  ]);
  const storageClasses = [{ name: "azurefile-csi", provisioner: "file.csi.azure.com" }];
  t.strictSame(judge(deployment(), [data], { ...DEFAULT_OPTIONS, storageClasses }).rules, []);
});
