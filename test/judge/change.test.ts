import t from "tap";
import { DEFAULT_CONFIG } from "../../src/config/defaults.ts";
import type { Config } from "../../src/config/model.ts";
import {
  type ChangeJudgement,
  judgeAutoscalerChange,
  judgeClaimArrival,
  judgeScaleChange,
  scaledBy,
} from "../../src/judge/change.ts";
import { autoscalerFrom } from "../../src/kube/autoscaler.ts";
import type { Autoscaler } from "../../src/policy/model.ts";
import { bundle } from "../support/bundle.ts";
import {
  autoscaler,
  autoscalerOfKeda,
  claim,
  deployment,
  file,
  scaledObject,
  storageClass,
} from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const settingsOf = (config: Partial<Config> = {}) => ({
  config: { ...DEFAULT_CONFIG, ...config },
  verifyWaiver: async () => ({ state: "refused" as const, reason: "this test has no keys" }),
  dryRun: false,
  now: 0,
});
const settings = settingsOf();
const told = ({ judgement }: ChangeJudgement): readonly string[] =>
  judgement.findings.map(({ rule, severity }) => `${rule}${severity === "error" ? "" : "?"}`);

const RECREATE: Raw = { strategy: { type: "Recreate" } };
const web = (replicas: number, more: Raw = RECREATE) => deployment({ workload: { replicas, ...more } });

t.test("a scale is judged by the numbers that the request says", async (t) => {
  const scaled = async (stored: Raw, before: number | undefined, after: number) => {
    const { view, workload } = bundle(file(stored, claim(), storageClass));
    return told(await judgeScaleChange(workload("web"), { before, after }, view, settings));
  };
  t.same(await scaled(web(1), 1, 2), ["rwo-replicas"]);
  t.same(await scaled(web(1), 2, 3), ["rwo-replicas"], "more replicas set it off again");
  t.same(
    await scaled(web(1), 3, 2),
    ["rwo-replicas?"],
    "fewer than the request's old number, though the picture lags",
  );
  t.same(await scaled(web(3), 1, 2), ["rwo-replicas"], "more than it, though the picture is ahead");
  t.same(await scaled(web(3), undefined, 2), ["rwo-replicas?"], "without it the picture counts");
  t.same(await scaled(web(1), undefined, 2), ["rwo-replicas"]);
  t.same(await scaled(web(2), 2, 0), []);
  t.same(await scaled(web(2), 2, -1), [], "no API server sends it");
  t.same(await scaled(web(1, {}), 1, 2), ["rwo-replicas", "rwo-rolling-update?"], "it starts no rollout");
});

const hpa = (of: Parameters<typeof autoscaler>[0]): Autoscaler =>
  autoscalerFrom(autoscaler(of)) as Autoscaler;

t.test("an autoscaler causes what its maximum or its minimum raises", async (t) => {
  const changed = async (before: Autoscaler | null, after: Autoscaler) => {
    const { view, workload } = bundle(file(web(1), claim(), storageClass));
    const judged = await judgeAutoscalerChange(
      { next: after, previous: before },
      workload("web"),
      view,
      settings,
    );
    return "unjudged" in judged ? judged.unjudged : told(judged);
  };
  t.same(await changed(null, hpa({ max: 3 })), ["rwo-autoscaling"], "a new one");
  t.same(await changed(hpa({ max: 1 }), hpa({ max: 3 })), ["rwo-autoscaling"]);
  t.same(await changed(hpa({ max: 3 }), hpa({ max: 4 })), ["rwo-autoscaling"], "a higher maximum alone");
  t.same(
    await changed(hpa({ max: 3 }), hpa({ max: 3, min: 2 })),
    ["rwo-autoscaling"],
    "a higher minimum alone",
  );
  t.same(await changed(hpa({ max: 4 }), hpa({ max: 3 })), ["rwo-autoscaling?"]);
  t.same(await changed(hpa({ max: 3 }), hpa({ max: 3 })), ["rwo-autoscaling?"]);
});

t.test(
  "where known findings stay errors, an autoscaler that raises nothing is still let through",
  async (t) => {
    const { view, workload } = bundle(file(web(1), claim(), storageClass));
    const judge = async (previous: Autoscaler, next: Autoscaler) => {
      const never = settingsOf({ ratchet: "never" });
      const judged = await judgeAutoscalerChange({ next, previous }, workload("web"), view, never);
      return "unjudged" in judged ? judged.unjudged : told(judged);
    };
    t.same(await judge(hpa({ max: 3 }), hpa({ max: 4 })), ["rwo-autoscaling"], "a higher maximum alone");
    t.same(
      await judge(hpa({ max: 3 }), hpa({ max: 3, min: 2 })),
      ["rwo-autoscaling"],
      "a higher minimum alone",
    );
    t.same(await judge(hpa({ max: 3, min: 2 }), hpa({ max: 3, min: 2 })), ["rwo-autoscaling?"], "the same");
    t.same(await judge(hpa({ max: 4, min: 2 }), hpa({ max: 3, min: 1 })), ["rwo-autoscaling?"], "lower");
  },
);

t.test("where known findings stay errors, only what leads out of them is let through", async (t) => {
  const never = settingsOf({ ratchet: "never" });
  const scaled = async (before: number, after: number) => {
    const { view, workload } = bundle(file(web(2), claim(), storageClass));
    return told(await judgeScaleChange(workload("web"), { before, after }, view, never));
  };
  t.same(await scaled(2, 3), ["rwo-replicas"]);
  t.same(await scaled(3, 2), ["rwo-replicas?"]);
  const status = { observedGeneration: 3, replicas: 2, updatedReplicas: 1 };
  const { view, workload } = bundle(file(deployment({ status }), claim(), storageClass));
  const change = { next: hpa({ max: 4 }), previous: hpa({ max: 3 }) };
  const judged = await judgeAutoscalerChange(change, workload("web"), view, never);
  t.same(
    "unjudged" in judged ? judged : told(judged),
    ["rwo-autoscaling"],
    "it undoes no unfinished rollout",
  );
});

t.test("another autoscaler of the workload neither excuses one nor is reported with it", async (t) => {
  const { view, workload } = bundle(
    file(web(1), claim(), storageClass, autoscaler({ name: "other", max: 5 })),
  );
  const judge = async (next: Autoscaler) => {
    const judged = await judgeAutoscalerChange({ next, previous: null }, workload("web"), view, settings);
    return "unjudged" in judged ? judged.unjudged : told(judged);
  };
  t.same(await judge(hpa({ max: 3 })), ["rwo-autoscaling"]);
  t.same(await judge(hpa({ max: 1 })), []);
});

t.test("what KEDA makes is judged where its users look", async (t) => {
  const { view, workload } = bundle(file(web(1), claim(), storageClass, scaledObject()));
  const made = autoscalerFrom(autoscalerOfKeda({ max: 3 })) as Autoscaler;
  t.same(await judgeAutoscalerChange({ next: made, previous: null }, workload("web"), view, settings), {
    unjudged: "KEDA creates it from ScaledObject web, which was judged",
  });
});

t.test("an autoscaler whose target is not known or of no kind that is judged says so", async (t) => {
  const { view } = bundle(file(web(1)));
  t.match(scaledBy(hpa({ max: 2 }), view), { workload: { name: "web" } });
  t.match(scaledBy(hpa({ max: 2, target: "other" }), view), {
    unjudged: /^Deployment shop\/other was not found$/,
  });
  const odd = { ...hpa({ max: 2 }), target: { kind: "Machine", name: "m" } } as Autoscaler;
  t.same(scaledBy(odd, view), { unjudged: "it targets Machine m, which is not judged" });
});

t.test("a claim that arrives starts no rollout and replaces none", async (t) => {
  const status = { observedGeneration: 3, replicas: 2, updatedReplicas: 1 };
  const arrival = async (of: Parameters<typeof deployment>[0]) => {
    const before = bundle(file(deployment(of), storageClass));
    const after = bundle(file(deployment(of), storageClass, claim()));
    const pictures = { before: before.view, after: after.view };
    return told(await judgeClaimArrival("data", after.workload("web"), pictures, settings));
  };
  t.same(await arrival({}), ["rwo-rolling-update"]);
  t.same(await arrival({ status }), ["rwo-rolling-update"], "though a rollout of it is unfinished");
  t.same(await arrival({ workload: RECREATE }), []);
  t.same(await arrival({ claims: ["other"] }), [], "nothing is said of another claim");
});
