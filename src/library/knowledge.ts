import { type Capabilities, capabilitiesOf } from "../policy/catalogue/capabilities.ts";
import { DRIVERS } from "../policy/catalogue/drivers.generated.ts";
import type { AccessMode, VolumeMode } from "../policy/model.ts";
import { EXPLAINED_RULES } from "../policy/rules/index.ts";
import type { Severity } from "../policy/verdict.ts";

export type { AccessMode, VolumeMode };

/** A rule as data. */
export interface RuleDescription {
  readonly id: string;
  readonly title: string;
  /** The highest severity that it gives, unless configured otherwise. */
  readonly severity: Severity;
  /** What breaks it: attachments only in a cluster, by `diagnose` and `audit`. */
  readonly subject: "workload" | "claim" | "attachment";
  readonly when: string;
  readonly meaning: string;
  readonly cause: string;
  /** Manifests that break it and that follow it. */
  readonly examples: { readonly fail: string; readonly pass: string };
}

/** Every rule, in the order of the documentation. */
export const RULES: readonly RuleDescription[] = EXPLAINED_RULES.map(
  ({ id, title, severity, subject, when, meaning, cause, examples }) => ({
    id,
    title,
    severity,
    subject,
    when,
    meaning,
    cause,
    examples,
  }),
);

/** The provisioners and CSI drivers that are in the catalogue, sorted by name. */
export const PROVISIONERS: readonly string[] = Object.keys(DRIVERS).sort();

/**
 * What a provisioner can do, according to the catalogue.
 *
 * @param parameters those of the StorageClass
 * @returns `undefined` where it is not in the catalogue
 */
export function capabilities(
  provisioner: string,
  {
    parameters = {},
    volumeMode = "Filesystem",
  }: { readonly parameters?: Readonly<Record<string, string>>; readonly volumeMode?: VolumeMode } = {},
): Capabilities | undefined {
  return capabilitiesOf(provisioner, parameters, volumeMode, [], undefined);
}
