import type { AuditFacts } from "../audit-facts.ts";
import type { Report } from "../report.ts";
import { MANAGED_BY, uidInName } from "./body.ts";
import type { ExistingReport } from "./existing.ts";
import { PRODUCER } from "./wanted.ts";

/** Whether a report has attachguard's label and a name in its form. */
export function isOurs({ name, labels }: ExistingReport): boolean {
  return labels[MANAGED_BY] === PRODUCER && uidInName(name) !== undefined;
}

/**
 * Tells which of attachguard's reports are about objects that have no findings any more. That is known only of objects
 * that this run has certainly judged: all of their kind, in their namespace, with all that verdicts need.
 *
 * @param found the uid of every object with findings
 */
export function obsolescence(
  { audit, errors }: Pick<Report, "audit" | "errors">,
  found: ReadonlySet<string>,
): (existing: ExistingReport) => boolean {
  if (audit === null || errors.length > 0 || audit.scope.selector !== null) return () => false;
  const { scope } = audit;
  return (existing) => {
    const uid = uidInName(existing.name);
    return (
      isOurs(existing) &&
      uid !== undefined &&
      !found.has(uid) &&
      (scope.namespace === null || existing.namespace === scope.namespace) &&
      wasListed(audit, existing)
    );
  };
}

function wasListed({ read }: AuditFacts, { subjectKind, namespace: of }: ExistingReport): boolean {
  return read.some(
    ({ kind, namespace, state }) =>
      kind === subjectKind && state === "complete" && (namespace === null || namespace === of),
  );
}
