import { compare } from "../policy/compare.ts";
import { ruleById } from "../policy/rules/index.ts";
import type { FromLog, LoggedKey } from "./log-facts.ts";
import type { FailOn, Report } from "./report.ts";

const NOW_ORDER = ["yes", "unknown", null, "no"] as const;

/** Says of each key whether it still holds, by what an audit found, and puts those that do first. */
export function withAudit(log: FromLog, report: Report | null): FromLog {
  const found = report === null ? null : findingsByObject(report);
  const keys = log.keys.map((key) => ({
    ...key,
    now: report === null || found === null ? null : nowOf(key, report, found),
  }));
  const order = (key: LoggedKey) => NOW_ORDER.indexOf(key.now);
  return {
    ...log,
    keys: keys.toSorted(
      (a, b) =>
        order(a) - order(b) ||
        b.count - b.possibly - (a.count - a.possibly) ||
        b.count - a.count ||
        compare(keyText(a), keyText(b)),
    ),
  };
}

/**
 * The key of every object that is part of a finding: a request for an autoscaler or a claim may be about a workload.
 */
function findingsByObject({ findings }: Report): ReadonlySet<string> {
  return new Set(
    findings
      .filter(({ exempted }) => exempted === null)
      .flatMap(({ rule, workload, related }) =>
        [workload, ...related.map(({ object }) => object)].map((object) => keyText({ ...object, rule })),
      ),
  );
}

function nowOf(key: LoggedKey, { audit, errors }: Report, found: ReadonlySet<string>): LoggedKey["now"] {
  if (found.has(keyText(key))) return "yes";
  if (errors.length > 0 || ruleById(key.rule) === undefined) return "unknown";
  const isListed = (audit?.read ?? []).some(({ kind, state }) => kind === key.kind && state === "complete");
  return isListed ? "no" : "unknown";
}

/** 1 where something at or above `failOn` would be denied and may still hold. */
export function logExitCode({ keys, beyond }: FromLog, failOn: FailOn): 0 | 1 {
  if (failOn === "never") return 0;
  const counts = keys.filter(
    ({ now, count, possibly }) => now !== "no" && (failOn === "warning" || count > possibly),
  );
  return counts.length > 0 || beyond > 0 ? 1 : 0;
}

function keyText({ rule, kind, namespace, name }: Pick<LoggedKey, "rule" | "kind" | "namespace" | "name">) {
  return JSON.stringify([rule, kind, namespace, name]);
}
