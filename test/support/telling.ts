import type { Finding } from "../../src/policy/finding.ts";
import { allStored, noneStored } from "../../src/report/commands.ts";
import { explainFinding } from "../../src/report/message.ts";
import type { Telling } from "../../src/report/report.ts";

export const STORED: Telling = { docsUrl: null, isStored: allStored };
export const IN_FILES: Telling = { docsUrl: null, isStored: noneStored };

/** The whole message of a finding about objects in a cluster; `""` where there is no finding. */
export function messageOf(finding: Finding | undefined): string {
  return finding === undefined ? "" : explainFinding(finding, STORED);
}
