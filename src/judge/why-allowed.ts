import type { Judgement } from "../policy/evaluate.ts";
import type { Factors } from "../policy/factors.ts";
import type { Workload } from "../policy/model.ts";
import type { PolicyOptions } from "../policy/options.ts";
import type { NamespaceMode } from "./mode.ts";

/** Why a workload is allowed: in a few words, and with the facts behind them. */
export interface Grounds {
  readonly reason: string;
  readonly evidence: readonly string[];
}

const BY = {
  label: "of its namespace",
  configuration: "of the configuration",
  exclusion: "since its namespace is excluded",
} as const satisfies Record<NamespaceMode["by"], string>;

/** For people who ask why nothing was found; the mode is named where it, and not the workload, is the reason. */
export function whyAllowed(
  { findings, factors, evidence }: Judgement,
  { template, claimTemplates }: Pick<Workload, "template" | "claimTemplates">,
  { mode, by }: NamespaceMode,
  options: PolicyOptions,
): Grounds {
  if (mode === "off") return { reason: `it is not judged (mode off ${BY[by]})`, evidence: [] };
  if (findings.length > 0) return { reason: `mode ${mode} ${BY[by]} allows it`, evidence: [] };
  if (template.mounts.length === 0 && claimTemplates.length > 0) {
    return { reason: "each of its pods has claims of its own", evidence: [] };
  }
  return { reason: reasonOf(factors, options), evidence };
}

function reasonOf({ reach, overlap, spread }: Factors, { severities }: PolicyOptions): string {
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
    case "apart": {
      const off = Object.keys(severities).filter((rule) => severities[rule] === "off");
      return off.length === 0
        ? "no rule is broken"
        : `no rule that is on is broken (the configuration turns off ${off.join(", ")})`;
    }
  }
}
