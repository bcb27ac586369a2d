import type { Judgement } from "../policy/evaluate.ts";
import type { Factors } from "../policy/factors.ts";
import type { Mode } from "../policy/finding.ts";

/** Why a workload is allowed: in a few words, and with the facts behind them. */
export interface Grounds {
  readonly reason: string;
  readonly evidence: readonly string[];
}

/** For people who ask why nothing was found; the mode is told where it, and not the workload, is the reason. */
export function whyAllowed({ findings, factors, evidence }: Judgement, mode: Mode): Grounds {
  if (mode === "off") return { reason: "its namespace is not judged (mode off)", evidence: [] };
  if (findings.length > 0)
    return { reason: `mode ${mode} of its namespace lets its findings pass`, evidence: [] };
  return { reason: reasonOf(factors), evidence };
}

function reasonOf({ reach, overlap, spread }: Factors): string {
  if (reach === "many") return "many nodes may hold its volumes at once";
  switch (overlap) {
    case "zero":
      return "it has no pods";
    case "never":
      return "it never has two pods at once";
    case "briefly":
    case "always":
    case "stuck":
      break;
  }
  switch (spread) {
    case "one-node":
      return "all its pods are on one node";
    case "nowhere":
      return "none of its pods can be placed as it is";
    case "leaning":
    case "free":
    case "apart":
      return "no rule is broken";
  }
}
