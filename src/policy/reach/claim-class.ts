import { type ConventionalClass, conventionalClass } from "../catalogue/conventional-classes.ts";
import type { Claim, StorageClass } from "../model.ts";
import type { ConfiguredClass, PolicyOptions } from "../options.ts";
import { type ClusterView, known, type Lookup } from "../view.ts";

/** The class that will provision a claim; `described` is how a sentence names it, or says why there is none. */
export interface ClaimClass {
  readonly storageClass: StorageClass | undefined;
  readonly described: string;
  /** What a class of that name is by convention, where nothing says what it is. */
  readonly presumed: ConventionalClass | undefined;
}

/**
 * The class that a claim names, or the default class where it names none: what the API server fills in on CREATE,
 * and later when a default appears (`plugin/pkg/admission/storage/storageclass/setdefault`). A claim with a selector,
 * and one that asks for a volume by name without naming a class, only ever get a volume that was made by hand.
 */
export function classOf(claim: Claim, view: ClusterView, options: PolicyOptions): ClaimClass {
  const name = claim.storageClassName;
  const none = (described: string): ClaimClass => ({
    storageClass: undefined,
    described,
    presumed: undefined,
  });
  if (name === "") return none("it has no StorageClass, and no volume is bound to it");
  if (claim.selector !== undefined) {
    return none("it has a selector, so nothing is provisioned for it, and no volume that fits is known");
  }
  if (name === undefined && claim.volumeName !== undefined) {
    return none("it asks for a volume by name, so nothing is provisioned for it");
  }
  const { found, configured } =
    name === undefined ? defaultClass(view, options) : lookUp(name, view, options);
  if (found.state === "known") {
    const { value } = found;
    const inferred = name === undefined ? ", the default class, inferred since the claim names none" : "";
    const said = configured ? ", according to the configuration" : "";
    const described = `StorageClass ${value.name} (${value.provisioner}${inferred}${said})`;
    return { storageClass: value, described, presumed: undefined };
  }
  const what = name === undefined ? "default StorageClass" : `StorageClass ${name}`;
  if (found.state === "absent") return none(`there is no ${what}`);
  return {
    ...none(`${what} is not known (${found.reason})`),
    presumed: found.openWorld && name !== undefined ? conventionalClass(name) : undefined,
  };
}

/** The class of that name: as the cluster has it, else as the configuration says. */
export function classNamed(name: string, view: ClusterView, options: PolicyOptions): Lookup<StorageClass> {
  return lookUp(name, view, options).found;
}

/** Every class that is known: those of the cluster, then those that are only in the configuration. */
export function knownClasses(view: ClusterView, options: PolicyOptions): readonly StorageClass[] {
  const seen = view.storageClasses();
  const told = options.storageClasses.flatMap(({ name }) => {
    const { found, configured } = lookUp(name, view, options);
    return configured && found.state === "known" ? [found.value] : [];
  });
  return told.length === 0 ? seen : [...seen, ...told];
}

interface Found {
  readonly found: Lookup<StorageClass>;
  /** True where the configuration says it. */
  readonly configured: boolean;
}

function lookUp(name: string, view: ClusterView, options: PolicyOptions): Found {
  return orConfigured(view.storageClass(name), options, (configured) => configured.name === name);
}

function defaultClass(view: ClusterView, options: PolicyOptions): Found {
  return orConfigured(view.defaultStorageClass(), options, (configured) => configured.default === true);
}

function orConfigured(
  found: Lookup<StorageClass>,
  { storageClasses }: PolicyOptions,
  isIt: (configured: ConfiguredClass) => boolean,
): Found {
  const configured = found.state === "unknown" ? storageClasses.find(isIt) : undefined;
  if (configured === undefined) return { found, configured: false };
  const { name, provisioner, parameters = {}, accessModes } = configured;
  const isDefault = configured.default ?? false;
  const value = {
    ...{ name, provisioner, parameters, isDefault, accessModes },
    expandable: false,
    createdAt: undefined,
  };
  return { found: known(value), configured: true };
}
