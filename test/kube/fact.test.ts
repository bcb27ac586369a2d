import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { type FactKind, factFrom } from "../../src/kube/fact.ts";
import { KINDS, kindOf, sameApi } from "../../src/kube/kinds.ts";

const fixtures = new URL("../fixtures/", import.meta.url);
const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, fixtures), "utf8"));

interface List {
  readonly apiVersion: string;
  readonly kind: string;
  readonly items: readonly { metadata: { name: string; namespace?: string } }[];
}

t.test("reads every item of the recorded lists, whose type only the list names", async (t) => {
  let read = 0;
  for (const file of readdirSync(new URL("api/", fixtures)).filter((name) => name.startsWith("list-"))) {
    const { apiVersion, kind, items } = json(`api/${file}`) as List;
    const itemKind = kind.replace(/List$/, "");
    for (const item of items) {
      const fact = factFrom(item, undefined, { apiVersion, kind: itemKind });
      t.equal(fact?.kind, itemKind, `${file} ${item.metadata.name}`);
      t.equal(fact?.object.name, item.metadata.name);
      read += 1;
    }
  }
  t.ok(read >= 10, `${read} items`);
});

t.test("reads what the recorded reviews carry", async (t) => {
  const expected: Record<string, FactKind> = {
    deployments: "Deployment",
    horizontalpodautoscalers: "HorizontalPodAutoscaler",
    persistentvolumeclaims: "PersistentVolumeClaim",
  };
  let read = 0;
  for (const file of readdirSync(new URL("reviews/", fixtures))) {
    const kind = expected[/^\d+-([a-z_]+)-/.exec(file)?.[1] ?? ""];
    const { review } = json(`reviews/${file}`) as { review: { request: Record<string, unknown> } };
    for (const object of [review.request.object, review.request.oldObject]) {
      const fact = factFrom(object);
      if (object === null || object === undefined) {
        t.equal(fact, undefined, `${file}: null`);
      } else if (kind !== undefined) {
        t.equal(fact?.kind, kind, file);
        t.same(
          fact !== undefined && "notes" in fact.object ? fact.object.notes : [],
          [],
          `${file}: read in full`,
        );
        read += 1;
      }
    }
  }
  t.ok(read >= 20, `${read} objects`);
});

t.test("reads recorded Deployments as the API server stores them", async (t) => {
  const { review } = json("reviews/005-deployments-CREATE-web.json") as {
    review: { request: { object: unknown } };
  };
  t.match(factFrom(review.request.object), {
    kind: "Deployment",
    object: {
      namespace: "shop",
      name: "web",
      pods: { by: "replicas", replicas: 1 },
      strategy: {
        kind: "rolling-update",
        maxSurge: { kind: "percent", value: 25 },
        maxUnavailable: { kind: "percent", value: 25 },
      },
      template: { mounts: [{ kind: "claim", claimName: "data" }] },
    },
  });
});

t.test("knows each kind by its group, whatever the version", async (t) => {
  const rows: { apiVersion: string; kind: string; expected: FactKind | undefined; reason: string }[] = [
    { apiVersion: "apps/v1", kind: "Deployment", expected: "Deployment", reason: "served" },
    { apiVersion: "apps/v9", kind: "Deployment", expected: "Deployment", reason: "of the group" },
    { apiVersion: "extensions/v1beta1", kind: "Deployment", expected: "Deployment", reason: "gone" },
    { apiVersion: "extensions/v1beta1", kind: "Ingress", expected: undefined, reason: "not judged" },
    {
      apiVersion: "serving.example.dev/v1",
      kind: "Deployment",
      expected: undefined,
      reason: "somebody else's",
    },
    { apiVersion: "v1", kind: "Pod", expected: "Pod", reason: "core" },
    { apiVersion: "core/v1", kind: "Pod", expected: undefined, reason: "the core group has no name" },
    { apiVersion: "v1", kind: "constructor", expected: undefined, reason: "no kind" },
    { apiVersion: "v1", kind: "__proto__", expected: undefined, reason: "no kind" },
  ];
  for (const { apiVersion, kind, expected, reason } of rows)
    t.equal(kindOf(apiVersion, kind), expected, reason);
});

t.test("compares the API that an autoscaler names by group", async (t) => {
  const rows: { reference: string; actual: string; same: boolean; reason: string }[] = [
    { reference: "apps/v1", actual: "apps/v1", same: true, reason: "equal" },
    { reference: "apps/v1beta2", actual: "apps/v1", same: true, reason: "the version does not count" },
    {
      reference: "extensions/v1beta1",
      actual: "extensions/v1beta1",
      same: true,
      reason: "equal, though gone",
    },
    {
      reference: "apps/v1",
      actual: "extensions/v1beta1",
      same: true,
      reason: "the old file lives on in apps",
    },
    {
      reference: "extensions/v1beta1",
      actual: "apps/v1",
      same: false,
      reason: "the controller finds no such API",
    },
    { reference: "", actual: "apps/v1", same: false, reason: "no group is the core group" },
    { reference: "argoproj.io/v1alpha1", actual: "apps/v1", same: false, reason: "another group" },
  ];
  for (const { reference, actual, same, reason } of rows) {
    t.equal(sameApi(reference, actual, "Deployment"), same, reason);
  }
});

const TYPES = Object.entries(KINDS).flatMap(([kind, { group, versions, gone }]) =>
  [...versions.map((version) => (group === "" ? version : `${group}/${version}`)), ...gone].map(
    (apiVersion) => ({
      apiVersion,
      kind,
    }),
  ),
);

const FIELDS = [
  "metadata",
  "spec",
  "status",
  "template",
  "jobTemplate",
  "strategy",
  "rollingUpdate",
  "maxSurge",
  "volumes",
  "containers",
  "volumeMounts",
  "persistentVolumeClaim",
  "affinity",
  "podAffinity",
  "nodeAffinity",
  "requiredDuringSchedulingIgnoredDuringExecution",
  "labelSelector",
  "matchExpressions",
  "topologySpreadConstraints",
  "tolerations",
  "taints",
  "ownerReferences",
  "labels",
  "annotations",
  "accessModes",
  "claimRef",
  "scaleTargetRef",
  "parameters",
  "__proto__",
];

/** Objects with the names that are read, and anything at all behind them. */
const shaped = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "medium" },
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
    }),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(fc.constantFrom(...FIELDS), tie("value"), { maxKeys: 6 }),
}));

t.test("never throws and never changes what it reads, whatever its shape", async (t) => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      factFrom(value);
    }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...TYPES), shaped.object, (type, object) => {
      // A write to a frozen object throws.
      factFrom(deepFreeze({ ...(object as object), ...type }));
    }),
    { numRuns: 2000 },
  );
  const recorded = json("reviews/014-deployments-UPDATE-web.json") as {
    review: { request: { object: object } };
  };
  t.doesNotThrow(() => factFrom(deepFreeze(recorded.review.request.object)));
});

function deepFreeze(value: unknown): unknown {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
