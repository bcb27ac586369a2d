import { AttachguardError } from "../errors.ts";
import type { AuditFacts, AuditReading, Since } from "./audit-facts.ts";
import type { Report } from "./report.ts";

interface Earlier {
  readonly toolVersion: string;
  readonly time: string;
  readonly cluster: AuditFacts["cluster"];
  readonly scope: AuditFacts["scope"];
  readonly read: readonly AuditReading[];
  readonly findings: readonly {
    readonly fingerprint: string;
    readonly severity: string;
    readonly exempted: unknown;
    readonly workload: { readonly kind: string; readonly namespace: string; readonly name: string };
  }[];
  readonly workloads: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly state: string;
  }[];
}

/**
 * Compares an audit with the JSON report of an earlier one.
 *
 * @param file the report's name, for messages
 * @throws AttachguardError AG_ERR_INPUT where it is no audit report of this schema, of another cluster or scope
 */
export function since(file: string, text: string, report: Report, audit: AuditFacts): Since {
  const earlier = parse(file, text);
  if (earlier.cluster.uid !== audit.cluster.uid) {
    throw refusal(
      file,
      `it is from another cluster (uid ${earlier.cluster.uid ?? "not known"}, here ${audit.cluster.uid ?? "not known"})`,
    );
  }
  if (JSON.stringify(earlier.scope) !== JSON.stringify(audit.scope)) {
    throw refusal(file, "it is for another namespace or selector");
  }
  const reasons = unreadReasons(earlier.read, "then").concat(unreadReasons(audit.read, "now"));
  const stuckBefore = new Set(earlier.workloads.filter(({ state }) => state === "stuck").map(keyOf));
  const stuckNow = new Set(
    report.workloads.filter(({ state }) => state === "stuck").map(({ workload }) => keyOf(workload)),
  );
  const before = Map.groupBy(
    earlier.findings.filter(({ exempted }) => exempted === null),
    ({ fingerprint }) => fingerprint,
  );
  const counts = { new: 0, graver: 0, unchanged: 0 };
  for (const { fingerprint, severity, exempted, workload } of report.findings) {
    if (exempted !== null) continue;
    const [old, ...rest] = before.get(fingerprint) ?? [];
    before.set(fingerprint, rest);
    if (old === undefined) counts.new += 1;
    else if (
      (severity === "error" && old.severity !== "error") ||
      (stuckNow.has(keyOf(workload)) && !stuckBefore.has(keyOf(workload)))
    ) {
      counts.graver += 1;
    } else counts.unchanged += 1;
  }
  const gone = [...before.values()].reduce((sum, rest) => sum + rest.length, 0);
  const comparable = reasons.length === 0;
  return {
    time: earlier.time,
    ...counts,
    fixed: comparable ? gone : 0,
    notComparable: comparable ? 0 : gone,
    reasons: gone === 0 ? [] : reasons,
  };
}

function unreadReasons(read: readonly AuditReading[], when: string): string[] {
  return read
    .filter(({ state }) => state === "unread")
    .map(
      ({ kind, why }) => `${kind} objects were not read completely ${when}${why === null ? "" : ` (${why})`}`,
    );
}

function keyOf({ kind, namespace, name }: { kind: string; namespace: string; name: string }): string {
  return JSON.stringify([kind, namespace, name]);
}

function parse(file: string, text: string): Earlier {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(refusal(file, "it is not valid JSON"), { cause });
  }
  const report = value as Partial<Earlier> & { readonly schemaVersion?: unknown };
  const isReport =
    typeof value === "object" &&
    value !== null &&
    report.schemaVersion === 2 &&
    Array.isArray(report.findings) &&
    Array.isArray(report.workloads) &&
    Array.isArray(report.read) &&
    typeof report.cluster === "object" &&
    report.cluster !== null &&
    typeof report.time === "string";
  if (!isReport) throw refusal(file, "it is not a JSON report of `attachguard audit`, schemaVersion 2");
  return report as Earlier;
}

function refusal(file: string, why: string): AttachguardError {
  return new AttachguardError("AG_ERR_INPUT", `${file}: cannot be compared: ${why}`);
}
