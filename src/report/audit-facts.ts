/** Which cluster was audited; null where a dump does not tell. */
export interface AuditedCluster {
  /** The uid of the namespace `kube-system`, which a cluster keeps for life. */
  readonly uid: string | null;
  /** The kubeconfig's context. */
  readonly context: string | null;
}

/** How completely one kind was read. */
export interface AuditReading {
  readonly kind: string;
  /** Null for all namespaces, and for kinds without. */
  readonly namespace: string | null;
  readonly state: "complete" | "absent" | "unread";
  readonly why: string | null;
}

/** What an audit is about, beside what it found. */
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
  /** Now an error and a warning then, or stuck now and latent then. */
  readonly graver: number;
  readonly unchanged: number;
  /** Not found now, and not surely gone: a kind was not read completely now or then. */
  readonly notComparable: number;
  /** Why some cannot be compared; empty where all can. */
  readonly reasons: readonly string[];
}
