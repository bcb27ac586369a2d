import { globMatches } from "../policy/catalogue/parameter-rule.ts";
import { MODES, type Mode } from "../policy/verdict.ts";
import { type ClusterView, knownValue } from "../policy/view.ts";
import type { Config } from "./model.ts";

export const MODE_LABEL = "attachguard.dev/mode";

/** Who sent a request, as the API server's `userInfo` says. */
export interface Caller {
  readonly username: string;
  readonly groups: readonly string[];
}

/** True where a namespace is not judged at all. */
export function isExcluded(config: Config, namespace: string): boolean {
  return config.namespaces.excluded.some((pattern) => globMatches(pattern, namespace));
}

/** Why the findings of a namespace are at most warnings; null where they are not. */
export function namespaceExemption(config: Config, namespace: string): string | null {
  return config.namespaces.exempt.find((entry) => globMatches(entry.name, namespace))?.reason ?? null;
}

/** What the label of a namespace says, if it has one and is known; `mode` is undefined where that is not a mode. */
export function labelledMode(
  view: ClusterView,
  namespace: string,
): { readonly label: string | undefined; readonly mode: Mode | undefined } {
  const label = knownValue(view.namespace(namespace))?.labels[MODE_LABEL];
  return { label, mode: MODES.find((mode) => mode === label) };
}

/**
 * The mode for one request: the more lenient of the namespace's mode and of what the caller gets.
 *
 * @param mode of the namespace
 */
export function effectiveMode(config: Config, mode: Mode, caller: Caller): Mode {
  const forCaller = config.callers.find(
    (rule) =>
      rule.users.some((pattern) => globMatches(pattern, caller.username)) ||
      rule.groups.some((pattern) => caller.groups.some((group) => globMatches(pattern, group))),
  );
  if (forCaller === undefined) return mode;
  // MODES runs from the strictest to the mildest.
  return MODES.indexOf(forCaller.mode) > MODES.indexOf(mode) ? forCaller.mode : mode;
}
