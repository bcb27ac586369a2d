import t from "tap";
import type { IntOrPercent } from "../../src/policy/model.ts";
import { resolveFenceposts, rolloutOverlap, steadyOverlap } from "../../src/policy/overlap.ts";
import { unknown } from "../../src/policy/view.ts";
import { bundle } from "../support/bundle.ts";

const percent = (value: number): IntOrPercent => ({ kind: "percent", value });
const int = (value: number): IntOrPercent => ({ kind: "int", value });

t.test("fenceposts are rounded as the deployment controller rounds them", async (t) => {
  const cases: [replicas: number, surge: IntOrPercent, unavailable: IntOrPercent, number, number, string][] =
    [
      [1, percent(25), percent(25), 1, 0, "surge rounds up, unavailable down: the defaults at one replica"],
      [1, percent(25), percent(50), 1, 0, "half of one pod rounds down to none"],
      [1, percent(0), percent(25), 0, 1, "both 0 after rounding: one may be unavailable"],
      [4, percent(25), percent(25), 1, 1, "no rounding needed"],
      [5, percent(25), percent(25), 2, 1, "1.25 pods: 2 extra, 1 unavailable"],
      [3, int(0), int(0), 0, 1, "explicit zeros, which the API server refuses, resolve like rounded ones"],
      [3, int(2), int(1), 2, 1, "plain numbers stay as they are"],
      [2, percent(100), percent(100), 2, 2, "all at once"],
      [0, percent(25), percent(25), 0, 1, "no replicas"],
    ];
  for (const [replicas, surge, unavailable, expectedSurge, expectedUnavailable, why] of cases) {
    t.strictSame(
      resolveFenceposts(replicas, surge, unavailable),
      { surge: expectedSurge, unavailable: expectedUnavailable },
      why,
    );
  }
});

t.test("rounding equals a plain re-statement of the controller's formula", async (t) => {
  const wrong: string[] = [];
  for (let replicas = 0; replicas <= 200; replicas++) {
    for (let surgePercent = 0; surgePercent <= 100; surgePercent++) {
      // In whole numbers, so that no floating point is shared with the code under test.
      const total = replicas * surgePercent;
      const up = Math.trunc(total / 100) + (total % 100 === 0 ? 0 : 1);
      for (const unavailablePercent of [0, 1, surgePercent, 100 - surgePercent, 99, 100]) {
        const product = replicas * unavailablePercent;
        const down = (product - (product % 100)) / 100;
        const expected = up === 0 && down === 0 ? 1 : down;
        const got = resolveFenceposts(replicas, percent(surgePercent), percent(unavailablePercent));
        if (got.surge !== up || got.unavailable !== expected) {
          wrong.push(`${replicas} ${surgePercent}% ${unavailablePercent}%`);
        }
      }
    }
  }
  t.strictSame(wrong, []);
});

const deployment = (spec: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  ${spec}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
`;

t.test("a rollout overlaps as its strategy, fenceposts and replicas say", async (t) => {
  const cases: [spec: string, overlap: string, why: string][] = [
    ["replicas: 1", "stuck", "S7: no strategy means RollingUpdate with 25%/25%"],
    ["strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", "stuck", "S7: 1/0"],
    ["strategy: {rollingUpdate: {maxUnavailable: 50%}}", "stuck", "S7: 50% of one rounds down"],
    ["strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}", "briefly", "S8: the old pod goes first"],
    ["strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}", "briefly", "S8: 1/1"],
    [
      "strategy: {rollingUpdate: {maxSurge: 3, maxUnavailable: 100%}}",
      "briefly",
      "S8: all may be unavailable",
    ],
    ["strategy: {rollingUpdate: {maxSurge: 0%, maxUnavailable: 25%}}", "briefly", "S8: both round to 0"],
    ["strategy: {type: Recreate}", "never", "S9: Recreate"],
    [
      "{replicas: 3, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}}",
      "stuck",
      "one of three goes first, two stay",
    ],
    ["{replicas: 3, strategy: {rollingUpdate: {maxUnavailable: 3}}}", "briefly", "all three may go first"],
    ["replicas: 0", "zero", "S12: nothing to replace"],
    ["{replicas: 0, strategy: {type: Recreate}}", "zero", "0 replicas wins over the strategy"],
    ["paused: true", "stuck", "S12: judged as if not paused"],
    ["strategy: {rollingUpdate: {maxSurge: abc}}", "stuck", "unreadable: the default"],
  ];
  for (const [spec, overlap, why] of cases) {
    const written = spec.startsWith("{")
      ? spec
          .slice(1, -1)
          .split(/, (?=strategy)/)
          .join("\n  ")
      : spec;
    const { view, workload } = bundle(deployment(written));
    t.equal(rolloutOverlap(workload(), view).value, overlap, why);
  }
});

const autoscaler = (
  name: string,
  max: number,
  target = "{apiVersion: apps/v1, kind: Deployment, name: web}",
): string => `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: ${name}, namespace: shop}
spec: {maxReplicas: ${max}, scaleTargetRef: ${target}}
`;

t.test("pods are counted from replicas and from every autoscaler of the workload", async (t) => {
  const cases: [yaml: string, value: string, count: number | undefined, why: string][] = [
    [deployment("replicas: 1"), "never", 1, "one replica"],
    [deployment("paused: false"), "never", 1, "replicas absent means 1"],
    [deployment("replicas: 3"), "always", 3, "S15: three replicas"],
    [deployment("replicas: 0"), "zero", 0, "S12: none"],
    [
      `${deployment("replicas: 1")}---${autoscaler("a", 5)}`,
      "always",
      5,
      "S16: what the autoscaler may reach",
    ],
    [
      `${deployment("replicas: 1")}---${autoscaler("a", 2)}---${autoscaler("b", 7)}`,
      "always",
      7,
      "several: the highest",
    ],
    [`${deployment("replicas: 9")}---${autoscaler("a", 5)}`, "always", 9, "replicas above the maximum"],
    [`${deployment("replicas: 1")}---${autoscaler("a", 1)}`, "never", 1, "a maximum of 1 adds nothing"],
    [
      `${deployment("replicas: 0")}---${autoscaler("a", 5)}`,
      "zero",
      0,
      "S16: an autoscaler does not act at 0",
    ],
    [
      `${deployment("replicas: 1")}---${autoscaler("a", 5, "{apiVersion: apps/v1, kind: StatefulSet, name: web}")}`,
      "never",
      1,
      "an autoscaler of another kind",
    ],
    [
      `${deployment("replicas: 1")}---${autoscaler("a", 5, "{apiVersion: argoproj.io/v1alpha1, kind: Deployment, name: web}")}`,
      "never",
      1,
      "an autoscaler of another API group",
    ],
    [
      `${deployment("replicas: 1")}---${autoscaler("a", 5, "{apiVersion: apps/v1, kind: Deployment, name: other}")}`,
      "never",
      1,
      "an autoscaler of another workload",
    ],
  ];
  for (const [yaml, value, count, why] of cases) {
    const { view, workload } = bundle(yaml);
    const overlap = steadyOverlap(workload("web"), view);
    t.strictSame([overlap.value, overlap.count], [value, count], why);
  }
});

const POD = "{metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}";
const NODES = `---
apiVersion: v1
kind: Node
metadata: {name: a, labels: {kubernetes.io/hostname: a, disk: ssd}}
---
apiVersion: v1
kind: Node
metadata: {name: b, labels: {kubernetes.io/hostname: b}}
`;

t.test("every other kind has its own count", async (t) => {
  const cases: [yaml: string, value: string, transient: boolean, why: string][] = [
    [
      `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web}, spec: {replicas: 2, template: ${POD}}}`,
      "always",
      false,
      "S36: two ordinals",
    ],
    [
      `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web}, spec: {template: ${POD}}}`,
      "never",
      false,
      "S36: one ordinal",
    ],
    [
      `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web}, spec: {replicas: 2, template: ${POD}}}`,
      "always",
      false,
      "a bare ReplicaSet",
    ],
    [
      `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: web}, spec: {template: ${POD}}}`,
      "always",
      false,
      "S34: nodes unknown, taken as several",
    ],
    [
      `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: web}, spec: {template: ${POD}}}\n${NODES}`,
      "always",
      false,
      "S34: two nodes",
    ],
    [
      `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: web}, spec: {template: {spec: {nodeSelector: {disk: ssd}, containers: [{name: web, image: web}]}}}}\n${NODES}`,
      "never",
      false,
      "one node takes it",
    ],
    [
      `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: web}, spec: {template: {spec: {nodeSelector: {disk: tape}, containers: [{name: web, image: web}]}}}}\n${NODES}`,
      "always",
      false,
      "no node takes it now: more than one may come",
    ],
    [
      `{apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: {template: ${POD}}}`,
      "never",
      true,
      "parallelism defaults to 1",
    ],
    [
      `{apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: {parallelism: 2, template: ${POD}}}`,
      "always",
      true,
      "S33: two at once, which end",
    ],
    [
      `{apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: {parallelism: 5, completions: 1, template: ${POD}}}`,
      "never",
      true,
      "no more pods than completions",
    ],
    [
      `{apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: {parallelism: 2, template: ${POD}}, status: {conditions: [{type: Complete, status: "True"}]}}`,
      "zero",
      false,
      "S33: a finished Job holds nothing",
    ],
    [
      `{apiVersion: batch/v1, kind: CronJob, metadata: {name: web}, spec: {jobTemplate: {spec: {template: ${POD}}}}}`,
      "always",
      true,
      "concurrencyPolicy Allow is the default",
    ],
    [
      `{apiVersion: batch/v1, kind: CronJob, metadata: {name: web}, spec: {concurrencyPolicy: Forbid, jobTemplate: {spec: {template: ${POD}}}}}`,
      "never",
      true,
      "one run at a time",
    ],
    [
      `{apiVersion: batch/v1, kind: CronJob, metadata: {name: web}, spec: {concurrencyPolicy: Replace, jobTemplate: {spec: {parallelism: 3, template: ${POD}}}}}`,
      "always",
      true,
      "one run of three pods",
    ],
    [
      `{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, image: web}]}}`,
      "never",
      false,
      "one pod",
    ],
    [
      `{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, image: web}]}, status: {phase: Succeeded}}`,
      "zero",
      false,
      "S33: it has ended",
    ],
  ];
  for (const [yaml, value, transient, why] of cases) {
    const { view, workload } = bundle(yaml);
    const overlap = steadyOverlap(workload("web"), view);
    t.strictSame([overlap.value, overlap.transient], [value, transient], why);
    t.equal(
      rolloutOverlap(workload("web"), view).value,
      "never",
      `${why}: no rollout with two templates at once`,
    );
  }
});

t.test("autoscalers that may not be read are said in the evidence", async (t) => {
  const { view, workload } = bundle(deployment("replicas: 1"));
  const blind = Object.assign(Object.create(view), {
    autoscalersOf: () => unknown("no permission to read horizontalpodautoscalers"),
  });
  const overlap = steadyOverlap(workload(), blind);
  t.equal(overlap.value, "never");
  t.match(overlap.evidence.join(), /whether autoscalers raise it is not known \(no permission/);
});
