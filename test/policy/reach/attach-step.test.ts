import t from "tap";
import { sourceType } from "../../../src/policy/reach/attach-step.ts";
import { judge } from "../../support/judge.ts";
import { claim, deployment, volume } from "../../support/objects.ts";

const ATTACHED = [
  "awsElasticBlockStore",
  "azureDisk",
  "cinder",
  "gcePersistentDisk",
  "vsphereVolume",
  "fc",
  "iscsi",
  "rbd",
  "flexVolume",
];
const NOT_ATTACHED = ["azureFile", "cephfs", "glusterfs", "hostPath", "nfs"];

t.test("ReadWriteOnce is kept by what Kubernetes attaches, and by nothing else", async (t) => {
  const rules = (type: string) =>
    judge(deployment({ workload: { replicas: 2 } }), [
      claim({ spec: { volumeName: "pv-data" } }),
      volume({ spec: { [type]: {} } }),
    ]).rules;
  for (const type of ATTACHED) t.strictSame(rules(type), ["rwo-replicas", "rwo-rolling-update"], type);
  for (const type of NOT_ATTACHED) t.strictSame(rules(type), ["access-mode-unenforced?"], type);
});

t.test("disks that several nodes may mount read-only are known", async (t) => {
  const shared = [...ATTACHED, ...NOT_ATTACHED].filter((type) => sourceType(type).sharedReadOnly === true);
  t.strictSame(shared, ["gcePersistentDisk", "fc", "iscsi", "rbd"]);
  t.strictSame(
    [...ATTACHED, ...NOT_ATTACHED, "constructor"].filter((type) => sourceType(type).assumed === true),
    ["flexVolume", "constructor"],
    "what is not known is taken to attach",
  );
});
