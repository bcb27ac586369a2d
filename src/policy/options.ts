import type { DriverOverride } from "./catalogue/capabilities.ts";
import type { AccessMode, Labels } from "./model.ts";
import type { Severity } from "./verdict.ts";

/** A StorageClass of the cluster, as the configuration describes it (`storageClasses:`). */
export interface ConfiguredClass {
  readonly name: string;
  readonly provisioner: string;
  readonly parameters?: Labels;
  /** True: claims that name no class get this one. */
  readonly default?: boolean;
  /** What the class can do where that differs from its driver, as the annotation on a StorageClass would say. */
  readonly accessModes?: readonly AccessMode[];
}

/** The settings a verdict depends on; `config/` reads them, everything here has a default. */
export interface PolicyOptions {
  /** Severity by rule where it differs from the rule's own; `off` silences the rule. */
  readonly severities: Readonly<Record<string, Severity | "off" | undefined>>;
  /** Facts about drivers, which take precedence over the catalogue. */
  readonly drivers: readonly DriverOverride[];
  /** The cluster's StorageClasses as configured, for where they cannot be seen; one that is seen wins. */
  readonly storageClasses: readonly ConfiguredClass[];
  /**
   * What an UPDATE makes of findings that the old object had: `template`: an error only when this update sets it
   * off; `always`: always a warning; `never`: judged as if new.
   */
  readonly ratchet: "template" | "always" | "never";
  /** What an ignore annotation with a reason does: demote the finding to a warning, or nothing. */
  readonly ignoreAnnotation: "warn" | "refuse";
  /** True where the cluster is known to have one schedulable node (set in the configuration for offline checks). */
  readonly singleNode: boolean;
}

export const DEFAULT_OPTIONS: PolicyOptions = {
  severities: {},
  drivers: [],
  storageClasses: [],
  ratchet: "template",
  ignoreAnnotation: "warn",
  singleNode: false,
};
