import type { Diagnosed } from "../../src/diagnose/diagnose.ts";
import type { SubjectDiagnosis } from "../../src/diagnose/diagnosis.ts";
import type { Expected, OneOf } from "./recordings.ts";

const UNCOUNTED: ReadonlySet<string> = new Set(["run-live-first", "suspend-gitops"]);

function isOneOf<T>(actual: T, expected: OneOf<T>): boolean {
  return Array.isArray(expected) ? expected.includes(actual) : actual === expected;
}

function isSame(
  actual: readonly object[],
  expected: readonly object[] | { readonly anyOf: readonly (readonly object[])[] },
) {
  const key = (entries: readonly object[]) =>
    JSON.stringify(entries.map((entry) => JSON.stringify(entry)).toSorted());
  const lists = "anyOf" in expected ? expected.anyOf : [expected];
  return lists.some((list) => key(list) === key(actual));
}

export function secondsOf(duration: string): number {
  const [, hours, minutes, seconds] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(duration) ?? [];
  return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
}

/** What is wrong with the diagnosis of one subject, in words; empty where it is right. */
export function wrongIn(diagnosis: SubjectDiagnosis | undefined, expected: Expected): readonly string[] {
  const wrong: string[] = [];
  const check = (what: string, ok: boolean, actual: unknown, wanted: unknown) => {
    if (!ok) wrong.push(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`);
  };
  if (diagnosis === undefined) {
    check(
      "state",
      isOneOf(null, expected.state) || isOneOf("healthy", expected.state),
      "(nothing)",
      expected.state,
    );
    return wrong;
  }
  const { state, cause, waiting, holders, clears, questions, steps, avoid } = diagnosis;
  check("state", isOneOf(state, expected.state), state, expected.state);
  check("cause", isOneOf<string>(cause.id, expected.cause), cause.id, expected.cause);
  check("detail", isOneOf(cause.detail, expected.detail), cause.detail, expected.detail);
  if (expected.volume !== null)
    check("volume", cause.volume === expected.volume, cause.volume, expected.volume);
  const pods = waiting.map(({ pod, node }) => ({ pod, node }));
  check("waiting", isSame(pods, expected.waiting), pods, expected.waiting);
  const held = holders.map(({ pod, node, nodeState, attachment }) => ({ pod, node, nodeState, attachment }));
  check("holders", isSame(held, expected.holders), held, expected.holders);
  if (expected.byItself !== null)
    check(
      "byItself",
      isOneOf<string>(clears.byItself, expected.byItself),
      clears.byItself,
      expected.byItself,
    );
  if (state === "clearing" || expected.withinAtLeast !== undefined) {
    const within = clears.within === null ? undefined : secondsOf(clears.within);
    if (expected.within !== null && clears.byItself !== "no")
      check(
        "within",
        within !== undefined && within <= secondsOf(expected.within),
        clears.within,
        expected.within,
      );
    if (expected.withinAtLeast !== undefined && clears.byItself !== "no")
      check(
        "within",
        within !== undefined && within >= secondsOf(expected.withinAtLeast),
        clears.within,
        expected.withinAtLeast,
      );
  }
  const counted = steps.filter(({ id }) => !UNCOUNTED.has(id));
  if (expected.firstStep.length > 0)
    check(
      "first step",
      expected.firstStep.includes(counted[0]?.id ?? null),
      counted[0]?.id,
      expected.firstStep,
    );
  const ids: readonly string[] = steps.map(({ id }) => id);
  for (const one of expected.steps)
    check(
      "step",
      ids.some((id) => isOneOf(id, one)),
      ids,
      one,
    );
  for (const id of expected.never ?? []) check("never", !ids.includes(id), ids, `no ${id}`);
  const bare = steps.filter(({ commands, behind }) => commands.length > 0 && behind.length === 0);
  for (const id of expected.forbiddenSteps)
    check(
      "bare",
      !bare.some((step) => step.id === id),
      bare.map((step) => step.id),
      `no bare ${id}`,
    );
  const avoided: readonly string[] = avoid.map(({ id }) => id);
  for (const one of expected.avoid)
    check(
      "avoid",
      avoided.some((id) => isOneOf(id, one)),
      avoided,
      one,
    );
  for (const id of expected.questions ?? [])
    check(
      "question",
      questions.some((question) => question.id === id),
      questions.map((question) => question.id),
      id,
    );
  for (const [id, parts] of Object.entries(expected.commands ?? {})) {
    const commands = steps
      .filter((step) => step.id === id)
      .flatMap((step) => step.commands)
      .join("\n");
    for (const part of parts) check(`commands of ${id}`, commands.includes(part), commands, part);
  }
  return wrong;
}

/** What is wrong with the states of attachments and with the findings. */
export function wrongAttachments(
  { attachments, findings }: Diagnosed,
  expected: Expected,
  all: boolean,
): readonly string[] {
  const wrong: string[] = [];
  const states = new Map(attachments.map(({ name, state }) => [name, state as string]));
  for (const [name, state] of Object.entries(expected.attachments)) {
    const actual = states.get(name);
    if (actual === undefined ? all : !isOneOf(actual, state))
      wrong.push(`attachment ${name}: ${actual} instead of ${JSON.stringify(state)}`);
  }
  const found = findings.map(
    ({ rule, attachment }) => `${rule}: ${attachment.name ?? `${attachment.volume}@${attachment.node}`}`,
  );
  const allowed = new Set([...expected.findings, ...(expected.findingsAllowed ?? [])]);
  wrong.push(...found.filter((one) => !allowed.has(one)).map((one) => `finding ${one} is one too many`));
  if (all)
    wrong.push(
      ...expected.findings.filter((one) => !found.includes(one)).map((one) => `finding ${one} is missing`),
    );
  return wrong;
}
