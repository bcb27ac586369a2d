import t from "tap";
import type { Compacted } from "../../../src/admission/body/large-body-parser.ts";
import { LargeBodyParser } from "../../../src/admission/body/large-body-parser.ts";
import { parseReview } from "../../../src/admission/review.ts";
import { subjectOf } from "../../../src/admission/subject.ts";
import { type MountList, mountList, tellMounts } from "../../../src/kube/pod-template.ts";
import {
  MOST_EXPRESSIONS,
  MOST_LABELS,
  MOST_NODE_EXPRESSIONS,
  MOST_NODE_VALUES,
  MOST_VALUES,
} from "../../../src/policy/spread/bounds.ts";
import * as objects from "../../support/objects.ts";
import { at, type Json, RECORDINGS, reviewOf } from "../support/reviews.ts";

const parser = new LargeBodyParser();
t.teardown(() => parser.close());

function compact(text: string): Promise<Compacted> {
  return parser.compact([new TextEncoder().encode(text)], performance.now() + 60_000);
}

/** The review as the thread that answers gets it. */
async function compacted(review: Json): Promise<Json> {
  const found = await compact(JSON.stringify(review));
  if (found.state !== "text") throw new Error(found.state);
  const parsed: Json = JSON.parse(found.text);
  let last: MountList | undefined;
  for (const { path, list } of found.mounts) {
    last = list === "same" && last !== undefined ? last : mountList(JSON.parse(list));
    tellMounts(at(parsed, ...path), last);
  }
  return parsed;
}

/** A workload's own labels say who manages it, those of its template what finds it. */
function withoutOwnLabels<T extends object>(workload: T | null): T | null {
  if (workload === null || !("labels" in workload)) return workload;
  const kept = Object.entries(workload.labels as Json).filter(([key]) => key.includes("/"));
  return { ...workload, labels: Object.fromEntries(kept) };
}

/** What a request is about; a review that cannot be judged is one by its refusal. */
function read(review: Json): unknown {
  try {
    const subject = subjectOf(parseReview(review));
    return subject.type === "workload"
      ? { ...subject, next: withoutOwnLabels(subject.next), previous: withoutOwnLabels(subject.previous) }
      : subject;
  } catch (error) {
    return String(error);
  }
}

const podOf = (object: Json): Json => at(object, "spec", "template", "spec");
/** An UPDATE of a Deployment, with both objects changed. */
function updateOf(change: (object: Json, field: "object" | "oldObject") => void): Json {
  return reviewOf("014", (request) => {
    for (const field of ["object", "oldObject"] as const) change(at(request, field), field);
  });
}
/** A CREATE of any object that is judged. */
function createOf(resource: Json, object: Json, more: Json = {}): Json {
  return reviewOf("005", (request) => Object.assign(request, { resource, object, oldObject: null, ...more }));
}
const apps = (resource: string): Json => ({ group: "apps", version: "v1", resource });
const HOST = "kubernetes.io/hostname";
const required = "requiredDuringSchedulingIgnoredDuringExecution";
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

const SELECTOR = {
  matchLabels: { app: "web", tier: "a" },
  matchExpressions: [{ key: "x", operator: "NotIn", values: ["1", "2"] }],
};
const TERM = {
  topologyKey: HOST,
  labelSelector: SELECTOR,
  namespaceSelector: SELECTOR,
  namespaces: ["shop", "other"],
  matchLabelKeys: ["pod-template-hash"],
  mismatchLabelKeys: ["team"],
};
const NODE_TERM = {
  matchExpressions: [{ key: "disk", operator: "In", values: ["ssd", "nvme"] }],
  matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }],
};

const SHAPES: Readonly<Record<string, Json>> = {
  "everything that places a pod": updateOf((object) => {
    Object.assign(podOf(object), {
      nodeName: "n1",
      nodeSelector: { disk: "ssd", zone: "a" },
      tolerations: [{ key: "gpu", operator: "Exists", effect: "NoSchedule" }],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: HOST, whenUnsatisfiable: "DoNotSchedule", labelSelector: SELECTOR },
      ],
      affinity: {
        nodeAffinity: { [required]: { nodeSelectorTerms: [NODE_TERM, NODE_TERM] } },
        podAffinity: { [required]: [TERM] },
        podAntiAffinity: { [required]: [TERM, TERM] },
      },
    });
  }),
  "only pod affinity": updateOf((object) => {
    podOf(object).affinity = { podAffinity: { [required]: [TERM] } };
  }),
  "parts that are not what they should be": updateOf((object) => {
    podOf(object).nodeSelector = null;
    podOf(object).affinity = {
      nodeAffinity: { [required]: { nodeSelectorTerms: [null, "x"] } },
      podAffinity: { [required]: [null, { topologyKey: HOST, labelSelector: null }] },
      podAntiAffinity: "x",
    };
  }),
  "mounts in every kind of container": updateOf((object) => {
    const pod = podOf(object);
    pod.volumes = ["a", "b", "c", "d", "e"].map((name) => ({
      name,
      persistentVolumeClaim: { claimName: `of-${name}` },
    }));
    pod.containers = [
      { name: "main", volumeMounts: [{ name: "a" }, { name: "nowhere" }] },
      { name: "other", volumeDevices: [{ name: "b" }] },
    ];
    pod.initContainers = [{ name: "init", volumeMounts: [{ name: "a" }, { name: "c" }] }];
    pod.ephemeralContainers = [{ name: "debug", volumeMounts: [{ name: "d" }] }];
  }),
  "disks of its own": updateOf((object) => {
    const pod = podOf(object);
    pod.volumes = [
      { name: "a", awsElasticBlockStore: { volumeID: "v" } },
      { name: "b", gcePersistentDisk: { pdName: "p", readOnly: true } },
      { name: "c", csi: { driver: "inline.csi", readOnly: true } },
      { name: "d", emptyDir: {} },
      "no volume",
    ];
    pod.containers = [{ name: "main", volumeMounts: ["a", "b", "c", "d"].map((name) => ({ name })) }];
  }),
  "a patch, whose containers are elsewhere": updateOf((object) => {
    const pod = podOf(object);
    pod.containers = [];
    pod.volumes = [
      { name: "a", persistentVolumeClaim: { claimName: "a" } },
      { name: "b", awsElasticBlockStore: {} },
    ];
  }),
  "what somebody manages and annotates": updateOf((object) => {
    Object.assign(at(object, "metadata"), {
      finalizers: ["x/y"],
      labels: {
        "argocd.argoproj.io/instance": "a",
        "kustomize.toolkit.fluxcd.io/name": "b",
        "helm.toolkit.fluxcd.io/name": "c",
        "app.kubernetes.io/managed-by": "Helm",
        "attachguard.dev/x": "d",
        mine: "e",
      },
      annotations: {
        "attachguard.dev/ignore": "rwo-replicas",
        "attachguard.dev/reason": "why",
        "meta.helm.sh/release-name": "web",
        "argocd.argoproj.io/tracking-id": "t",
        note: "n",
      },
      ownerReferences: [
        { kind: "A", name: "a", apiVersion: "v1", controller: false },
        { kind: "B", name: "b", apiVersion: "v1", controller: true },
      ],
    });
    at(object, "spec", "template", "metadata").annotations = {
      "attachguard.dev/reason": "below",
      other: "x",
    };
  }),
  "a status of a rollout": updateOf((object) => {
    object.status = {
      observedGeneration: 3,
      replicas: 2,
      updatedReplicas: 1,
      conditions: [{ type: "Progressing", status: "True" }],
    };
  }),
  "being deleted": updateOf((object) => {
    at(object, "metadata").deletionTimestamp = "2026-01-01T00:00:00Z";
  }),
  "a StatefulSet with claims of its own": createOf(
    apps("statefulsets"),
    objects.statefulSet({
      claims: ["data", "own"],
      workload: {
        replicas: 3,
        volumeClaimTemplates: [
          {
            metadata: {
              name: "v1",
              annotations: { "volume.beta.kubernetes.io/storage-class": "gp3", other: "x" },
            },
            spec: { accessModes: ["ReadWriteOnce"] },
          },
        ],
      },
    }),
  ),
  "a CronJob": createOf(
    { group: "batch", version: "v1", resource: "cronjobs" },
    {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "night", namespace: "shop" },
      spec: {
        schedule: "0 0 * * *",
        concurrencyPolicy: "Allow",
        jobTemplate: {
          metadata: { annotations: { "attachguard.dev/ignore": "x" } },
          spec: { parallelism: 2, template: objects.template() },
        },
      },
    },
  ),
  "a Job that is done": createOf(
    { group: "batch", version: "v1", resource: "jobs" },
    objects.job({
      workload: { parallelism: 2 },
      status: {
        conditions: [
          { type: "Suspended", status: "True" },
          { type: "Complete", status: "True" },
        ],
      },
    }),
  ),
  "a ScaledJob": createOf(
    { group: "keda.sh", version: "v1alpha1", resource: "scaledjobs" },
    objects.scaledJob({ maxReplicaCount: 3 }),
  ),
  "a Rollout with steps": createOf(
    { group: "argoproj.io", version: "v1alpha1", resource: "rollouts" },
    objects.rollout({
      workload: {
        replicas: 2,
        strategy: {
          canary: {
            steps: [{ setWeight: 20 }, { pause: { duration: "1h" } }, { unheardOf: { a: 1 } }, null],
          },
        },
      },
    }),
  ),
  "an autoscaler that KEDA made": createOf(
    { group: "autoscaling", version: "v2", resource: "horizontalpodautoscalers" },
    objects.autoscalerOfKeda({ max: 3 }),
  ),
  "a ReplicaSet of a Deployment": createOf(apps("replicasets"), {
    ...objects.deployment(),
    kind: "ReplicaSet",
    metadata: {
      name: "web-1",
      namespace: "shop",
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", controller: true }],
    },
  }),
  "a claim": createOf({ group: "", version: "v1", resource: "persistentvolumeclaims" }, objects.claim()),
};

t.test("a review says the same without what no verdict reads", async (t) => {
  for (const [name, review] of [
    ...RECORDINGS.map(({ file, review }) => [file, review] as const),
    ...Object.entries(SHAPES),
  ]) {
    t.strictSame(read(await compacted(review)), read(review), name);
  }
});

t.test("whether a template was changed is seen in what is left out of it", async (t) => {
  const differing: Readonly<Record<string, (template: Json, field: string) => void>> = {
    "a probe": (template, field) => {
      at(template, "spec", "containers", 0).livenessProbe = { exec: { command: [field] } };
    },
    "an annotation": (template, field) => {
      at(template, "metadata").annotations = { note: field };
    },
    "a field of the pod": (template, field) => Object.assign(at(template, "spec"), { schedulerName: field }),
    "where one text ends and the next begins": (template, field) =>
      Object.assign(at(template, "spec"), field === "object" ? { a: "b", c: "" } : { a: "", c: "b" }),
  };
  for (const [what, change] of Object.entries(differing)) {
    const review = updateOf((object, field) => change(at(object, "spec", "template"), field));
    t.match(read(await compacted(review)), { templateChanged: true }, what);
  }
  const selector = updateOf((object, field) =>
    Object.assign(at(object, "spec"), { selector: { matchLabels: { a: field } } }),
  );
  t.match(read(await compacted(selector)), { specChanged: true }, "the selector");
});

t.test("what is sent back is small, whatever was stored", async (t) => {
  const size = async (change: (object: Json) => void): Promise<number> =>
    JSON.stringify(await compacted(updateOf(change))).length;
  const least = await size(() => {});
  const rows: Readonly<Record<string, readonly [most: number, change: (object: Json) => void]>> = {
    "an environment": [
      0,
      (object) => {
        at(object, "spec", "template", "spec", "containers", 0).env = [
          { name: "PAGE", value: "x".repeat(10_000) },
        ];
      },
    ],
    "managed fields, finalizers and owners": [
      200,
      (object) => {
        Object.assign(at(object, "metadata"), {
          managedFields: [{ manager: "x".repeat(10_000) }],
          finalizers: ["x".repeat(10_000)],
          ownerReferences: many(1_000, (index) => ({ uid: `${index}`, controller: true })),
        });
      },
    ],
    "labels and annotations that nobody reads": [
      100,
      (object) => {
        at(object, "metadata").labels = { mine: "x".repeat(10_000) };
        at(object, "metadata").annotations = { note: "x".repeat(10_000) };
      },
    ],
    "fields that no kind has": [0, (object) => Object.assign(object, { data: "x".repeat(10_000) })],
    "claims that nothing mounts": [
      100 * 140,
      (object) => {
        podOf(object).volumes = many(20_000, (index) => ({
          name: `v${index}`,
          persistentVolumeClaim: { claimName: `c${index}` },
        }));
      },
    ],
    preferences: [
      100,
      (object) => {
        podOf(object).affinity = { podAffinity: { preferred: many(1_000, () => TERM) } };
      },
    ],
    "fields beyond number": [
      1_000,
      (object) =>
        Object.assign(at(object, "spec"), {
          unheardOf: Object.fromEntries(many(5_000, (index) => [`k${index}`, "x".repeat(20)])),
        }),
    ],
    "steps of very many names": [
      20_000,
      (object) => {
        at(object, "spec").strategy = {
          canary: {
            steps: [Object.fromEntries(many(10_000, (index) => [`name${index}`, { deep: "x".repeat(10) }]))],
          },
        };
      },
    ],
    "a status of very many entries": [
      64 * 1024,
      (object) => {
        object.status = {
          conditions: many(1_000, () => ({ type: "Available" })),
          loadBalancers: many(20_000, () => 1),
        };
      },
    ],
  };
  for (const [what, [most, change]] of Object.entries(rows)) {
    const grown = (await size(change)) - least;
    t.ok(grown <= 2 * most + 100, `${what}: ${grown} bytes more in two objects`);
  }
});

t.test("of more terms than are looked at more are kept than are looked at, and hardly more", async (t) => {
  const read = async (of: Json, labels: Json = {}): Promise<Json> => {
    const review = await compacted(
      updateOf((object) => {
        Object.assign(podOf(object), of);
        at(object, "spec", "template", "metadata").labels = labels;
      }),
    );
    return at(review, "request", "object", "spec", "template");
  };
  const labelsOf = (count: number): Json => Object.fromEntries(many(count, (index) => [`l${index}`, ""]));
  const beyond = (kept: unknown, most: number, what: string): void => {
    const count = Array.isArray(kept) ? kept.length : Object.keys(kept as Json).length;
    t.ok(count > most && count <= 1.1 * most + 10, `${what}: ${count} of ${most}`);
  };
  const mostOfPods = MOST_EXPRESSIONS + MOST_VALUES;
  const values = many(2 * MOST_NODE_VALUES, String);
  const terms = many(2 * mostOfPods, () => ({}));
  const expression = { key: "disk", operator: "NotIn", values };
  const kept = await read(
    {
      nodeSelector: labelsOf(2 * MOST_NODE_EXPRESSIONS),
      topologySpreadConstraints: terms,
      affinity: { podAffinity: { [required]: terms }, podAntiAffinity: { [required]: terms } },
    },
    labelsOf(2 * MOST_LABELS),
  );
  beyond(at(kept, "metadata").labels, MOST_LABELS, "labels");
  beyond(at(kept, "spec").nodeSelector, MOST_NODE_EXPRESSIONS, "a node selector");
  beyond(at(kept, "spec").topologySpreadConstraints, mostOfPods, "constraints");
  for (const field of ["podAffinity", "podAntiAffinity"]) {
    beyond(at(kept, "spec", "affinity", field)[required], mostOfPods, field);
  }
  const tolerating = await read({ tolerations: many(2 * MOST_NODE_EXPRESSIONS, () => ({ key: "a" })) });
  beyond(at(tolerating, "spec").tolerations, MOST_NODE_EXPRESSIONS, "tolerations");
  const placed = await read({
    affinity: { nodeAffinity: { [required]: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } } },
  });
  const [term] = at(placed, "spec", "affinity", "nodeAffinity", required).nodeSelectorTerms as Json[];
  beyond(at(term, "matchExpressions", 0).values, MOST_NODE_VALUES, "values");
});

t.test("a template that mounts more than a pod has is told by names", async (t) => {
  const template = (count: number, claimName = (index: number) => `c${index}`): Json => {
    const review = updateOf((object) => {
      const volumes = many(count, (index) => ({
        name: `v${index}`,
        ...(index % 2 === 0
          ? { persistentVolumeClaim: { claimName: claimName(index) } }
          : { gcePersistentDisk: { pdName: "p", readOnly: index % 3 === 0 } }),
      }));
      podOf(object).volumes = [
        ...volumes,
        { name: "idle", persistentVolumeClaim: { claimName: "idle" } },
        "x",
      ];
      at(podOf(object), "containers", 0).volumeMounts = volumes.map(({ name }) => ({ name }));
    });
    return review;
  };
  /** Which claims and disks pods mount, without the names of the volumes, which no verdict reads. */
  const mounts = (review: Json): readonly string[] =>
    (read(review) as { next: { template: { mounts: readonly Json[] } } }).next.template.mounts.map(
      ({ kind, claimName, source }) => JSON.stringify([kind, claimName, source]),
    );
  for (const count of [1_000, 1_001, 3_000]) {
    const review = template(count);
    const told = await compacted(review);
    t.same(mounts(told).toSorted(), mounts(review).toSorted(), `${count} mounts`);
    t.equal("volumes" in podOf(at(told, "request", "object")), count <= 1_000, `${count}`);
  }
  const one = template(3_000, () => "data");
  t.same(new Set(mounts(await compacted(one))), new Set(mounts(one)), "a claim that is mounted often is one");
});

t.test("what is no review is told apart", async (t) => {
  t.same(await compact("{"), { state: "malformed" });
  t.same(await compact(`${'{"a":['.repeat(200_000)}${"]}".repeat(200_000)}`), { state: "too-deep" });
  for (const text of [
    "null",
    "[1]",
    '{"kind":"List"}',
    '{"request":{"object":null,"oldObject":[1],"uid":"a"}}',
  ]) {
    t.match(await compact(text), { state: "text", text, mounts: [] });
  }
  t.match(await compact('{"request":{"object":{"spec":null,"metadata":7}},"more":1}'), {
    state: "text",
    text: '{"request":{"object":{"spec":null,"metadata":7}}}',
  });
  t.match(
    await parser.compact(
      ['{"kind":"\u00e4', '\u{1f600}"}'].flatMap((text) => {
        const bytes = new TextEncoder().encode(text);
        return [bytes.slice(0, -3), bytes.slice(-3)];
      }),
      performance.now() + 60_000,
    ),
    { state: "text", text: '{"kind":"\u00e4\u{1f600}"}' },
    "a character that two blocks share",
  );
});
