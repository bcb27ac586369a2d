import { overlay } from "../cluster/overlay.ts";
import type { JudgeSettings } from "../judge/context.ts";
import { judgeAsItStands } from "../judge/one.ts";
import { record } from "../kube/raw.ts";
import type { Finding } from "../policy/finding.ts";
import type { Fix, FixTarget } from "../policy/fixes.ts";
import type { Workload } from "../policy/model.ts";
import { type ClusterView, knownValue } from "../policy/view.ts";
import { composed } from "../report/merge-patch.ts";
import type { Plan } from "../report/plan.ts";
import { asFacts, patchedFacts } from "./patched-model.ts";

/** How many combinations of ways out are tried for one workload; for each the patched workload is judged. */
const MOST_TRIED = 60;

/** With more changes than this it is no longer a plan. */
const MOST_FIXES = 3;

/**
 * The fewest ways out after which a workload has no error left, found by judging it as it would be; of those with as
 * many the one that leaves no warning either, else the first. `null` where it has no error, or where no change of it
 * and its autoscalers is enough.
 *
 * @param written the workload as the view holds it
 * @param findings of it
 */
export async function planFor(
  written: Workload,
  findings: readonly Finding[],
  view: ClusterView,
  settings: JudgeSettings,
): Promise<Plan | null> {
  let states: readonly State[] = [{ fixes: [], left: findings }];
  const seen = new Set<string>();
  for (let size = 1; size <= MOST_FIXES; size += 1) {
    const next: State[] = [];
    for (const { fixes, left } of states) {
      for (const fix of patchable(left.filter(isError))) {
        const chosen = [...fixes, fix];
        const key = chosen
          .map(({ id, targets }) => JSON.stringify([id, targets]))
          .toSorted()
          .join();
        if (seen.has(key) || seen.size === MOST_TRIED) continue;
        seen.add(key);
        const after = await leftAfter(chosen, written, view, settings);
        if (after?.length === 0) return { fixes: chosen, steps: inSteps(chosen) };
        if (after !== undefined) next.push({ fixes: chosen, left: after });
      }
    }
    const enough = next.find(({ left }) => !left.some(isError));
    if (enough !== undefined) return { fixes: enough.fixes, steps: inSteps(enough.fixes) };
    states = next;
  }
  return null;
}

/** Some ways out, and what is still found with them: that names the next ones. */
interface State {
  readonly fixes: readonly Fix[];
  readonly left: readonly Finding[];
}

/**
 * What is still found of a workload once these fixes have been made; `undefined` where a fix is of a kind that only
 * people can make.
 */
export async function leftAfter(
  fixes: readonly Fix[],
  written: Workload,
  view: ClusterView,
  settings: JudgeSettings,
): Promise<readonly Finding[] | undefined> {
  if (fixes.some(({ targets }) => targets.length === 0)) return undefined;
  const targets = fixes.flatMap((fix) => fix.targets);
  const patched = patchedFacts(targets, written, knownValue(view.autoscalersOf(written)) ?? []);
  if (patched === undefined) return undefined;
  const after = overlay(view, asFacts(patched));
  return (await judgeAsItStands(patched.workload, after, settings)).judgement.findings;
}

function isError({ severity, exempted }: Finding): boolean {
  return severity === "error" && exempted === null;
}

function patchable(findings: readonly Finding[]): readonly Fix[] {
  return findings.flatMap((finding) => finding.fixes).filter(({ targets }) => targets.length > 0);
}

/**
 * One patch per object. For a Deployment the number of replicas comes first and the strategy after it: both in one
 * change stop its controller where a rollout is unfinished (semantics S50).
 */
function inSteps(fixes: readonly Fix[]): Plan["steps"] {
  const targets = fixes.flatMap((fix) => fix.targets);
  const setsReplicas = targets.some(
    (target) => isOfDeployment(target) && specOf(target).replicas !== undefined,
  );
  const isStrategy = (target: FixTarget) => isOfDeployment(target) && specOf(target).strategy !== undefined;
  const later = setsReplicas ? targets.filter(isStrategy) : [];
  const first = targets.filter((target) => !later.includes(target));
  return [first, later].filter((step) => step.length > 0).map(onePatchEach);
}

function isOfDeployment({ object }: FixTarget): boolean {
  return object.kind === "Deployment";
}

function specOf({ patch }: FixTarget) {
  return record(patch.spec);
}

/** Several patches of one object as one. */
function onePatchEach(targets: readonly FixTarget[]): readonly FixTarget[] {
  const byObject = new Map<string, FixTarget>();
  for (const target of targets) {
    const { apiVersion, kind, namespace, name } = target.object;
    const key = JSON.stringify([apiVersion, kind, namespace, name]);
    const before = byObject.get(key);
    byObject.set(
      key,
      before === undefined ? target : { ...target, patch: composed(before.patch, target.patch) },
    );
  }
  return [...byObject.values()];
}
