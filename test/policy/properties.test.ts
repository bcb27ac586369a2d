/** What must hold for every cluster, whatever is in it. A failure prints the seed and the smallest counterexample. */
import fc from "fast-check";
import t from "tap";
import { parseBundle } from "../../src/cluster/files.ts";
import { evaluate, type Judgement } from "../../src/policy/evaluate.ts";
import { DEFAULT_OPTIONS } from "../../src/policy/options.ts";
import { autoscaler, claim, deployment, node, statefulSet, storageClass } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const RUNS = { numRuns: 400 };
const CLAIMS = ["a", "b", "c"] as const;

const mode = fc.constantFrom("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod");
const fencepost = fc.oneof(
  fc.nat(4),
  fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
);
const strategy: fc.Arbitrary<Raw> = fc.oneof(
  fc.constant({}),
  fc.constant({ strategy: { type: "Recreate" } }),
  fc
    .record({ maxSurge: fencepost, maxUnavailable: fencepost })
    .map((rollingUpdate) => ({ strategy: { rollingUpdate } })),
);
const label = fc.constantFrom("web", "db", "other");
const affinityTerm: fc.Arbitrary<Raw> = fc.record({
  topologyKey: fc.constantFrom("kubernetes.io/hostname", "topology.kubernetes.io/zone"),
  labelSelector: fc.oneof(
    fc.constant({}),
    label.map((app) => ({ matchLabels: { app } })),
  ),
});
const nodeTerm: fc.Arbitrary<Raw> = fc.record({
  matchExpressions: fc.array(
    fc.record({
      key: fc.constantFrom("kubernetes.io/hostname", "disk"),
      operator: fc.constantFrom("In", "NotIn"),
      values: fc.uniqueArray(fc.constantFrom("n1", "n2", "n3"), { minLength: 1 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
});

interface Placing {
  readonly podTerms: readonly Raw[];
  readonly antiTerms: readonly Raw[];
  readonly nodeTerms: readonly Raw[] | undefined;
  readonly nodeSelector: Raw;
}

const placing: fc.Arbitrary<Placing> = fc.record({
  podTerms: fc.oneof(fc.constant([]), fc.array(affinityTerm, { maxLength: 2 })),
  antiTerms: fc.array(affinityTerm, { maxLength: 1 }),
  nodeTerms: fc.option(fc.array(nodeTerm, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  nodeSelector: fc.constantFrom({}, {}, { disk: "n1" }),
});

function spec({ podTerms, antiTerms, nodeTerms, nodeSelector }: Placing): Raw {
  const required = "requiredDuringSchedulingIgnoredDuringExecution";
  return {
    nodeSelector,
    affinity: {
      podAffinity: { [required]: podTerms },
      podAntiAffinity: { [required]: antiTerms },
      ...(nodeTerms && { nodeAffinity: { [required]: { nodeSelectorTerms: nodeTerms } } }),
    },
  };
}

interface World {
  readonly replicas: number;
  readonly strategy: Raw;
  readonly mounts: readonly string[];
  readonly placing: Placing;
  readonly modes: Readonly<Record<(typeof CLAIMS)[number], readonly string[]>>;
  readonly maximum: number;
  readonly others: readonly Raw[];
}

const modes = fc.oneof(
  { weight: 3, arbitrary: fc.constant(["ReadWriteOnce"]) },
  { weight: 1, arbitrary: fc.uniqueArray(mode, { minLength: 1, maxLength: 2 }) },
);
const world: fc.Arbitrary<World> = fc.record({
  replicas: fc.constantFrom(0, 1, 1, 1, 2, 4),
  strategy,
  mounts: fc.uniqueArray(fc.constantFrom(...CLAIMS, "missing"), { minLength: 1 }),
  placing,
  modes: fc.record({ a: modes, b: modes, c: modes }),
  maximum: fc.constantFrom(1, 1, 1, 4),
  others: fc.subarray<Raw>([
    node("n1", { disk: "n1" }),
    node("n2", { disk: "n2" }),
    node("n3"),
    deployment({ name: "db", labels: { app: "db" }, claims: ["a"] }),
    statefulSet({ name: "other", labels: { app: "other" }, claims: [], workload: { replicas: 2 } }),
  ]),
});

function objects(of: World): readonly Raw[] {
  return [
    deployment({
      workload: { replicas: of.replicas, ...of.strategy },
      claims: of.mounts,
      spec: spec(of.placing),
    }),
    ...CLAIMS.map((name) => claim({ name, modes: of.modes[name] })),
    storageClass,
    ...(of.maximum > 1 ? [autoscaler({ max: of.maximum })] : []),
    ...of.others,
  ];
}

function judgeAll(documents: readonly Raw[]): Judgement {
  const { index, workloads } = parseBundle(
    documents.map((document, at) => ({ file: `${at}.json`, text: JSON.stringify(document) })),
  );
  const web = workloads.find(({ name }) => name === "web");
  if (!web) throw new Error("the workload under test is not there");
  return evaluate(index, web, null, {
    options: DEFAULT_OPTIONS,
    waiver: null,
    namespace: null,
    dryRun: false,
  });
}

const judge = (of: World): Judgement => judgeAll(objects(of));

/** What of a judgement must not change where order does not matter. */
function essence({ findings, factors }: Judgement): unknown {
  return {
    factors,
    findings: findings.map(({ rule, severity, factors, claims }) => ({
      rule,
      severity,
      factors,
      claims: claims.map(({ name }) => name).toSorted(),
    })),
  };
}

const rulesOf = ({ findings }: Judgement): string[] => findings.map(({ rule }) => rule);
const errorsOf = ({ findings }: Judgement): string[] =>
  findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule);

t.test("removing a volume never adds a finding", async (t) => {
  fc.assert(
    fc.property(world, fc.nat(), (of, pick) => {
      const left = of.mounts.filter((_, at) => at !== pick % of.mounts.length);
      const before = rulesOf(judge(of));
      // A claim that is not there is not spoken of where another claim decides; without that one it may be.
      const after = rulesOf(judge({ ...of, mounts: left })).filter((rule) => rule !== "claim-unknown");
      return after.every((rule) => before.includes(rule));
    }),
    RUNS,
  );
  t.pass();
});

t.test("removing a volume never adds an error, nor a doubt where none was mounted", async (t) => {
  fc.assert(
    fc.property(world, (of) => {
      const known = of.mounts.filter((name) => name !== "missing");
      return !rulesOf(judge({ ...of, mounts: known })).includes("claim-unknown");
    }),
    RUNS,
  );
  t.pass();
});

t.test("Recreate with one replica and no autoscaler never has an error", async (t) => {
  fc.assert(
    fc.property(
      world,
      (of) =>
        errorsOf(judge({ ...of, replicas: 1, maximum: 1, strategy: { strategy: { type: "Recreate" } } }))
          .length === 0,
    ),
    RUNS,
  );
  t.pass();
});

t.test("0 replicas never has a finding but what an autoscaler does once it is woken", async (t) => {
  fc.assert(
    fc.property(world, (of) => judge({ ...of, replicas: 0, maximum: 1 }).findings.length === 0),
    RUNS,
  );
  t.pass();
});

t.test("a verdict does not depend on the order of documents", async (t) => {
  fc.assert(
    fc.property(
      world.chain((of) => {
        const documents = objects(of);
        return fc.record({
          documents: fc.constant(documents),
          shuffled: fc.shuffledSubarray([...documents], { minLength: documents.length }),
        });
      }),
      ({ documents, shuffled }) => {
        t.strictSame(essence(judgeAll(shuffled)), essence(judgeAll(documents)));
      },
    ),
    { numRuns: 200 },
  );
});

t.test("a verdict does not depend on the order of volumes or of affinity terms", async (t) => {
  fc.assert(
    fc.property(world, (of) => {
      const { podTerms, antiTerms, nodeTerms } = of.placing;
      const turned: World = {
        ...of,
        mounts: of.mounts.toReversed(),
        placing: {
          ...of.placing,
          podTerms: podTerms.toReversed(),
          antiTerms: antiTerms.toReversed(),
          nodeTerms: nodeTerms?.toReversed(),
        },
      };
      t.strictSame(essence(judge(turned)), essence(judge(of)));
    }),
    { numRuns: 200 },
  );
});

t.test("adding a proof of one node never adds an error for what one node may hold", async (t) => {
  fc.assert(
    fc.property(world, (of) => {
      const before = errorsOf(judge(of));
      const pinned = { ...of, placing: { ...of.placing, nodeSelector: { "kubernetes.io/hostname": "n1" } } };
      const after = errorsOf(judge(pinned)).filter((rule) => rule !== "rwop-overlap");
      return after.every((rule) => before.includes(rule));
    }),
    RUNS,
  );
  t.pass();
});

t.test("ReadWriteMany everywhere never has a finding", async (t) => {
  fc.assert(
    fc.property(world, (of) => {
      const many = { a: ["ReadWriteMany"], b: ["ReadWriteMany"], c: ["ReadWriteMany"] };
      return rulesOf(judge({ ...of, modes: many })).every((rule) => rule === "claim-unknown");
    }),
    RUNS,
  );
  t.pass();
});
