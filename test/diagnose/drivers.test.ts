import t from "tap";
import { canonicalName } from "../../src/diagnose/attachment-rows.ts";
import { type Diagnosed, diagnose } from "../../src/diagnose/diagnose.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { NO_OPTIONS } from "../../src/diagnose/options.ts";
import { csiKey, fullerKeys, migratedVolumeOf } from "../../src/kube/migrated-volume.ts";
import { detachingOf } from "../../src/policy/catalogue/capabilities.ts";
import { MISSING, type Recording, recordings } from "./recordings.ts";

type Json = Record<string, unknown>;
type Item = { kind: string; metadata: Json & { name: string }; spec: Json; status?: Json };

/** A driver as it stands in the objects: by its own name, and for some by the older source of the volume. */
interface Form {
  readonly driver: string;
  readonly handle: (id: string) => string;
  readonly inTree?: (id: string) => Json;
}

const ZONE = { "topology.kubernetes.io/zone": "us-east1-b" };

const FORMS: readonly Form[] = [
  {
    driver: "ebs.csi.aws.com",
    handle: (id) => `vol-${id}`,
    inTree: (id) => ({ awsElasticBlockStore: { volumeID: `aws://us-east-1a/vol-${id}`, fsType: "ext4" } }),
  },
  {
    driver: "pd.csi.storage.gke.io",
    handle: (id) => `projects/UNSPECIFIED/zones/us-east1-b/disks/${id}`,
    inTree: (id) => ({ gcePersistentDisk: { pdName: id } }),
  },
  {
    driver: "disk.csi.azure.com",
    handle: (id) => `/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/${id}`,
    inTree: (id) => ({
      azureDisk: {
        diskName: id,
        diskURI: `/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/${id}`,
      },
    }),
  },
  {
    driver: "cinder.csi.openstack.org",
    handle: (id) => id,
    inTree: (id) => ({ cinder: { volumeID: id } }),
  },
  {
    driver: "csi.vsphere.vmware.com",
    handle: (id) => `[datastore1] kubevols/${id}.vmdk`,
    inTree: (id) => ({ vsphereVolume: { volumePath: `[datastore1] kubevols/${id}.vmdk` } }),
  },
  { driver: "driver.longhorn.io", handle: (id) => id },
  { driver: "rbd.csi.ceph.com", handle: (id) => `0001-0009-rook-ceph-${id}` },
];

/** The recording as it would look with another driver in place of each of its own. */
function withDriver({ values }: Recording, { driver, handle, inTree }: Form, older: boolean): Item[] {
  const items = structuredClone((values[0] as { items: Item[] }).items);
  const volumes = new Map(
    items
      .filter(({ kind }) => kind === "PersistentVolume")
      .map((item) => [item.metadata.name, structuredClone(item.spec.csi) as Json | undefined]),
  );
  const names = new Map<string, string>();
  const keys = new Map<string, string>();
  for (const csi of volumes.values()) {
    if (csi === undefined) continue;
    const id = String(csi.volumeHandle);
    keys.set(`kubernetes.io/csi/${csi.driver}^${id}`, `kubernetes.io/csi/${driver}^${handle(id)}`);
  }
  for (const item of items) {
    const { kind, spec, metadata } = item;
    if (kind === "PersistentVolume" && spec.csi !== undefined) {
      const id = String((spec.csi as Json).volumeHandle);
      metadata.labels = { ...(metadata.labels as Json), ...ZONE };
      if (older && inTree !== undefined) {
        delete spec.csi;
        Object.assign(spec, inTree(id));
      } else spec.csi = { driver, volumeHandle: handle(id) };
    }
    if (kind === "VolumeAttachment") {
      const csi = volumes.get(String((spec.source as Json).persistentVolumeName));
      const { nodeName } = spec as { nodeName: string };
      const id = String(csi?.volumeHandle);
      if (metadata.name === canonicalName(id, String(csi?.driver), nodeName))
        names.set(metadata.name, canonicalName(handle(id), driver, nodeName));
      spec.attacher = driver;
    }
    if (kind === "CSIDriver" && metadata.name === "fake.csi.oracle") metadata.name = driver;
  }
  let text = JSON.stringify(items);
  for (const [from, to] of [...names, ...keys])
    text = text.replaceAll(JSON.stringify(from).slice(1, -1), JSON.stringify(to).slice(1, -1));
  return JSON.parse(text);
}

function judged(items: readonly Item[]): Diagnosed {
  const files = [{ file: "dump.json", values: [{ kind: "List", items }] }];
  const { facts } = readDump(files, { closed: true, at: undefined });
  return diagnose(facts, { all: true, namespace: null }, { ...NO_OPTIONS, driver: detachingOf });
}

t.test("each of the common drivers in place of the recorded one", { skip: MISSING }, async (t) => {
  for (const recording of recordings()) {
    const asRecorded = judged((recording.values[0] as { items: Item[] }).items);
    const told = ({ diagnoses, attachments }: Diagnosed) => ({
      diagnoses: diagnoses.map(({ state, cause, clears, questions, waiting }) => ({
        state,
        cause: cause.id,
        clears,
        questions,
        waiting,
      })),
      states: attachments.map(({ state }) => state).toSorted(),
    });
    for (const form of FORMS) {
      const title = `${recording.name}, ${form.driver}`;
      const found = judged(withDriver(recording, form, false));
      t.strictSame(told(found), told(asRecorded), title);
      if (form.inTree === undefined) continue;
      const older = judged(withDriver(recording, form, true));
      t.strictSame(older, found, `${title}, as the in-tree volume that it once was`);
    }
  }
});

/** 09b with the volume in its older form, and a pod of another namespace that has the same disk as `handle`. */
function withTwin(form: Form, handle?: string): Diagnosed {
  const recording = recordings().find(({ name }) => name.startsWith("09b-"));
  if (recording === undefined) throw new Error("09b is expected");
  const items = withDriver(recording, form, true);
  const csi = withDriver(recording, form, false);
  const twin = csi.find(({ kind }) => kind === "PersistentVolume");
  const claim = csi.find(({ kind }) => kind === "PersistentVolumeClaim");
  const pod = csi.find(({ kind }) => kind === "Pod");
  if (twin === undefined || claim === undefined || pod === undefined) throw new Error("a pod is expected");
  twin.metadata = { ...twin.metadata, name: "twin", uid: "twin" };
  if (handle !== undefined) twin.spec.csi = { driver: form.driver, volumeHandle: handle };
  twin.spec.claimRef = { namespace: "other", name: "twin", uid: "claim" };
  claim.metadata = { ...claim.metadata, name: "twin", namespace: "other", uid: "claim" };
  claim.spec.volumeName = "twin";
  pod.metadata = { ...pod.metadata, name: "twin", namespace: "other", uid: "pod", ownerReferences: [] };
  Object.assign(pod.spec, {
    nodeName: "worker-2",
    volumes: [{ name: "data", persistentVolumeClaim: { claimName: "twin" } }],
  });
  pod.status = { phase: "Running", containerStatuses: [{ name: "app", state: { running: {} } }] };
  return judged([...items, twin, claim, pod]);
}

const SHARED = { cause: { id: "shared-by-workloads" }, holders: [{ namespace: "other", pod: "twin" }] };

const ofDeployment = ({ diagnoses }: Diagnosed) =>
  diagnoses.find(({ subject }) => subject.kind === "Deployment");

t.test("an in-tree volume and the CSI volume of the same disk are one disk", { skip: MISSING }, async (t) => {
  const [form] = FORMS;
  if (form === undefined) throw new Error("a form is expected");
  t.match(ofDeployment(withTwin(form)), SHARED);
});

t.test(
  "a Google disk whose project is not known is that of the same zone and name",
  { skip: MISSING },
  async (t) => {
    const form = FORMS.find(({ driver }) => driver === "pd.csi.storage.gke.io");
    const recording = recordings().find(({ name }) => name.startsWith("09b-"));
    if (form === undefined || recording === undefined) throw new Error("09b is expected");
    const { items } = recording.values[0] as { items: Item[] };
    const csi = items.find(({ kind }) => kind === "PersistentVolume")?.spec.csi as Json | undefined;
    const id = String(csi?.volumeHandle);
    t.match(ofDeployment(withTwin(form, `projects/shop/zones/us-east1-b/disks/${id}`)), SHARED);
    for (const other of [
      `projects/shop/zones/us-east1-c/disks/${id}`,
      `projects/shop/zones/us-east1-b/disks/${id}x`,
      `projects/shop/regions/us-east1/disks/${id}`,
    ])
      t.notMatch(ofDeployment(withTwin(form, other)), SHARED, other);
  },
);

t.test(
  "a running pod of a volume that is attached in the old way lacks nothing",
  { skip: MISSING },
  async (t) => {
    const [form] = FORMS;
    const recording = recordings().find(({ name }) => name.startsWith("18-"));
    if (form === undefined || recording === undefined) throw new Error("18 is expected");
    const items = withDriver(recording, form, true).filter(({ kind }) => kind !== "VolumeAttachment");
    for (const { kind, status } of items)
      if (kind === "Node" && status !== undefined)
        Object.assign(status, { volumesAttached: [], volumesInUse: [] });
    t.strictSame(judged(items).findings, []);
    t.strictSame(judged(items).diagnoses, []);
  },
);

t.test("which of Google's handles mean the same disk", async (t) => {
  const google = (rest: string) => ({ driver: "pd.csi.storage.gke.io", handle: `projects/${rest}` });
  const full = google("shop/zones/us-east1-b/disks/d");
  const cases: readonly (readonly [string, readonly string[], string | undefined])[] = [
    ["UNSPECIFIED/zones/us-east1-b/disks/d", [], "shop/zones/us-east1-b/disks/d"],
    ["UNSPECIFIED/zones/UNSPECIFIED/disks/d", [], "shop/zones/us-east1-b/disks/d"],
    ["shop/zones/UNSPECIFIED/disks/d", [], "shop/zones/us-east1-b/disks/d"],
    ["UNSPECIFIED/regions/us-east1/disks/d", ["p/regions/us-east1/disks/d"], "p/regions/us-east1/disks/d"],
    ["UNSPECIFIED/zones/us-east1-b/disks/d", ["other/zones/us-east1-b/disks/d"], undefined],
    ["UNSPECIFIED/zones/us-east1-c/disks/d", [], undefined],
    ["other/zones/UNSPECIFIED/disks/d", [], undefined],
    ["shop/zones/us-east1-b/disks/e", [], undefined],
  ];
  for (const [partial, others, meant] of cases) {
    const keys = fullerKeys([google(partial), full, full, ...others.map(google)]);
    t.equal(
      keys.get(csiKey(google(partial))),
      meant === undefined ? undefined : csiKey(google(meant)),
      `${partial} ${others}`,
    );
    t.ok(keys.size <= 1, "full handles stay as they are");
  }
  const elsewhere = (handle: string) => ({ driver: "example.com", handle });
  t.equal(
    fullerKeys([elsewhere("projects/UNSPECIFIED/zones/z/disks/d"), elsewhere("projects/p/zones/z/disks/d")])
      .size,
    0,
    "another driver's handles are its own",
  );
});

t.test("the handle of an in-tree volume", async (t) => {
  const cases: readonly (readonly [Json, Json, string | undefined])[] = [
    [{ awsElasticBlockStore: { volumeID: "vol-1" } }, {}, "vol-1"],
    [{ awsElasticBlockStore: { volumeID: "aws:///vol-1" } }, {}, "vol-1"],
    [{ awsElasticBlockStore: { volumeID: "aws://a/disk-1" } }, {}, undefined],
    [{ gcePersistentDisk: { pdName: "d" } }, {}, "projects/UNSPECIFIED/zones/UNSPECIFIED/disks/d"],
    [
      { gcePersistentDisk: { pdName: "d" } },
      { "failure-domain.beta.kubernetes.io/zone": "us-east1-b" },
      "projects/UNSPECIFIED/zones/us-east1-b/disks/d",
    ],
    [
      { gcePersistentDisk: { pdName: "d" } },
      { "topology.kubernetes.io/zone": "us-east1-b__us-east1-c" },
      "projects/UNSPECIFIED/regions/us-east1/disks/d",
    ],
    [{ portworxVolume: { volumeID: "7" } }, {}, "7"],
    [{ nfs: { server: "s" } }, {}, undefined],
    [{ cinder: { volumeID: 7 } }, {}, undefined],
  ];
  for (const [spec, labels, handle] of cases)
    t.equal(migratedVolumeOf(spec, labels)?.handle, handle, JSON.stringify(spec));
});
