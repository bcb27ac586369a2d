import { AttachguardError } from "../errors.ts";
import type { Finding } from "../policy/finding.ts";
import { isRecord } from "../policy/record.ts";
import type { Severity } from "../policy/verdict.ts";
import type { Report, ReportedFinding } from "./report.ts";

const SCHEMA_VERSION = 1;

/** Findings that are accepted for now, as a file in the repository. */
interface Baseline {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly kind: "Baseline";
  readonly findings: readonly BaselineEntry[];
}

interface BaselineEntry {
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: Severity;
  /** How many findings have this fingerprint. */
  readonly count: number;
  /** For people; not used for matching. */
  readonly object: string;
}

/** All findings of a report that are not exempted, as the text of a baseline. */
export function renderBaseline({ findings }: Report): string {
  const groups = Map.groupBy(
    findings.filter(({ exempted }) => exempted === null),
    ({ fingerprint }) => fingerprint,
  );
  const baseline: Baseline = {
    schemaVersion: SCHEMA_VERSION,
    kind: "Baseline",
    findings: [...groups.values()].map(entryOf).toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
  };
  return `${JSON.stringify(baseline, null, 2)}\n`;
}

function entryOf(group: readonly ReportedFinding[]): BaselineEntry {
  const [{ fingerprint, rule, workload }] = group as readonly [ReportedFinding];
  const isGrave = group.some(({ severity }) => severity === "error");
  return {
    fingerprint,
    rule,
    severity: isGrave ? "error" : "warning",
    count: group.length,
    object: `${workload.kind} ${workload.namespace}/${workload.name}`,
  };
}

/** Tells which findings of one run are known, and afterwards which entries matched nothing. */
export interface BaselineMatcher {
  isKnown(fingerprint: string, finding: Finding): boolean;
  /** One sentence for each entry of which fewer were found. */
  obsolete(): readonly string[];
}

/**
 * Reads a baseline. A finding that became more severe, or one more with the same fingerprint, is new.
 *
 * @throws AttachguardError AG_ERR_INPUT where the text is no baseline of this version
 */
export function baselineMatcher(file: string, text: string): BaselineMatcher {
  const entries = new Map(parse(file, text).findings.map((entry) => [entry.fingerprint, entry]));
  const seen = new Map<string, number>();
  return {
    isKnown(fingerprint, { severity, exempted }) {
      const entry = entries.get(fingerprint);
      if (entry === undefined || exempted !== null) return false;
      if (severity === "error" && entry.severity !== "error") return false;
      const before = seen.get(fingerprint) ?? 0;
      if (before === entry.count) return false;
      seen.set(fingerprint, before + 1);
      return true;
    },
    obsolete: () =>
      [...entries.values()]
        .filter(({ fingerprint, count }) => (seen.get(fingerprint) ?? 0) < count)
        .map(({ rule, object }) => `the baseline's ${rule} of ${object} is no longer found: remove it`),
  };
}

function parse(file: string, text: string): Baseline {
  const refuse = (why: string): AttachguardError =>
    new AttachguardError(
      "AG_ERR_INPUT",
      `${file}: this is not a usable baseline (${why}); write a new one with --write-baseline`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(refuse("it is not valid JSON"), { cause });
  }
  if (!isRecord(value) || value.kind !== "Baseline") throw refuse("it is not a baseline");
  if (value.schemaVersion !== SCHEMA_VERSION) throw refuse(`its schemaVersion is not ${SCHEMA_VERSION}`);
  if (!Array.isArray(value.findings) || !value.findings.every(isEntry))
    throw refuse("an entry is incomplete");
  return { schemaVersion: SCHEMA_VERSION, kind: "Baseline", findings: value.findings };
}

function isEntry(value: unknown): value is BaselineEntry {
  return (
    isRecord(value) &&
    typeof value.fingerprint === "string" &&
    typeof value.rule === "string" &&
    typeof value.object === "string" &&
    (value.severity === "error" || value.severity === "warning") &&
    Number.isInteger(value.count) &&
    (value.count as number) > 0
  );
}
