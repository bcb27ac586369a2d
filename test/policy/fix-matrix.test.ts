import { isDeepStrictEqual } from "node:util";
import t from "tap";
import { patchedFacts } from "../../src/fix/patched-model.ts";
import { factFrom } from "../../src/kube/fact.ts";
import type { FixTarget } from "../../src/policy/fixes.ts";
import type { Autoscaler, ObjectRef, Workload } from "../../src/policy/model.ts";
import { mergePatched } from "../../src/report/merge-patch.ts";
import { judge } from "../support/judge.ts";
import {
  autoscaler,
  claim,
  daemonSet,
  deployment,
  job,
  node,
  sameNode,
  statefulSet,
  storageClass,
  template,
  volume,
} from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const metadata = { name: "web", namespace: "shop", uid: "uid-web" };
const selector = { matchLabels: { app: "web" } };

const FENCEPOSTS = [{}, { maxSurge: 0, maxUnavailable: 1 }, { maxSurge: 0, maxUnavailable: "100%" }];
const REPLICAS = [1, 3];

/** Every kind, in the shapes that its findings depend on. */
function* workloads(spec: Raw, claims: readonly string[]): Generator<readonly [what: string, raw: Raw]> {
  const of = (workload: Raw = {}) => ({ spec, claims, workload });
  for (const replicas of REPLICAS) {
    yield [`StatefulSet of ${replicas}`, statefulSet(of({ replicas }))];
    yield [
      `Deployment of ${replicas}, Recreate`,
      deployment(of({ replicas, strategy: { type: "Recreate" } })),
    ];
    for (const rolling of FENCEPOSTS) {
      const how = JSON.stringify(rolling);
      const strategy = { type: "RollingUpdate", rollingUpdate: rolling };
      yield [`Deployment of ${replicas}, ${how}`, deployment(of({ replicas, strategy }))];
      const config = { type: "Rolling", rollingParams: rolling };
      yield [
        `DeploymentConfig of ${replicas}, ${how}`,
        {
          apiVersion: "apps.openshift.io/v1",
          kind: "DeploymentConfig",
          metadata,
          spec: { replicas, strategy: config, template: template({ spec, claims }) },
        },
      ];
    }
    for (const strategy of [
      {},
      { canary: { steps: [{ setWeight: 20 }, { pause: {} }] } },
      { canary: { maxSurge: 1, maxUnavailable: 0, trafficRouting: { nginx: {} } } },
      { blueGreen: { activeService: "web" } },
    ]) {
      yield [
        `Rollout of ${replicas}, ${JSON.stringify(strategy)}`,
        {
          apiVersion: "argoproj.io/v1alpha1",
          kind: "Rollout",
          metadata,
          spec: { replicas, selector, strategy, template: template({ spec, claims }) },
        },
      ];
    }
    for (const [apiVersion, kind] of [
      ["apps/v1", "ReplicaSet"],
      ["v1", "ReplicationController"],
    ] as const) {
      yield [
        `${kind} of ${replicas}`,
        { apiVersion, kind, metadata, spec: { replicas, template: template({ spec, claims }) } },
      ];
    }
  }
  yield ["DaemonSet", daemonSet(of())];
  yield ["Job of 3", job(of({ parallelism: 3 }))];
  yield ["Job of 3, 2 to do", job(of({ parallelism: 3, completions: 2 }))];
  for (const policy of ["Allow", "Forbid", "Replace"]) {
    for (const parallelism of [1, 3]) {
      yield [
        `CronJob of ${parallelism}, ${policy}`,
        {
          apiVersion: "batch/v1",
          kind: "CronJob",
          metadata,
          spec: {
            concurrencyPolicy: policy,
            jobTemplate: { spec: { parallelism, template: template({ spec, claims }) } },
          },
        },
      ];
    }
  }
  yield [
    "ScaledJob",
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledJob",
      metadata,
      spec: { jobTargetRef: { parallelism: 2, template: template({ spec, claims }) } },
    },
  ];
}

const POD = "ReadWriteOncePod";
const bound = (policy: string, modes = ["ReadWriteOnce"]): readonly Raw[] => [
  claim({ modes, spec: { volumeName: "pv-data" } }),
  volume({
    modes,
    spec: {
      csi: { driver: "ebs.csi.aws.com", volumeHandle: "vol-1" },
      persistentVolumeReclaimPolicy: policy,
    },
  }),
];

/** What the volume `data` may be. */
const DATA: Readonly<Record<string, readonly Raw[]>> = {
  "one node": [claim()],
  "one pod": [claim({ modes: [POD] })],
  "one pod, by its driver": [claim({ spec: { storageClassName: "one-pod" } })],
  "a raw device": [claim({ spec: { volumeMode: "Block" } })],
  unenforced: [claim({ spec: { storageClassName: "efs" } })],
  "bound, Delete": bound("Delete"),
  "bound, Retain": bound("Retain"),
  "bound, one pod": bound("Delete", [POD]),
  "not there": [],
};

const APP = { labelSelector: selector, topologyKey: "kubernetes.io/hostname" };

const PLACES: Readonly<Record<string, Raw>> = {
  free: {},
  "one revision together": sameNode({ app: "web" }, { matchLabelKeys: ["pod-template-hash"] }),
  "beside db": sameNode({ app: "db" }),
  apart: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [APP] } } },
};

const scaled = (kind: string, max?: number): Raw => ({
  apiVersion: "keda.sh/v1alpha1",
  kind: "ScaledObject",
  metadata: { name: "web", namespace: "shop" },
  spec: {
    scaleTargetRef: { kind, name: "web" },
    minReplicaCount: 2,
    ...(max === undefined ? {} : { maxReplicaCount: max }),
  },
});

const classOf = (name: string, provisioner: string): Raw => ({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name },
  provisioner,
});

const AROUND: readonly Raw[] = [
  storageClass,
  classOf("efs", "efs.csi.aws.com"),
  classOf("one-pod", "csi.exoscale.com"),
  node("a"),
  node("b"),
  deployment({ name: "db", labels: { app: "db" }, claims: [] }),
];

interface Case {
  readonly what: string;
  readonly subject: Raw;
  readonly others: readonly Raw[];
}

function* cases(): Generator<Case> {
  for (const [data, objects] of Object.entries(DATA)) {
    for (const [place, spec] of Object.entries(PLACES)) {
      for (const [how, subject] of workloads(spec, ["data"])) {
        const target = { apiVersion: subject.apiVersion, kind: subject.kind, name: "web" };
        const isScaled = how.includes(" of ") && !/Job|CronJob/.test(how);
        for (const [beside, more] of [
          ["alone", []],
          ...(isScaled && place === "free"
            ? ([
                ["autoscaled", [withTarget(autoscaler({ max: 4 }), target)]],
                ["scaled by KEDA", [withTarget(scaled("", 4), target)]],
              ] as const)
            : []),
        ] as const) {
          yield {
            what: `${how}, ${data}, ${place}, ${beside}`,
            subject,
            others: [...objects, ...AROUND, ...more],
          };
        }
      }
    }
  }
  for (const [how, subject] of workloads(
    { volumes: [{ name: "v0", awsElasticBlockStore: { volumeID: "vol-1" } }] },
    ["disk"],
  )) {
    yield { what: `${how}, a disk that the pod names`, subject, others: AROUND };
  }
  const other = deployment({
    name: "api",
    labels: { app: "api" },
    workload: { strategy: { type: "Recreate" } },
  });
  yield {
    what: "a claim of two workloads",
    subject: deployment({ workload: { strategy: { type: "Recreate" } } }),
    others: [claim(), other, ...AROUND],
  };
}

function withTarget(raw: Raw, target: Raw): Raw {
  return { ...raw, spec: { ...(raw.spec as Raw), scaleTargetRef: target } };
}

function isIt({ kind, metadata: meta }: Raw, object: ObjectRef): boolean {
  return kind === object.kind && (meta as { readonly name: string }).name === object.name;
}

function patchedObjects(objects: readonly Raw[], targets: readonly FixTarget[]): [Raw, ...Raw[]] {
  let now = objects;
  for (const { object, patch } of targets) {
    now = now.map((each) => (isIt(each, object) ? (mergePatched(each, patch) as Raw) : each));
  }
  return now as [Raw, ...Raw[]];
}

t.test(
  "every fix as printed clears what it stands under, or says that it softens it, and raises nothing",
  async (t) => {
    const failures = new Map<string, string>();
    const tried = new Map<string, number>();
    const fail = (why: string, what: string) => failures.set(why, failures.get(why) ?? what);
    for (const { what, subject, others } of cases()) {
      const { findings } = judge(subject, others);
      for (const { rule, severity, fixes } of findings) {
        for (const { id, targets, softens } of fixes) {
          if (targets.length === 0) continue;
          tried.set(`${rule} ${id}`, (tried.get(`${rule} ${id}`) ?? 0) + 1);
          const [own, ...rest] = patchedObjects([subject, ...others], targets);
          const after = judge(own, rest).findings;
          const left = after.find((finding) => finding.rule === rule);
          const kind = `${subject.kind} ${rule} ${severity} ${id}`;
          if (left !== undefined && softens !== true) fail(`${kind}: ${left.severity} is left`, what);
          if (left?.severity === "error") fail(`${kind}: an error is left`, what);
          if (left === undefined && softens === true) fail(`${kind}: softens, and clears`, what);
          for (const finding of after) {
            const before = findings.find((one) => one.rule === finding.rule);
            if (before === undefined || (before.severity === "warning" && finding.severity === "error")) {
              fail(`${kind}: ${finding.rule} ${finding.severity} comes of it`, what);
            }
          }
        }
      }
    }
    t.strictSame(
      [...failures].map(([why, what]) => `${why} (${what})`),
      [],
    );
    t.ok(tried.size > 15, [...tried].map(([which, count]) => `${which}: ${count}`).join(", "));
  },
);

t.test("a fix is foreseen by the model as the patched object is read", async (t) => {
  const failures: string[] = [];
  let tried = 0;
  for (const { what, subject, others } of cases()) {
    for (const { fixes } of judge(subject, others).findings) {
      for (const { id, targets } of fixes) {
        if (targets.length === 0) continue;
        tried += 1;
        const [own, ...rest] = patchedObjects([subject, ...others], targets);
        const scalers = others.flatMap((raw) => {
          const fact = factFrom(raw);
          return fact !== undefined && "target" in fact.object ? [fact.object as Autoscaler] : [];
        });
        const foreseen = patchedFacts(targets, factFrom(subject)?.object as Workload, scalers);
        const read = [own, ...rest].map((raw) => factFrom(raw)?.object);
        for (const object of [foreseen?.workload, ...(foreseen?.others ?? []).map((fact) => fact.object)]) {
          if (!read.some((one) => isDeepStrictEqual(unnoted(one), unnoted(object)))) {
            failures.push(`${what}: ${id} ${JSON.stringify(object)}`);
          }
        }
      }
    }
  }
  t.strictSame(failures.slice(0, 5), []);
  t.ok(tried > 500, `${tried} fixes`);
});

/** What could not be read of a field is not said any more once a fix has replaced it. */
function unnoted(object: unknown): unknown {
  return typeof object === "object" && object !== null ? { ...object, notes: undefined } : object;
}
