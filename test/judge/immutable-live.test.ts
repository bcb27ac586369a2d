import t from "tap";
import { BundleBuilder } from "../../src/cluster/files/bundle-builder.ts";
import { immutableInCluster } from "../../src/judge/immutable-live.ts";
import { bundle } from "../support/bundle.ts";
import { claim, deployment, file, statefulSet, storageClass, volume } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const withoutNamespace = (object: Raw): Raw => {
  const { namespace: _, ...metadata } = object.metadata as Raw;
  return { ...object, metadata };
};
const sized = (storage: string, more: Parameters<typeof claim>[0] = {}): Raw =>
  claim({ ...more, spec: { resources: { requests: { storage } }, ...more.spec } });
const set = (storage: string): Raw =>
  statefulSet({
    name: "db",
    workload: {
      volumeClaimTemplates: [{ metadata: { name: "d" }, spec: { resources: { requests: { storage } } } }],
    },
  });

/** What applying the objects to a cluster that holds the others would be refused. */
function refused(
  applied: readonly Raw[],
  standing: readonly Raw[],
  snapshots?: ReadonlyMap<string, string>,
): readonly string[] {
  const builder = new BundleBuilder([], { nodesComplete: false });
  builder.add({ file: "a.json", text: file(...applied), keepWritten: true });
  const { view } = bundle(file(...standing));
  return immutableInCluster(builder.build().facts, view, snapshots).map(({ message }) => message);
}

t.test("what the cluster holds already cannot be changed by a file", async (t) => {
  const modes = claim({ modes: ["ReadWriteMany"] });
  t.match(refused([modes], [claim()]), [
    /^PersistentVolumeClaim shop\/data: spec\.accessModes \(ReadWriteOnce to ReadWriteMany\)/,
  ]);
  t.match(refused([set("2Gi")], [set("1Gi")]), [
    /^StatefulSet shop\/db: spec\.volumeClaimTemplates cannot be changed/,
  ]);
  t.same(refused([claim(), set("1Gi")], [claim(), set("1Gi")]), [], "nothing differs");
  t.same(refused([modes, set("2Gi")], [deployment()]), [], "what is created there");
  t.same(
    refused([modes], [claim({ name: "other" }), claim({ namespace: "other" })]),
    [],
    "others of another name",
  );
  t.same(refused([deployment({ workload: { replicas: 2 } })], [deployment()]), [], "what can be changed");
});

t.test("an object without a namespace is the one of the default namespace", async (t) => {
  const modes = withoutNamespace(claim({ modes: ["ReadWriteMany"] }));
  t.equal(refused([modes], [claim({ namespace: "default" })]).length, 1);
  t.same(refused([modes], [claim()]), []);
  const inDefault = { ...set("1Gi"), metadata: { name: "db", namespace: "default" } };
  t.equal(refused([withoutNamespace(set("2Gi"))], [inDefault]).length, 1);
  t.same(refused([withoutNamespace(set("2Gi"))], [set("1Gi")]), []);
});

t.test("says what recreating a claim costs", async (t) => {
  const change = claim({ modes: ["ReadWriteMany"] });
  const costs = (standing: readonly Raw[], snapshots?: ReadonlyMap<string, string>) =>
    refused([change], [claim(), ...standing], snapshots).join();
  t.match(costs([]), /its data is lost with the old volume unless that has the reclaim policy Retain/);
  const policy = (persistentVolumeReclaimPolicy: string) =>
    volume({
      spec: { persistentVolumeReclaimPolicy, csi: { driver: "ebs.csi.aws.com", volumeHandle: "v" } },
    });
  t.match(costs([policy("Delete")]), /its data is lost with the old volume \(reclaim policy Delete\)/);
  t.match(costs([policy("Retain")]), /its data stays in the old volume \(reclaim policy Retain\)/);
  t.match(
    costs([]),
    /a VolumeSnapshotClass of its driver \(kubectl get volumesnapshotclass/,
    "no driver is known",
  );
  t.match(costs([], new Map()), /a VolumeSnapshotClass of its driver \(kubectl get/, "nor with the classes");
  t.match(
    costs([storageClass]),
    /a VolumeSnapshotClass of driver ebs\.csi\.aws\.com \(kubectl get/,
    "from its class",
  );
  t.match(
    costs([storageClass], new Map()),
    /no snapshot can be taken .* no VolumeSnapshotClass is of driver ebs\.csi\.aws\.com/,
  );
  t.match(
    costs([policy("Retain")], new Map([["ebs.csi.aws.com", "snap"]])),
    /a snapshot can be taken before it with VolumeSnapshotClass snap/,
  );
  t.match(costs([deployment()]), /and Deployment shop\/web would have to stop for it/);
  t.notMatch(costs([]), /would have to stop/);
});

t.test("what a file leaves out is not changed by it", async (t) => {
  const { spec, ...rest } = claim();
  const { storageClassName: _, ...unclassed } = spec as Raw;
  const bare = { ...rest, spec: unclassed };
  t.same(refused([bare], [claim()]), [], "the class that the cluster filled in");
  t.same(refused([claim()], [bare]), []);
  t.same(refused([sized("2Gi")], [claim()]), [], "the size is not known");
  t.same(refused([claim()], [sized("2Gi")]), []);
  t.same(refused([sized("1024Mi")], [sized("1Gi")]), [], "the same size in other words");
  const modes = ["ReadWriteOnce", "ReadOnlyMany"];
  t.same(refused([claim({ modes })], [claim({ modes: modes.toReversed() })]), [], "in another order");
  t.match(refused([sized("1Gi")], [sized("2Gi")]), [/storage \(it would be smaller\)/]);
});

t.test("a claim grows where its class allows it", async (t) => {
  const grown = (more: readonly Raw[], spec: Raw = {}) =>
    refused([sized("2Gi", { spec })], [sized("1Gi", { spec }), ...more]);
  t.same(grown([{ ...storageClass, allowVolumeExpansion: true }]), []);
  t.match(grown([storageClass]), [
    /its size grows, which StorageClass gp3 does not allow, so applying this fails/,
  ]);
  t.match(grown([]), [
    /refused unless StorageClass gp3 has allowVolumeExpansion: true; StorageClass gp3 is not known/,
  ]);
  t.match(grown([], { storageClassName: undefined }), [
    /refused unless its StorageClass has .* its StorageClass is not known here/,
  ]);
});
