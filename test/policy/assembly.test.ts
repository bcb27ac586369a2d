import t from "tap";
import { bundle } from "../support/bundle.ts";
import { judge } from "../support/judge.ts";
import {
  autoscaler,
  claim,
  daemonSet,
  deployment,
  file,
  job,
  node,
  pod,
  storageClass,
  volume,
} from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const RWO = [claim(), storageClass];
const first = (subject: Raw, others: readonly Raw[] = RWO) => judge(subject, others).findings[0];

t.test("a finding has the numbers of its workload, as far as there are any", async (t) => {
  const none = { replicas: null, most: null, surge: null, unavailable: null, autoscaler: null };
  t.strictSame(first(deployment())?.numbers, { ...none, replicas: 1, most: 1, surge: 1, unavailable: 0 });
  const scaled = first(deployment({ workload: { replicas: 3 } }), [
    ...RWO,
    autoscaler({ name: "far", max: 7 }),
    autoscaler({ name: "near", max: 5 }),
  ]);
  t.strictSame(scaled?.numbers, {
    replicas: 3,
    most: 7,
    surge: 1,
    unavailable: 0,
    autoscaler: { kind: "HorizontalPodAutoscaler", name: "far", maximum: 7 },
  });
  t.strictSame(first(job({ workload: { parallelism: 2 } }))?.numbers, { ...none, most: 2 });
  t.strictSame(first(daemonSet(), [...RWO, node("a"), node("b"), node("c")])?.numbers, { ...none, most: 3 });
});

t.test("a finding names the claims that break its rule, with what is known of them", async (t) => {
  const many = ["a", "b", "c", "d", "e"];
  const finding = first(deployment({ claims: many }), [...many.map((name) => claim({ name })), storageClass]);
  t.strictSame(
    finding?.claims.map(({ name }) => name),
    many,
  );
  t.match(
    finding?.evidence.join("\n"),
    /and 2 more such claims/,
    "of very many claims the first are described",
  );
  t.notMatch(
    first(deployment({ claims: ["a", "b", "c"] }), [
      ...many.map((name) => claim({ name })),
      storageClass,
    ])?.evidence.join(),
    /more such/,
  );
  t.match(first(deployment(), [claim(), volume(), storageClass])?.claims, [
    {
      name: "data",
      inline: false,
      reach: "node",
      volume: "pv-data",
      storageClass: "gp3",
      provisioner: "ebs.csi.aws.com",
    },
  ]);
  const unbound = first(deployment(), [claim({ spec: { storageClassName: "" } })])?.claims[0];
  t.match(unbound, { volume: null, provisioner: null });
  const mixed = first(deployment({ claims: ["a", "once"], workload: { replicas: 2 } }), [
    claim({ name: "a" }),
    claim({ name: "once", modes: ["ReadWriteOncePod"] }),
    storageClass,
  ]);
  t.match(mixed, { rule: "rwop-overlap", claims: [{ name: "once" }], factors: { reach: "pod" } });
  const both = judge(deployment({ claims: ["a", "later"] }), [claim({ name: "a" }), storageClass]);
  t.equal(both.factors.reach, "node", "the worst of its claims");
});

t.test("the objects that have a part in a finding stand beside it", async (t) => {
  const related = (subject: Raw, others: readonly Raw[], rule: string) =>
    judge(subject, others)
      .findings.find((finding) => finding.rule === rule)
      ?.related.map(({ object }) => `${object.kind} ${object.name}`);
  const recreate = { strategy: { type: "Recreate" } };
  const scalers = [autoscaler({ max: 5 }), autoscaler({ name: "other", max: 3 })];
  t.strictSame(related(deployment(), RWO, "rwo-rolling-update"), ["PersistentVolumeClaim data"]);
  t.strictSame(
    related(deployment(), [...RWO, autoscaler({ max: 5 })], "rwo-rolling-update"),
    ["PersistentVolumeClaim data"],
    "an autoscaler has no part in a rollout",
  );
  const briefly = { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } };
  t.strictSame(
    related(deployment({ workload: briefly }), [...RWO, autoscaler({ max: 5 })], "rwo-rolling-update"),
    ["PersistentVolumeClaim data"],
    "nor in one that clears by itself",
  );
  t.strictSame(related(deployment({ workload: recreate }), [...RWO, ...scalers], "rwo-autoscaling"), [
    "PersistentVolumeClaim data",
    "HorizontalPodAutoscaler web",
    "HorizontalPodAutoscaler other",
  ]);
  t.strictSame(
    related(deployment({ claims: ["later"] }), [storageClass], "claim-unknown"),
    [],
    "what is not there has no place",
  );
});

t.test("what a pod names itself is no claim", async (t) => {
  const disk = { volumes: [{ name: "v0", awsElasticBlockStore: { volumeID: "vol-1" } }] };
  const finding = first(deployment({ spec: disk }), []);
  t.match(finding?.claims, [{ name: "v0", inline: true, volume: null, storageClass: null }]);
  t.strictSame(finding?.related, []);
  const { view, workload } = bundle(file(pod()));
  t.ok(view && workload(), "a bare Pod is one pod");
  t.strictSame(judge(pod(), RWO).rules, []);
});
