/** What decides nothing is not asked: a workload that can break no rule is done after a few lookups. */
import t from "tap";
import { ClusterIndex } from "../../src/cluster/cluster-index.ts";
import { overlay } from "../../src/cluster/overlay.ts";
import { factFrom, workloadFact } from "../../src/kube/fact.ts";
import { workloadFrom } from "../../src/kube/workload.ts";
import { evaluate } from "../../src/policy/evaluate.ts";
import type { Workload } from "../../src/policy/model.ts";
import { DEFAULT_OPTIONS } from "../../src/policy/options.ts";
import type { ClusterView } from "../../src/policy/view.ts";
import { autoscaler, claim, deployment, node } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

/** The view, and how often each of its questions was asked. */
function counted(view: ClusterView): { readonly view: ClusterView; readonly asked: Map<string, number> } {
  const asked = new Map<string, number>();
  const counting = new Proxy(view, {
    get(target, name) {
      const answer: unknown = Reflect.get(target, name);
      if (typeof answer !== "function" || typeof name !== "string") return answer;
      return (...given: unknown[]) => {
        asked.set(name, (asked.get(name) ?? 0) + 1);
        return Reflect.apply(answer, target, given);
      };
    },
  });
  return { view: counting, asked };
}

function asks(before: Raw, after: Raw, others: readonly Raw[]) {
  const index = new ClusterIndex();
  for (const raw of [before, ...others]) {
    const fact = factFrom(raw);
    if (fact !== undefined) index.put(fact);
  }
  const [previous, next] = [workloadFrom(before) as Workload, workloadFrom(after) as Workload];
  const now = counted(overlay(index, [workloadFact(next)]));
  const then = counted(overlay(index, [workloadFact(previous)]));
  const change = { previous, previousView: then.view, specChanged: true, templateChanged: true };
  const { findings } = evaluate(
    now.view,
    next,
    { ...change, cause: "update" },
    { options: DEFAULT_OPTIONS, dryRun: false, waiver: null, namespace: null },
  );
  return {
    rules: findings.map(({ rule }) => rule),
    claims: findings.map(({ claims }) => claims.length),
    now: now.asked,
    earlier: then.asked,
  };
}

const NODES = [node("a"), node("b")];
const SCALED = autoscaler({ target: "web", max: 5 });
const RECREATE = { workload: { strategy: { type: "Recreate" } } };

t.test(
  "claims that many nodes may hold: neither pods nor places nor those beside are looked at",
  async (t) => {
    const shared = claim({ modes: ["ReadWriteMany"] });
    const { rules, now, earlier } = asks(deployment(), deployment({ workload: { replicas: 3 } }), [
      shared,
      SCALED,
      ...NODES,
    ]);
    t.strictSame(rules, []);
    t.strictSame([...now.keys()].sort(), ["claim", "storageClass", "volumeOf"]);
    t.equal(earlier.size, 0);
  },
);

t.test("one pod at a time that shares with nobody: places are not looked at", async (t) => {
  const { rules, now, earlier } = asks(deployment(RECREATE), deployment(RECREATE), [claim(), ...NODES]);
  t.strictSame(rules, []);
  t.equal(now.get("nodes"), undefined);
  t.equal(earlier.size, 0);
});

t.test("one pod at a time that shares with nobody: who may hold its claims is not looked at", async (t) => {
  const { rules, now, earlier } = asks(deployment(RECREATE), deployment(RECREATE), [claim(), ...NODES]);
  t.strictSame(rules, []);
  t.strictSame([...now.keys()].sort(), ["autoscalersOf", "borrowersOf", "setWithClaim", "workloadsMounting"]);
  t.equal(earlier.size, 0);
});

t.test("one pod at a time of many that share what any node may hold: they are not looked at", async (t) => {
  const many = Array.from({ length: 20 }, (_, at) => deployment({ name: `other-${at}`, ...RECREATE }));
  const shared = claim({ modes: ["ReadWriteMany"] });
  const { rules, now } = asks(deployment(RECREATE), deployment(RECREATE), [shared, ...many, ...NODES]);
  t.strictSame(rules, []);
  t.ok((now.get("borrowersOf") ?? 0) <= 1, `borrowers asked for ${now.get("borrowersOf")} times`);
  t.ok((now.get("autoscalersOf") ?? 0) <= 2, `autoscalers asked for ${now.get("autoscalersOf")} times`);
});

t.test("the state before is asked only about the rule that is broken now", async (t) => {
  const { rules, earlier } = asks(deployment(RECREATE), deployment(), [claim(), ...NODES]);
  t.strictSame(rules, ["rwo-rolling-update"]);
  t.equal(earlier.get("workloadsMounting"), undefined, "who shares the claim was no error");
  t.equal(earlier.get("nodes"), undefined, "strategy Recreate has no two pods to place");
});

/** The same with very many volumes in its template. */
function mounting(object: Raw, claims: readonly string[]): Raw {
  const copy = structuredClone(object) as { spec: { template: { spec: Record<string, unknown> } } };
  const pod = copy.spec.template.spec;
  const volumes = claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
  const volumeMounts = claims.map((name) => ({ name, mountPath: `/${name}` }));
  pod.volumes = volumes;
  pod.containers = [{ name: "a", image: "a", volumeMounts }];
  return copy as unknown as Raw;
}

t.test("very many claims that another workload mounts too", async (t) => {
  const names = Array.from({ length: 1_500 }, (_, index) => `c${index}`);
  const web = mounting(deployment(RECREATE), names);
  const others = [mounting(deployment({ name: "two", ...RECREATE }), names), ...NODES];
  const { rules, claims, now } = asks(web, web, [...others, ...names.map((name) => claim({ name }))]);
  t.strictSame(rules, ["rwo-shared-claim"]);
  t.strictSame(claims, [1_000], "as many are told as any pod could have");
  t.ok((now.get("borrowersOf") ?? 0) < 10, "the other is looked at once, not for each claim");
  t.ok((now.get("workloadsMatching") ?? 0) < 10, "and compared once");
});
