import t from "tap";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import { planFor } from "../../src/fix/plan.ts";
import { judgeAsItStands } from "../../src/judge/one.ts";
import { bundle } from "../support/bundle.ts";
import {
  autoscaler,
  claim,
  deployment,
  file,
  rollout,
  statefulSet,
  storageClass,
} from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const settings = {
  config: DEFAULT_CONFIG,
  verifyWaiver: () => Promise.reject(new Error("there is no waiver")),
  dryRun: false,
  now: 0,
};

async function plan(...objects: readonly Raw[]) {
  const { view, workload } = bundle(file(...objects, storageClass));
  const written = workload("web");
  const { judgement } = await judgeAsItStands(written, view, settings);
  const made = await planFor(written, judgement.findings, view, settings);
  return made && { fixes: made.fixes.map(({ id }) => id), steps: made.steps };
}

const POD = claim({ modes: ["ReadWriteOncePod"] });
const APART = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app: "web" } }, topologyKey: "kubernetes.io/hostname" },
      ],
    },
  },
};

t.test("one way out is enough where it mends every error", async (t) => {
  t.match(await plan(deployment(), claim()), { fixes: ["recreate"] });
  t.match(await plan(deployment({ workload: { replicas: 3 } }), claim()), { fixes: ["same-node-affinity"] });
  t.match(await plan(statefulSet({ workload: { replicas: 2 } }), claim()), { fixes: ["one-replica"] });
});

t.test("what one way out brings to light is mended by the next, in steps of its own", async (t) => {
  const apart = await plan(deployment({ spec: APART, workload: { replicas: 3 } }), claim());
  t.same(apart?.fixes, ["one-replica", "recreate"]);
  t.same(
    apart?.steps.map((targets) => targets.map(({ patch }) => patch)),
    [[{ spec: { replicas: 1 } }], [{ spec: { strategy: { type: "Recreate", rollingUpdate: null } } }]],
    "the number and the strategy of a Deployment are never one change (S50)",
  );
});

t.test("an autoscaler is lowered in the same step as the number that it would raise again", async (t) => {
  const made = await plan(
    deployment({ spec: APART, workload: { replicas: 3 } }),
    claim(),
    autoscaler({ max: 5 }),
  );
  t.same(
    made?.steps.map((targets) => targets.map(({ object }) => object.kind)),
    [["HorizontalPodAutoscaler", "Deployment"], ["Deployment"]],
  );
});

t.test("of a Rollout a canary at once takes the place of Recreate, which it does not know", async (t) => {
  const made = await plan(rollout({ workload: { replicas: 2, strategy: { blueGreen: {} } } }), POD);
  const patches = made?.steps.flat().map(({ patch }) => JSON.stringify(patch)) ?? [];
  t.ok(patches.length > 0);
  t.ok(
    patches.every((patch) => !patch.includes("Recreate")),
    patches.join(),
  );
});

t.test("no plan where there is no error, or where no patch is enough", async (t) => {
  t.equal(await plan(deployment({ workload: { strategy: { type: "Recreate" } } }), claim()), null);
  const daemonSet = { ...deployment(), kind: "DaemonSet" };
  t.equal(await plan(daemonSet, claim()), null);
});
