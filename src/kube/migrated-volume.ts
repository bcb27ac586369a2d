import { append } from "../policy/lists-by-key.ts";
import { nonEmpty, type Raw, record } from "./raw.ts";

/** A volume as its CSI driver names it. */
export interface CsiVolume {
  readonly driver: string;
  readonly handle: string;
}

/** On a PersistentVolume that the controllers attach through its CSI driver, though its source is an in-tree one. */
export const MIGRATED_TO = "pv.kubernetes.io/migrated-to";

const GOOGLE = "pd.csi.storage.gke.io";
const UNSPECIFIED = "UNSPECIFIED";

/**
 * What the controllers make of an in-tree source of a PersistentVolume (`staging/src/k8s.io/csi-translation-lib/plugins`):
 * attachments, node lists and the names of attachments then carry this driver and handle. Undefined for any other
 * source, and for an identity that they refuse.
 */
export function migratedVolumeOf(spec: Raw, labels: Raw): CsiVolume | undefined {
  for (const { source, driver, handle } of TRANSLATIONS) {
    const found = spec[source] === undefined ? undefined : handle(record(spec[source]), labels);
    if (found !== undefined) return { driver, handle: found };
  }
  return undefined;
}

/** `DRIVER^HANDLE`: what one disk has in common, and what the nodes' lists of volumes end in. */
export function csiKey({ driver, handle }: CsiVolume): string {
  return `${driver}^${handle}`;
}

/**
 * The keys of volumes that name their disk less fully than another one does, each with the key of that other one.
 * Google's driver takes a project or zone that is UNSPECIFIED for whichever has a disk of that name
 * (`RepairUnderspecifiedVolumeKey`). Where several do, it cannot be told which is meant, and the volume is left out.
 */
export function fullerKeys(volumes: readonly CsiVolume[]): ReadonlyMap<string, string> {
  const partial: GoogleDisk[] = [];
  const full = new Map<string, GoogleDisk[]>();
  for (const { driver, handle } of volumes) {
    const disk = driver === GOOGLE ? parsedGoogleDisk(handle) : undefined;
    if (disk === undefined) continue;
    if (disk.project === UNSPECIFIED || disk.place === UNSPECIFIED) partial.push(disk);
    else append(full, disk.name, disk);
  }
  const keys = new Map<string, string>();
  for (const disk of partial) {
    const meant = (full.get(disk.name) ?? []).filter((other) => mayBe(disk, other));
    const [only, ...others] = new Set(meant.map(({ handle }) => handle));
    if (only !== undefined && others.length === 0)
      keys.set(csiKey({ driver: GOOGLE, handle: disk.handle }), csiKey({ driver: GOOGLE, handle: only }));
  }
  return keys;
}

interface GoogleDisk {
  readonly handle: string;
  readonly project: string;
  /** `zones` or `regions`. */
  readonly scope: string;
  readonly place: string;
  readonly name: string;
}

function parsedGoogleDisk(handle: string): GoogleDisk | undefined {
  const [, project, scope, place, name] =
    /^projects\/([^/]+)\/(zones|regions)\/([^/]+)\/disks\/([^/]+)$/.exec(handle) ?? [];
  if (project === undefined || scope === undefined || place === undefined || name === undefined)
    return undefined;
  return { handle, project, scope, place, name };
}

function mayBe(partial: GoogleDisk, full: GoogleDisk): boolean {
  return (
    partial.scope === full.scope &&
    [UNSPECIFIED, full.project].includes(partial.project) &&
    [UNSPECIFIED, full.place].includes(partial.place)
  );
}

interface Translation {
  readonly source: string;
  readonly driver: string;
  readonly handle: (source: Raw, labels: Raw) => string | undefined;
}

const TRANSLATIONS: readonly Translation[] = [
  { source: "awsElasticBlockStore", driver: "ebs.csi.aws.com", handle: awsVolume },
  { source: "gcePersistentDisk", driver: GOOGLE, handle: googleDisk },
  { source: "azureDisk", driver: "disk.csi.azure.com", handle: ({ diskURI }) => nonEmpty(diskURI) },
  { source: "cinder", driver: "cinder.csi.openstack.org", handle: ({ volumeID }) => nonEmpty(volumeID) },
  {
    source: "vsphereVolume",
    driver: "csi.vsphere.vmware.com",
    handle: ({ volumePath }) => nonEmpty(volumePath),
  },
  { source: "portworxVolume", driver: "pxd.portworx.com", handle: ({ volumeID }) => nonEmpty(volumeID) },
];

/** `vol-…`, or `aws://ZONE/vol-…` of which the last part counts. */
function awsVolume({ volumeID }: Raw): string | undefined {
  const id = nonEmpty(volumeID);
  if (id === undefined || !id.startsWith("aws://")) return id;
  return /^aws:\/\/[^/]*\/+(vol-[^/]*)\/*$/.exec(id)?.[1];
}

/** A zonal disk by the zone in the volume's labels, a regional one (`ZONE__ZONE`) by what its zones have in common. */
function googleDisk({ pdName }: Raw, labels: Raw): string | undefined {
  const name = nonEmpty(pdName);
  if (name === undefined) return undefined;
  const label =
    nonEmpty(labels["topology.kubernetes.io/zone"]) ??
    nonEmpty(labels["failure-domain.beta.kubernetes.io/zone"]);
  const [zone = UNSPECIFIED, ...others] = label?.split("__") ?? [];
  const place = others.length === 0 ? `zones/${zone}` : `regions/${zone.replace(/-[^-]*$/, "")}`;
  return `projects/${UNSPECIFIED}/${place}/disks/${name}`;
}
