import t from "tap";
import type { ObjectRef } from "../../src/policy/model.ts";
import { mergePatched } from "../../src/report/merge-patch.ts";
import { judge, judgeUpdate } from "../support/judge.ts";
import {
  autoscaler,
  claim,
  deployment,
  node,
  sameNode,
  statefulSet,
  storageClass,
} from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

function isIt({ kind, metadata }: Raw, object: ObjectRef): boolean {
  return kind === object.kind && (metadata as { readonly name: string }).name === object.name;
}

const APP = { labelSelector: { matchLabels: { app: "web" } }, topologyKey: "kubernetes.io/hostname" };
const rolling = (maxSurge: unknown, maxUnavailable: unknown): Raw => ({
  strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
});
const CLAIMS: Readonly<Record<string, Raw>> = {
  "one node": claim(),
  "one pod": claim({ modes: ["ReadWriteOncePod"] }),
  unenforced: claim({ spec: { storageClassName: "efs" } }),
};
const PLACEMENTS: Readonly<Record<string, Raw>> = {
  free: {},
  "one revision together": sameNode({ app: "web" }, { matchLabelKeys: ["pod-template-hash"] }),
  "on host a": { nodeSelector: { "kubernetes.io/hostname": "a" } },
  "beside db": sameNode({ app: "db" }),
  apart: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [APP] } } },
};
const SPECS: Readonly<Record<string, Raw>> = {
  "1 replica": {},
  "3 replicas": { replicas: 3 },
  "3 replicas, Recreate": { replicas: 3, strategy: { type: "Recreate" } },
  "1 replica, 0/1": rolling(0, 1),
  "3 replicas, 0/100%": { replicas: 3, ...rolling(0, "100%") },
};
const SURROUNDINGS: Readonly<Record<string, readonly Raw[]>> = {
  alone: [],
  "with an autoscaler": [autoscaler({ max: 4 })],
};
const CLUSTER: readonly Raw[] = [
  storageClass,
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "efs" },
    provisioner: "efs.csi.aws.com",
  },
  node("a"),
  node("b"),
  deployment({ name: "db", labels: { app: "db" }, claims: [] }),
];

function* cases(): Generator<{ what: string; subject: Raw; others: readonly Raw[] }> {
  for (const [reach, data] of Object.entries(CLAIMS)) {
    for (const [where, spec] of Object.entries(PLACEMENTS)) {
      for (const [how, workload] of Object.entries(SPECS)) {
        for (const [beside, more] of Object.entries(SURROUNDINGS)) {
          for (const make of [deployment, statefulSet]) {
            const what = `${make.name}, ${reach}, ${where}, ${how}, ${beside}`;
            yield { what, subject: make({ spec, workload }), others: [data, ...CLUSTER, ...more] };
          }
        }
      }
    }
  }
}

t.test("a printed patch works on the live object: it is let through, and the error is gone", async (t) => {
  const failures: string[] = [];
  let tried = 0;
  for (const { what, subject, others } of cases()) {
    for (const { rule, severity, fixes } of judge(subject, others).findings) {
      if (severity !== "error") continue;
      for (const { id, targets } of fixes) {
        if (targets.length === 0) continue;
        tried++;
        let now = [subject, ...others];
        for (const { object, patch } of targets) {
          const before = now;
          now = now.map((each) => (isIt(each, object) ? (mergePatched(each, patch) as Raw) : each));
          const [own, ...beside] = now as [Raw, ...Raw[]];
          if (before[0] === own) continue;
          if (judgeUpdate(before[0] as Raw, own, beside).verdict === "deny") {
            failures.push(`${what}: ${rule}: ${id} is denied`);
          }
        }
        const [own, ...beside] = now as [Raw, ...Raw[]];
        const left = judge(own, beside).findings.find((finding) => finding.rule === rule);
        if (left?.severity === "error") failures.push(`${what}: ${rule} is still there after ${id}`);
      }
    }
  }
  t.strictSame(failures, []);
  t.ok(tried > 100, `${tried} patches`);
});

t.test("pods that must be apart are not told to share a node", async (t) => {
  const spread = (topologyKey: string, whenUnsatisfiable = "DoNotSchedule"): Raw => ({
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey, whenUnsatisfiable, labelSelector: { matchLabels: { app: "web" } } },
    ],
  });
  const offered = (spec: Raw): boolean =>
    judge(deployment({ spec, workload: { replicas: 2 } }), [claim(), ...CLUSTER]).findings.some(({ fixes }) =>
      fixes.some(({ id }) => id === "same-node-affinity"),
    );
  t.notOk(
    offered({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [APP] } } }),
  );
  t.notOk(offered(spread("kubernetes.io/hostname")), "a second pod beside the first would stay Pending");
  t.notOk(offered(spread("topology.kubernetes.io/zone")), "nor may two be in one zone");
  t.ok(offered(spread("kubernetes.io/hostname", "ScheduleAnyway")), "a wish gives way");
});

t.test("the fixes of a disk that the pod names are those of a disk", async (t) => {
  const disk = deployment({
    claims: [],
    spec: {
      containers: [
        { name: "main", image: "example.com/web", volumeMounts: [{ name: "cache", mountPath: "/cache" }] },
      ],
      volumes: [{ name: "cache", awsElasticBlockStore: { volumeID: "vol-1" } }],
    },
  });
  const [finding] = judge(disk, []).findings;
  t.match(finding?.problem, /the new pod waits for disk cache/);
  const fix = finding?.fixes.find(({ id }) => id === "rwx-claim");
  t.match(fix?.summary, /instead of the disk that the pod names/);
  t.notMatch(fix?.cost, /recreate the claim/);
});
