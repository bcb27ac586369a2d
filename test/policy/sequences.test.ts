/**
 * Nobody gets round a denial in stages: whatever order of updates is allowed in mode enforce, none adds a steady
 * error, and no rollout that it starts can get stuck. What is decided otherwise is in docs/semantics.md, "In stages".
 */
import fc from "fast-check";
import t from "tap";
import type { Node, Workload } from "../../src/policy/model.ts";
import { HOSTNAME } from "../../src/policy/nodes.ts";
import { bundle } from "../support/bundle.ts";
import { type Judged, judge, judgeUpdate } from "../support/judge.ts";
import { autoscaler, claim, deployment, file, sameNode, storageClass } from "../support/objects.ts";
import { podOf, schedule } from "./spread/scheduler.ts";

type Raw = Readonly<Record<string, unknown>>;

interface Template {
  readonly version: string;
  readonly placing: "anywhere" | "self" | "host a" | "host b";
  readonly mounts: boolean;
}
interface Range {
  readonly min: number;
  readonly max: number;
}
interface State {
  readonly template: Template;
  readonly replicas: number;
  readonly recreate: boolean;
  readonly paused: boolean;
  readonly range: Range | undefined;
  readonly claim: boolean;
  /** The template whose pods run; `undefined` without pods. */
  readonly running: Template | undefined;
}

type Step =
  | { readonly do: "scale"; readonly to: number }
  | { readonly do: "autoscale"; readonly range: Range | undefined }
  | { readonly do: "template"; readonly to: Template }
  | { readonly do: "strategy"; readonly recreate: boolean }
  | { readonly do: "pause"; readonly paused: boolean }
  | { readonly do: "claim"; readonly young: boolean }
  /** Several fields in one update, as `kubectl apply` sends them. */
  | { readonly do: "apply"; readonly to: Pick<State, "template" | "replicas" | "recreate" | "paused"> };

const template: fc.Arbitrary<Template> = fc.record({
  version: fc.constantFrom("1", "2"),
  placing: fc.constantFrom("anywhere", "anywhere", "self", "host a", "host b"),
  mounts: fc.constantFrom(true, true, true, false),
});
const range: fc.Arbitrary<Range> = fc.constantFrom(
  { min: 1, max: 1 },
  { min: 1, max: 4 },
  { min: 2, max: 4 },
  { min: 2, max: 2 },
);
const spec = fc.record({
  template,
  replicas: fc.constantFrom(0, 1, 1, 2),
  recreate: fc.boolean(),
  paused: fc.constantFrom(false, false, true),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("scale"), to: fc.constantFrom(0, 1, 2, 3) }),
  fc.record({ do: fc.constant("autoscale"), range: fc.option(range, { nil: undefined }) }),
  fc.record({ do: fc.constant("template"), to: template }),
  fc.record({ do: fc.constant("strategy"), recreate: fc.boolean() }),
  fc.record({ do: fc.constant("pause"), paused: fc.boolean() }),
  fc.record({ do: fc.constant("claim"), young: fc.boolean() }),
  fc.record({ do: fc.constant("apply"), to: spec }),
) as fc.Arbitrary<Step>;

const PLACES: Readonly<Record<Template["placing"], Raw>> = {
  anywhere: {},
  self: sameNode({ app: "web" }),
  "host a": { nodeSelector: { [HOSTNAME]: "a" } },
  "host b": { nodeSelector: { [HOSTNAME]: "b" } },
};
const NODES: readonly Node[] = ["a", "b"].map((name) => ({
  name,
  labels: { [HOSTNAME]: name },
  taints: [],
  unschedulable: false,
}));

const same = (a: Template | undefined, b: Template): boolean => JSON.stringify(a) === JSON.stringify(b);

function objectOf({ template: of, replicas, recreate, paused, running }: State): Raw {
  const live = running === undefined ? 0 : replicas;
  return deployment({
    labels: { app: "web", version: of.version },
    claims: of.mounts ? ["data"] : [],
    spec: PLACES[of.placing],
    workload: { replicas, paused, strategy: recreate ? { type: "Recreate" } : { type: "RollingUpdate" } },
    status: { observedGeneration: 1, replicas: live, updatedReplicas: same(running, of) ? live : 0 },
  });
}

function othersOf({ range: scaled, claim: exists }: State): readonly Raw[] {
  return [storageClass, ...(exists ? [claim()] : []), ...(scaled ? [autoscaler(scaled)] : [])];
}

/** What the objects are after the step, were it allowed. */
function wanted(state: State, of: Step): State {
  switch (of.do) {
    case "scale":
      return { ...state, replicas: of.to };
    case "autoscale":
      return { ...state, range: of.range };
    case "template":
      return { ...state, template: of.to };
    case "strategy":
      return { ...state, recreate: of.recreate };
    case "pause":
      return { ...state, paused: of.paused };
    case "claim":
      return { ...state, claim: true };
    case "apply":
      return { ...state, ...of.to };
  }
}

const CAUSES = { scale: "scale", autoscale: "autoscaler", claim: "claim" } as const;

function review(before: State, after: State, of: Step): Judged {
  const cause = of.do in CAUSES ? CAUSES[of.do as keyof typeof CAUSES] : "update";
  return judgeUpdate(objectOf(before), objectOf(after), othersOf(after), {
    cause,
    othersBefore: othersOf(before),
  });
}

/** Which template's pods run once the controller has done its work. */
function settled(state: State): State {
  if (state.replicas === 0) return { ...state, running: undefined };
  const starts = state.running === undefined || !state.paused;
  return { ...state, running: starts ? state.template : state.running };
}

const judgedStates = new Map<string, readonly string[]>();

function steadyErrors(state: State): readonly string[] {
  const key = JSON.stringify({ ...state, running: undefined });
  const errors =
    judgedStates.get(key) ??
    judge(objectOf(state), othersOf(state))
      .findings.filter(({ rule, severity }) => severity === "error" && rule !== "rwo-rolling-update")
      .map(({ rule }) => rule);
  judgedStates.set(key, errors);
  return errors;
}

function workloadOf(state: State): Workload {
  return bundle(file(objectOf(state), ...othersOf(state))).workload("web");
}

/** Can a new pod land on another node than an old one that keeps the claim? */
function canGetStuck(old: Template, state: State): boolean {
  if (state.recreate || !state.claim || !old.mounts || !state.template.mounts) return false;
  for (let seed = 0; seed < 6; seed++) {
    const first = podOf(workloadOf({ ...state, template: old }), "old");
    const second = podOf(workloadOf(state), "new");
    schedule([first], NODES, (count) => seed % count);
    schedule([second], NODES, (count) => (seed >> 1) % count, [first]);
    if (first.node !== undefined && second.node !== undefined && first.node !== second.node) return true;
  }
  return false;
}

const EMPTY: State = {
  template: { version: "1", placing: "anywhere", mounts: false },
  replicas: 1,
  recreate: false,
  paused: false,
  range: undefined,
  claim: false,
  running: undefined,
};

/**
 * Takes the steps that are allowed, one after the other.
 *
 * @returns how many were allowed and how many denied
 * @throws where a step that was allowed is a hazard
 */
function run(first: State, steps: readonly Step[]): { allowed: number; denied: number } {
  let state = first;
  const tally = { allowed: 0, denied: 0 };
  for (const of of steps) {
    if (of.do === "claim" && state.claim) continue;
    const next = wanted(state, of);
    const { verdict } = review(state, next, of);
    // A claim under a workload older than ten minutes is a restore, which is never denied.
    const restored = of.do === "claim" && !of.young;
    // An autoscaler may always be deleted: no review is sent.
    const unasked = of.do === "autoscale" && of.range === undefined;
    if (verdict === "deny" && !restored && !unasked) {
      tally.denied++;
      continue;
    }
    tally.allowed++;
    const said = `${JSON.stringify(of)} in ${JSON.stringify(state)}`;
    const known = steadyErrors(state);
    const added = steadyErrors(next).filter((rule) => !known.includes(rule));
    if (added.length > 0 && !restored) throw new Error(`${added}: ${said}`);
    const { running } = state;
    const starts =
      running !== undefined && next.replicas > 0 && !next.paused && !same(running, next.template);
    if (starts && !state.paused && canGetStuck(running, next)) throw new Error(`gets stuck: ${said}`);
    // What was held back is judged against itself: whose pods run is not in the object.
    if (starts && state.paused && !of.do.startsWith("apply") && canGetStuck(next.template, next)) {
      throw new Error(`resumes and gets stuck: ${said}`);
    }
    state = settled(next);
  }
  return tally;
}

const created = fc.record({
  template,
  replicas: fc.constantFrom(0, 1, 2),
  recreate: fc.boolean(),
  paused: fc.constantFrom(false, false, true),
  range: fc.option(range, { nil: undefined }),
  claim: fc.constantFrom(true, true, false),
});

t.test("no order of updates that are allowed brings about what one update may not", async (t) => {
  const seen = { allowed: 0, denied: 0 };
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(created, fc.array(step, { minLength: 1, maxLength: 25, size: "max" }), (of, steps) => {
        const first: State = { ...EMPTY, ...of };
        if (judge(objectOf(first), othersOf(first)).verdict === "deny") return;
        const { allowed, denied } = run(settled(first), steps);
        seen.allowed += allowed;
        seen.denied += denied;
      }),
      { numRuns: 300 },
    ),
  );
  t.ok(seen.allowed > 500 && seen.denied > 100, `${seen.allowed} steps allowed, ${seen.denied} denied`);
});
