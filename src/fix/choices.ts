import type { JudgeSettings } from "../judge/context.ts";
import type { Finding } from "../policy/finding.ts";
import type { Fix, FixId } from "../policy/fixes.ts";
import type { Workload } from "../policy/model.ts";
import type { ClusterView } from "../policy/view.ts";
import type { ReportedFinding } from "../report/report.ts";
import { leftAfter } from "./plan.ts";

/** What is to be fixed. */
export interface FixRequest {
  /** What a rollout strategy fixes. */
  readonly strategy: boolean;
  /** These ways out, wherever they are offered. */
  readonly ids: ReadonlySet<FixId>;
}

/** A workload as it was read, and its view. */
export interface FixSubject {
  readonly workload: Workload;
  readonly view: ClusterView;
}

/** The ways out that were chosen for one workload, and the rules whose findings they are to fix. */
export interface Choice extends FixSubject {
  readonly fixes: readonly Fix[];
  readonly findings: readonly ReportedFinding[];
  readonly mends: ReadonlySet<string>;
}

/** Fixing one finding may offer another fix, no deeper than this. */
const MOST_ROUNDS = 3;

/**
 * Chooses ways out, workload by workload. What only people can do is not among them.
 *
 * @param findings those that are to be fixed
 * @param subjectOf the workload that a finding is about; `undefined` where it is about none of the files'
 */
export async function choicesFor(
  findings: readonly ReportedFinding[],
  request: FixRequest,
  subjectOf: (finding: ReportedFinding) => FixSubject | undefined,
  settings: JudgeSettings,
): Promise<readonly Choice[]> {
  const bySubject = Map.groupBy(findings, (finding) => subjectOf(finding)?.workload);
  const choices: Choice[] = [];
  for (const [workload, own] of bySubject) {
    const [first] = own;
    const subject = workload && first && subjectOf(first);
    if (subject === undefined) continue;
    const choice = await choose(subject, own, request, settings);
    if (choice.fixes.length > 0) choices.push(choice);
  }
  return choices;
}

async function choose(
  subject: FixSubject,
  findings: readonly ReportedFinding[],
  request: FixRequest,
  settings: JudgeSettings,
): Promise<Choice> {
  const fixes: Fix[] = [];
  const mends = new Set<string>();
  const rules = new Set<string>(findings.map(({ rule }) => rule));
  let left: readonly Finding[] | undefined = findings;
  for (let round = 0; round < MOST_ROUNDS && left !== undefined; round += 1) {
    let added = false;
    for (const finding of left.filter(({ rule, exempted }) => rules.has(rule) && exempted === null)) {
      for (const fix of await chosenFor(finding, fixes, subject, request, settings)) {
        mends.add(finding.rule);
        if (fixes.some((other) => other.id === fix.id)) continue;
        fixes.push(fix);
        added = true;
      }
    }
    if (!added) break;
    left = await leftAfter(fixes, subject.workload, subject.view, settings);
  }
  return { ...subject, fixes, findings: findings.filter(({ rule }) => mends.has(rule)), mends };
}

async function chosenFor(
  finding: Finding,
  before: readonly Fix[],
  { workload, view }: FixSubject,
  { strategy, ids }: FixRequest,
  settings: JudgeSettings,
): Promise<readonly Fix[]> {
  const patchable = finding.fixes.filter(({ targets }) => targets.length > 0);
  const asked = patchable.filter(({ id }) => ids.has(id));
  if (!strategy || !isOfTheRollout(finding) || asked.some(({ id }) => STRATEGIES.has(id))) return asked;
  const isGoneWith = async (fix: Fix): Promise<boolean> => {
    const left = await leftAfter([...before, fix], workload, view, settings);
    return left?.every(({ rule }) => rule !== finding.rule) ?? false;
  };
  // Surge 0 keeps all pods but one; with one pod there is nothing to keep.
  for (const id of STRATEGIES) {
    const fix = patchable.find((each) => each.id === id);
    if (fix !== undefined && (await isGoneWith(fix))) return [...asked, fix];
  }
  return asked;
}

/** What a rollout strategy may fix. */
function isOfTheRollout({ rule, factors }: Finding): boolean {
  return rule === "rwo-rolling-update" || (rule === "rwop-overlap" && factors?.moment === "rollout");
}

/** The one that keeps more pods running comes first. */
const STRATEGIES: ReadonlySet<FixId> = new Set(["surge-zero", "recreate"]);
