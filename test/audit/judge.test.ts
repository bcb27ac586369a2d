import t from "tap";
import { type JudgeSettings, judgeAll } from "../../src/audit/judge.ts";
import type { Waiver } from "../../src/policy/exemptions.ts";
import { DEFAULT_OPTIONS } from "../../src/policy/options.ts";
import { bundle } from "../support/bundle.ts";

const hazard = (spec = "", namespace = "shop") => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ${namespace}}
spec:
  ${spec}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: example.com/web, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: ${namespace}}
spec: {accessModes: [ReadWriteOnce]}
`;

const settings = (changes: Partial<JudgeSettings> = {}): JudgeSettings => ({
  options: DEFAULT_OPTIONS,
  modeOf: () => "enforce",
  exemptionOf: () => null,
  waiverOf: async () => null,
  ...changes,
});

const judge = (yaml: string, changes?: Partial<JudgeSettings>) => {
  const { view, bundle: read } = bundle(yaml);
  return judgeAll({ view, workloads: read.workloads, claims: read.claims }, settings(changes));
};

t.test("tells why an allowed workload is safe, by what decided it", async (t) => {
  const affinity =
    "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}}";
  const sameNode = hazard().replace(
    "    spec:\n      containers",
    `    spec:\n      ${affinity}\n      containers`,
  );
  const cases: readonly { why: string; yaml: string; reason: string; evidence: RegExp }[] = [
    {
      why: "Recreate: the rollout is what makes one replica safe",
      yaml: hazard("strategy: {type: Recreate}"),
      reason: "it never has two pods at once",
      evidence: /Recreate/,
    },
    {
      why: "ReadWriteMany",
      yaml: hazard().replace("ReadWriteOnce", "ReadWriteMany"),
      reason: "many nodes may hold its volumes at once",
      evidence: /ReadWriteMany/,
    },
    {
      why: "same node",
      yaml: sameNode,
      reason: "all its pods are on one node",
      evidence: /kubernetes.io\/hostname/,
    },
    { why: "no pods", yaml: hazard("replicas: 0"), reason: "it has no pods", evidence: /replicas is 0/ },
  ];
  for (const { why, yaml, reason, evidence } of cases) {
    const { findings, workloads } = await judge(yaml);
    t.same(findings, [], why);
    t.equal(workloads[0]?.verdict, "allow", why);
    t.equal(workloads[0]?.reason, reason, why);
    t.match(workloads[0]?.evidence.join("\n"), evidence, why);
  }
});

t.test("puts the findings through the mode of the namespace", async (t) => {
  const cases = [
    { mode: "enforce", verdict: "deny", findings: 1, reason: undefined },
    { mode: "warn", verdict: "warn", findings: 1, reason: undefined },
    {
      mode: "audit",
      verdict: "allow",
      findings: 1,
      reason: "mode audit of its namespace lets its findings pass",
    },
    { mode: "off", verdict: "allow", findings: 0, reason: "its namespace is not judged (mode off)" },
  ] as const;
  for (const { mode, verdict, findings, reason } of cases) {
    const judged = await judge(hazard(), { modeOf: () => mode });
    t.equal(judged.workloads[0]?.verdict, verdict, mode);
    t.equal(judged.findings.length, findings, mode);
    if (reason !== undefined) t.equal(judged.workloads[0]?.reason, reason, mode);
  }
});

t.test("asks for mode, exemption and waiver by the namespace that is reported", async (t) => {
  const asked: string[] = [];
  const waiver: Waiver = {
    state: "valid",
    rules: ["*"],
    until: "2099-01-01T00:00:00Z",
    issuer: "us",
    reason: "moving",
  };
  const { findings, workloads } = await judge(hazard().replaceAll(", namespace: shop", ""), {
    modeOf: (namespace) => {
      asked.push(namespace);
      return "enforce";
    },
    waiverOf: async () => waiver,
  });
  t.same([...new Set(asked)], ["default"]);
  t.equal(workloads[0]?.workload.namespace, "default");
  t.match(findings[0]?.exempted, { by: "waiver", until: "2099-01-01T00:00:00Z" });
  t.equal(workloads[0]?.verdict, "warn");
  const exempted = await judge(hazard(), {
    exemptionOf: (namespace) => (namespace === "shop" ? "legacy" : null),
  });
  t.match(exempted.findings[0]?.exempted, { by: "namespace", reason: "legacy" });
});

t.test("a claim's own finding changes no verdict of a workload", async (t) => {
  const storageClass =
    "---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: gp3}\nprovisioner: ebs.csi.aws.com\n";
  const yaml = hazard().replace(
    "accessModes: [ReadWriteOnce]",
    "accessModes: [ReadWriteMany], storageClassName: gp3",
  );
  const { findings, workloads } = await judge(yaml + storageClass);
  t.same(
    findings.map(({ rule }) => rule),
    ["access-mode-unsupported"],
  );
  t.equal(workloads[0]?.verdict, "allow");
  const off = await judge(yaml + storageClass, { modeOf: () => "off" });
  t.same(off.findings, [], "nor is it judged where the namespace is not");
});
