import t from "tap";
import { RULES } from "../../src/policy/rules/index.ts";
import { broughtBy, type Files, judgeFiles } from "../support/change.ts";
import {
  autoscaler,
  claim,
  deployment,
  sameNode,
  statefulSet,
  storageClass,
  volume,
} from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

interface Hazard {
  /** A workload, and what makes it break the rule; the first object is the one that is told of. */
  readonly broken: readonly Raw[];
  /** The same without the hazard. */
  readonly safe: readonly Raw[];
}

const RECREATE: Raw = { strategy: { type: "Recreate" } };
const one = (more: Raw = {}): Raw => deployment({ workload: RECREATE, ...more });
const nfs: Raw = { ...storageClass, metadata: { name: "shared" }, provisioner: "efs.csi.aws.com" };
const azureFile: Raw = { ...storageClass, provisioner: "file.csi.azure.com" };

const HAZARDS: Readonly<Record<string, Hazard>> = {
  "rwo-rolling-update": {
    broken: [deployment(), claim(), storageClass],
    safe: [one(), claim(), storageClass],
  },
  "rwo-replicas": {
    broken: [one({ workload: { ...RECREATE, replicas: 2 } }), claim(), storageClass],
    safe: [one(), claim(), storageClass],
  },
  "rwo-autoscaling": {
    broken: [one(), claim(), storageClass, autoscaler({ max: 3 })],
    safe: [one(), claim(), storageClass, autoscaler({ max: 1 })],
  },
  "rwop-overlap": {
    broken: [deployment(), claim({ modes: ["ReadWriteOncePod"] }), storageClass],
    safe: [one(), claim({ modes: ["ReadWriteOncePod"] }), storageClass],
  },
  "rwo-shared-claim": {
    broken: [one(), one({ name: "zeta", labels: { app: "zeta" } }), claim(), storageClass],
    safe: [
      one(),
      one({ name: "zeta", labels: { app: "zeta" }, claims: ["own"] }),
      claim(),
      claim({ name: "own" }),
      storageClass,
    ],
  },
  "access-mode-unsupported": {
    broken: [claim({ modes: ["ReadWriteMany"] }), storageClass],
    safe: [claim(), storageClass],
  },
  "access-mode-unenforced": {
    broken: [
      one({ workload: { ...RECREATE, replicas: 2 } }),
      claim({ spec: { storageClassName: "shared" } }),
      nfs,
    ],
    safe: [one(), claim({ spec: { storageClassName: "shared" } }), nfs],
  },
  "claim-unknown": {
    broken: [deployment(), storageClass],
    safe: [one(), storageClass],
  },
};

const labelled = (object: Raw): Raw => ({
  ...object,
  metadata: { ...(object.metadata as Raw), labels: { team: "a" } },
});
const renamed = (object: Raw): Raw => ({
  ...object,
  metadata: { ...(object.metadata as Raw), name: "renamed" },
});
const rulesIn = (brought: readonly string[]): readonly string[] =>
  brought.map((text) => text.replace(/^.* |\?$/g, ""));

t.same(Object.keys(HAZARDS).sort(), RULES.map(({ id }) => id as string).sort(), "every rule has a hazard");

for (const [rule, { broken, safe }] of Object.entries(HAZARDS)) {
  t.test(`${rule}: each kind of change`, async (t) => {
    const [subject = {}, ...rest] = broken;
    const changes = async (before: Files, after: Files) =>
      rulesIn(broughtBy(await judgeFiles(before, after)));
    t.ok((await changes({}, { "k/a.json": broken })).includes(rule), "created");
    t.ok((await changes({ "k/a.json": safe }, { "k/a.json": broken })).includes(rule), "brought by an edit");
    t.notOk((await changes({ "k/a.json": broken }, { "k/a.json": safe })).includes(rule), "mended");
    for (const [kind, after] of Object.entries<Files>({
      untouched: { "k/a.json": broken, "l/new.json": [claim({ name: "alone", namespace: "else" })] },
      moved: { "elsewhere/b.json": broken },
      split: { "k/a.json": [subject], "k/b.json": rest },
      "another label": { "k/a.json": [labelled(subject), ...rest] },
    })) {
      const judged = await judgeFiles({ "k/a.json": broken }, { ...after });
      t.same(broughtBy(judged), [], `${kind}: nothing is brought`);
      t.ok(
        [...judged.known].some((finding) => finding.rule === rule),
        `${kind}: it is known`,
      );
    }
    const others = rest.map((object) =>
      object.kind === "HorizontalPodAutoscaler" ? autoscaler({ max: 3, target: "renamed" }) : object,
    );
    const other = await judgeFiles({ "k/a.json": broken }, { "k/a.json": [renamed(subject), ...others] });
    t.ok(rulesIn(broughtBy(other)).includes(rule), "under another name it is new");
    t.match(other.notes, [{ message: /renamed replaces .* unless it is pruned/ }]);
    t.same(broughtBy(await judgeFiles({ "k/a.json": broken }, {})), [], "a deletion is not judged");
  });
}

t.test("what a neighbour brings to a workload that is the same", async (t) => {
  const pin = (name: string): Raw => ({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: "gp3",
      claimRef: { namespace: "shop", name: "data" },
      csi: { driver: "ebs.csi.aws.com", volumeHandle: "v" },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["node-1"] }] },
          ],
        },
      },
    },
  });
  const rows: readonly (readonly [string, readonly Raw[], readonly Raw[], readonly string[]])[] = [
    [
      "the claim is deleted",
      [one(), deployment({ name: "b" }), claim({ modes: ["ReadWriteMany"] }), nfs],
      [one(), deployment({ name: "b" }), nfs],
      ["b claim-unknown?"],
    ],
    [
      "the claim's class is another driver's",
      [deployment(), claim(), nfs],
      [deployment(), claim(), storageClass, nfs],
      [],
    ],
    [
      "the volume that pinned it goes",
      [deployment(), claim(), storageClass, pin("pv")],
      [deployment(), claim(), storageClass],
      ["web rwo-rolling-update"],
    ],
    [
      "the anchor of its affinity goes",
      [deployment({ spec: sameNode({ app: "web" }) }), claim()],
      [deployment(), claim()],
      ["web rwo-rolling-update"],
    ],
    [
      "an autoscaler is added",
      [one(), claim(), storageClass],
      [one(), claim(), storageClass, autoscaler({ max: 4 })],
      ["web rwo-autoscaling"],
    ],
    [
      "an autoscaler goes further",
      [one(), claim(), autoscaler({ max: 2 })],
      [one(), claim(), autoscaler({ max: 4 })],
      ["web rwo-autoscaling"],
    ],
    [
      "an autoscaler goes less far",
      [one(), claim(), autoscaler({ max: 4 })],
      [one(), claim(), autoscaler({ max: 2 })],
      [],
    ],
    [
      "the default class becomes one that attaches nothing",
      [
        one({ workload: { ...RECREATE, replicas: 2 } }),
        claim({ spec: { storageClassName: "gp3" } }),
        storageClass,
      ],
      [
        one({ workload: { ...RECREATE, replicas: 2 } }),
        claim({ spec: { storageClassName: "gp3" } }),
        azureFile,
      ],
      ["web access-mode-unenforced?"],
    ],
  ];
  for (const [why, before, after, brought] of rows) {
    t.same(broughtBy(await judgeFiles({ "a.json": before }, { "a.json": after })), brought, why);
  }
});

t.test("two objects of one name stay apart by their roots", async (t) => {
  const app = deployment();
  const [a, b] = [{ "a/x.json": [app, claim()] }, { "b/x.json": [app, claim()] }];
  const changed = { "b/x.json": [deployment({ annotations: { a: "b" } }), claim()] };
  t.same(broughtBy(await judgeFiles({ ...a, ...b }, { ...a, ...b })), []);
  t.same(broughtBy(await judgeFiles({ ...a, ...b }, { ...a, ...changed })), ["web rwo-rolling-update"]);
  t.same(
    broughtBy(await judgeFiles({ ...a, ...b }, { "c/x.json": [app, claim()], "d/x.json": [app, claim()] })),
    ["web rwo-rolling-update", "web rwo-rolling-update"],
    "of two that are left over nobody knows which is which",
  );
});

t.test("a workload that uses another's template is judged with it", async (t) => {
  const { borrowingRollout } = await import("../support/objects.ts");
  const files = (annotations: Raw): Files => ({
    "a.json": [
      deployment({ annotations, workload: { replicas: 0 } }),
      borrowingRollout({}),
      claim(),
      storageClass,
    ],
  });
  t.same(broughtBy(await judgeFiles(files({ a: "1" }), files({ a: "2" }))), [
    "web-rollout rwo-rolling-update",
  ]);
});

t.test("who asks is not known, and said where it matters", async (t) => {
  const config = { callers: [{ users: ["ci"], groups: [], mode: "audit" as const }] };
  const [before, after] = [{ "a.json": [one(), claim()] }, { "a.json": [deployment(), claim()] }];
  t.match((await judgeFiles(before, after, { config })).notes.at(-1), {
    message: /who will apply this is not known/,
  });
});

t.test("what files do not tell is said beside the error that turns on it", async (t) => {
  const next = deployment({ annotations: { a: "b" } });
  const rollout = await judgeFiles({ "a.json": [deployment(), claim()] }, { "a.json": [next, claim()] });
  t.match(rollout.findings[0]?.notes.join(), /if a rollout of it is unfinished in the cluster/);
  const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1 };
  const briefly = { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: "100%" } } };
  const without: readonly (readonly [why: string, before: Raw, after: Raw, was?: Raw])[] = [
    [
      "another field than the template",
      deployment(),
      deployment({ workload: { minReadySeconds: 5 } }),
      claim({ modes: ["ReadWriteMany"] }),
    ],
    [
      "the template too, but it is about replicas",
      deployment({ workload: briefly }),
      deployment({ annotations: { a: "b" }, workload: { ...briefly, replicas: 2 } }),
    ],
    ["no template is changed", one(), deployment()],
    ["Recreate leaves no rollout unfinished", one(), next],
    ["it is about replicas", one(), one({ annotations: { a: "b" }, workload: { ...RECREATE, replicas: 2 } })],
    ["the file shows its status", deployment({ status }), deployment({ annotations: { a: "b" }, status })],
    ["it is new", deployment({ name: "other" }), deployment()],
  ];
  for (const [why, before, after, was = claim()] of without) {
    const judged = await judgeFiles({ "a.json": [before, was] }, { "a.json": [after, claim()] });
    t.match(broughtBy(judged), [/^web rwo-/], why);
    t.notMatch(judged.findings[0]?.notes.join(), /unfinished/, why);
  }
  const arrival = await judgeFiles({ "a.json": [deployment()] }, { "a.json": [deployment(), claim()] });
  t.match(arrival.findings[0]?.notes.join(), /younger than 10 minutes/);
  const other = await judgeFiles(
    { "a.json": [deployment(), claim({ modes: ["ReadWriteMany"] }), nfs] },
    { "a.json": [deployment(), claim(), nfs] },
  );
  t.same(broughtBy(other), ["web rwo-rolling-update"]);
  t.notMatch(other.findings[0]?.notes.join(), /10 minutes/, "a claim that was there is not new");
});

t.test("what cannot be changed any more is told before it fails", async (t) => {
  const pv = volume();
  const before = { "a.json": [one(), claim(), pv, statefulSet({ name: "db" })] };
  const noted = async (...objects: readonly Raw[]): Promise<string> => {
    const { notes } = await judgeFiles(before, { "a.json": objects });
    return notes.map(({ message }) => message).join("\n");
  };
  t.match(
    await noted(one(), claim({ modes: ["ReadWriteMany"] }), pv, statefulSet({ name: "db" })),
    /spec\.accessModes \(ReadWriteOnce to ReadWriteMany\) cannot be changed .*reclaim policy.* VolumeSnapshotClass of driver ebs\.csi\.aws\.com \(kubectl get volumesnapshotclass .*Deployment shop\/web, StatefulSet shop\/db would have to stop/,
  );
  t.match(
    await noted(one(), claim({ spec: { storageClassName: "other" } }), pv),
    /spec\.storageClassName \(gp3 to other\)/,
  );
  const grown = statefulSet({
    name: "db",
    workload: { volumeClaimTemplates: [{ metadata: { name: "d" }, spec: {} }] },
  });
  t.match(
    await noted(one(), claim(), pv, grown),
    /StatefulSet shop\/db: spec\.volumeClaimTemplates .*--cascade=orphan/,
  );
  const sized = (storage: string) => claim({ spec: { resources: { requests: { storage } } } });
  const resized = async (from: string, to: string, ...classes: readonly Raw[]): Promise<string> => {
    const [old, now] = [
      { "a.json": [one(), sized(from), ...classes] },
      { "a.json": [one(), sized(to), ...classes] },
    ];
    return (await judgeFiles(old, now)).notes.map(({ message }) => message).join("\n");
  };
  const growing = { ...storageClass, allowVolumeExpansion: true };
  t.equal(await resized("1Gi", "2Gi", growing), "", "a class that allows it lets a claim grow");
  t.equal(await resized("1024Mi", "1Gi", growing), "", "the same in other words");
  t.match(await resized("1Gi", "2Gi", storageClass), /its size grows, which StorageClass gp3 does not allow/);
  t.match(await resized("1Gi", "2Gi"), /StorageClass gp3 is not known here/);
  t.match(await resized("2Gi", "1Gi", growing), /storage \(it would be smaller\) cannot be changed/);
  const ofSize = (storage: string) =>
    statefulSet({
      name: "db",
      workload: {
        volumeClaimTemplates: [{ metadata: { name: "d" }, spec: { resources: { requests: { storage } } } }],
      },
    });
  const larger = await judgeFiles({ "a.json": [ofSize("1Gi")] }, { "a.json": [ofSize("2Gi")] });
  t.match(larger.notes.map(({ message }) => message).join(), /not even to grow/);
  const label = { ...claim(), metadata: { name: "data", namespace: "shop", labels: { a: "b" } } };
  t.notMatch(await noted(one(), label, pv, statefulSet({ name: "db" })), /cannot be changed/, "metadata can");
});
