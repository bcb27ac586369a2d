import t from "tap";
import type { ApiServerDouble } from "../../support/api-server/api-server.ts";
import { agrees, live } from "../../support/api-server/live.ts";
import { borrowingRollout, claim, deployment } from "../../support/objects.ts";

const OPTIONAL = ["Rollout", "DeploymentConfig", "ScaledJob", "ScaledObject"] as const;

const TARGET = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

function fill(double: ApiServerDouble): void {
  double.put(deployment());
  double.put(claim());
}

const scaledObject = {
  apiVersion: "keda.sh/v1alpha1",
  kind: "ScaledObject",
  metadata: { namespace: "shop", name: "web" },
  spec: { scaleTargetRef: { name: "web" }, maxReplicaCount: 4 },
};

t.test("a cluster without Argo, KEDA and OpenShift is no problem and no news", async (t) => {
  const it = await live(t, { fill });
  t.strictSame(
    it.cluster.status().filter(({ state }) => state !== "synced"),
    [],
    "no kind is out of step, though the server would refuse (403) to list them",
  );
  for (const kind of OPTIONAL) {
    t.notOk(
      it.cluster.status().find((status) => status.kind === kind),
      `${kind} has no status`,
    );
    t.notOk(
      it.log.find((line) => line.kind === kind),
      `no word of ${kind}`,
    );
  }
  t.strictSame(
    it.cluster.view.autoscalersOf(TARGET),
    { state: "known", value: [] },
    "it is known that there are none",
  );
  const wanted = { workloads: [], autoscalersIn: "shop", afresh: true };
  await it.cluster.prepare(wanted, AbortSignal.timeout(5_000));
  t.notOk(it.misses.includes("ScaledObject"), "nobody asks for them in a review");
  await agrees(t, it);
});

t.test("an API that comes later is followed from then on", async (t) => {
  const it = await live(t, { fill });
  it.double.installed.add("keda.sh/v1alpha1");
  it.double.put(scaledObject);
  await agrees(t, it);
  t.match(it.cluster.view.autoscalersOf(TARGET), { value: [{ kind: "ScaledObject", maxReplicas: 4 }] });
  t.equal(it.cluster.status().find(({ kind }) => kind === "ScaledObject")?.state, "synced");
});

t.test("an API that is there and may not be read is a problem", async (t) => {
  const it = await live(t, {
    fill: (double) => {
      fill(double);
      double.installed.add("keda.sh/v1alpha1");
      double.forbidden.add("scaledobjects");
    },
  });
  t.match(
    it.cluster.status().find(({ kind }) => kind === "ScaledObject"),
    {
      state: "refused",
      problem: /^no permission to read scaledobjects/,
    },
  );
  t.match(it.cluster.view.autoscalersOf(TARGET), { state: "unknown", reason: /scaledobjects/ });
});

t.test("a ScaledObject that is too new for the watch is looked up", async (t) => {
  const it = await live(t, {
    fill: (double) => {
      fill(double);
      double.installed.add("keda.sh/v1alpha1");
    },
  });
  it.double.fault = ({ verb, kind }) =>
    verb === "watch" && kind === "ScaledObject" ? { do: "hang" } : undefined;
  it.double.put({ ...scaledObject, metadata: { ...scaledObject.metadata, uid: "made-anew" } });
  const { view } = await it.cluster.prepare(
    { workloads: [], scaledObject: { namespace: "shop", name: "web", uid: "made-anew" } },
    AbortSignal.timeout(5_000),
  );
  t.match(view.autoscalersOf(TARGET), { value: [{ kind: "ScaledObject" }] });
});

t.test(
  "with a Rollout that is too new for the watch comes the Deployment whose template it uses",
  async (t) => {
    const it = await live(t, { fill: (double) => double.installed.add("argoproj.io/v1alpha1") });
    it.double.fault = ({ verb }) => (verb === "watch" ? { do: "hang" } : undefined);
    it.double.put(borrowingRollout({ scaleDown: "onsuccess" }));
    it.double.put(deployment());
    it.double.put(claim());
    const { view } = await it.cluster.prepare(
      { workloads: [], target: { kind: "Rollout", namespace: "shop", name: "web-rollout" } },
      AbortSignal.timeout(5_000),
    );
    t.equal(view.workload("Rollout", "shop", "web-rollout").state, "known");
    t.match(view.borrowersOf(TARGET), { value: [{ name: "web-rollout" }] });
    t.equal(view.claim("shop", "data").state, "known", "and its claims");
  },
);
