import t from "tap";
import { placementOf } from "../../src/kube/placement.ts";

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

t.test("reads every hard term", async (t) => {
  const placement = placementOf({
    nodeName: "n1",
    nodeSelector: { disk: "ssd" },
    affinity: {
      nodeAffinity: {
        [REQUIRED]: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: "zone", operator: "In", values: ["a", "b"] }] },
            { matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] },
          ],
        },
      },
      podAffinity: {
        [REQUIRED]: [
          {
            labelSelector: {
              matchLabels: { app: "web" },
              matchExpressions: [{ key: "tier", operator: "Exists" }],
            },
            namespaces: ["shop"],
            namespaceSelector: {},
            topologyKey: "kubernetes.io/hostname",
            matchLabelKeys: ["pod-template-hash"],
            mismatchLabelKeys: ["tenant"],
          },
        ],
      },
      podAntiAffinity: { [REQUIRED]: [{ topologyKey: "kubernetes.io/hostname" }] },
    },
    topologySpreadConstraints: [
      {
        topologyKey: "kubernetes.io/hostname",
        maxSkew: 2,
        labelSelector: {},
        whenUnsatisfiable: "DoNotSchedule",
      },
    ],
    tolerations: [{ key: "gpu", effect: "NoSchedule" }, { operator: "Exists" }],
  });
  t.same(placement, {
    nodeName: "n1",
    nodeSelector: { disk: "ssd" },
    nodeAffinity: [
      { matchExpressions: [{ key: "zone", operator: "In", values: ["a", "b"] }], matchFields: [] },
      { matchExpressions: [], matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] },
    ],
    podAffinity: [
      {
        labelSelector: {
          matchLabels: { app: "web" },
          matchExpressions: [{ key: "tier", operator: "Exists", values: [] }],
        },
        namespaces: ["shop"],
        namespaceSelector: { matchLabels: {}, matchExpressions: [] },
        topologyKey: "kubernetes.io/hostname",
        matchLabelKeys: ["pod-template-hash"],
        mismatchLabelKeys: ["tenant"],
      },
    ],
    podAntiAffinity: [
      {
        labelSelector: undefined,
        namespaces: [],
        namespaceSelector: undefined,
        topologyKey: "kubernetes.io/hostname",
        matchLabelKeys: [],
        mismatchLabelKeys: [],
      },
    ],
    spreadConstraints: [
      {
        topologyKey: "kubernetes.io/hostname",
        maxSkew: 2,
        labelSelector: { matchLabels: {}, matchExpressions: [] },
        matchLabelKeys: [],
      },
    ],
    tolerations: [
      { key: "gpu", operator: "Equal", value: "", effect: "NoSchedule" },
      { key: "", operator: "Exists", value: "", effect: "" },
    ],
  });
});

t.test("leaves out what only prefers", async (t) => {
  const nowhere = placementOf({});
  const preferring = placementOf({
    nodeName: "",
    nodeSelector: {},
    affinity: {
      nodeAffinity: { [PREFERRED]: [{ weight: 100, preference: { matchExpressions: [] } }] },
      podAffinity: {
        [PREFERRED]: [{ weight: 100, podAffinityTerm: { topologyKey: "kubernetes.io/hostname" } }],
      },
      podAntiAffinity: null,
    },
    topologySpreadConstraints: [
      { topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway" },
    ],
    tolerations: [],
  });
  t.same(preferring, nowhere);
  t.equal(preferring, nowhere, "all templates without a hard term share one placement");
});

t.test("a spread constraint is hard unless it says otherwise", async (t) => {
  const rows: { whenUnsatisfiable: unknown; hard: boolean; reason: string }[] = [
    { whenUnsatisfiable: undefined, hard: true, reason: "the default" },
    { whenUnsatisfiable: "DoNotSchedule", hard: true, reason: "as written" },
    { whenUnsatisfiable: "ScheduleAnyway", hard: false, reason: "soft" },
    { whenUnsatisfiable: "Whatever", hard: false, reason: "nothing that the scheduler knows" },
  ];
  for (const { whenUnsatisfiable, hard, reason } of rows) {
    const { spreadConstraints } = placementOf({ topologySpreadConstraints: [{ whenUnsatisfiable }] });
    t.equal(spreadConstraints.length, hard ? 1 : 0, reason);
  }
});

t.test("tells an absent selector from an empty one", async (t) => {
  const terms = [{ labelSelector: null }, {}, { labelSelector: {} }];
  const { podAffinity } = placementOf({ affinity: { podAffinity: { [REQUIRED]: terms } } });
  t.same(
    podAffinity.map(({ labelSelector }) => labelSelector !== undefined),
    [false, false, true],
    "absent matches nothing, empty matches everything",
  );
  const none = placementOf({ affinity: { nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: [] } } } });
  t.same(none.nodeAffinity, [], "required, but no term: no node matches");
});

t.test("placements that say the same are one object, and others are not", async (t) => {
  const tolerations = [{ key: "dedicated", operator: "Equal", value: "apps", effect: "NoSchedule" }];
  const selector = { disk: "ssd" };
  t.equal(placementOf({ tolerations }), placementOf({ tolerations: structuredClone(tolerations) }));
  const others = [
    { tolerations },
    { tolerations: [] },
    { tolerations, nodeSelector: selector },
    { nodeSelector: selector },
    { nodeSelector: selector, nodeName: "a" },
    { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } } },
    {
      affinity: {
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone" }] },
      },
    },
    {
      affinity: {
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone" }] },
      },
    },
    {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone", labelSelector: {} }],
        },
      },
    },
  ].map(placementOf);
  t.equal(new Set(others).size, others.length);
  const many = { tolerations: Array.from({ length: 100 }, (_, at) => ({ key: `key-${at}` })) };
  t.not(placementOf(many), placementOf(many), "what names much is not kept");
  t.strictSame(placementOf(many), placementOf(many));
});
