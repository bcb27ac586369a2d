import type { Test } from "tap";
import type { RuleId } from "../../src/policy/finding.ts";
import type { Severity } from "../../src/policy/verdict.ts";
import { judge } from "./judge.ts";
import { messageOf } from "./telling.ts";

type Raw = Readonly<Record<string, unknown>>;

/** One case of a rule: what it says of the subject among the others. */
export interface RuleCase {
  readonly why: string;
  readonly subject: Raw;
  readonly others?: readonly Raw[];
  readonly severity: Severity | null;
  /** The claims that break the rule, where that matters. */
  readonly claims?: readonly string[];
  readonly says?: RegExp;
}

/** Runs a rule's table of cases through the whole of `evaluate`. */
export function ruleTable(t: Test, rule: RuleId, cases: readonly RuleCase[], usual: readonly Raw[]): void {
  for (const { why, subject, others = usual, severity, claims, says } of cases) {
    const finding = judge(subject, others).findings.find((candidate) => candidate.rule === rule);
    t.equal(finding?.severity ?? null, severity, why);
    if (claims) {
      t.strictSame(
        finding?.claims.map(({ name }) => name),
        claims,
        `${why}: claims`,
      );
    }
    if (says) t.match(messageOf(finding), says, `${why}: message`);
  }
}
