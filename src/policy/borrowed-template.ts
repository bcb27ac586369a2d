import type { Workload } from "./model.ts";
import { type ClusterView, knownValue } from "./view.ts";

/**
 * A workload as its pods are: one that uses another's template has that (Argo's `workloadRef`, semantics S47), and
 * the one that lends it to a workload in whose favour it is scaled down has no pods of its own. Any other workload
 * is what it says.
 */
export function inForce(workload: Workload, view: ClusterView): Workload {
  const from = workload.templateFrom;
  if (from !== undefined) {
    const lender = knownValue(view.workload(from.kind, workload.namespace, from.name));
    const name = `${from.kind} ${from.name}`;
    return lender === undefined
      ? noting(workload, `its pod template is that of ${name}, which is not known`)
      : noting({ ...workload, template: lender.template }, `its pod template is that of ${name}`);
  }
  const heir = borrowersOf(workload, view).find((borrower) => borrower.templateFrom?.keepsItsPods === false);
  return heir === undefined || workload.pods.by !== "replicas"
    ? workload
    : noting(
        { ...workload, pods: { by: "replicas", replicas: 0 } },
        `it is scaled down in favour of ${heir.kind} ${heir.name}, which runs its pods`,
      );
}

/** True where the workload whose template it uses is not known, so that nothing can be said of its pods. */
export function lacksTemplate({ templateFrom, namespace }: Workload, view: ClusterView): boolean {
  return (
    templateFrom !== undefined &&
    view.workload(templateFrom.kind, namespace, templateFrom.name).state !== "known"
  );
}

/** The workload as its pods are, and those that run pods of its template. */
export function withBorrowers(workload: Workload, view: ClusterView): readonly Workload[] {
  const borrowers = borrowersOf(workload, view);
  return borrowers.length === 0
    ? [workload]
    : [inForce(workload, view), ...borrowers.map((borrower) => borrowing(borrower, workload))];
}

/** A workload with the template that it borrows. */
export function borrowing(borrower: Workload, lender: Workload): Workload {
  return noting(
    { ...borrower, template: lender.template },
    `its pod template is that of ${lender.kind} ${lender.name}`,
  );
}

export function borrowersOf(workload: Workload, view: ClusterView): readonly Workload[] {
  return workload.templateFrom === undefined ? (knownValue(view.borrowersOf(workload)) ?? []) : [];
}

function noting(workload: Workload, note: string): Workload {
  return { ...workload, notes: [...workload.notes, note] };
}
