import { type Json, RECORDINGS } from "../admission/support/reviews.ts";
import type { Random } from "./random.ts";

type Container = Record<string | number, unknown>;

interface Place {
  readonly parent: Container;
  readonly key: string | number;
}

/** Values that break assumptions: of the wrong type, out of range, of the wrong form, hostile. */
const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  0.5,
  3,
  1e9,
  2 ** 31,
  Number.MAX_SAFE_INTEGER,
  1e300,
  "",
  "0",
  "50%",
  "abc%",
  "-10%",
  "1000000000000%",
  "*",
  "constructor",
  "toString",
  "line\nbreak\u0000\u007f\u2028",
  "\ud800",
  "x".repeat(2_000),
  "2026-13-45T99:99:99Z",
  {},
  [],
  [null],
  [[[]]],
  { hasOwnProperty: 1, valueOf: null },
  { matchLabels: { app: "web" } },
  [{ name: "d", persistentVolumeClaim: { claimName: "data" } }],
];

const MODES = ["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod", "Nonsense"] as const;

const AFFINITY = {
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { labelSelector: { matchLabels: { app: "web" } }, topologyKey: "kubernetes.io/hostname" },
    ],
  },
};

/** Changes that make sense, by the names of the fields that they set. */
const SENSIBLE: ReadonlyMap<string | number, (random: Random) => unknown> = new Map(
  Object.entries({
    replicas: (random: Random) => random.below(6),
    maxReplicas: (random: Random) => random.below(6),
    minReplicas: (random: Random) => random.below(3),
    maxSurge: (random: Random) => random.pick<unknown>([0, 1, 2, "0%", "25%", "100%"]),
    maxUnavailable: (random: Random) => random.pick<unknown>([0, 1, "0%", "25%", "100%"]),
    type: (random: Random) => random.pick(["Recreate", "RollingUpdate"]),
    image: (random: Random) => `example.com/image:${random.below(3)}`,
    claimName: (random: Random) => random.pick(["data", "other", "web"]),
    accessModes: (random: Random) => [random.pick(MODES), random.pick(MODES)],
    storageClassName: (random: Random) => random.pick<unknown>(["gp3", "", "unheard-of", null]),
    volumeName: (random: Random) => random.pick(["pv-1", ""]),
    dryRun: (random: Random) => random.once(2),
    operation: (random: Random) => random.pick(["CREATE", "UPDATE", "DELETE", "CONNECT"]),
    username: (random: Random) =>
      random.pick(["admin", "dev", "system:serviceaccount:kube-system:horizontal-pod-autoscaler"]),
    namespace: (random: Random) => random.pick(["shop", "audited", "off", "kube-system", "nowhere"]),
    name: (random: Random) => random.pick(["web", "data", "d", "other"]),
    kind: (random: Random) =>
      random.pick(["Deployment", "StatefulSet", "Scale", "HorizontalPodAutoscaler", "PersistentVolumeClaim"]),
    resource: (random: Random) =>
      random.pick(["deployments", "statefulsets", "persistentvolumeclaims", "pods"]),
    subResource: (random: Random) => random.pick(["scale", "status", ""]),
    apiVersion: (random: Random) =>
      random.pick(["apps/v1", "apps/v1beta1", "v1", "autoscaling/v1", "autoscaling/v2"]),
    uid: (random: Random) => `uid-${random.below(5)}`,
    template: () => ({}),
    affinity: () => structuredClone(AFFINITY),
    annotations: (random: Random) =>
      random.pick([
        { "attachguard.dev/ignore": "*", "attachguard.dev/reason": "known" },
        { "attachguard.dev/ignore": "rwo-rolling-update" },
        { "attachguard.dev/waiver": "a.b.c" },
      ]),
    deletionTimestamp: () => "2026-11-20T09:36:36Z",
  } satisfies Record<string, (random: Random) => unknown>),
);

/** Fields that are added where an object is that may have them. */
const ADDED = [
  "affinity",
  "annotations",
  "deletionTimestamp",
  "replicas",
  "volumeName",
  "__proto__",
] as const;

/** A recorded review with a few changes, some that make sense and some that do not. */
export function mutatedReview(random: Random): Json {
  const review: Json = structuredClone(random.pick(RECORDINGS).review);
  for (let changes = random.below(5); changes > 0; changes--) mutate(review, random);
  return review;
}

/** The text of a mutated review, now and then damaged as text. */
export function mutatedText(random: Random): string {
  const text = JSON.stringify(mutatedReview(random));
  if (!random.once(12)) return text;
  const at = random.below(text.length);
  return random.pick([
    () => text.slice(0, at),
    () => text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1),
    () => text.replaceAll('"metadata":{', '"metadata":{"__proto__":{"name":"x"},'),
    () => text.replace('"request":{', '"request":{"uid":"twice","constructor":{"prototype":{}},'),
    () => `${text}${text}`,
    () => `\ufeff${text}`,
    () => "[".repeat(random.below(20_000)),
    // Beyond the sizes from which bodies are looked at, are large, are parsed elsewhere.
    () =>
      text.replace(
        "{",
        `{"x":${JSON.stringify("<[,".repeat(random.pick([11_000, 11_000, 11_000, 360_000])))},`,
      ),
    () => text.replace("{", `{"x":${'[{"a":'.repeat(9_000)}1${"}]".repeat(9_000)},`),
  ])();
}

function mutate(review: Json, random: Random): void {
  const places = placesIn(review);
  if (places.length === 0) return;
  const { parent, key } = random.pick(places);
  switch (random.below(8)) {
    case 0:
      parent[key] = structuredClone(random.pick(ODD));
      return;
    case 1:
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
      return;
    case 2: {
      // A part of another review in the place of this one.
      const other = random.pick(placesIn(random.pick(RECORDINGS).review));
      parent[key] = structuredClone(other.parent[other.key]);
      return;
    }
    case 3: {
      if (Array.isArray(parent)) return;
      const name = random.pick(ADDED);
      const value = SENSIBLE.get(name)?.(random) ?? structuredClone(random.pick(ODD));
      // As JSON.parse does: assigning __proto__ would set a prototype instead.
      Object.defineProperty(parent, name, { value, enumerable: true, configurable: true, writable: true });
      return;
    }
    case 4:
      if (Array.isArray(parent))
        parent.push(...Array.from({ length: random.below(50) }, () => structuredClone(parent[Number(key)])));
      return;
    default: {
      // Half of all changes: a field that is read gets a value that it may have.
      const known = places.filter((place) => SENSIBLE.has(place.key));
      if (known.length === 0) return;
      const chosen = random.pick(known);
      chosen.parent[chosen.key] = SENSIBLE.get(chosen.key)?.(random);
    }
  }
}

/** Every place in a value that holds another one. */
function placesIn(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== "object" || value === null || found.length > 5_000) return found;
  const parent = value as Container;
  for (const key of Object.keys(parent)) {
    // What the API server's bookkeeping says is read by nobody.
    if (key === "managedFields") continue;
    found.push({ parent, key });
    placesIn(parent[key], found);
  }
  return found;
}
