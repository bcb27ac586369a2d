import type { Exemption, Finding } from "./finding.ts";
import type { Labels } from "./model.ts";
import type { PolicyOptions } from "./options.ts";
import { ruleById } from "./rules/index.ts";

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
 * leaves the finding as it was, with a note why.
 *
 * @param annotations of the object and, where it has one, of its pod template; each counts by itself
 */
export function exempt(
  findings: readonly Finding[],
  annotations: readonly Labels[],
  sources: ExemptionSources,
  options: PolicyOptions,
): readonly Finding[] {
  if (findings.length === 0) return findings;
  const read = annotations.flatMap((each) => readAnnotation(each, options) ?? []);
  const mistyped = mistypedRules(annotations);
  return findings.map((finding) => {
    const covering = read.filter(({ rules }) => covers(rules, finding.rule));
    const annotation = covering.find((each) => each.state === "valid");
    const exemption =
      byNamespace(sources.namespace) ??
      byWaiver(sources.waiver, finding.rule) ??
      (annotation ? { by: "annotation" as const, until: null, reason: annotation.reason } : null);
    if (exemption) {
      const { severity } = finding;
      return { ...finding, severity: "warning", exempted: { ...exemption, severity } };
    }
    const refusals = [
      ...(sources.waiver?.state === "refused" ? [`the waiver is refused: ${sources.waiver.reason}`] : []),
      ...(sources.waiver?.state === "valid" ? [`the waiver does not cover ${finding.rule}`] : []),
      ...covering.flatMap((each) => (each.state === "refused" ? [each.why] : [])),
      ...mistyped,
    ];
    return refusals.length === 0
      ? finding
      : { ...finding, notes: [...new Set([...finding.notes, ...refusals])] };
  });
}

/** One sentence for each name in an ignore annotation that is not a rule's, so that a typo is noticed. */
export function mistypedRules(annotations: readonly Labels[]): readonly string[] {
  const names = annotations.flatMap(({ [IGNORE_ANNOTATION]: ignored }) =>
    ignored === undefined ? [] : ruleNamesIn(ignored),
  );
  return [...new Set(names)]
    .filter((name) => name !== "*" && ruleById(name) === undefined)
    .map(
      (name) =>
        `${IGNORE_ANNOTATION} names ${JSON.stringify(name.slice(0, NAME_SHOWN))}, which is not a rule`,
    );
}

/** Annotations may be of any length. */
const NAME_SHOWN = 60;

type Granted = Omit<Exemption, "severity">;

function byNamespace(reason: string | null): Granted | null {
  return reason === null ? null : { by: "namespace", until: null, reason };
}

function byWaiver(waiver: Waiver | null, rule: string): Granted | null {
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

function readAnnotation(annotations: Labels, options: PolicyOptions): Annotation | null {
  const { [IGNORE_ANNOTATION]: ignored, [REASON_ANNOTATION]: given } = annotations;
  if (ignored === undefined) return null;
  const rules = ruleNamesIn(ignored);
  if (options.ignoreAnnotation === "refuse") {
    return { state: "refused", rules, why: `the configuration does not accept ${IGNORE_ANNOTATION}` };
  }
  const reason = given?.trim() ?? "";
  if (reason === "") {
    return {
      state: "refused",
      rules,
      why: `${IGNORE_ANNOTATION} is refused without a reason: add ${REASON_ANNOTATION} beside it`,
    };
  }
  return { state: "valid", rules, reason };
}

function ruleNamesIn(ignored: string): readonly string[] {
  return ignored
    .split(",")
    .map((rule) => rule.trim())
    .filter((rule) => rule !== "");
}
