import type { Exemption, Finding } from "./finding.ts";
import type { Labels } from "./model.ts";
import type { PolicyOptions } from "./options.ts";

export const IGNORE_ANNOTATION = "attachguard.dev/ignore";
export const REASON_ANNOTATION = "attachguard.dev/reason";
export const WAIVER_ANNOTATION = "attachguard.dev/waiver";

/** The waiver that an object carries, on itself or, where it has one, on its pod template. */
export function waiverOn(object: {
  readonly annotations: Labels;
  readonly template?: { readonly annotations: Labels };
}): string | undefined {
  return object.annotations[WAIVER_ANNOTATION] ?? object.template?.annotations[WAIVER_ANNOTATION];
}

/** What became of the waiver on a workload, once its signature has been checked (`waiver/`). */
export type Waiver =
  | {
      readonly state: "valid";
      /** Rule ids, or `*` for all. */
      readonly rules: readonly string[];
      /** RFC 3339. */
      readonly until: string;
      readonly issuer: string;
      readonly reason: string;
    }
  | { readonly state: "refused"; readonly reason: string };

/** What a namespace, a waiver or an annotation lets through. */
export interface ExemptionSources {
  readonly waiver: Waiver | null;
  /** The reason for which the configuration exempts the namespace, or null. */
  readonly namespace: string | null;
}

/**
 * Demotes what is exempted to a warning, with who let it through and until when. An exemption that is refused
 * leaves the finding as it was and adds to its evidence why.
 *
 * @param annotations of the object and, where it has one, of its pod template; the first that ignores a rule counts
 */
export function exempt(
  findings: readonly Finding[],
  annotations: readonly Labels[],
  sources: ExemptionSources,
  options: PolicyOptions,
): readonly Finding[] {
  if (findings.length === 0) return findings;
  const annotation = readAnnotation(annotations, options);
  return findings.map((finding) => {
    const exemption =
      byNamespace(sources.namespace) ??
      byWaiver(sources.waiver, finding.rule) ??
      (annotation?.state === "valid" && covers(annotation.rules, finding.rule)
        ? { by: "annotation" as const, until: null, reason: annotation.reason }
        : null);
    if (exemption) return { ...finding, severity: "warning", exempted: exemption };
    const refusals = [
      ...(sources.waiver?.state === "refused" ? [`the waiver is refused: ${sources.waiver.reason}`] : []),
      ...(sources.waiver?.state === "valid" ? [`the waiver does not cover ${finding.rule}`] : []),
      ...(annotation?.state === "refused" && covers(annotation.rules, finding.rule) ? [annotation.why] : []),
    ];
    return refusals.length === 0
      ? finding
      : {
          ...finding,
          evidence: [...finding.evidence, ...refusals],
          message: withRefusals(finding.message, refusals),
        };
  });
}

/** The refusals stand before the last line, which names the rule. */
function withRefusals(message: string, refusals: readonly string[]): string {
  const lines = message.split("\n");
  const last = lines.pop() ?? "";
  return [...lines, ...refusals.map((refusal) => `Note: ${refusal}.`), last].join("\n");
}

function byNamespace(reason: string | null): Exemption | null {
  return reason === null ? null : { by: "namespace", until: null, reason };
}

function byWaiver(waiver: Waiver | null, rule: string): Exemption | null {
  return waiver?.state === "valid" && covers(waiver.rules, rule)
    ? { by: "waiver", until: waiver.until, reason: `${waiver.issuer}: ${waiver.reason}` }
    : null;
}

function covers(rules: readonly string[], rule: string): boolean {
  return rules.includes(rule) || rules.includes("*");
}

type Annotation =
  | { readonly state: "valid"; readonly rules: readonly string[]; readonly reason: string }
  | { readonly state: "refused"; readonly rules: readonly string[]; readonly why: string };

function readAnnotation(annotations: readonly Labels[], options: PolicyOptions): Annotation | null {
  for (const { [IGNORE_ANNOTATION]: ignored } of annotations) {
    if (ignored === undefined) continue;
    const rules = ignored
      .split(",")
      .map((rule) => rule.trim())
      .filter((rule) => rule !== "");
    const reason = annotations.map(({ [REASON_ANNOTATION]: given }) => given?.trim()).find((given) => given);
    if (options.ignoreAnnotation === "refuse") {
      return { state: "refused", rules, why: `the configuration does not accept ${IGNORE_ANNOTATION}` };
    }
    if (reason === undefined) {
      return {
        state: "refused",
        rules,
        why: `${IGNORE_ANNOTATION} is refused without a reason: add ${REASON_ANNOTATION}`,
      };
    }
    return { state: "valid", rules, reason };
  }
  return null;
}
