/** One of the two kinds of a report API: for objects in a namespace, or for those without. */
export interface ReportKind {
  readonly kind: string;
  readonly plural: string;
}

/** An API in which reports are kept in a cluster. */
export interface ReportApi {
  readonly group: string;
  readonly version: string;
  readonly namespaced: ReportKind;
  readonly cluster: ReportKind;
  /** Whether a report has a `source` of its own; where it has not, strict validation refuses one. */
  readonly hasSource: boolean;
}

/** The APIs that can be written to, the preferred one first. Readers that know both show what is in both twice. */
export const REPORT_APIS = [
  {
    group: "openreports.io",
    version: "v1alpha1",
    namespaced: { kind: "Report", plural: "reports" },
    cluster: { kind: "ClusterReport", plural: "clusterreports" },
    hasSource: true,
  },
  {
    group: "wgpolicyk8s.io",
    version: "v1alpha2",
    namespaced: { kind: "PolicyReport", plural: "policyreports" },
    cluster: { kind: "ClusterPolicyReport", plural: "clusterpolicyreports" },
    hasSource: false,
  },
] as const satisfies readonly ReportApi[];

/** The kind for an object of that namespace; `""` for one without. */
export function kindFor(api: ReportApi, namespace: string): ReportKind {
  return namespace === "" ? api.cluster : api.namespaced;
}
