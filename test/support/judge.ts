import { evaluate, type Judgement, type JudgementContext } from "../../src/policy/evaluate.ts";
import { DEFAULT_OPTIONS, type PolicyOptions } from "../../src/policy/options.ts";
import type { Change } from "../../src/policy/ratchet.ts";
import { type Verdict, verdictOf } from "../../src/policy/verdict.ts";
import { bundle } from "./bundle.ts";
import { file } from "./objects.ts";

type Raw = Readonly<Record<string, unknown>>;

export interface Judged extends Judgement {
  readonly verdict: Verdict;
  /** `rule` for an error, `rule?` for a warning, in the order of the findings. */
  readonly rules: readonly string[];
}

function withVerdict(judgement: Judgement): Judged {
  const { findings, factors, evidence } = judgement;
  return {
    findings,
    factors,
    evidence,
    verdict: verdictOf(findings, "enforce"),
    rules: findings.map(({ rule, severity }) => (severity === "error" ? rule : `${rule}?`)),
  };
}

/** Judges the first object as it stands among the others, as a file or a CREATE would be. */
export function judge(
  subject: Raw,
  others: readonly Raw[],
  options: PolicyOptions = DEFAULT_OPTIONS,
  more: Pick<JudgementContext, "asItStands"> = {},
): Judged {
  const { view, workload } = bundle(file(subject, ...others));
  const { metadata } = subject as { metadata: { name: string } };
  return withVerdict(
    evaluate(view, workload(metadata.name), null, {
      options,
      waiver: null,
      namespace: null,
      dryRun: false,
      ...more,
    }),
  );
}

/**
 * Judges an update from one object to the next among others that stay as they are, unless those before are given. For
 * cause `claim` it is the claim `data` that is created.
 */
export function judgeUpdate(
  before: Raw,
  after: Raw,
  others: readonly Raw[],
  more: {
    readonly options?: PolicyOptions;
    readonly cause?: Change["cause"];
    readonly othersBefore?: readonly Raw[];
  } = {},
): Judged {
  const { options = DEFAULT_OPTIONS, cause = "update", othersBefore = others } = more;
  const { metadata } = after as { metadata: { name: string } };
  const old = bundle(file(before, ...othersBefore));
  const now = bundle(file(after, ...others));
  const specs = [before, after].map(({ spec }) => spec as { template: unknown });
  const change: Change = {
    previous: old.workload(metadata.name),
    previousView: old.view,
    specChanged: JSON.stringify(specs[0]) !== JSON.stringify(specs[1]),
    templateChanged: JSON.stringify(specs[0]?.template) !== JSON.stringify(specs[1]?.template),
    cause,
    ...(cause === "claim" && { claim: "data" }),
  };
  return withVerdict(
    evaluate(now.view, now.workload(metadata.name), change, {
      options,
      waiver: null,
      namespace: null,
      dryRun: false,
    }),
  );
}
