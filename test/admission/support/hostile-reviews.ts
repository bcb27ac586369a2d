import { at, type Json, reviewOf } from "./reviews.ts";

/** The most that etcd takes for one object. */
const STORED = 1.5 * 1024 * 1024;
/** The most that the API server takes as annotations (`apimachinery/pkg/api/validation/objectmeta.go`). */
const ANNOTATED = 256 * 1024;
const HOST = "kubernetes.io/hostname";
const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

/** A changed template in which both objects hold the same awkward thing. */
function update(change: Change): string {
  const review = reviewOf("014", (request) => {
    for (const field of ["object", "oldObject"]) {
      change(at(request, field), at(request, field, "spec", "template", "spec"));
    }
  });
  return JSON.stringify(review).replace(/[<>&]/g, (it) => `\\u00${it.charCodeAt(0).toString(16)}`);
}

const container = (pod: Json): Json => at(pod, "containers", 0);
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: Math.floor(count) }, (_, index) => make(index));
const labels = (count = STORED / 12): Json => Object.fromEntries(times(count, (index) => [`l${index}`, ""]));
const absent = (): Json[] => times(STORED / 30, (index) => ({ key: `k${index}`, operator: "DoesNotExist" }));
const SELF: Json = { labelSelector: { matchLabels: { app: "web" } }, topologyKey: HOST };
const podAffinity = (terms: readonly Json[]): Json => ({ podAffinity: { [REQUIRED]: terms } });
const nodeAffinity = (nodeSelectorTerms: readonly Json[]): Json => ({
  nodeAffinity: { [REQUIRED]: { nodeSelectorTerms } },
});

type Change = (object: Json, pod: Json) => void;

/** Reviews of objects that could be stored: both versions of an object are changed. */
const judged = (changes: Readonly<Record<string, Change>>) =>
  Object.fromEntries(
    Object.entries(changes).map(([name, change]) => [name, [() => update(change), true] as const]),
  );
/** A review of an object of another kind that mounts what the recorded Deployment does. */
const created = (apiVersion: string, kind: string, more: (spec: Json) => Json): string =>
  JSON.stringify(
    reviewOf("005", (request) => {
      const [group = "", version = ""] = apiVersion.split("/");
      request.resource = { group, version, resource: `${kind.toLowerCase()}s` };
      const object = at(request, "object");
      Object.assign(object, { apiVersion, kind, spec: more(at(object, "spec")) });
    }),
  );
const claimTemplates = (count: number): Json[] =>
  times(count, (index) => ({
    metadata: { name: `t${index}` },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  }));
const head = JSON.stringify(reviewOf("005")).replace(/\}\}$/, "");

/** A cluster in which there is much to compare with: neighbours that carry terms, and nodes with taints. */
export function largeCluster(): Json[] {
  const neighbours = times(1000, (index) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "shop", name: `n${index}`, uid: `u${index}` },
    spec: {
      replicas: 1,
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          affinity: podAffinity([SELF]),
          volumes: [{ name: "data", persistentVolumeClaim: { claimName: `c${index}` } }],
          containers: [{ name: "a", image: "a", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
        },
      },
    },
  }));
  const nodes = times(1000, (index) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: `node-${index}`, labels: { [HOST]: `node-${index}`, zone: `z${index % 3}` } },
    spec: { taints: [{ key: "team", value: `${index}`, effect: "NoSchedule" }] },
  }));
  return [...neighbours, ...nodes];
}

/** As many claims as one stored object can mount. */
const MOUNTED = Math.floor(STORED / 60);

function mountAll(pod: Json, claimName: (at: number) => string): void {
  pod.volumes = times(MOUNTED, (at) => ({
    name: `v${at}`,
    persistentVolumeClaim: { claimName: claimName(at) },
  }));
  container(pod).volumeMounts = times(MOUNTED, (at) => ({ name: `v${at}`, mountPath: `/${at}` }));
}

/** A workload with claims that are there, for one that shares them all. */
export function claimsOfAnother(): Json[] {
  const pod: Json = { containers: [{ name: "a", image: "a" }] };
  mountAll(pod, (at) => `s${at}`);
  const claims = times(MOUNTED, (at) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { namespace: "shop", name: `s${at}` },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  }));
  const another = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "shop", name: "another", uid: "another" },
    spec: { replicas: 1, template: { metadata: { labels: { app: "another" } }, spec: pod } },
  };
  return [another, ...claims];
}

/** What JSON writes in six bytes, also where it was written in one (protobuf), and no name may hold. */
const CONTROL = "\u0001";

/** By what they are: the body, and whether it is judged (it could be stored) or only answered. */
export const SHAPES: Readonly<Record<string, readonly [body: () => string, judged: boolean]>> = {
  "characters of six bytes": [
    () =>
      update((_, pod) => Object.assign(container(pod), { env: [{ name: "A", value: "<".repeat(STORED) }] })),
    true,
  ],
  "empty arguments": [
    () => update((_, pod) => Object.assign(container(pod), { args: times(STORED / 2, () => "") })),
    true,
  ],
  variables: [
    () =>
      update((_, pod) =>
        Object.assign(container(pod), {
          env: times(STORED / 21, (index) => ({
            name: `n${index}`,
            valueFrom: { secretKeyRef: { name: "a", key: "b", optional: false } },
          })),
        }),
      ),
    true,
  ],
  volumes: [
    () =>
      update((_, pod) =>
        (pod.volumes as Json[]).push(...times(STORED / 16, (index) => ({ name: `v${index}`, emptyDir: {} }))),
      ),
    true,
  ],
  annotations: [
    () =>
      update((object) =>
        Object.assign(at(object, "metadata"), {
          annotations: Object.fromEntries(times(ANNOTATED / 12, (index) => [`a${index}`, `${index}`])),
        }),
      ),
    true,
  ],
  ...judged({
    labels: (object) => {
      at(object, "spec", "template", "metadata").labels = labels();
    },
    "labels beside a term that asks for one": (object, pod) => {
      at(object, "spec", "template", "metadata").labels = { app: "web", ...labels() };
      pod.affinity = podAffinity([SELF]);
    },
    "labels and terms of a job": (object, pod) => {
      at(object, "spec", "template", "metadata").labels = labels(STORED / 24);
      pod.affinity = { podAntiAffinity: { [REQUIRED]: times(STORED / 80, () => SELF) } };
    },
    "the object's own labels": (object) => {
      at(object, "metadata").labels = labels();
    },
    "labels in the selector": (object) => {
      at(object, "spec").selector = { matchLabels: labels() };
    },
    "labels of nodes": (_, pod) => Object.assign(pod, { nodeSelector: labels() }),
    "labels in a term": (_, pod) => {
      pod.affinity = podAffinity([{ labelSelector: { matchLabels: labels() }, topologyKey: HOST }]);
    },
    "expressions in a term": (_, pod) => {
      pod.affinity = podAffinity([{ labelSelector: { matchExpressions: absent() }, topologyKey: HOST }]);
    },
    "the shortest expressions in a term": (_, pod) => {
      const matchExpressions = times(STORED / 13, () => ({ key: "a", operator: "Exists" }));
      pod.affinity = podAffinity([{ labelSelector: { matchExpressions }, topologyKey: HOST }]);
    },
    "values in a term": (_, pod) => {
      const requirement = { key: "app", operator: "NotIn", values: times(STORED / 8, (at) => `v${at}`) };
      pod.affinity = podAffinity([{ labelSelector: { matchExpressions: [requirement] }, topologyKey: HOST }]);
    },
    "the shortest terms": (_, pod) => {
      pod.affinity = podAffinity(times(STORED / 5, () => ({ topologyKey: "a" })));
    },
    "namespaces in a term": (_, pod) => {
      pod.affinity = podAffinity([{ ...SELF, namespaces: times(STORED / 9, (at) => `n${at}`) }]);
    },
    "keys in a term": (_, pod) => {
      pod.affinity = podAffinity([{ ...SELF, matchLabelKeys: times(STORED / 9, (at) => `n${at}`) }]);
    },
    "expressions about namespaces": (_, pod) => {
      pod.affinity = podAffinity([{ ...SELF, namespaceSelector: { matchExpressions: absent() } }]);
    },
    "preferred terms": (_, pod) => {
      const term = { weight: 1, podAffinityTerm: { topologyKey: "a" } };
      pod.affinity = { podAffinity: { [PREFERRED]: times(STORED / 11, () => term) } };
    },
    "preferred nodes": (_, pod) => {
      const term = { weight: 1, preference: {} };
      pod.affinity = { nodeAffinity: { [PREFERRED]: times(STORED / 6, () => term) } };
    },
    "terms to be apart": (_, pod) => {
      pod.affinity = { podAntiAffinity: { [REQUIRED]: times(STORED / 40, () => SELF) } };
    },
    "spread constraints": (_, pod) => {
      pod.topologySpreadConstraints = times(STORED / 26, (at) => ({
        maxSkew: 1,
        topologyKey: `k${at}`,
        whenUnsatisfiable: "DoNotSchedule",
      }));
    },
    "node terms of one host each": (_, pod) => {
      pod.affinity = nodeAffinity(
        times(STORED / 40, (at) => ({
          matchExpressions: [{ key: HOST, operator: "In", values: [`node-${at % 1000}`] }],
        })),
      );
    },
    "empty node terms": (_, pod) => {
      pod.affinity = nodeAffinity(times(STORED / 2, () => ({})));
    },
    "expressions about nodes": (_, pod) => {
      pod.affinity = nodeAffinity([{ matchExpressions: absent() }]);
    },
    "all hosts but some": (_, pod) => {
      const values = times(STORED / 10, (at) => `n${at}`);
      pod.affinity = nodeAffinity([{ matchExpressions: [{ key: HOST, operator: "NotIn", values }] }]);
    },
    tolerations: (_, pod) => {
      pod.tolerations = times(STORED / 20, (at) => ({ key: `t${at}`, operator: "Exists" }));
    },
    "claims that nothing mounts": (_, pod) => {
      pod.volumes = [
        ...(pod.volumes as Json[]),
        ...times(STORED / 25, (at) => ({ name: `v${at}`, persistentVolumeClaim: { claimName: "c" } })),
      ];
    },
    "one volume at many places": (_, pod) => {
      const mounts = times(STORED / 18, (at) => ({ name: "data", mountPath: `/${at}` }));
      container(pod).volumeMounts = mounts;
    },
    "claims that are mounted": (_, pod) => {
      mountAll(pod, (at) => (at === 0 ? "data" : `c${at}`));
    },
    "claims that another workload mounts too": (_, pod) => {
      mountAll(pod, (at) => `s${at}`);
    },
    "a claim's name of control characters": (_, pod) => {
      const claimName = CONTROL.repeat(STORED - 2_000);
      (pod.volumes as Json[]).push({ name: "v", persistentVolumeClaim: { claimName } });
      (container(pod).volumeMounts as Json[]).push({ name: "v", mountPath: "/v" });
    },
    "values of control characters": (_, pod) => {
      const values = times(STORED / 102, (at) => `${at}`.padEnd(100, CONTROL));
      pod.affinity = nodeAffinity([{ matchExpressions: [{ key: HOST, operator: "NotIn", values }] }]);
    },
    "reasons of control characters": (object) => {
      const annotations = { "attachguard.dev/reason": CONTROL.repeat(ANNOTATED - 100) };
      Object.assign(at(object, "metadata"), { annotations });
      Object.assign(at(object, "spec", "template", "metadata"), { annotations });
    },
    "labels of who manages it": (object) => {
      at(object, "metadata").labels = Object.fromEntries(
        times(STORED / 30, (index) => [`app.kubernetes.io/l${index}`, ""]),
      );
    },
    "disks of its own": (_, pod) => {
      const count = Math.floor(STORED / 60);
      pod.volumes = times(count, (at) => ({ name: `v${at}`, awsElasticBlockStore: { volumeID: `${at}` } }));
      container(pod).volumeMounts = times(count, (at) => ({ name: `v${at}`, mountPath: `/${at}` }));
    },
    devices: (_, pod) => {
      container(pod).volumeDevices = times(STORED / 18, (at) => ({ name: `d${at}`, devicePath: `/${at}` }));
    },
    containers: (_, pod) => {
      const more = times(STORED / 60, (at) => ({ name: `c${at}`, image: "a" }));
      pod.containers = [...(pod.containers as Json[]), ...more];
    },
    aliases: (_, pod) => {
      pod.hostAliases = times(STORED / 11, () => ({ ip: "1.1.1.1" }));
    },
    "secrets for images": (_, pod) => {
      pod.imagePullSecrets = times(STORED / 4, () => ({ name: "" }));
    },
    owners: (object) => {
      at(object, "metadata").ownerReferences = times(STORED / 40, (index) => ({
        apiVersion: "a/v1",
        kind: "A",
        name: `a${index}`,
        uid: `${index}`,
      }));
    },
    conditions: (object) => {
      const conditions = times(STORED / 24, (index) => ({ type: `a${index}`, status: "True" }));
      object.status = { conditions };
    },
    "keys called __proto__": (object) => {
      at(object, "spec", "template", "metadata").labels = JSON.parse(
        `{${times(STORED / 24, (index) => `"__proto__${index}":""`).join()},"__proto__":"","constructor":""}`,
      );
    },
  }),
  "claim templates": [
    () =>
      created("apps/v1", "StatefulSet", (spec) => ({
        ...spec,
        replicas: 2 ** 31 - 1,
        volumeClaimTemplates: claimTemplates(STORED / 60),
      })),
    true,
  ],
  "claim templates of a small body": [
    () =>
      created("apps/v1", "StatefulSet", (spec) => ({
        ...spec,
        replicas: 100_000,
        volumeClaimTemplates: claimTemplates(7_000),
      })),
    true,
  ],
  "names of a step": [
    () =>
      created("argoproj.io/v1alpha1", "Rollout", (spec) => ({
        ...spec,
        strategy: {
          canary: { steps: [Object.fromEntries(times(STORED / 10, (index) => [`s${index}`, 1]))] },
        },
      })),
    true,
  ],
  steps: [
    () =>
      created("argoproj.io/v1alpha1", "Rollout", (spec) => ({
        ...spec,
        strategy: { canary: { steps: times(STORED / 11, () => ({ pause: {} })) } },
      })),
    true,
  ],
  "access modes": [
    () =>
      created("apps/v1", "StatefulSet", (spec) => ({
        ...spec,
        replicas: 1,
        volumeClaimTemplates: [
          {
            metadata: { name: "own" },
            spec: { accessModes: times(STORED / 16, () => "ReadWriteOnce"), resources: {} },
          },
        ],
      })),
    true,
  ],
  "metrics of an autoscaler": [
    () =>
      JSON.stringify(
        reviewOf("005", (request) => {
          const resource = "horizontalpodautoscalers";
          request.resource = { group: "autoscaling", version: "v2", resource };
          request.name = "web";
          request.object = {
            apiVersion: "autoscaling/v2",
            kind: "HorizontalPodAutoscaler",
            metadata: { namespace: "shop", name: "web" },
            spec: {
              scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
              maxReplicas: 10,
              metrics: times(STORED / 16, () => ({ type: "Resource" })),
            },
          };
        }),
      ),
    true,
  ],
  "deep managedFields": [
    () =>
      update((object) => Object.assign(at(object, "metadata"), { managedFields: "here" })).replaceAll(
        '"here"',
        `[${times(15, () => `${'{"f:a":'.repeat(9_000)}{}${"}".repeat(9_000)}`).join()}]`,
      ),
    true,
  ],
  "lists beyond measure": [() => `${head},"x":[${"[],".repeat(6_600_000)}1]}}`, false],
  "objects beyond measure": [() => `${head},"x":[${"{},".repeat(5_900_000)}1]}}`, false],
  "as many objects as can be stored": [() => `${head},"x":[${"{},".repeat(1_570_000)}1]}}`, true],
  "lists just small enough for this thread": [() => `${head},"x":[${"[],".repeat(345_000)}1]}}`, true],
};
