import type { AccessMode, Labels, VolumeMode } from "../model.ts";
import type { Driver, DriverKind, EnforcedAt } from "./driver.ts";
import { DRIVERS, GLOBS } from "./drivers.generated.ts";
import { globMatches, literalLength, matches, type Visible } from "./parameter-rule.ts";

/** What the configuration says about drivers (`drivers:`); what an entry leaves out stays as the catalogue has it. */
export interface DriverOverride {
  /** The provisioner as StorageClasses name it, or its CSI driver; `*` stands for any characters. */
  readonly provisioner: string;
  readonly accessModes?: readonly AccessMode[];
  readonly blockAccessModes?: readonly AccessMode[];
  readonly attachRequired?: boolean;
  /** True: a volume can be used from one node only, and carries a node affinity that says so. */
  readonly nodeLocal?: boolean;
  readonly sameNodeMultiPod?: boolean;
  /** True: without an attach step, the node plugin refuses a volume that another node holds. */
  readonly refusesSecondNode?: boolean;
}

/** What a provisioner can do for one volumeMode with the parameters of one StorageClass. */
export interface Capabilities {
  /** The name of the CSIDriver object that speaks for it; `undefined` where no CSI driver is behind it. */
  readonly csiDriver: string | undefined;
  /** Modes that work; empty: the volumeMode is refused; `undefined`: not known. */
  readonly accessModes: readonly AccessMode[] | undefined;
  /** Modes that something outside the StorageClass and the claim may add: never call these unsupported. */
  readonly possibleModes: readonly AccessMode[];
  /** Modes that are accepted without being kept: they fail later, damage data, or stay on one node. */
  readonly unsafeModes: readonly AccessMode[];
  readonly modesFrom: "catalogue" | "configuration";
  /** `undefined`: not known. A CSIDriver object in the cluster knows better. */
  readonly attachRequired: boolean | undefined;
  readonly attachFrom: "catalogue" | "configuration";
  readonly volumeSource: string | undefined;
  /** True where a volume can be used from one node only and its node affinity tells the scheduler so. */
  readonly nodeLocal: boolean;
  /** Labels by which a node affinity of the driver's volumes names one node; `any`: whatever is not a zone. */
  readonly nodeTopologyKeys: readonly string[] | "any";
  /** False: a second pod cannot use the volume even on the same node (semantics S29). */
  readonly sameNodeMultiPod: boolean;
  /** True: a second node cannot use the volume, with or without an attach step. */
  readonly refusesSecondNode: boolean;
  readonly dynamicProvisioning: boolean;
  readonly enforcedAt: EnforcedAt;
  /** The StorageClass parameters that changed something, as `key: value`. */
  readonly because: readonly string[];
}

/**
 * Looks a provisioner up in the catalogue and applies the parameters of its class to what is found. An exact name
 * wins over a pattern, a longer pattern over a shorter one; the configuration's entry, found in the same way, wins
 * over the catalogue, whatever the parameters say.
 *
 * @param provisioner a StorageClass's `provisioner`, a CSI driver's name, or `pv-source:` and the source type of a
 * static volume
 * @param claim what the claim itself adds; `undefined` where it is not known, which counts as possible
 * @returns `undefined` where neither the catalogue nor the configuration has the provisioner
 */
export function capabilitiesOf(
  provisioner: string,
  parameters: Labels,
  volumeMode: VolumeMode,
  overrides: readonly DriverOverride[],
  claim?: { readonly hasDataSource: boolean },
): Capabilities | undefined {
  const known = knownWith(parameters, overrides);
  const key = `${provisioner}\n${volumeMode}\n${claim?.hasDataSource}`;
  if (known.has(key)) return known.get(key);
  // Who makes up names must not make it grow.
  if (known.size >= MOST_KNOWN) known.clear();
  const capabilities = findCapabilities(provisioner, parameters, volumeMode, overrides, claim);
  known.set(key, capabilities);
  return capabilities;
}

type KnownCapabilities = Map<string, Capabilities | undefined>;

/**
 * What was found before, by the parameters of a class and the entries of a configuration: the same objects stand for
 * the same answer from review to review, for as long as there are such objects.
 */
const knownCapabilities = new WeakMap<Labels, WeakMap<readonly DriverOverride[], KnownCapabilities>>();
const MOST_KNOWN = 256;

function knownWith(parameters: Labels, overrides: readonly DriverOverride[]): KnownCapabilities {
  let byOverrides = knownCapabilities.get(parameters);
  if (byOverrides === undefined) {
    byOverrides = new WeakMap();
    knownCapabilities.set(parameters, byOverrides);
  }
  let known = byOverrides.get(overrides);
  if (known === undefined) {
    known = new Map();
    byOverrides.set(overrides, known);
  }
  return known;
}

function findCapabilities(
  provisioner: string,
  parameters: Labels,
  volumeMode: VolumeMode,
  overrides: readonly DriverOverride[],
  claim: { readonly hasDataSource: boolean } | undefined,
): Capabilities | undefined {
  const driver = driverNamed(provisioner);
  const override = overrideFor(
    driver?.migratesTo ? [provisioner, driver.migratesTo] : [provisioner],
    overrides,
  );
  if (driver === undefined && override === undefined) return undefined;

  const entry = driver ?? UNLISTED;
  const facts = applyParameters(entry, parameters, volumeMode, claim);
  const saidModes = volumeMode === "Block" ? override?.blockAccessModes : override?.accessModes;
  return {
    csiDriver: CSI_KINDS.has(entry.kind) ? (entry.migratesTo ?? provisioner) : undefined,
    accessModes: saidModes ?? facts.accessModes,
    possibleModes: saidModes ? [] : facts.possibleModes,
    unsafeModes: saidModes ? [] : facts.unsafeModes,
    modesFrom: saidModes ? "configuration" : "catalogue",
    attachRequired: override?.attachRequired ?? facts.attachRequired,
    attachFrom: override?.attachRequired === undefined ? "catalogue" : "configuration",
    volumeSource: entry.volumeSource,
    nodeLocal: override?.nodeLocal ?? (facts.nodeLocal && facts.nodeAffinity),
    nodeTopologyKeys: override?.nodeLocal ? "any" : (entry.nodeTopologyKeys ?? []),
    sameNodeMultiPod: override?.sameNodeMultiPod ?? (facts.sameNodeMultiPod || volumeMode === "Block"),
    refusesSecondNode: override?.refusesSecondNode ?? facts.refusesSecondNode,
    dynamicProvisioning: entry.dynamicProvisioning ?? false,
    enforcedAt: entry.enforcedAt ?? "unknown",
    because: facts.because,
  };
}

/** What is known of taking a volume from a node by deleting its VolumeAttachment. */
export interface Detaching {
  /** True: it may be taken from another node than the attachment's; `unknown` wherever nobody has read the driver. */
  readonly unpublishIgnoresNode: boolean | "unknown";
  /** Where the storage itself shows who holds a volume, as half a sentence; `undefined` where that is not known. */
  readonly backEndHint: string | undefined;
}

/** @param driver a CSI driver's name, or an in-tree name that a CSI driver serves today */
export function detachingOf(driver: string): Detaching {
  const entry = driverNamed(driver);
  if (entry?.migratesTo !== undefined) return detachingOf(entry.migratesTo);
  return {
    unpublishIgnoresNode: entry?.unpublishIgnoresNode ?? "unknown",
    backEndHint: entry?.backEndHint,
  };
}

const CSI_KINDS: ReadonlySet<DriverKind> = new Set(["csi", "in-tree-migrated", "ephemeral-only"]);

/** A provisioner that only the configuration knows is assumed to be a CSI driver. */
const UNLISTED: Driver = { kind: "csi" };

function driverNamed(provisioner: string): Driver | undefined {
  return entryNamed(provisioner)?.[1];
}

/** An entry with the name or pattern that it stands under. */
function entryNamed(provisioner: string): readonly [name: string, driver: Driver] | undefined {
  const exact = Object.hasOwn(DRIVERS, provisioner) ? DRIVERS[provisioner] : undefined;
  return exact === undefined ? bestEntry([provisioner], GLOBS) : [provisioner, exact];
}

/**
 * The page of docs/storage that is about a provisioner, without its ending.
 *
 * @returns `undefined` where there is none
 */
export function storagePageOf(provisioner: string): string | undefined {
  const [name, driver] = entryNamed(provisioner) ?? [];
  return name === undefined || driver?.unstudied ? undefined : storagePageNamed(name);
}

/** How the page about an entry is called, without its ending. */
export function storagePageNamed(entry: string): string {
  return entry.replaceAll(/[^a-zA-Z0-9.-]+/g, "_").replaceAll(/^_|_$/g, "");
}

/** @param names the provisioner, then the CSI driver that serves it */
function overrideFor(
  names: readonly string[],
  overrides: readonly DriverOverride[],
): DriverOverride | undefined {
  for (const name of names) {
    const exact = overrides.find(({ provisioner }) => provisioner === name);
    if (exact !== undefined) return exact;
  }
  return bestEntry(
    names,
    overrides.map((override) => [override.provisioner, override] as const),
  )?.[1];
}

/** The entry of the longest pattern that one of the names matches. */
function bestEntry<T>(
  names: readonly string[],
  entries: readonly (readonly [pattern: string, value: T])[],
): readonly [pattern: string, value: T] | undefined {
  return entries
    .filter(([pattern]) => names.some((name) => globMatches(pattern, name)))
    .toSorted(([a], [b]) => literalLength(b) - literalLength(a))[0];
}

interface Facts {
  readonly accessModes: readonly AccessMode[] | undefined;
  readonly possibleModes: readonly AccessMode[];
  readonly unsafeModes: readonly AccessMode[];
  readonly attachRequired: boolean | undefined;
  readonly nodeLocal: boolean;
  readonly nodeAffinity: boolean;
  readonly sameNodeMultiPod: boolean;
  readonly refusesSecondNode: boolean;
  readonly because: readonly string[];
}

const ALL_MODES: readonly AccessMode[] = [
  "ReadWriteOnce",
  "ReadOnlyMany",
  "ReadWriteMany",
  "ReadWriteOncePod",
];

/** Runs the entry's rules in order: each changes what the ones before it left. */
function applyParameters(
  driver: Driver,
  parameters: Labels,
  volumeMode: VolumeMode,
  claim: Visible["claim"],
): Facts {
  const member = volumeMode === "Block" ? "blockAccessModes" : "accessModes";
  let modes = driver[member] && new Set(driver[member]);
  const byParameter = new Set<AccessMode>();
  const possible = new Set<AccessMode>();
  let { attachRequired, nodeLocal = false, nodeAffinity = false } = driver;
  let sameNodeMultiPod: boolean = driver.sameNodeMultiPod ?? true;
  let refusesSecondNode: boolean = driver.refusesSecondNode ?? false;
  const because: string[] = [];

  for (const rule of driver.parameters ?? []) {
    const { answer, seen } = matches(rule.when, { parameters, claim });
    if (answer === "no") continue;
    const added = rule.adds?.[member] ?? [];
    const set = rule.sets?.[member];
    if (answer === "maybe") {
      // Someone may have switched it on where nobody sees it; what it might take away is not held against the claim.
      for (const mode of set === null ? ALL_MODES : [...added, ...(set ?? [])]) possible.add(mode);
      continue;
    }
    if (set !== undefined) {
      modes = set === null ? undefined : new Set(set);
      for (const mode of set ?? []) byParameter.add(mode);
    }
    for (const mode of added) {
      modes?.add(mode);
      byParameter.add(mode);
    }
    for (const mode of rule.removes?.[member] ?? []) {
      modes?.delete(mode);
      possible.delete(mode);
    }
    attachRequired = rule.sets?.attachRequired ?? attachRequired;
    nodeLocal = rule.sets?.nodeLocal ?? nodeLocal;
    nodeAffinity = rule.sets?.nodeAffinity ?? nodeAffinity;
    sameNodeMultiPod = rule.sets?.sameNodeMultiPod ?? sameNodeMultiPod;
    refusesSecondNode = rule.sets?.refusesSecondNode ?? refusesSecondNode;
    because.push(...seen.filter((parameter) => !because.includes(parameter)));
  }

  const unsafeModes = (driver.unsafe?.[volumeMode] ?? []).filter((mode) => !byParameter.has(mode));
  if (driver.rwopUnknown && modes?.size && !unsafeModes.includes("ReadWriteOncePod")) {
    possible.add("ReadWriteOncePod");
  }
  return {
    accessModes: modes && [...modes],
    possibleModes: [...possible].filter((mode) => !modes?.has(mode)),
    unsafeModes,
    attachRequired,
    nodeLocal,
    nodeAffinity,
    sameNodeMultiPod,
    refusesSecondNode,
    because,
  };
}
