import { DEFAULT_OPTIONS } from "../policy/options.ts";
import type { Config } from "./model.ts";

/** Where the server runs unless configured otherwise. */
export const STANDARD_NAMESPACE = "attachguard-system";

/** Never judged, whatever the file says: a denial there could keep the cluster, or this server, from recovering. */
export function alwaysExcluded(ownNamespace: string): readonly string[] {
  return ["kube-system", ownNamespace];
}

/** The configuration of a repository, which is found by this name. */
export const CONFIG_NAME = "attachguard.yaml";

/** What applies without a file. */
export const DEFAULT_CONFIG: Config = {
  mode: "enforce",
  namespaces: { excluded: alwaysExcluded(STANDARD_NAMESPACE), exempt: [] },
  callers: [],
  severities: DEFAULT_OPTIONS.severities,
  ratchet: DEFAULT_OPTIONS.ratchet,
  autoscalerAccounts: [
    "system:serviceaccount:kube-system:horizontal-pod-autoscaler",
    "system:serviceaccount:*:keda-operator",
    "system:serviceaccount:*:argo-rollouts",
  ],
  autoscalerController: "audit",
  ignoreAnnotation: DEFAULT_OPTIONS.ignoreAnnotation,
  drivers: DEFAULT_OPTIONS.drivers,
  storageClasses: DEFAULT_OPTIONS.storageClasses,
  cluster: { singleNode: DEFAULT_OPTIONS.singleNode, watchNodes: true, staleAfterSeconds: 300 },
  dryRunMemory: { enabled: true, seconds: 60, maxEntries: 2_000, maxBytes: 16 * 1024 * 1024 },
  waivers: { keys: [] },
  limits: {
    maxConcurrent: 256,
    overload: "allow",
    onFault: "allow",
    // Two objects of etcd's 1.5 MiB, in which the API server writes <, > and & as six bytes each, and 2 MiB for the
    // request's own parts.
    bodyBytes: 20 * 1024 * 1024,
    bodyMemoryBytes: 0,
    deadlineMarginMilliseconds: 300,
  },
  clientAuth: null,
  tls: { files: null, selfManaged: null },
  metrics: { namespaceLabel: false, workloadsIntervalSeconds: 300 },
  shutdown: { delaySeconds: 5, graceSeconds: 20 },
  docsUrl: null,
  check: {},
};
