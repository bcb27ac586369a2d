/** Looking at one of many like nodes finds what looking at each of them finds. */
import fc from "fast-check";
import t from "tap";
import type { Node, NodeSelectorTerm, Placement, WorkloadKind } from "../../../src/policy/model.ts";
import { eligibleNodes, HOSTNAME, matchesTerms } from "../../../src/policy/nodes.ts";
import { alikeNodes } from "../../../src/policy/spread/alike-nodes.ts";
import {
  countEligible,
  indexOf,
  KeptForPlacements,
  NO_AFFINITY,
  notTaking,
  takingAmong,
} from "../../../src/policy/spread/node-index.ts";
import { Work } from "../../../src/policy/spread/work.ts";
import { ANYWHERE } from "./cases.ts";

const ZONE = "topology.kubernetes.io/zone";
const RUNS = { numRuns: 1_500 };
const KINDS: readonly WorkloadKind[] = ["Deployment", "DaemonSet"];

/** Host labels have too many values to group by from 33 nodes on. */
const nodes = fc
  .array(
    fc.record({
      zone: fc.constantFrom("a", "b", undefined),
      taint: fc.constantFrom(undefined, undefined, "dedicated", "node.kubernetes.io/not-ready"),
      unschedulable: fc.constantFrom(false, false, true),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((all) =>
    all.map(
      ({ zone, taint, unschedulable }, at): Node => ({
        name: `n${at}`,
        labels: { [HOSTNAME]: `n${at}`, ...(zone && { [ZONE]: zone }) },
        taints: taint === undefined ? [] : [{ key: taint, value: "", effect: "NoSchedule" }],
        unschedulable,
      }),
    ),
  );
const requirement = fc.record({
  key: fc.constantFrom(ZONE, ZONE, HOSTNAME),
  operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist"),
  values: fc.array(fc.constantFrom("a", "b", "n1", "n40"), { minLength: 1, maxLength: 2 }),
});
const terms: fc.Arbitrary<NodeSelectorTerm[]> = fc.array(
  fc.record({
    matchExpressions: fc.array(requirement, { minLength: 1, maxLength: 2 }),
    matchFields: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.constant([{ key: "metadata.name", operator: "NotIn", values: ["n1"] }]) },
    ),
  }),
  { minLength: 1, maxLength: 2 },
);
const placement: fc.Arbitrary<Placement> = fc
  .record({
    nodeName: fc.constantFrom(undefined, undefined, undefined, "n1"),
    nodeSelector: fc.constantFrom({}, {}, { [ZONE]: "a" }, { [HOSTNAME]: "n40" }, { missing: "x" }),
    nodeAffinity: fc.option(terms, { nil: undefined }),
    tolerations: fc.constantFrom(
      [],
      [{ key: "dedicated", operator: "Exists", value: "", effect: "" }],
      [{ key: "", operator: "Exists", value: "", effect: "" }],
    ),
    topologyKey: fc.constantFrom(undefined, undefined, ZONE, HOSTNAME),
  })
  .map(({ topologyKey, ...rest }) => ({
    ...ANYWHERE,
    ...rest,
    podAffinity:
      topologyKey === undefined
        ? []
        : [
            {
              labelSelector: { matchLabels: {}, matchExpressions: [] },
              namespaces: [],
              namespaceSelector: undefined,
              topologyKey,
              matchLabelKeys: [],
              mismatchLabelKeys: [],
            },
          ],
  }));

t.test("the nodes that take a placement are those of a look at every node", async (t) => {
  const seen = new Set<number>();
  fc.assert(
    fc.property(
      nodes,
      placement,
      fc.option(terms, { nil: undefined }),
      fc.constantFrom(...KINDS),
      (all, of, volume, kind) => {
        const takes = (one: Node) =>
          notTaking(of, kind, one) === undefined && (volume === undefined || matchesTerms(volume, one));
        const expected = all.filter(takes);
        const found = takingAmong(indexOf(all), of, volume === undefined ? [] : [volume], new Work(), takes);
        seen.add(Math.min(expected.length, 2));
        t.equal(found?.count, expected.length);
        t.strictSame(
          found?.first.map(({ name }) => name),
          expected.slice(0, 4).map(({ name }) => name),
        );
        t.equal(countEligible(all, of, kind), eligibleNodes(of, all, kind).length);
      },
    ),
    RUNS,
  );
  t.same([...seen].sort(), [0, 1, 2], "none, one and several were among them");
});

t.test("thousands of nodes of a few kinds are looked at a few times", async (t) => {
  const pool = (at: number) => ["general", "gpu", "storage"][at % 3] as string;
  const all = Array.from(
    { length: 5_000 },
    (_, at): Node => ({
      name: `node-${at}`,
      labels: { [HOSTNAME]: `node-${at}`, [ZONE]: `z${at % 2}`, pool: pool(at) },
      taints: [],
      unschedulable: false,
    }),
  );
  t.equal(alikeNodes(all, 4).groups.length, 6);
  let looks = 0;
  const taking = takingAmong(
    indexOf(all),
    { ...ANYWHERE, nodeSelector: { pool: "gpu" } },
    [],
    new Work(),
    (one) => {
      looks += 1;
      return one.labels.pool === "gpu";
    },
  );
  t.equal(looks, 6);
  t.equal(taking?.count, 1_667);
  t.same(
    taking?.first.map(({ name }) => name),
    ["node-1", "node-4", "node-7", "node-10"],
    "those that are told are the first of the list",
  );
});

t.test("of thousands of nodes those are looked at that are asked for by name", async (t) => {
  const all = Array.from(
    { length: 5_000 },
    (_, at): Node => ({
      name: `node-${at}`,
      labels: { [HOSTNAME]: `host-${at}`, rack: `r${at % 100}`, [ZONE]: `z${at % 2}` },
      taints: [],
      unschedulable: false,
    }),
  );
  const term = (key: string, operator: string, ...values: string[]): NodeSelectorTerm => ({
    matchExpressions: [{ key, operator, values }],
    matchFields: [],
  });
  const field = (name: string): NodeSelectorTerm => ({
    matchExpressions: [],
    matchFields: [{ key: "metadata.name", operator: "In", values: [name] }],
  });
  const both = { ...term("rack", "In", "r1", "r2"), matchFields: field("node-101").matchFields };
  const rows: readonly [
    string,
    Partial<Placement>,
    readonly NodeSelectorTerm[][],
    number,
    readonly string[],
  ][] = [
    ["nodeName", { nodeName: "node-7" }, [], 1, ["node-7"]],
    ["nodeSelector", { nodeSelector: { [HOSTNAME]: "host-7", [ZONE]: "z1" } }, [], 1, ["node-7"]],
    ["one that is not there", { nodeSelector: { [HOSTNAME]: "host-x" } }, [], 0, []],
    [
      "node affinity",
      { nodeAffinity: [term(HOSTNAME, "In", "host-9", "host-7", "host-7"), field("node-8"), both] },
      [],
      4,
      ["node-7", "node-8", "node-9", "node-101"],
    ],
    [
      "a volume, whatever the placement",
      { nodeAffinity: [term("rack", "NotIn", "r5")] },
      [[term("rack", "In", "r1")], [term(HOSTNAME, "In", "host-1", "host-5")]],
      2,
      ["node-1"],
    ],
    [
      "an empty term",
      { nodeAffinity: [{ matchExpressions: [], matchFields: [] }, field("node-3")] },
      [],
      1,
      ["node-3"],
    ],
    [
      "having the label",
      { nodeAffinity: [term(HOSTNAME, "Exists")], nodeSelector: { [ZONE]: "z1" } },
      [],
      2,
      ["node-1", "node-3", "node-5", "node-7"],
    ],
    [
      "any but some",
      { nodeAffinity: [term(HOSTNAME, "NotIn", "host-0")] },
      [],
      5_000,
      ["node-1", "node-2", "node-3", "node-4"],
    ],
    [
      "alternatives of which one names nobody",
      { nodeAffinity: [field("node-9"), term(HOSTNAME, "NotIn", "host-0")] },
      [],
      5_000,
      ["node-1", "node-2", "node-3", "node-4"],
    ],
  ];
  for (const [reason, of, volumes, expected, names] of rows) {
    let looks = 0;
    const taking = takingAmong(indexOf(all), { ...ANYWHERE, ...of }, volumes, new Work(), (one) => {
      looks += 1;
      return (
        notTaking({ ...ANYWHERE, ...of }, "Deployment", one) === undefined &&
        volumes.every((terms) => matchesTerms(terms, one))
      );
    });
    t.equal(looks, expected, reason);
    t.strictSame(
      taking?.first.map(({ name }) => name),
      names,
      reason,
    );
  }
});

t.test(
  "answers are kept for so many placements, kinds and volumes in all, whatever users send",
  async (t) => {
    const kept = new KeptForPlacements<{ readonly at: number }>();
    const work = new Work();
    const placements = Array.from({ length: 500 }, (): Placement => ({ ...ANYWHERE }));
    const affinities = Array.from({ length: 50 }, (): object => ({}));
    const inUse = () =>
      placements.flatMap((one) =>
        affinities.flatMap((affinity) =>
          KINDS.flatMap((kind) => (kept.get(one, kind, affinity, work) === undefined ? [] : [one])),
        ),
      ).length;
    let at = 0;
    for (const one of placements) {
      for (const affinity of affinities) {
        for (const kind of KINDS) {
          kept.set(one, kind, affinity, { at }, work, work.left);
          if (kept.get(one, kind, affinity, work)?.at !== at) t.fail(`answer ${at} is not kept`);
          at += 1;
        }
      }
    }
    t.ok(inUse() <= 20_000, `${inUse()} of ${at}`);
  },
);

t.test("a kept answer takes the work that finding it out took, once in each state", async (t) => {
  const kept = new KeptForPlacements<object>();
  const first = new Work();
  const { left } = first;
  first.spend(1_000);
  const answer = {};
  kept.set(ANYWHERE, "Deployment", NO_AFFINITY, answer, first, left);
  t.equal(kept.get(ANYWHERE, "Deployment", NO_AFFINITY, first), answer, "where it was found out");
  t.equal(first.left, left - 1_000, "without being paid for again");

  const next = new Work();
  for (const time of [1, 2]) {
    t.equal(kept.get(ANYWHERE, "Deployment", NO_AFFINITY, next), answer);
    t.equal(next.left, left - 1_000, `asked for the time ${time}`);
  }
  next.giveUp();
  t.equal(kept.get(ANYWHERE, "Deployment", NO_AFFINITY, next), answer, "what was paid for is known");

  const short = new Work();
  short.spend(short.left - 999);
  t.equal(kept.get(ANYWHERE, "Deployment", NO_AFFINITY, short), undefined, "not enough left");
  t.equal(short.left, 999);
});

t.test("of many like nodes the one that is asked for by name is found", async (t) => {
  const many = Array.from({ length: 50 }, (_, at): Node => {
    return {
      name: `n${at}`,
      labels: { [HOSTNAME]: `n${at}`, [ZONE]: "a" },
      taints: [],
      unschedulable: false,
    };
  });
  const count = (term: Partial<NodeSelectorTerm>) =>
    countEligible(
      many,
      { ...ANYWHERE, nodeAffinity: [{ matchExpressions: [], matchFields: [], ...term }] },
      "Deployment",
    );
  const among = (key: string, ...values: readonly string[]) => [{ key, operator: "In", values }];
  t.equal(count({ matchFields: among("metadata.name", "n7") }), 1, "by its field");
  t.equal(count({ matchExpressions: among(HOSTNAME, "n7", "n40") }), 2, "by its label");
  t.equal(count({ matchExpressions: among(ZONE, "a") }), 50);
  t.equal(count({ matchExpressions: among(ZONE, "a"), matchFields: among("metadata.name", "n7") }), 1);
  t.equal(count({ matchExpressions: among(ZONE, "b") }), 0);
});
