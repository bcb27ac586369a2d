/** Which cluster was audited; null where a dump does not say. */
export interface AuditedCluster {
  /** The uid of the namespace `kube-system`, which never changes in a cluster's lifetime. */
  readonly uid: string | null;
  /** The kubeconfig's context. */
  readonly context: string | null;
}

/** How completely one kind was read. */
export interface AuditReading {
  readonly kind: string;
  /** Null for all namespaces, and for kinds without namespaces. */
  readonly namespace: string | null;
  readonly state: "complete" | "absent" | "unread";
  readonly why: string | null;
}

/** What an audit covered, besides its findings. */
export interface AuditFacts {
  readonly cluster: AuditedCluster;
  readonly scope: { readonly namespace: string | null; readonly selector: string | null };
  /** RFC 3339. */
  readonly time: string;
  readonly read: readonly AuditReading[];
}

/** What became of findings since an earlier report, in numbers of findings. */
export interface Since {
  /** When the earlier report was made. */
  readonly time: string;
  readonly new: number;
  readonly fixed: number;
  /** Error now and warning then, or stuck now and latent then. */
  readonly graver: number;
  readonly unchanged: number;
  /** Not found now, and not surely gone: a kind was not read completely now or then. */
  readonly notComparable: number;
  /** Why some cannot be compared; empty where all can. */
  readonly reasons: readonly string[];
}
