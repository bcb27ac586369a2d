import { type Capabilities, capabilitiesOf } from "./catalogue/capabilities.ts";
import { modesOfClass } from "./catalogue/class-modes.ts";
import type { ConventionalClass } from "./catalogue/conventional-classes.ts";
import type { ClaimReach, NodePin, Reach } from "./factors.ts";
import type {
  AccessMode,
  Claim,
  Labels,
  Mount,
  NodeSelectorTerm,
  StorageClass,
  Volume,
  VolumeMode,
  VolumeSource,
} from "./model.ts";
import type { PolicyOptions } from "./options.ts";
import { type AttachStep, attachStepOf, sourceType } from "./reach/attach-step.ts";
import { classNamed, classOf, knownClasses } from "./reach/claim-class.ts";
import { type ClusterView, knownValue, type Lookup } from "./view.ts";

/**
 * Who may hold the volume of a mount at once.
 *
 * @param namespace the namespace of the pod
 * @returns reach `unknown` with `missing` true where the claim does not exist, and with `missing` false where that
 * could not be found out
 */
export function reachOfMount(
  mount: Mount,
  namespace: string,
  view: ClusterView,
  options: PolicyOptions,
): ClaimReach {
  if (mount.kind === "inline") return new InlineDisk(mount.volumeName, mount.source);
  const claim = view.claim(namespace, mount.claimName);
  if (claim.state === "known") return reachOfClaim(claim.value, view, options);
  return new UnseenClaim(mount.claimName, namespace, claim.state === "absent" ? undefined : claim.reason);
}

/**
 * Who may hold a claim's volume at once. Bound: the PersistentVolume's access modes decide, since they are what the
 * attach-detach controller reads (`pkg/volume/util/util.go` IsMultiAttachAllowed; semantics S2). Not bound: the
 * claim's own, which the volume will copy. ReadWriteOnce is kept only by an attach step (semantics S5), or by a
 * driver that refuses a second pod (semantics S29).
 */
export function reachOfClaim(claim: Claim, view: ClusterView, options: PolicyOptions): ClaimReach {
  const volume = view.volumeOf(claim);
  return volume.state === "known"
    ? reachOfBound(claim, volume.value, view, options)
    : reachOfUnbound(claim, volume, view, options);
}

/**
 * The StorageClasses that can give a claim of that mode and volumeMode, in the order of the view. The annotation
 * `attachguard.dev/access-modes` of a class and the configuration win over the catalogue.
 */
export function classesOffering(
  mode: AccessMode,
  volumeMode: VolumeMode,
  view: ClusterView,
  options: PolicyOptions,
): readonly string[] {
  const classes = knownClasses(view, options);
  let found = offering.get(classes);
  if (found === undefined || found.drivers !== options.drivers) {
    found = { drivers: options.drivers, names: new Map() };
    offering.set(classes, found);
  }
  const key = `${mode} ${volumeMode}`;
  let names = found.names.get(key);
  if (names === undefined) {
    names = classes
      .filter((storageClass) => {
        const offer = modesOfClass(storageClass, volumeMode, options.drivers);
        return offer.provisions && offer.modes?.includes(mode);
      })
      .map(({ name }) => name);
    found.names.set(key, names);
  }
  return names;
}

interface Offering {
  readonly drivers: PolicyOptions["drivers"];
  /** By mode and volumeMode. */
  readonly names: Map<string, readonly string[]>;
}

/** Kept for a list of classes: a view has the same one until a class changes. */
const offering = new WeakMap<readonly StorageClass[], Offering>();

const NONE: readonly never[] = [];

/**
 * What is mounted without a claim that is known. Of these a user may name tens of thousands, whose sentences are read
 * for the first few alone: they are made when somebody asks.
 */
abstract class NoClaim {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get accessModes(): readonly AccessMode[] {
    return NONE;
  }

  get volume(): undefined {
    return undefined;
  }

  get storageClass(): undefined {
    return undefined;
  }

  get pin(): undefined {
    return undefined;
  }

  get presumed(): undefined {
    return undefined;
  }
}

/** A claim that is not there, or that could not be looked up. */
class UnseenClaim extends NoClaim implements ClaimReach {
  readonly unread: string | undefined;
  readonly #namespace: string;

  constructor(name: string, namespace: string, unread: string | undefined) {
    super(name);
    this.#namespace = namespace;
    this.unread = unread;
  }

  get inline(): boolean {
    return false;
  }

  get reach(): Reach {
    return "unknown";
  }

  get provisioner(): undefined {
    return undefined;
  }

  get missing(): boolean {
    return this.unread === undefined;
  }

  get evidence(): readonly string[] {
    const where = this.#namespace === "" ? "" : ` in namespace ${this.#namespace}`;
    return [
      this.unread === undefined
        ? `claim ${this.name} was not found${where}`
        : `claim ${this.name}${where} is not known (${this.unread})`,
    ];
  }
}

/**
 * A disk named in the pod: one node at a time, whatever attaches it. Types that say so may be attached to several
 * nodes as long as every pod mounts them read-only (`pkg/scheduler/framework/plugins/volumerestrictions`, and the
 * access modes that Kubernetes documents for each type). That plugin also keeps a second pod with the same
 * awsElasticBlockStore, gcePersistentDisk, iscsi or rbd disk off its node, which is not judged: such disks have the
 * physics of a claim that one node may hold.
 */
class InlineDisk extends NoClaim implements ClaimReach {
  readonly #source: VolumeSource;

  constructor(name: string, source: VolumeSource) {
    super(name);
    this.#source = source;
  }

  get inline(): boolean {
    return true;
  }

  get reach(): Reach {
    return this.#isShared ? "many" : "node";
  }

  get provisioner(): string | undefined {
    return this.#source.driver ?? sourceType(this.#source.type).csiDriver;
  }

  get missing(): boolean {
    return false;
  }

  get evidence(): readonly string[] {
    const disk = `volume ${this.name} is a disk named in the pod (${this.#source.type})`;
    return [
      this.#isShared
        ? `${disk}, read-only: several nodes may attach it`
        : `${disk}: one node at a time may attach it`,
    ];
  }

  get #isShared(): boolean {
    return this.#source.readOnly && sourceType(this.#source.type).sharedReadOnly === true;
  }
}

function reachOfBound(claim: Claim, volume: Volume, view: ClusterView, options: PolicyOptions): ClaimReach {
  const { type, driver } = volume.source;
  const source = sourceType(type);
  const provisioner = driver ?? source.csiDriver;
  const capabilities = boundCapabilities(volume, source.provisioner ?? provisioner, view, options);
  const found = reachOfModes(volume.accessModes, () => ({
    name: driver,
    step: boundAttachStep(volume.source, capabilities, view),
    capabilities,
  }));
  return new BoundClaim(claim, volume, {
    provisioner,
    pin: capabilities && pinOf(volume.nodeAffinity, capabilities.nodeTopologyKeys),
    found,
  });
}

/** Its sentences are made when somebody asks: most reviews find nothing, and say nothing about a claim. */
class BoundClaim implements ClaimReach {
  readonly name: string;
  readonly inline = false;
  readonly reach: Reach;
  readonly accessModes: readonly AccessMode[];
  readonly volume: Volume;
  readonly storageClass: string | undefined;
  readonly provisioner: string | undefined;
  readonly pin: NodePin | undefined;
  readonly presumed = undefined;
  readonly missing = false;
  readonly #found: ReachOfModes;

  constructor(
    { name }: Claim,
    volume: Volume,
    {
      provisioner,
      pin,
      found,
    }: {
      readonly provisioner: string | undefined;
      readonly pin: NodePin | undefined;
      readonly found: ReachOfModes;
    },
  ) {
    this.name = name;
    this.reach = found.reach;
    this.accessModes = volume.accessModes;
    this.volume = volume;
    this.storageClass = volume.storageClassName || undefined;
    this.provisioner = provisioner;
    this.pin = pin;
    this.#found = found;
  }

  get evidence(): readonly string[] {
    const { name, accessModes, source } = this.volume;
    const { type, driver } = source;
    const saying = `claim ${this.name} is bound to volume ${name} (${driver ?? type}), which allows`;
    return [reasonOf(accessModes, saying, this.#found, () => `volume ${name} (${type})`)];
  }
}

const NO_PARAMETERS: Labels = {};

/** The parameters that a volume was made with are those of its class, if that is still there. */
function boundCapabilities(
  volume: Volume,
  driver: string | undefined,
  view: ClusterView,
  options: PolicyOptions,
): Capabilities | undefined {
  if (driver === undefined) return undefined;
  const made =
    volume.storageClassName === ""
      ? undefined
      : knownValue(classNamed(volume.storageClassName, view, options));
  return capabilitiesOf(driver, made?.parameters ?? NO_PARAMETERS, volume.volumeMode, options.drivers);
}

function boundAttachStep(
  source: VolumeSource,
  capabilities: Capabilities | undefined,
  view: ClusterView,
): AttachStep {
  if (source.type === "csi" && source.driver !== undefined) {
    return attachStepOf(source.driver, capabilities, view);
  }
  const { attaches, csiDriver, assumed } = sourceType(source.type);
  const object = csiDriver === undefined ? undefined : knownValue(view.csiDriver(csiDriver));
  if (csiDriver !== undefined && (object !== undefined || capabilities?.attachFrom === "configuration")) {
    return attachStepOf(csiDriver, capabilities, view);
  }
  return { required: attaches, because: assumed ? "assumed" : `as volumes of type ${source.type} do` };
}

function reachOfUnbound(
  claim: Claim,
  volume: Exclude<Lookup<Volume>, { state: "known" }>,
  view: ClusterView,
  options: PolicyOptions,
): ClaimReach {
  const chosen = classOf(claim, view, options);
  const storageClass = chosen.storageClass;
  const capabilities =
    storageClass &&
    capabilitiesOf(
      storageClass.provisioner,
      storageClass.parameters,
      claim.volumeMode,
      options.drivers,
      claim,
    );
  const found = reachOfModes(claim.accessModes, () => {
    if (storageClass === undefined) return chosen.described;
    const step = attachStepOf(storageClass.provisioner, capabilities, view);
    return { name: chosen.described, step, capabilities };
  });
  return {
    name: claim.name,
    inline: false,
    reach: found.reach,
    accessModes: claim.accessModes,
    volume: undefined,
    storageClass: storageClass?.name ?? (claim.storageClassName || undefined),
    provisioner: storageClass?.provisioner,
    // A volume that is asked for by name need not be one that the class made.
    pin: capabilities?.nodeLocal && isProvisioned(claim) ? { node: undefined } : undefined,
    presumed: chosen.presumed,
    missing: false,
    evidence: [
      ...unreadVolume(claim, volume),
      reasonOf(claim.accessModes, `claim ${claim.name} asks for`, found, () => chosen.described),
      ...unlessAttached(chosen.presumed, claim),
    ],
  };
}

/** Where the class is only known by a name that file storage without an attach step has by convention. */
function unlessAttached(
  presumed: ConventionalClass | undefined,
  { storageClassName }: Claim,
): readonly string[] {
  return presumed?.volumes === "not-attached"
    ? [
        `if StorageClass ${storageClassName} is ${presumed.provisioner}, as its name suggests, its volumes have no attach step and no pod waits for another's; storageClasses in the configuration can say so`,
      ]
    : [];
}

/** The volume is made for the claim, or was: provisioners name it after the claim's uid (sig-storage-lib, `pvc-UID`). */
function isProvisioned({ volumeName }: Claim): boolean {
  return volumeName === undefined || /^pvc-[0-9a-f]{8}-/.test(volumeName);
}

function unreadVolume(claim: Claim, volume: Exclude<Lookup<Volume>, { state: "known" }>): readonly string[] {
  if (claim.volumeName === undefined) return [];
  const why = volume.state === "absent" ? "was not found" : `is not known (${volume.reason})`;
  return [
    `volume ${claim.volumeName} of claim ${claim.name} ${why}; the claim's own access modes are used instead`,
  ];
}

/** What stands behind a ReadWriteOnce volume. */
interface Backing {
  /** `undefined` where it has none of its own. */
  readonly name: string | undefined;
  readonly step: AttachStep;
  readonly capabilities: Capabilities | undefined;
}

interface ReachOfModes {
  readonly reach: Reach;
  /** Looked at only where ReadWriteOnce stands alone; a text where neither a volume nor a class is known says why. */
  readonly backing: Backing | string | undefined;
}

const NO_MODES: ReachOfModes = { reach: "unknown", backing: undefined };
const MANY: ReachOfModes = { reach: "many", backing: undefined };
const ONE_POD: ReachOfModes = { reach: "pod", backing: undefined };

/** @param backing asked only where ReadWriteOnce stands alone, since nothing else depends on it */
function reachOfModes(modes: readonly AccessMode[], backing: () => Backing | string): ReachOfModes {
  if (modes.length === 0) return NO_MODES;
  if (modes.includes("ReadWriteMany") || modes.includes("ReadOnlyMany")) return MANY;
  if (modes.includes("ReadWriteOncePod")) return ONE_POD;
  const found = backing();
  return { reach: reachBehind(found), backing: found };
}

function reachBehind(found: Backing | string): Reach {
  if (typeof found === "string") return "node";
  const { step, capabilities } = found;
  if (capabilities?.sameNodeMultiPod === false) return "pod";
  return step.required || capabilities?.refusesSecondNode ? "node" : "unenforced";
}

/**
 * What decided the reach, in one sentence.
 *
 * @param saying the beginning, which ends with the modes
 * @param otherName what the volume is called where what stands behind it has no name
 */
function reasonOf(
  modes: readonly AccessMode[],
  saying: string,
  { reach, backing }: ReachOfModes,
  otherName: () => string,
): string {
  if (modes.length === 0) return `${saying} no access mode`;
  const said = `${saying} ${modes.join(", ")}`;
  if (backing === undefined) return reach === "pod" ? `${said}: one pod in the whole cluster` : said;
  if (typeof backing === "string") {
    return `${said}; ${backing}: ReadWriteOnce is assumed to have its Kubernetes meaning, one node`;
  }
  const { step, name = otherName() } = backing;
  if (reach === "pod") return `${said}; ${name} refuses a second pod even on the same node`;
  if (step.required) {
    return `${said}; ${name} attaches a volume to one node at a time (${step.because})`;
  }
  return reach === "node"
    ? `${said}; ${name} has no attach step (${step.because}), but on a second node it refuses a volume that another node holds`
    : `${said}; ${name} has no attach step (${step.because}), so nothing keeps other nodes out`;
}

/**
 * The one node that a volume's node affinity names by the driver's own label: the scheduler then keeps its pods
 * there, although the label is not `kubernetes.io/hostname`.
 */
function pinOf(
  affinity: readonly NodeSelectorTerm[] | undefined,
  keys: Capabilities["nodeTopologyKeys"],
): NodePin | undefined {
  const namesNode = (key: string): boolean =>
    keys === "any" ? !/(zone|region)$/.test(key) : keys.includes(key);
  const nodes = affinity?.map((term) => {
    const found = term.matchExpressions.find(
      ({ key, operator, values }) => operator === "In" && values.length === 1 && namesNode(key),
    );
    return found && `${found.key}=${found.values[0]}`;
  });
  const node = nodes?.[0];
  return node !== undefined && nodes?.every((other) => other === node) ? { node } : undefined;
}
