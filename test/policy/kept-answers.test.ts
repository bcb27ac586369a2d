/** What is kept from review to review holds only as long as what it was made of. */
import t from "tap";
import { ClusterIndex } from "../../src/cluster/cluster-index.ts";
import { factFrom } from "../../src/kube/fact.ts";
import type { Claim } from "../../src/policy/model.ts";
import { DEFAULT_OPTIONS, type PolicyOptions } from "../../src/policy/options.ts";
import { classesOffering, reachOfClaim } from "../../src/policy/reach.ts";
import { placeOf } from "../../src/policy/spread/place.ts";
import { knownValue } from "../../src/policy/view.ts";
import { claim, node, volume } from "../support/objects.ts";
import { ANYWHERE } from "./spread/cases.ts";

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

t.test(
  "where pods may land is found out again when a node, a volume or the configuration changes",
  async (t) => {
    const index = new ClusterIndex();
    const held = (pool: string) =>
      volume({
        spec: {
          csi: { driver: "ebs.csi.aws.com", volumeHandle: "vol-1" },
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: "pool", operator: "In", values: [pool] }] }],
            },
          },
        },
      });
    const nodes = ["n1", "n2", "n3"].map((name) => node(name, { pool: "a" }));
    put(index, ...nodes, held("a"), claim({ spec: { volumeName: "pv-data" } }));
    const data = knownValue(index.claim("shop", "data")) as Claim;
    const told = (options = DEFAULT_OPTIONS) => {
      const { where, evidence } = placeOf(
        ANYWHERE,
        "Deployment",
        [reachOfClaim(data, index, options)],
        index,
        options,
      );
      return `${where}: ${evidence[0]}`;
    };
    const several = "several: 3 of 3 known nodes take the pods: n1, n2, n3";
    t.equal(told(), several);
    t.equal(told(), several);
    const local = withDriver({ nodeLocal: true });
    t.match(
      told(local),
      /^one-node: volume pv-data .* is on one node: pool=a/,
      "the driver keeps it on a node",
    );
    t.match(told({ ...DEFAULT_OPTIONS, singleNode: true }), /^one-node: the configuration says/);
    t.equal(told(), several);
    put(index, node("n4", { pool: "a" }));
    t.match(told(), /^several: 4 of 4 known nodes/);
    put(index, held("b"));
    t.match(told(), /^several: none of the 4 known nodes takes the pods now/);
  },
);
