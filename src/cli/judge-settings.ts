import type { JudgeSettings } from "../audit/judge.ts";
import { type Config, policyOptions } from "../config/config.ts";
import { isExcluded, labelledMode, namespaceExemption } from "../config/scope.ts";
import { type Waiver, waiverOn } from "../policy/exemptions.ts";
import type { Mode } from "../policy/finding.ts";
import type { Workload } from "../policy/model.ts";
import type { ClusterView } from "../policy/view.ts";

/** What the configuration says about everything that `check` and `audit` judge, as admission reads it too. */
export function judgeSettings(config: Config): JudgeSettings {
  return {
    options: policyOptions(config),
    modeOf: (namespace, view) => modeOf(config, namespace, view),
    exemptionOf: (namespace) => namespaceExemption(config, namespace),
    waiverOf: (workload) => waiverOf(config, workload),
  };
}

function modeOf(config: Config, namespace: string, view: ClusterView): Mode {
  if (isExcluded(config, namespace)) return "off";
  return labelledMode(view, namespace).mode ?? config.mode;
}

async function waiverOf(config: Config, workload: Workload): Promise<Waiver | null> {
  const jws = waiverOn(workload);
  if (jws === undefined) return null;
  const { verifyWaiver } = await import("../waiver/waiver.ts");
  return verifyWaiver(jws, workload, config.waivers.keys, Date.now());
}
