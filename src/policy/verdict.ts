import type { Finding, Mode, Verdict } from "./finding.ts";

/** The findings put through the mode. What is exempted has been demoted to a warning before. */
export function verdictOf(findings: readonly Finding[], mode: Mode): Verdict {
  if (mode === "off" || mode === "audit" || findings.length === 0) return "allow";
  return mode === "enforce" && findings.some(({ severity }) => severity === "error") ? "deny" : "warn";
}
