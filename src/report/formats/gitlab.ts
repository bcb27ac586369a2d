import { uniqueFingerprints } from "../fingerprint.ts";
import { harmlessJson } from "../harmless.ts";
import type { RenderOptions, Report } from "../report.ts";
import { briefly, comparableFindings } from "./told.ts";

const SEVERITIES = { error: "critical", warning: "minor" } as const;

/**
 * GitLab's Code Quality report: one array, in which each fingerprint occurs once. What has no file is left out, since
 * the reader stops at the first entry without a place.
 */
export function renderGitlab(report: Report, options: RenderOptions): string {
  const placed = comparableFindings(report, options).filter(({ place }) => place !== null);
  const fingerprints = uniqueFingerprints(placed.map(({ fingerprint }) => fingerprint));
  const entries = placed.map((finding, at) => ({
    description: briefly(finding),
    check_name: finding.rule,
    fingerprint: fingerprints[at],
    severity: finding.exempted === null ? SEVERITIES[finding.severity] : "info",
    location: {
      path: report.inRepository(finding.place?.file ?? ""),
      lines: { begin: finding.place?.line },
    },
  }));
  return `${harmlessJson(JSON.stringify(entries, null, 2))}\n`;
}
