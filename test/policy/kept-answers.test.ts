/** What is kept from review to review holds only as long as what it was made of. */
import t from "tap";
import { ClusterIndex } from "../../src/cluster/cluster-index.ts";
import { factFrom } from "../../src/kube/fact.ts";
import type { Claim } from "../../src/policy/model.ts";
import { DEFAULT_OPTIONS, type PolicyOptions } from "../../src/policy/options.ts";
import { classesOffering, reachOfClaim } from "../../src/policy/reach.ts";
import { knownValue } from "../../src/policy/view.ts";
import { claim, volume } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const storageClass = (name: string, parameters: Raw, annotations: Raw = {}): Raw => ({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name, annotations },
  provisioner: "ebs.csi.aws.com",
  parameters,
});

function put(index: ClusterIndex, ...objects: readonly Raw[]): void {
  for (const object of objects) {
    const fact = factFrom(object);
    if (fact === undefined) throw new Error(`${String(object.kind)} is no fact`);
    index.put(fact);
  }
}

const withDriver = (driver: Omit<PolicyOptions["drivers"][number], "provisioner">): PolicyOptions => ({
  ...DEFAULT_OPTIONS,
  drivers: [{ provisioner: "ebs.csi.aws.com", ...driver }],
});

t.test("another configuration, and another object of the cluster, is another reach", async (t) => {
  const index = new ClusterIndex();
  put(index, storageClass("gp3", {}), volume(), claim({ spec: { volumeName: "pv-data" } }));
  const data = knownValue(index.claim("shop", "data")) as Claim;
  const reach = (options: PolicyOptions) => reachOfClaim(data, index, options).reach;
  for (let round = 0; round < 2; round += 1) {
    t.equal(reach(DEFAULT_OPTIONS), "node");
    t.equal(reach(withDriver({ sameNodeMultiPod: false })), "pod");
    t.equal(reach(withDriver({ attachRequired: false })), "unenforced");
  }
  put(index, {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSIDriver",
    metadata: { name: "ebs.csi.aws.com" },
    spec: { attachRequired: false },
  });
  t.equal(reach(DEFAULT_OPTIONS), "unenforced", "the CSIDriver object");
  put(index, volume({ modes: ["ReadWriteMany"] }));
  t.equal(reach(DEFAULT_OPTIONS), "many", "the volume");
});

t.test("which classes offer a mode is found out again when a class changes", async (t) => {
  const index = new ClusterIndex();
  const offering = (options = DEFAULT_OPTIONS) =>
    classesOffering("ReadWriteMany", "Filesystem", index, options);
  put(index, storageClass("gp3", {}));
  t.strictSame(offering(), []);
  t.strictSame(offering(withDriver({ accessModes: ["ReadWriteMany"] })), ["gp3"], "by the configuration");
  t.strictSame(offering(), []);
  put(index, storageClass("shared", {}, { "attachguard.dev/access-modes": "ReadWriteMany" }));
  t.strictSame(offering(), ["shared"]);
  index.remove("StorageClass", "", "shared");
  t.strictSame(offering(), []);
});
