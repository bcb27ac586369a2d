/**
 * The engine stops early, keeps what it found out and looks at one of many like nodes. Whatever is asked, it answers as
 * the plain formula does. ATTACHGUARD_DIFFERENTIAL_COUNT judges more than 20,000; ATTACHGUARD_DIFFERENTIAL_SEED repeats
 * a run.
 */
import { isDeepStrictEqual } from "node:util";
import t from "tap";
import { ClusterIndex } from "../../src/cluster/cluster-index.ts";
import { overlay } from "../../src/cluster/overlay.ts";
import { scaledTo } from "../../src/judge/change.ts";
import { claimFact, type Fact, factFrom, workloadFact } from "../../src/kube/fact.ts";
import { workloadFrom } from "../../src/kube/workload.ts";
import { evaluate } from "../../src/policy/evaluate.ts";
import type { Finding } from "../../src/policy/finding.ts";
import type { Claim, Workload } from "../../src/policy/model.ts";
import { DEFAULT_OPTIONS, type PolicyOptions } from "../../src/policy/options.ts";
import type { Change } from "../../src/policy/ratchet.ts";
import { type ClusterView, knownValue } from "../../src/policy/view.ts";
import {
  autoscaler,
  claim,
  daemonSet,
  deployment,
  job,
  node,
  statefulSet,
  storageClass,
} from "../support/objects.ts";
import { judgedEagerly, type Told } from "./eager.ts";

type Raw = Readonly<Record<string, unknown>>;

const COUNT = Number(process.env.ATTACHGUARD_DIFFERENTIAL_COUNT ?? 20_000);
const SEED = Number(process.env.ATTACHGUARD_DIFFERENTIAL_SEED ?? Date.now() % 1_000_000);
/** Reviews over one cluster, before another is made. */
const PER_CLUSTER = 100;

/** Numbers from 0 to 1 that the seed decides: Lehmer's generator with the factor of Park and Miller. */
function numbers(seed: number): () => number {
  const modulus = 2_147_483_647;
  let state = (seed % (modulus - 1)) + 1;
  return () => {
    state = (state * 48_271) % modulus;
    return state / modulus;
  };
}

const random = numbers(SEED);
const among = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
const chance = (share: number): boolean => random() < share;
const some = <T>(...values: readonly T[]): T[] => values.filter(() => chance(0.4));

const HOST = "kubernetes.io/hostname";
const ZONE = "topology.kubernetes.io/zone";
const CLAIMS = ["a", "b", "c", "gone", "local"] as const;
const required = "requiredDuringSchedulingIgnoredDuringExecution";

const podTerm = (): Raw => ({
  topologyKey: among(HOST, HOST, ZONE),
  labelSelector: among<Raw>(
    {},
    { matchLabels: { app: among("web", "db") } },
    { matchExpressions: [{ key: "app", operator: among("In", "NotIn"), values: some("web", "db", "x") }] },
  ),
  ...(chance(0.1) && { matchLabelKeys: ["pod-template-hash"] }),
});
const nodeTerm = (): Raw => ({
  matchExpressions: [
    { key: among(HOST, ZONE, "pool"), operator: among("In", "NotIn"), values: [among("n1", "n2", "a", "x")] },
  ],
});

function pod(): Raw {
  return {
    ...(chance(0.2) && { nodeSelector: among<Raw>({ pool: "x" }, { [HOST]: "n1" }, { [ZONE]: "a" }) }),
    ...(chance(0.05) && { nodeName: among("n1", "n2", "nowhere") }),
    ...(chance(0.2) && { tolerations: [{ key: "dedicated", operator: "Exists" }] }),
    affinity: {
      ...(chance(0.4) && { podAffinity: { [required]: [podTerm(), ...(chance(0.2) ? [podTerm()] : [])] } }),
      ...(chance(0.1) && { podAntiAffinity: { [required]: [podTerm()] } }),
      ...(chance(0.2) && { nodeAffinity: { [required]: { nodeSelectorTerms: [nodeTerm()] } } }),
    },
  };
}

const strategy = (): Raw =>
  among<Raw>(
    {},
    { strategy: { type: "Recreate" } },
    {
      strategy: {
        rollingUpdate: { maxSurge: among<unknown>(0, 1, "25%"), maxUnavailable: among<unknown>(0, 1, "50%") },
      },
    },
  );

function workload(name: string): Raw {
  const common = {
    name,
    labels: { app: name, version: among("1", "2") },
    claims: some(...CLAIMS),
    spec: pod(),
  };
  const replicas = among(0, 1, 1, 1, 2, 3);
  const status = { observedGeneration: 1, replicas, updatedReplicas: among(0, replicas) };
  switch (among("Deployment", "Deployment", "Deployment", "StatefulSet", "DaemonSet", "Job")) {
    case "StatefulSet":
      return statefulSet({ ...common, workload: { replicas } });
    case "DaemonSet":
      return daemonSet(common);
    case "Job":
      return job({ ...common, workload: { parallelism: among(1, 2) } });
    default:
      return deployment({
        ...common,
        workload: { replicas, paused: chance(0.1), ...strategy() },
        ...(chance(0.5) && { status }),
      });
  }
}

/** An update of it: part of another version, or all of it. */
function changed(before: Raw): Raw {
  const after = workload("web");
  if (after.kind !== before.kind) return before;
  const [old, fresh] = [before.spec as Raw, after.spec as Raw];
  const kept = among(
    ["template"],
    Object.keys(old).filter((key) => key !== "template"),
    [],
  );
  return { ...after, spec: { ...fresh, ...Object.fromEntries(kept.map((key) => [key, old[key]])) } };
}

function cluster(): ClusterIndex {
  const mode = () => among(["ReadWriteOnce"], ["ReadWriteOnce"], ["ReadWriteOncePod"], ["ReadWriteMany"]);
  const nodes = among(0, 1, 3, 40);
  const index = new ClusterIndex();
  const objects: readonly Raw[] = [
    storageClass,
    ...["a", "b", "c"].map((name) => claim({ name, modes: mode() })),
    claim({ name: "local", spec: { volumeName: "pv-local" } }),
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "pv-local" },
      spec: {
        accessModes: ["ReadWriteOnce"],
        csi: { driver: "ebs.csi.aws.com", volumeHandle: "vol-1" },
        nodeAffinity: { required: { nodeSelectorTerms: [nodeTerm()] } },
      },
    },
    ...Array.from({ length: nodes }, (_, at) =>
      node(
        `n${at}`,
        { [ZONE]: among("a", "b"), ...(chance(0.3) && { pool: among("x", "y") }) },
        among<Raw>({}, {}, { unschedulable: true }, { taints: [{ key: "dedicated", effect: "NoSchedule" }] }),
      ),
    ),
    ...some("db", "cache").map(workload),
    ...(chance(0.3) ? [autoscaler({ max: among(1, 4), min: among(1, 2) })] : []),
  ];
  for (const object of objects) {
    const fact = factFrom(object);
    if (fact === undefined) throw new Error(`${String(object.kind)} is no fact`);
    index.put(fact);
  }
  return index;
}

function read(raw: Raw): Workload {
  const found = workloadFrom(raw);
  if (found === undefined) throw new Error("no workload");
  return found;
}

/** What a finding tells, in the form that the plain formula has. */
function tellsOf(finding: Finding): Told {
  const note = finding.notes.find((one) => one.startsWith("a warning only: "));
  return {
    rule: finding.rule,
    severity: finding.severity,
    factors: finding.factors,
    claims: finding.claims.map(({ name }) => name),
    problem: finding.problem,
    also: finding.also,
    evidence: finding.evidence,
    leniency: note?.slice("a warning only: ".length),
  };
}

interface Review {
  readonly next: Workload;
  readonly change: Change | null;
  readonly view: ClusterView;
}

function review(index: ClusterIndex): Review {
  const raw = workload("web");
  const before = read(raw);
  const base = overlay(index, [workloadFact(before)]);
  const what = among("create", "create", "update", "update", "update", "scale", "autoscaler", "claim");
  if (what === "create") return { next: before, change: null, view: base };
  const change = { previous: before, previousView: base, specChanged: true, templateChanged: false };
  if (what === "scale" && before.pods.by === "replicas") {
    const next = scaledTo(before, among(0, 1, 2, 3));
    return { next, change: { ...change, cause: "scale" }, view: overlay(index, [workloadFact(next)]) };
  }
  if (what === "autoscaler") {
    const others = knownValue(base.autoscalersOf(before)) ?? [];
    const bare = overlay(
      base,
      [],
      others.map(({ kind, namespace, name }) => ({ kind, namespace, name })),
    );
    const laid = () => overlay(bare, [scaler({ max: among(1, 2, 4), min: among(1, 2) })]);
    const previousView = chance(0.5) ? bare : laid();
    return { next: before, change: { ...change, previousView, cause: "autoscaler" }, view: laid() };
  }
  if (what === "claim") {
    const name = among("a", "b", "c");
    const found = knownValue(base.claim("shop", name)) as Claim;
    const previousView = overlay(base, [], [{ kind: "PersistentVolumeClaim", namespace: "shop", name }]);
    const arrival = { ...change, previousView, specChanged: false, cause: "claim", claim: name } as const;
    return { next: before, change: arrival, view: overlay(previousView, [claimFact(found)]) };
  }
  const rawNext = changed(raw);
  const next = read(rawNext);
  return {
    next,
    change: {
      ...change,
      specChanged: !isDeepStrictEqual(raw.spec, rawNext.spec),
      templateChanged: !isDeepStrictEqual((raw.spec as Raw).template, (rawNext.spec as Raw).template),
      cause: "update",
    },
    view: overlay(index, [workloadFact(next)]),
  };
}

function scaler(of: { readonly max: number; readonly min: number }): Fact {
  const fact = factFrom(autoscaler(of));
  if (fact === undefined) throw new Error("no autoscaler");
  return fact;
}

t.test(`${COUNT} reviews are judged as the plain formula does (seed ${SEED})`, async (t) => {
  const seen = new Map<string, number>();
  const see = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  let index = cluster();
  for (let at = 0; at < COUNT; at += 1) {
    if (at % PER_CLUSTER === 0) index = cluster();
    const { next, change, view } = review(index);
    const options: PolicyOptions = {
      ...DEFAULT_OPTIONS,
      ratchet: among("template", "template", "always", "never"),
    };
    const context = { options, waiver: null, namespace: null, dryRun: false };
    const told = evaluate(view, next, change, context)
      .findings.filter(({ rule }) => rule !== "access-mode-unsupported")
      .map(tellsOf);
    const plain = judgedEagerly(view, next, change, options);
    if (!isDeepStrictEqual(told, plain)) {
      t.same(told, plain, `review ${at} of seed ${SEED}`);
      t.comment(JSON.stringify({ next, previous: change?.previous, cause: change?.cause }));
      return;
    }
    see(change?.cause ?? "create");
    if (told.some(({ severity }) => severity === "error")) see(`${change?.cause ?? "create"} with an error`);
    see(told.length === 0 ? "nothing" : "something");
    for (const { rule, severity, leniency, factors } of told) {
      see(`${rule} ${severity}`);
      see(`spread ${(factors as { spread: string }).spread}`);
      if (leniency !== undefined) see("forgiven");
    }
  }
  for (const what of [
    "create with an error",
    "update with an error",
    "scale with an error",
    "autoscaler with an error",
    "claim with an error",
    "nothing",
    "forgiven",
    "rwo-rolling-update error",
    "rwo-replicas error",
    "rwo-autoscaling error",
    "rwop-overlap error",
    "rwo-shared-claim warning",
    "claim-unknown warning",
    "spread free",
    "spread one-node",
  ]) {
    t.ok((seen.get(what) ?? 0) >= Math.min(COUNT / 1_000, 20), `${what}: ${seen.get(what) ?? 0}`);
  }
});
