import type { DriverOverride } from "../policy/catalogue/capabilities.ts";
import type { RuleId } from "../policy/finding.ts";
import type { ConfiguredClass, PolicyOptions } from "../policy/options.ts";
import type { AttachmentRuleId } from "../policy/rules/index.ts";
import type { Mode, Severity } from "../policy/verdict.ts";

/** Everything that the configuration file can set, complete: what the file leaves out has its default. */
export interface Config {
  /** The mode of a namespace that has no `attachguard.dev/mode` label. */
  readonly mode: Mode;
  readonly namespaces: NamespaceRules;
  /** What applies to some users or groups instead of the namespace's mode; the first that matches wins. */
  readonly callers: readonly CallerRule[];
  /** Severity by rule where it differs from the rule's own. */
  readonly severities: Readonly<Partial<Record<RuleId | AttachmentRuleId, Severity | "off">>>;
  readonly ratchet: PolicyOptions["ratchet"];
  /** User names, with `*` for any characters, of the controllers that scale workloads by themselves. */
  readonly autoscalerAccounts: readonly string[];
  /**
   * What the scaling done by these accounts gets: `audit`: logged and counted, never denied; `judge`: as anyone else's.
   */
  readonly autoscalerController: "audit" | "judge";
  readonly ignoreAnnotation: PolicyOptions["ignoreAnnotation"];
  /** Facts about drivers, which take precedence over the catalogue. */
  readonly drivers: readonly DriverOverride[];
  /** The cluster's StorageClasses, for files that do not contain them. */
  readonly storageClasses: readonly ConfiguredClass[];
  readonly cluster: ClusterSettings;
  readonly dryRunMemory: DryRunMemory;
  readonly waivers: { readonly keys: readonly WaiverKeySetting[] };
  readonly limits: Limits;
  /** The client certificate asked of callers of `/validate`; null: none. */
  readonly clientAuth: ClientAuth | null;
  readonly tls: TlsSettings;
  readonly metrics: MetricsSettings;
  readonly shutdown: ShutdownSettings;
  /** Where the pages of the rules stand; a rule's id is added to it. Null: messages name no address. */
  readonly docsUrl: string | null;
  /** What `attachguard check` does where its command line does not say otherwise. */
  readonly check: CheckSettings;
}

/** Absent members set nothing. */
export interface CheckSettings {
  /** What is checked where the command line names nothing; relative to the configuration's folder. */
  readonly paths?: readonly string[];
  /** Globs of what is left out, in addition to those of the command line. */
  readonly exclude?: readonly string[];
  readonly failOn?: "error" | "warning" | "never";
  readonly render?: "auto" | "never" | "always";
  /** How many nodes the cluster has, for certain. */
  readonly nodes?: number;
}

export interface NamespaceRules {
  /**
   * Names, with `*` for any characters, that are not judged at all. Always includes kube-system and the server's own.
   */
  readonly excluded: readonly string[];
  /** Namespaces whose findings become warnings, with the reason that is shown. */
  readonly exempt: readonly { readonly name: string; readonly reason: string }[];
}

/** At least one of `users` and `groups` is not empty; it applies to a caller in either. */
export interface CallerRule {
  /** User names, with `*` for any characters. */
  readonly users: readonly string[];
  /** Group names, with `*` for any characters. */
  readonly groups: readonly string[];
  /** The strictest mode that these callers get. */
  readonly mode: "warn" | "audit" | "off";
}

export interface ClusterSettings {
  /** True: the cluster has one node, so that every pod lands on it. */
  readonly singleNode: boolean;
  /** True: Nodes are watched too (needs the right to list them), so that spread proofs over labels and taints are found. */
  readonly watchNodes: boolean;
  /** Facts older than this are named as stale in `/readyz` and in answers. */
  readonly staleAfterSeconds: number;
}

export interface DryRunMemory {
  readonly enabled: boolean;
  /** How long a user's dry runs are remembered. */
  readonly seconds: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
}

export interface WaiverKeySetting {
  /** The `kid` in the header of the waivers that this key signed. */
  readonly id: string;
  /** The `iss` that those waivers must have. */
  readonly issuer: string;
  readonly algorithm: "EdDSA" | "ES256";
  /** A PEM public key, or a public JWK. */
  readonly publicKey: string | Readonly<Record<string, unknown>>;
}

export interface Limits {
  /** Reviews judged at once; further ones get the answer in `overload`. */
  readonly maxConcurrent: number;
  readonly overload: "allow" | "deny";
  /** The answer when something inside fails. */
  readonly onFault: "allow" | "deny";
  /** The largest request body that is judged. */
  readonly bodyBytes: number;
  /** How many bytes the bodies of all requests may hold at once; 0: a share of the process' memory. */
  readonly bodyMemoryBytes: number;
  /** How long before the API server's deadline the answer is sent. */
  readonly deadlineMarginMilliseconds: number;
}

export interface ClientAuth {
  /** PEM file of the CA that signs the API server's client certificate. */
  readonly caFile: string;
  /** Common names that may call; empty: every certificate that the CA signed. */
  readonly subjects: readonly string[];
}

/** At most one of the two is not null. Both null: the command line decides. */
export interface TlsSettings {
  readonly files: { readonly certFile: string; readonly keyFile: string } | null;
  readonly selfManaged: SelfManagedTls | null;
}

/** The names of the objects that the server keeps its own certificates in. */
export interface SelfManagedTls {
  readonly secretName: string;
  readonly namespace: string;
  readonly webhookConfiguration: string;
  readonly serviceName: string;
  /** Lifetime of the serving certificate; renewed at two thirds of it. */
  readonly servingDays: number;
}

export interface MetricsSettings {
  readonly namespaceLabel: boolean;
  /** How often all workloads are counted; 0: never. */
  readonly workloadsIntervalSeconds: number;
}

export interface ShutdownSettings {
  /** After SIGTERM: how long the server keeps answering while its endpoint is being removed. */
  readonly delaySeconds: number;
  /** After the delay: how long it waits for what is in flight. */
  readonly graceSeconds: number;
}
