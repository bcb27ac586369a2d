/** The outcome of a write. `conflict`: someone else has written since it was read. */
export type WriteOutcome = "written" | "conflict" | "absent";

export interface StoredSecret {
  readonly resourceVersion: string;
  /** Decoded; values that are not UTF-8 text come out damaged. */
  readonly data: Readonly<Record<string, string>>;
}

/** The one Secret that a server keeps its certificates in. */
export interface SecretStore {
  /** How messages name it, e.g. `Secret attachguard-system/attachguard-tls`. */
  readonly label: string;
  /** Undefined: there is none. Rejects where the API server cannot be asked. */
  read(): Promise<StoredSecret | undefined>;
  /**
   * Writes some keys and leaves the others; undefined removes one. Only if the Secret is still at that version.
   */
  write(
    changes: Readonly<Record<string, string | undefined>>,
    resourceVersion: string,
  ): Promise<WriteOutcome>;
}

export interface StoredWebhooks {
  readonly resourceVersion: string;
  /** The `caBundle` of each webhook entry as PEM text, in order; empty where there is none. */
  readonly caBundles: readonly string[];
}

/** The one webhook configuration that names this server. */
export interface WebhookStore {
  readonly label: string;
  /** Undefined: there is none. Rejects where the API server cannot be asked. */
  read(): Promise<StoredWebhooks | undefined>;
  /** Writes the same bundle into every entry. Only if the configuration is still at that version. */
  write(caBundle: string, seen: StoredWebhooks): Promise<WriteOutcome>;
}
