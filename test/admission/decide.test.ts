import t from "tap";
import { verdictFor } from "../../src/admission/answer.ts";
import { decide } from "../../src/admission/decide.ts";
import { DryRunMemory } from "../../src/admission/dry-run-memory.ts";
import { parseReview } from "../../src/admission/review.ts";
import { overlay } from "../../src/cluster/overlay.ts";
import { DEFAULT_CONFIG } from "../../src/config/defaults.ts";
import type { Config } from "../../src/config/model.ts";
import { factFrom } from "../../src/kube/fact.ts";
import type { Waiver } from "../../src/policy/exemptions.ts";
import * as objects from "../support/objects.ts";
import { MemoryCluster } from "./support/memory-cluster.ts";
import { CLASSES, type Json, reviewOf } from "./support/reviews.ts";

type Raw = Readonly<Record<string, unknown>>;

const NOW = Date.parse("2026-11-20T10:00:00Z");
const MINUTE = 60_000;
const RECREATE: Raw = { strategy: { type: "Recreate" } };
const GROUPS: Readonly<Record<string, string>> = {
  Deployment: "apps",
  StatefulSet: "apps",
  HorizontalPodAutoscaler: "autoscaling",
  ScaledObject: "keda.sh",
  Rollout: "argoproj.io",
  PersistentVolumeClaim: "",
};

interface Asked {
  readonly operation?: "CREATE" | "UPDATE";
  readonly object: Raw;
  readonly old?: Raw;
  readonly scale?: boolean;
  readonly user?: string;
  readonly dryRun?: boolean;
}

function requestOf({
  object,
  old,
  operation = old === undefined ? "CREATE" : "UPDATE",
  user = "ann",
  ...more
}: Asked) {
  const { kind, metadata } = object as { kind: string; metadata: { name: string; namespace: string } };
  return parseReview(
    reviewOf("005", (request: Json) =>
      Object.assign(request, {
        resource: { group: GROUPS[kind], version: "v1", resource: `${kind.toLowerCase()}s` },
        subResource: "",
        operation,
        name: metadata.name,
        namespace: metadata.namespace,
        userInfo: { username: user, groups: [] },
        dryRun: more.dryRun ?? false,
        object,
        oldObject: old ?? null,
      }),
    ),
  );
}

function scaleOf(before: number, after: number, { name = "web", user = "ann" } = {}) {
  const scale = (replicas: number): Json => ({
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, namespace: "shop", uid: `uid-${name}` },
    spec: { replicas },
  });
  return parseReview(
    reviewOf("010", (request) =>
      Object.assign(request, {
        name,
        namespace: "shop",
        userInfo: { username: user, groups: [] },
        object: scale(after),
        oldObject: scale(before),
      }),
    ),
  );
}

interface Around {
  readonly cluster?: MemoryCluster;
  readonly standing?: readonly Raw[];
  readonly config?: Partial<Config>;
  readonly memory?: DryRunMemory;
  readonly signal?: AbortSignal;
  readonly waiver?: Waiver;
}

async function decided(
  request: ReturnType<typeof requestOf>,
  { standing = [], config = {}, ...around }: Around = {},
) {
  const cluster = around.cluster ?? new MemoryCluster([...CLASSES, ...standing]);
  const decision = await decide(
    request,
    {
      cluster,
      config: () => ({ ...DEFAULT_CONFIG, ...config }),
      memory: around.memory ?? new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory),
      verifyWaiver: async () => around.waiver ?? { state: "refused", reason: "no keys" },
      now: () => NOW,
    },
    around.signal ?? new AbortController().signal,
  );
  return {
    ...decision,
    cluster,
    verdict: verdictFor(decision),
    told: decision.findings.map(({ rule, severity }) => `${rule}${severity === "error" ? "" : "?"}`),
  };
}

const touched = { annotations: { a: "b" } };
const aged = (object: Raw, minutes: number): Raw => ({
  ...object,
  metadata: {
    ...(object.metadata as Raw),
    creationTimestamp: new Date(NOW - minutes * MINUTE).toISOString(),
  },
});

t.test("a claim denies what came with it, and warns of what was there", async (t) => {
  const created = async (standing: readonly Raw[], user = "ann") =>
    (await decided(requestOf({ object: objects.claim(), user }), { standing })).told;
  t.same(await created([aged(objects.deployment(), 9)]), ["rwo-rolling-update"], "in the same apply");
  t.same(await created([aged(objects.deployment(), 10)]), ["rwo-rolling-update?"], "a restore");
  t.same(await created([objects.deployment()]), ["rwo-rolling-update?"], "of an age that is not known");
});

t.test("a claim's review says nothing of those that it does no harm to", async (t) => {
  const notes = async (replicas: number) => {
    const standing = [
      objects.deployment({ workload: { replicas: 0 } }),
      objects.borrowingRollout({ workload: { replicas } }),
    ];
    return (await decided(requestOf({ object: objects.claim() }), { standing })).notes;
  };
  t.match(await notes(2), [/its pod template is that of Deployment web/]);
  t.same(await notes(0), []);
});

t.test("a claim of a set is never denied: its controller would only try again", async (t) => {
  const set = objects.statefulSet({
    name: "db",
    claims: [],
    workload: {
      volumeClaimTemplates: [
        { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteMany"], storageClassName: "gp3" } },
      ],
    },
  });
  const object = objects.claim({ name: "data-db-0", modes: ["ReadWriteMany"] });
  const told = async (user: string, standing: readonly Raw[]) =>
    (await decided(requestOf({ object, user }), { standing })).told;
  t.same(await told("ann", []), ["access-mode-unsupported"]);
  t.same(await told("system:serviceaccount:kube-system:statefulset-controller", []), [
    "access-mode-unsupported?",
  ]);
  t.same(await told("ann", [set]), ["access-mode-unsupported?"], "whoever makes it");
});

t.test(
  "of many workloads on a claim the young ones are judged first, and the deadline ends it",
  async (t) => {
    const old = Array.from({ length: 5 }, (_, at) => aged(objects.deployment({ name: `old-${at}` }), 60));
    const young = aged(objects.deployment({ name: "young" }), 1);
    const late = await decided(requestOf({ object: objects.claim() }), {
      standing: [...old, young],
      signal: AbortSignal.abort(),
    });
    t.equal(late.late, true);
    t.equal(late.verdict, "deny", "the one that can deny is among those that were judged");
    t.match(late.notes.join(), /5 more workloads that mount the claim were not judged before the deadline/);
    const inTime = await decided(requestOf({ object: objects.claim() }), { standing: [...old, young] });
    t.equal(inTime.late, false);
    t.notMatch(inTime.notes.join(), /not judged/);
  },
);

t.test("an autoscaler that came an instant before is looked up where it would decide", async (t) => {
  const judged = async (
    request: ReturnType<typeof requestOf>,
    standing: readonly Raw[],
    fresh: readonly Raw[],
  ) => {
    const cluster = new MemoryCluster([...CLASSES, ...standing]);
    cluster.lookUp = async ({ afresh }) =>
      afresh === true
        ? overlay(
            cluster.index,
            fresh.flatMap((object) => factFrom(object) ?? []),
          )
        : cluster.index;
    const { told } = await decided(request, { cluster });
    return [told, cluster.wanted.some(({ afresh }) => afresh === true)];
  };
  const scaler = objects.autoscaler({ max: 5 });
  const safe = objects.deployment({ workload: RECREATE });
  const create = requestOf({ object: safe });
  t.same(await judged(create, [objects.claim()], [scaler]), [["rwo-autoscaling"], true], "created");
  t.same(await judged(create, [objects.claim()], []), [[], true], "there is none");
  t.same(
    await judged(create, [objects.claim({ modes: ["ReadWriteMany"] })], [scaler]),
    [[], false],
    "any number of pods may have the volume",
  );
  t.same(await judged(create, [objects.claim(), scaler], []), [["rwo-autoscaling"], false], "it is known");
  t.same(
    await judged(requestOf({ object: objects.deployment() }), [objects.claim()], [scaler]),
    [["rwo-rolling-update"], false],
    "it is denied already",
  );
  const exempt = objects.deployment({
    annotationsOnObject: {
      "attachguard.dev/ignore": "rwo-rolling-update",
      "attachguard.dev/reason": "moving",
    },
  });
  t.same(
    await judged(requestOf({ object: exempt }), [objects.claim()], [scaler]),
    [["rwo-autoscaling", "rwo-rolling-update?"], true],
    "what is exempted denies nothing",
  );
  const at = (replicas: number, more: Raw = RECREATE) =>
    objects.deployment({ workload: { replicas, ...more } });
  const update = (old: Raw, object: Raw) => judged(requestOf({ object, old }), [objects.claim()], [scaler]);
  t.equal((await update(at(0), at(1)))[1], true, "woken");
  t.equal(
    (await update(at(0), { ...at(0), metadata: { name: "web", namespace: "shop", labels: { a: "b" } } }))[1],
    false,
    "still at 0",
  );
  t.equal(
    (await update(at(1), at(1, { strategy: { rollingUpdate: { maxSurge: 0 } } })))[1],
    true,
    "another strategy",
  );
  t.equal((await update(at(2), at(1)))[1], false, "fewer replicas");
  t.equal(
    (await update(at(1), objects.deployment({ workload: { replicas: 1, ...RECREATE }, ...touched })))[1],
    false,
    "another template",
  );
  const stored = at(0);
  t.equal((await judged(scaleOf(0, 1), [objects.claim(), stored], [scaler]))[1], true, "scaled up from 0");
  t.equal((await judged(scaleOf(1, 2), [objects.claim(), at(1)], [scaler]))[1], false, "scaled further");
  t.equal((await judged(scaleOf(0, 0), [objects.claim(), stored], [scaler]))[1], false, "not scaled");
  t.equal(
    (await judged(scaleOf(0, 1), [objects.claim()], [scaler]))[1],
    false,
    "a workload that nobody knows",
  );
});

t.test("what is looked up for a workload is what it could decide by", async (t) => {
  const wanted = async (asked: Asked) => (await decided(requestOf(asked))).cluster.wanted.at(0);
  t.match(await wanted({ object: objects.deployment() }), {
    workloads: [{ name: "web" }],
    autoscalersIn: "shop",
  });
  t.equal(await wanted({ object: objects.deployment({ claims: [] }) }), undefined, "it mounts nothing");
  t.match(
    await wanted({ object: objects.deployment({ claims: [] }), old: objects.deployment() }),
    { workloads: [{ name: "web" }], autoscalersIn: "shop" },
    "it did before",
  );
  const labelled = {
    ...objects.deployment(),
    metadata: { name: "web", namespace: "shop", labels: { a: "b" } },
  };
  const metadata = await wanted({ object: labelled, old: objects.deployment() });
  t.match(metadata, { workloads: [{ name: "web" }, { name: "web" }] });
  t.notOk(metadata && "autoscalersIn" in metadata, "metadata alone lets no autoscaler decide");
  const set = objects.statefulSet({
    claims: [],
    workload: { volumeClaimTemplates: [{ metadata: { name: "d" }, spec: {} }] },
  });
  t.match(await wanted({ object: set }), { workloads: [], autoscalersIn: "shop" }, "claims of its own");
});

t.test("a dry run sees what the same user dry-ran, and says so", async (t) => {
  const memory = new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory);
  const dry = (object: Raw, standing: readonly Raw[] = []) =>
    decided(requestOf({ object, dryRun: true }), { memory, standing });
  t.same((await dry(objects.claim())).told, []);
  const inferred = await dry(objects.deployment());
  t.same(inferred.told, ["rwo-rolling-update?"], "by memory it only warns");
  t.match(inferred.findings, [{ inferred: true, notes: [/inferred from your earlier dry run/] }]);
  const real = await decided(requestOf({ object: objects.deployment() }), { memory });
  t.same(real.told, ["claim-unknown?"], "a real request does not see it");
  const standing = await dry(objects.deployment(), [objects.claim()]);
  t.same(standing.told, ["rwo-rolling-update"], "what the cluster shows is a denial");
  t.match(standing.findings, [{ inferred: false }]);
  const other = await decided(requestOf({ object: objects.deployment(), dryRun: true, user: "bob" }), {
    memory,
  });
  t.same(other.told, ["claim-unknown?"], "nor does another user");
  const many = new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory);
  await decided(requestOf({ object: objects.claim({ modes: ["ReadWriteMany"] }), dryRun: true }), {
    memory: many,
  });
  t.same(
    (await decided(requestOf({ object: objects.deployment(), dryRun: true }), { memory: many })).told,
    [],
    "a doubt is lifted",
  );
  const kept = await decided(requestOf({ object: objects.deployment(), dryRun: true }), {
    memory: many,
    standing: [objects.claim()],
  });
  t.same(kept.told, ["rwo-rolling-update"], "a denial is not");
  const late = await decided(requestOf({ object: objects.deployment(), dryRun: true }), {
    memory,
    signal: AbortSignal.abort(),
  });
  t.equal(late.late, true, "what was cut short is said there too");
});

t.test("an unfinished rollout is told beside what the change causes", async (t) => {
  const status = { observedGeneration: 3, replicas: 2, updatedReplicas: 1 };
  const judged = async (old: Raw, object: Raw) => {
    const { notes, findings } = await decided(requestOf({ old, object }), { standing: [objects.claim()] });
    return [notes, findings.flatMap((finding) => finding.notes)].map((each) =>
      each.some((note) => /rollout .*not finished|unfinished|under way/i.test(note)),
    );
  };
  t.same(await judged(objects.deployment({ status }), objects.deployment({ status, ...touched })), [
    true,
    true,
  ]);
  t.same(await judged(objects.deployment(), objects.deployment(touched)), [false, false]);
  t.equal(
    (
      await judged(
        objects.deployment({ status, workload: RECREATE }),
        objects.deployment({ status, workload: RECREATE, ...touched }),
      )
    )[0],
    false,
    "nothing is found",
  );
});

t.test("scaling by an autoscaler's controller is counted, by whatever way it scales", async (t) => {
  const user = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";
  const standing = [objects.claim(), objects.deployment({ workload: RECREATE })];
  const mode = async (request: ReturnType<typeof requestOf>, config: Partial<Config> = {}) =>
    (await decided(request, { standing, config })).mode;
  t.equal(await mode(scaleOf(1, 3, { user })), "audit");
  t.equal(await mode(scaleOf(1, 3)), "enforce", "a person's is not");
  const at = (replicas: number, more = {}) =>
    objects.deployment({ workload: { replicas, ...RECREATE }, ...more });
  t.equal(await mode(requestOf({ object: at(3), old: at(1), user })), "audit");
  t.equal(
    await mode(requestOf({ object: at(3, touched), old: at(1), user })),
    "enforce",
    "with another template",
  );
  t.equal(await mode(requestOf({ object: at(3), user })), "enforce", "what it creates");
  t.equal(
    await mode(scaleOf(1, 3, { user }), { mode: "off" }),
    null,
    "where nothing is judged, it is not either",
  );
  t.equal(await mode(scaleOf(1, 3, { user }), { autoscalerController: "judge" }), "enforce");
});

t.test("what a finding names can be asked of the API server only where it is stored", async (t) => {
  const stored = async (asked: Asked) => {
    const { isStored } = (await decided(requestOf(asked), { standing: [objects.claim()] })).telling;
    const of = (kind: string, name: string) => isStored({ apiVersion: "", kind, namespace: "shop", name });
    return [of("Deployment", "web"), of("Deployment", "other"), of("PersistentVolumeClaim", "web")];
  };
  t.same(await stored({ object: objects.deployment() }), [false, true, true], "what is being created is not");
  t.same(await stored({ object: objects.deployment(touched), old: objects.deployment() }), [
    true,
    true,
    true,
  ]);
});

t.test("a waiver that is refused is told beside what it was to excuse", async (t) => {
  const waiver: Waiver = { state: "refused", reason: "it is of another cluster" };
  const annotated = (of: Raw) =>
    objects.deployment({ annotationsOnObject: { "attachguard.dev/waiver": "x" }, ...of });
  const notes = async (of: Raw) =>
    (await decided(requestOf({ object: annotated(of) }), { standing: [objects.claim()], waiver })).notes;
  t.match(await notes({}), ["Deployment web: the waiver is refused: it is of another cluster"]);
  t.same(await notes({ workload: RECREATE }), [], "nothing is found");
});

t.test("a deadline that comes between two workloads ends the judgement, and is told", async (t) => {
  const ending = new AbortController();
  const standing = ["a", "b", "c"].map((name) => aged(objects.deployment({ name }), 60));
  const judging = decided(requestOf({ object: objects.claim() }), { standing, signal: ending.signal });
  setImmediate(() => ending.abort());
  const { late, notes } = await judging;
  t.equal(late, true);
  t.match(notes.join(), /2 more workloads that mount the claim were not judged before the deadline/);
  const again = new AbortController();
  const memory = new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory);
  await decided(requestOf({ object: objects.deployment({ name: "d" }), dryRun: true }), { memory });
  const twice = decided(requestOf({ object: objects.claim(), dryRun: true }), {
    memory,
    standing: standing.slice(0, 2),
    signal: again.signal,
  });
  setImmediate(() => setImmediate(() => again.abort()));
  t.equal((await twice).late, true, "though it was in time without what was dry-run");
});

t.test("what is not judged says why, and nothing of deadlines or facts", async (t) => {
  const untouched = { judged: false, mode: null, findings: [], late: false, stale: undefined };
  const of = (notes: readonly RegExp[], asked: Parameters<typeof decided>[0], around: Around = {}) =>
    decided(asked, around).then((decision) => t.match(decision, { ...untouched, notes, verdict: "allow" }));
  const create = requestOf({ object: objects.deployment() });
  await of([/is not judged$/], { ...create, operation: "DELETE", object: null });
  await of([/^namespace shop is excluded$/], create, {
    config: { namespaces: { excluded: ["shop"], exempt: [] } },
  });
  await of([/^the mode is off$/], create, { config: { mode: "off" } });
});

t.test("what an autoscaler and a claim are judged by is looked up with them", async (t) => {
  const wanted = async (object: Raw, standing: readonly Raw[] = []) =>
    (await decided(requestOf({ object }), { standing })).cluster.wanted.at(0);
  const target = { kind: "Deployment", namespace: "shop", name: "web" };
  t.strictSame(await wanted(objects.autoscaler({ max: 3 })), { workloads: [], target });
  t.strictSame(await wanted(objects.autoscalerOfKeda({ max: 3 })), {
    workloads: [],
    target,
    scaledObject: { namespace: "shop", name: "web", uid: "uid-scaled-object" },
  });
  t.equal(await wanted(objects.claim()), undefined, "a claim that nobody mounts");
  t.match(await wanted(objects.claim(), [objects.deployment()]), {
    workloads: [{ name: "web" }],
    autoscalersIn: "shop",
  });
});

t.test("the claims of a workload that was only dry-run are looked up for its autoscaler", async (t) => {
  const memory = new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory);
  await decided(requestOf({ object: objects.deployment({ workload: RECREATE }), dryRun: true }), { memory });
  const { cluster, told } = await decided(
    requestOf({ object: objects.autoscaler({ max: 3 }), dryRun: true }),
    {
      memory,
      standing: [objects.claim()],
    },
  );
  t.match(cluster.wanted, [{ workloads: [{ name: "web", template: { mounts: [{ claimName: "data" }] } }] }]);
  t.same(told, ["rwo-autoscaling?"]);
});

t.test(
  "an autoscaler that was only dry-run is seen by the workload that it scales, whoever makes it",
  async (t) => {
    for (const scaler of [
      objects.autoscaler({ max: 3 }),
      objects.scaledObject({ spec: { maxReplicaCount: 3 } }),
    ]) {
      const memory = new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory);
      await decided(requestOf({ object: scaler, dryRun: true }), { memory });
      const { told } = await decided(
        requestOf({ object: objects.deployment({ workload: RECREATE }), dryRun: true }),
        { memory, standing: [objects.claim(), objects.storageClass] },
      );
      t.same(told, ["rwo-autoscaling?"], String(scaler.kind));
    }
  },
);

t.test(
  "a template that was only dry-run is seen by the workload that borrows it, and the other way round",
  async (t) => {
    const lender = objects.deployment({ workload: { replicas: 0 } });
    const borrower = objects.borrowingRollout({ workload: { replicas: 2 } });
    for (const [first, second] of [
      [lender, borrower],
      [borrower, lender],
    ] as const) {
      const memory = new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory);
      const standing = [objects.claim(), objects.storageClass];
      await decided(requestOf({ object: first, dryRun: true }), { memory, standing });
      const { told } = await decided(requestOf({ object: second, dryRun: true }), { memory, standing });
      t.match(told, ["rwo-replicas?"], `${String(first.kind)} first`);
      const again = await decided(requestOf({ object: second, dryRun: true }), { memory, standing });
      t.same(again.told, told, `${String(first.kind)} first, then twice the other`);
    }
  },
);

t.test(
  "a claim is judged for those that use a template which mounts it, where all were only dry-run",
  async (t) => {
    const memory = new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory);
    const lender = objects.deployment({ workload: { replicas: 0 } });
    for (const object of [lender, objects.borrowingRollout({ workload: { replicas: 2 } })]) {
      await decided(requestOf({ object, dryRun: true }), { memory, standing: [objects.storageClass] });
    }
    const { told } = await decided(requestOf({ object: objects.claim(), dryRun: true }), {
      memory,
      standing: [objects.storageClass],
    });
    t.match(told, ["rwo-replicas?"]);
  },
);

t.test("what has no template lends none, whatever is remembered of it", async (t) => {
  const memory = new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory);
  const workloadRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "data" };
  const object = objects.borrowingRollout({ workload: { workloadRef } });
  await decided(requestOf({ object: objects.claim(), dryRun: true }), { memory });
  t.same((await decided(requestOf({ object, dryRun: true }), { memory })).told, []);
});

t.test("an autoscaler sees the template that its target borrows, where all were only dry-run", async (t) => {
  const memory = new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory);
  const standing = [objects.claim(), objects.storageClass];
  const { spec, ...scaler } = objects.autoscaler({ max: 3 });
  const scaleTargetRef = { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", name: "web-rollout" };
  const object = { ...scaler, spec: { ...(spec as Raw), scaleTargetRef } };
  for (const earlier of [objects.deployment({ workload: { replicas: 0 } }), objects.borrowingRollout({})]) {
    await decided(requestOf({ object: earlier, dryRun: true }), { memory, standing });
  }
  const { told } = await decided(requestOf({ object, dryRun: true }), { memory, standing });
  t.match(told, ["rwo-autoscaling?"]);
});
