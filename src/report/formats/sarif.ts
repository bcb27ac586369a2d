import { FIXES, type FixId } from "../../policy/fixes.ts";
import { RULES } from "../../policy/rules/index.ts";
import type { Rule } from "../../policy/rules/rule.ts";
import { uniqueFingerprints } from "../fingerprint.ts";
import { harmlessJson } from "../harmless.ts";
import { exemptionText, explainFinding, rulePage } from "../message.ts";
import type { RenderOptions, Report, ReportError, ReportedFinding, Telling } from "../report.ts";
import { comparableFindings, worstFirst } from "./told.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** Code scanning keeps this many of a run's results and drops the rest silently. */
const MOST_RESULTS = 5_000;
/** Code scanning's limit for the descriptions of a rule. */
const MOST_DESCRIBED = 1_024;

/**
 * SARIF 2.1.0 as code scanning accepts it: one place per result, on one line; a finding without a file is left out,
 * since one such result makes it refuse them all.
 */
export function renderSarif(report: Report, options: RenderOptions): string {
  const found = comparableFindings(report, options);
  const placed = worstFirst(found.filter(({ place }) => place !== null));
  const kept = placed.slice(0, MOST_RESULTS);
  const fingerprints = uniqueFingerprints(kept.map(({ fingerprint }) => fingerprint));
  const log = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "attachguard",
            semanticVersion: report.toolVersion,
            rules: RULES.map((rule) => ruleOf(rule, report.telling)),
          },
        },
        automationDetails: { id: "attachguard/" },
        columnKind: "utf16CodeUnits",
        invocations: [
          {
            executionSuccessful: report.errors.length === 0,
            toolExecutionNotifications: [
              ...report.errors.map((error) => errorNotification(error, report)),
              ...countNotification(
                found.length - placed.length + report.attachments.length,
                "not in a file, so not shown on a line",
              ),
              ...countNotification(placed.length - kept.length, `beyond the worst ${MOST_RESULTS}`),
            ],
          },
        ],
        results: kept.map((finding, at) => resultOf(finding, fingerprints[at] as string, report)),
      },
    ],
  };
  return `${harmlessJson(JSON.stringify(log, null, 2))}\n`;
}

function ruleOf(rule: Rule, telling: Telling): unknown {
  const page = rulePage(rule.id, telling);
  return {
    id: rule.id,
    shortDescription: { text: rule.title.slice(0, MOST_DESCRIBED) },
    fullDescription: { text: rule.meaning.slice(0, MOST_DESCRIBED) },
    ...(page === null ? {} : { helpUri: page }),
    help: { text: helpText(rule), markdown: helpMarkdown(rule, page) },
    defaultConfiguration: { level: rule.severity },
    properties: {
      tags: ["kubernetes", "storage", "reliability"],
      precision: "very-high",
      "problem.severity": rule.severity,
    },
  };
}

function helpText({ meaning, cause, fixes }: Rule): string {
  return [meaning, cause, "How to fix it:", ...fixes.map((id) => `- ${wayOut(id)}`)].join("\n");
}

function helpMarkdown({ meaning, cause, fixes }: Rule, page: string | null): string {
  return [
    meaning,
    `**Why it happens.** ${cause}`,
    `**How to fix it**\n\n${fixes.map((id) => `- ${wayOut(id)}`).join("\n")}`,
    ...(page === null ? [] : [`[More](${page})`]),
  ].join("\n\n");
}

function wayOut(id: FixId): string {
  const { summary, cost } = FIXES[id];
  return `${summary} (cost: ${cost})`;
}

function resultOf(finding: ReportedFinding, fingerprint: string, report: Report): unknown {
  const { place, relatedPlaces, exempted, rule, severity } = finding;
  return {
    ruleId: rule,
    ruleIndex: RULES.findIndex(({ id }) => id === rule),
    level: severity,
    message: { text: explainFinding(finding, report.telling) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(place?.file ?? "", report) },
          region: {
            startLine: place?.line,
            ...(place?.endColumn ? { startColumn: place.column, endColumn: place.endColumn } : {}),
          },
        },
        logicalLocations: [
          {
            fullyQualifiedName: `${finding.workload.namespace}/${finding.workload.kind}/${finding.workload.name}`,
            kind: "resource",
          },
        ],
      },
    ],
    ...(relatedPlaces.length === 0
      ? {}
      : {
          relatedLocations: relatedPlaces.map(({ object, place: { file, line } }, at) => ({
            id: at + 1,
            message: { text: `${object.kind} ${object.name}` },
            physicalLocation: {
              artifactLocation: { uri: uriOf(file, report) },
              region: { startLine: line },
            },
          })),
        }),
    partialFingerprints: { "attachguard/v1": fingerprint },
    ...(report.compared ? { baselineState: finding.known ? "unchanged" : "new" } : {}),
    ...(exempted === null
      ? {}
      : {
          suppressions: [
            {
              kind: exempted.by === "namespace" ? "external" : "inSource",
              status: "accepted",
              justification: exemptionText(exempted),
            },
          ],
        }),
  };
}

function errorNotification({ file, line, message }: ReportError, report: Report): unknown {
  return {
    level: "error",
    message: { text: message },
    ...(file === "" || file === "-"
      ? {}
      : {
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(file, report) },
                region: { startLine: line },
              },
            },
          ],
        }),
  };
}

function countNotification(count: number, why: string): readonly unknown[] {
  if (count === 0) return [];
  const text = `${count} ${count === 1 ? "finding is" : "findings are"} left out: ${why}`;
  return [{ level: "note", message: { text } }];
}

/** A relative reference; a name may contain characters that a URI may not. */
function uriOf(file: string, { inRepository }: Report): string {
  return inRepository(file).toWellFormed().split("/").map(encodeURIComponent).join("/");
}
