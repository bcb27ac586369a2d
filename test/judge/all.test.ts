import t from "tap";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import type { Config } from "../../src/config/model.ts";
import { judgeAll } from "../../src/judge/all.ts";
import type { WaiverCheck } from "../../src/judge/context.ts";
import type { Waiver } from "../../src/policy/exemptions.ts";
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

interface Settings extends Partial<Config> {
  readonly verifyWaiver?: WaiverCheck;
}

const judge = (yaml: string, { verifyWaiver = refuse, ...changes }: Settings = {}) => {
  const { view, bundle: read } = bundle(yaml);
  const config = { ...DEFAULT_CONFIG, ...changes };
  return judgeAll(
    { view, workloads: read.workloads, claims: read.claims },
    { config, verifyWaiver, dryRun: false, now: 0 },
  );
};

const refuse: WaiverCheck = async () => ({ state: "refused", reason: "no keys" });
const labelled = (mode: string, namespace = "shop") =>
  `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ${namespace}, labels: {attachguard.dev/mode: "${mode}"}}\n`;

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
      reason: "mode audit of its namespace allows it",
    },
    { mode: "off", verdict: "allow", findings: 0, reason: "it is not judged (mode off of its namespace)" },
  ] as const;
  for (const { mode, verdict, findings, reason } of cases) {
    const judged = await judge(hazard() + labelled(mode));
    t.equal(judged.workloads[0]?.verdict, verdict, mode);
    t.equal(judged.findings.length, findings, mode);
    if (reason !== undefined) t.equal(judged.workloads[0]?.reason, reason, mode);
  }
});

t.test("says who the mode is from, and what the configuration turns off", async (t) => {
  const reason = async (changes: Settings) => (await judge(hazard(), changes)).workloads[0]?.reason;
  t.equal(await reason({ mode: "audit" }), "mode audit of the configuration allows it");
  t.equal(
    await reason({ severities: { "rwo-rolling-update": "off" } }),
    "no rule that is on is broken (the configuration turns off rwo-rolling-update)",
  );
  t.equal(
    await reason({ namespaces: { excluded: ["shop"], exempt: [] } }),
    "it is not judged (mode off since its namespace is excluded)",
  );
});

t.test("mode, exemption and waiver are those of the namespace that is reported", async (t) => {
  const waiver: Waiver = {
    state: "valid",
    rules: ["*"],
    until: "2099-01-01T00:00:00Z",
    issuer: "us",
    reason: "moving",
  };
  const subjects: string[] = [];
  const waived = hazard("", "default").replace(
    "namespace: default}",
    'namespace: default, annotations: {attachguard.dev/waiver: "x"}}',
  );
  const { findings, workloads } = await judge(waived.replaceAll(", namespace: default", ""), {
    verifyWaiver: async (_, { namespace }) => {
      subjects.push(namespace);
      return waiver;
    },
  });
  t.same(subjects, ["default"]);
  t.equal(workloads[0]?.workload.namespace, "default");
  t.match(findings[0]?.exempted, { by: "waiver", until: "2099-01-01T00:00:00Z" });
  t.equal(workloads[0]?.verdict, "warn");
  t.equal(workloads[0]?.state, "latent", "it would get stuck all the same");
  const exempted = await judge(hazard(), {
    namespaces: { excluded: [], exempt: [{ name: "shop", reason: "legacy" }] },
  });
  t.match(exempted.findings[0]?.exempted, { by: "namespace", reason: "legacy" });
});

t.test("a mistyped rule in an annotation is noted, also where nothing was found", async (t) => {
  const yaml = hazard("strategy: {type: Recreate}").replace(
    "namespace: shop}",
    'namespace: shop, annotations: {attachguard.dev/ignore: "rwo-replica"}}',
  );
  const { notes } = await judge(yaml);
  t.match(notes, [{ message: /Deployment shop\/web: .* names "rwo-replica", which is not a rule/ }]);
});

t.test("a mode label that is none is noted, and the configured mode holds", async (t) => {
  const { notes, workloads } = await judge(hazard() + labelled("false"));
  t.match(notes, [{ message: /"false" is none of .*; enforce applies; write "off" with quotes/ }]);
  t.equal(workloads[0]?.verdict, "deny");
});

t.test("a valid waiver on a claim exempts it", async (t) => {
  const storageClass =
    "---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: gp3}\nprovisioner: ebs.csi.aws.com\n";
  const yaml = hazard()
    .replace("accessModes: [ReadWriteOnce]", "accessModes: [ReadWriteMany], storageClassName: gp3")
    .replace(
      "{name: data, namespace: shop}",
      '{name: data, namespace: shop, annotations: {attachguard.dev/waiver: "x"}}',
    );
  const { findings } = await judge(yaml + storageClass, {
    verifyWaiver: async () => ({
      state: "valid",
      rules: ["*"],
      until: "2099-01-01T00:00:00Z",
      issuer: "us",
      reason: "moving",
    }),
  });
  t.match(findings, [{ rule: "access-mode-unsupported", exempted: { by: "waiver" } }]);
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
  const off = await judge(yaml + storageClass + labelled("off"));
  t.same(off.findings, [], "nor is it judged where the namespace is not");
});

t.test("what autoscalers will do once a workload is woken is a warning while it stands at 0", async (t) => {
  const scaler = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
`;
  const { findings, workloads } = await judge(hazard("replicas: 0") + scaler);
  t.match(findings, [{ rule: "rwo-autoscaling", severity: "warning", notes: [/it is at 0 replicas now/] }]);
  t.match(workloads, [{ verdict: "warn" }]);
});
