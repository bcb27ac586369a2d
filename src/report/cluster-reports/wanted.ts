import { compare } from "../../policy/compare.ts";
import type { Finding } from "../../policy/finding.ts";
import { FIXES } from "../../policy/fixes.ts";
import type { ObjectRef } from "../../policy/model.ts";
import { nameOf } from "../../policy/phrasing.ts";
import { ATTACHMENT_RULES, ruleById } from "../../policy/rules/index.ts";
import { exemptionText, rulePage } from "../message.ts";
import type { Report, ReportedAttachment, ReportedFinding, Telling } from "../report.ts";
import { visible } from "../visible.ts";

/** The object that a report is about. `namespace` is `""` for one without. */
export interface ReportSubject extends ObjectRef {
  readonly uid: string;
}

/** What a report says of one finding, as both APIs have it, without the time at which it was first seen. */
export interface WantedResult {
  readonly source: string;
  readonly policy: string;
  readonly rule: string;
  readonly category: string;
  readonly result: "fail" | "warn" | "skip";
  readonly severity: "high" | "medium";
  readonly scored: boolean;
  readonly message: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** The report that an object is to have. */
export interface WantedReport {
  readonly subject: ReportSubject;
  /** The worst first; where there are more than a report can hold, the last one says how many. */
  readonly results: readonly WantedResult[];
}

/** The reports that a cluster is to have. */
export interface WantedReports {
  /** The worst first. */
  readonly reports: readonly WantedReport[];
  /** How many reports there are beyond the maximum. */
  readonly beyond: number;
  /** The uid of every object with findings, including those without a report of their own. */
  readonly found: ReadonlySet<string>;
  /** Objects with findings whose uid is not known, so that nothing can be tied to them. */
  readonly withoutUid: number;
}

/** The name under which attachguard writes into a cluster, in labels too. */
export const PRODUCER = "attachguard";
const CATEGORY = "Storage";

/** More would bring one report near the size that an API server takes (1.5 MiB), whatever people write into reasons. */
const RESULTS_MAX = 50;
const MESSAGE_MAX = 1_000;

const GRAVITY: Readonly<Record<WantedResult["result"], number>> = { fail: 0, warn: 1, skip: 2 };

/**
 * One report for each object that has findings.
 *
 * @param uidOf the uid of a judged object; undefined where it is not known
 * @param max how many reports at most
 */
export function wantedReports(
  report: Report,
  uidOf: (object: ObjectRef) => string | undefined,
  max: number,
): WantedReports {
  const bySubject = new Map<string, { subject: ReportSubject; findings: ReportedFinding[] }>();
  const withoutUid = new Set<string>();
  for (const finding of report.findings) {
    const { apiVersion, kind, namespace, name } = finding.workload;
    const uid = uidOf(finding.workload);
    if (uid === undefined) {
      withoutUid.add(nameOf(finding.workload));
      continue;
    }
    const own = bySubject.get(uid) ?? { subject: { apiVersion, kind, namespace, name, uid }, findings: [] };
    own.findings.push(finding);
    bySubject.set(uid, own);
  }
  const onAttachments = reportsOnAttachments(report, uidOf, withoutUid);
  const all = [...bySubject.values()]
    .map(({ subject, findings }) =>
      reportOf(
        subject,
        findings.map((finding) => resultOf(finding, report.telling)),
      ),
    )
    .concat(onAttachments)
    .toSorted((a, b) => gravityOf(a) - gravityOf(b) || compareSubjects(a.subject, b.subject));
  return {
    reports: all.slice(0, max),
    beyond: Math.max(0, all.length - max),
    found: new Set([...bySubject.keys(), ...onAttachments.map(({ subject }) => subject.uid)]),
    withoutUid: withoutUid.size,
  };
}

/** A danger that consists in a missing attachment has no object to be reported on. */
function reportsOnAttachments(
  { attachments, telling }: Report,
  uidOf: (object: ObjectRef) => string | undefined,
  withoutUid: Set<string>,
): readonly WantedReport[] {
  const byName = Map.groupBy(attachments, ({ attachment }) => attachment.name);
  return [...byName].flatMap(([name, own]) => {
    if (name === null) return [];
    const object = { apiVersion: "storage.k8s.io/v1", kind: "VolumeAttachment", namespace: "", name };
    const uid = uidOf(object);
    if (uid === undefined) {
      withoutUid.add(nameOf(object));
      return [];
    }
    return [
      reportOf(
        { ...object, uid },
        own.map((finding) => attachmentResult(finding, telling)),
      ),
    ];
  });
}

function attachmentResult(
  { rule, severity, attachment }: ReportedAttachment,
  telling: Telling,
): WantedResult {
  const { volume, node } = attachment;
  const page = rulePage(rule, telling);
  const title = ATTACHMENT_RULES.find(({ id }) => id === rule)?.title ?? rule;
  return {
    source: PRODUCER,
    policy: PRODUCER,
    rule,
    category: CATEGORY,
    result: severity === "error" ? "fail" : "warn",
    severity: severity === "error" ? "high" : "medium",
    scored: severity === "error",
    message: visible(`${title}. Volume: ${volume}. Node: ${node}`),
    properties: { volume, node, ...(page === null ? {} : { docs: page }) },
  };
}

function reportOf(subject: ReportSubject, told: readonly WantedResult[]): WantedReport {
  // Every reader takes two equal ones for one: results are identified by their content.
  const distinct = new Map(
    told.map((each) => [JSON.stringify([each.rule, each.result, each.message]), each]),
  );
  const results = [...distinct.values()].toSorted(
    (a, b) =>
      GRAVITY[a.result] - GRAVITY[b.result] || compare(a.rule, b.rule) || compare(a.message, b.message),
  );
  const more = results.length - RESULTS_MAX;
  if (more <= 0) return { subject, results };
  return {
    subject,
    results: results
      .slice(0, RESULTS_MAX)
      .map((result, at) =>
        at < RESULTS_MAX - 1
          ? result
          : { ...result, properties: { ...result.properties, "not-listed": String(more) } },
      ),
  };
}

function resultOf(finding: ReportedFinding, telling: Telling): WantedResult {
  const { rule, exempted, severity, claims, fixes } = finding;
  const [fix] = fixes;
  const isError = (exempted?.severity ?? severity) === "error";
  const page = rulePage(rule, telling);
  const properties: Record<string, string> = { claims: names(claims.map(({ name }) => name)) };
  if (fix !== undefined) properties.fix = FIXES[fix.id].short;
  if (page !== null) properties.docs = page;
  if (exempted?.until) properties.until = exempted.until;
  return {
    source: PRODUCER,
    policy: PRODUCER,
    rule,
    category: CATEGORY,
    result: exempted !== null ? "skip" : isError ? "fail" : "warn",
    severity: isError ? "high" : "medium",
    scored: exempted === null && isError,
    message: messageOf(finding),
    properties,
  };
}

/**
 * What is wrong in words that stay the same while numbers of pods change: readers take a changed message for another
 * finding, and notify people again.
 */
function messageOf({ rule, claims, related, exempted }: Finding): string {
  const others = related.map(({ object }) => object).filter(({ kind }) => kind !== "PersistentVolumeClaim");
  const sentences = [
    ruleById(rule)?.title ?? rule,
    ...(claims.length === 0 ? [] : [`Claims: ${names(claims.map(({ name }) => name))}`]),
    ...(others.length === 0 ? [] : [`With: ${names(others.map(nameOf))}`]),
    ...(exempted === null ? [] : [`Let through: ${exemptionText(exempted)}`]),
  ];
  const text = visible(sentences.join(". "));
  return text.length <= MESSAGE_MAX ? text : `${text.slice(0, MESSAGE_MAX - 1).toWellFormed()}…`;
}

const NAMES_MAX = 10;

/** Sorted, so that the order in which a cluster was listed changes nothing. */
function names(all: readonly string[]): string {
  const sorted = [...new Set(all)].sort();
  const rest = sorted.length - NAMES_MAX;
  return sorted.slice(0, NAMES_MAX).join(", ") + (rest > 0 ? " and more" : "");
}

/** By the worst result, then by how many there are of them. */
function gravityOf({ results }: WantedReport): number {
  const [worst] = results;
  const equals = results.filter(({ result }) => result === worst?.result).length;
  return (worst === undefined ? 3 : GRAVITY[worst.result]) * (RESULTS_MAX + 1) - equals;
}

function compareSubjects(a: ReportSubject, b: ReportSubject): number {
  return compare(a.namespace, b.namespace) || compare(a.kind, b.kind) || compare(a.name, b.name);
}
