import t from "tap";
import { Sharing } from "../../../src/cluster/live/sharing.ts";
import { type Fact, factFrom } from "../../../src/kube/fact.ts";
import {
  autoscaler,
  claim,
  deployment,
  node,
  sameNode,
  statefulSet,
  storageClass,
  volume,
} from "../../support/objects.ts";

function fact(raw: unknown): Fact {
  const found = factFrom(structuredClone(raw));
  if (found === undefined) throw new Error("not a fact");
  return found;
}

const pinned = {
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] }] },
  },
};

const RAW = [
  deployment({ spec: sameNode({ app: "web" }) }),
  statefulSet({ labels: { __proto__: null, constructor: "x" } }),
  claim({ spec: { volumeName: "pv-data" } }),
  volume({ spec: pinned }),
  autoscaler({ max: 3 }),
  storageClass,
  node("n1", { zone: "a" }, { taints: [{ key: "k", effect: "NoSchedule" }] }),
];

t.test("what is shared is equal to what was given", async (t) => {
  const sharing = new Sharing();
  for (const raw of RAW) {
    const first = sharing.share(fact(raw), undefined);
    t.strictSame(first, fact(raw));
    t.equal(
      sharing.share(fact(raw), first.object).object,
      first.object,
      "nothing new: the old object itself",
    );
  }
});

t.test("a change shows, and leaves the old object as it was", async (t) => {
  const sharing = new Sharing();
  const changes: [unknown, unknown][] = [
    [deployment(), deployment({ workload: { replicas: 4 } })],
    [deployment({ labels: { a: "1", b: "2" } }), deployment({ labels: { a: "1" } })],
    [deployment({ labels: { a: "1" } }), deployment({ labels: { a: "1", b: "2" } })],
    [deployment({ claims: ["a", "b"] }), deployment({ claims: ["b"] })],
    [deployment({ claims: [] }), deployment({ claims: ["b"] })],
    [deployment({ spec: sameNode({ app: "web" }) }), deployment({ spec: sameNode({ app: "other" }) })],
    [claim(), claim({ spec: { volumeName: "pv" } })],
    [claim({ spec: { volumeName: "pv" } }), claim()],
    [claim({ modes: ["ReadWriteOnce"] }), claim({ modes: ["ReadWriteMany", "ReadWriteOnce"] })],
    [volume(), volume({ spec: pinned })],
    [volume({ spec: pinned }), volume()],
    [autoscaler({ max: 3 }), autoscaler({ max: 4 })],
    [node("n1"), node("n1", {}, { unschedulable: true })],
  ];
  for (const [before, after] of changes) {
    const old = sharing.share(fact(before), undefined).object;
    t.strictSame(sharing.share(fact(after), old), fact(after));
    t.strictSame(old, fact(before).object);
  }
});

t.test("thousands of objects have one copy of what they have in common", async (t) => {
  const sharing = new Sharing();
  const one = sharing.share(fact(deployment({ name: "one", spec: sameNode({ app: "web" }) })), undefined);
  const two = sharing.share(fact(deployment({ name: "two", spec: sameNode({ app: "web" }) })), undefined);
  if (one.kind !== "Deployment" || two.kind !== "Deployment") throw new Error("not a Deployment");
  t.equal(one.object.template.placement, two.object.template.placement);
  const volumes = ["a", "b"].map((name) => sharing.share(fact(volume({ name, spec: pinned })), undefined));
  const [a, b] = volumes.map((shared) =>
    shared.kind === "PersistentVolume" ? shared.object.nodeAffinity : undefined,
  );
  t.ok(a !== undefined && a === b);
});
