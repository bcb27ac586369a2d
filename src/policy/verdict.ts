export type Severity = "error" | "warning";

/** `enforce`: an error denies, a warning warns. `warn`: everything warns. `audit`: logged only. `off`: not judged. */
export type Mode = "enforce" | "warn" | "audit" | "off";
export const MODES = ["enforce", "warn", "audit", "off"] as const satisfies readonly Mode[];

export type Verdict = "deny" | "warn" | "allow";

/** The findings put through the mode. What is exempted has been demoted to a warning before. */
export function verdictOf(findings: readonly { readonly severity: Severity }[], mode: Mode): Verdict {
  if (mode === "off" || mode === "audit" || findings.length === 0) return "allow";
  return mode === "enforce" && findings.some(({ severity }) => severity === "error") ? "deny" : "warn";
}
