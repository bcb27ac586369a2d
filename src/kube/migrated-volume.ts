import { nonEmpty, type Raw, record } from "./raw.ts";

/** A volume as its CSI driver names it. */
export interface CsiVolume {
  readonly driver: string;
  readonly handle: string;
}

/** On a PersistentVolume that the controllers attach through its CSI driver, though its source is an in-tree one. */
export const MIGRATED_TO = "pv.kubernetes.io/migrated-to";

const UNSPECIFIED = "UNSPECIFIED";

/**
 * How the controllers translate an in-tree source of a PersistentVolume
 * (`staging/src/k8s.io/csi-translation-lib/plugins`): attachments, node lists and the names of attachments then carry
 * this driver and handle. Undefined for any other source, and for an identifier that they refuse.
 */
export function migratedVolumeOf(spec: Raw, labels: Raw): CsiVolume | undefined {
  for (const { source, driver, handle } of TRANSLATIONS) {
    const found = spec[source] === undefined ? undefined : handle(record(spec[source]), labels);
    if (found !== undefined) return { driver, handle: found };
  }
  return undefined;
}

interface Translation {
  readonly source: string;
  readonly driver: string;
  readonly handle: (source: Raw, labels: Raw) => string | undefined;
}

const TRANSLATIONS: readonly Translation[] = [
  { source: "awsElasticBlockStore", driver: "ebs.csi.aws.com", handle: awsVolume },
  { source: "gcePersistentDisk", driver: "pd.csi.storage.gke.io", handle: googleDisk },
  { source: "azureDisk", driver: "disk.csi.azure.com", handle: ({ diskURI }) => nonEmpty(diskURI) },
  { source: "cinder", driver: "cinder.csi.openstack.org", handle: ({ volumeID }) => nonEmpty(volumeID) },
  {
    source: "vsphereVolume",
    driver: "csi.vsphere.vmware.com",
    handle: ({ volumePath }) => nonEmpty(volumePath),
  },
  { source: "portworxVolume", driver: "pxd.portworx.com", handle: ({ volumeID }) => nonEmpty(volumeID) },
];

/** `vol-…`, or `aws://ZONE/vol-…`, whose last part counts. */
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
