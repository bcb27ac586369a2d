import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import t from "tap";
import { readLiveFacts } from "../../src/cli/live.ts";
import { ApiServerDouble } from "../support/api-server/api-server.ts";
import { writeKubeConfig } from "../support/api-server/live.ts";
import { run } from "./run.ts";

const claim = {
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", namespace: "default" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        containers: [
          { name: "web", image: "example.com/web", volumeMounts: [{ name: "data", mountPath: "/data" }] },
        ],
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
      },
    },
  },
};

const autoscaler = {
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "web", namespace: "default" },
  spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, maxReplicas: 3 },
};

/** A cluster with these objects, and the words that lead a command to it. */
async function cluster(t: Test, ...objects: readonly object[]) {
  const double = await ApiServerDouble.start();
  for (const object of objects) double.put(object as Record<string, unknown>);
  t.teardown(() => double.stop());
  const folder = t.testdir();
  const kubeconfig = join(folder, "kubeconfig");
  writeKubeConfig(kubeconfig, double.url);
  const write = (object: object) => {
    const file = join(folder, "web.json");
    writeFileSync(file, JSON.stringify(object));
    return file;
  };
  return { double, access: ["--kubeconfig", kubeconfig], kubeconfig, write };
}

const rulesIn = (out: string) => JSON.parse(out).findings.map(({ rule }: { rule: string }) => rule);

t.test("audit judges a live cluster, and its objects have no source", async (t) => {
  const { access } = await cluster(t, claim, deployment);
  const { code, out, err } = await run(["audit", "--format", "json", ...access]);
  t.match(err, /^ERROR {2}Deployment /m, "people get the text beside it");
  t.equal(code, 1);
  t.same(rulesIn(out), ["rwo-rolling-update"]);
  t.equal(JSON.parse(out).findings[0].source, null);
});

t.test("audit says what it may not read: fatal where workloads or claims would be missing", async (t) => {
  const cases = [
    { plural: "persistentvolumeclaims", code: 2, why: "claims decide the verdict" },
    { plural: "deployments", code: 2, why: "a workload would be missing" },
    { plural: "nodes", code: 1, why: "nodes only prove that something is safe" },
  ];
  for (const { plural, code, why } of cases) {
    await t.test(plural, async (t) => {
      const { double, access } = await cluster(t, claim, deployment);
      double.forbidden.add(plural);
      const result = await run(["audit", "--format", "json", ...access]);
      t.equal(result.code, code, why);
      const { errors, notes } = JSON.parse(result.out);
      t.match((code === 2 ? errors : notes)[0].message, "could not be read");
    });
  }
});

t.test("check --live judges files together with what is in the cluster", async (t) => {
  const { access, write } = await cluster(t, claim, autoscaler);
  const file = write({ ...deployment, metadata: { name: "web" } });
  t.same(
    rulesIn((await run(["check", file, "--format", "json"])).out),
    ["claim-unknown"],
    "by the file alone",
  );
  const { code, out } = await run(["check", file, "--live", "--format", "json", ...access]);
  t.equal(code, 1);
  t.same(rulesIn(out), ["rwo-autoscaling", "rwo-rolling-update"], "claim and autoscaler are in the cluster");
});

t.test("check --live and --cluster-facts say two different things of one cluster", async (t) => {
  const { access, write } = await cluster(t, claim);
  const file = write(deployment);
  t.match(await run(["check", file, "--live", "--cluster-facts", file, ...access]), {
    code: 2,
    err: /leave one of them out/,
  });
});

t.test("check --live tells what the cluster would refuse to change, which does not count", async (t) => {
  const { access, write } = await cluster(t, claim);
  const told = async (spec: object) => {
    const file = write({ ...claim, apiVersion: "v1", spec });
    const { code, out } = await run(["check", file, "--live", "--format", "json", ...access]);
    t.equal(code, 0);
    return JSON.parse(out).notes.map(({ message }: { message: string }) => message);
  };
  const other = { ...claim.spec, accessModes: ["ReadWriteMany"] };
  t.match(await told(other), [/cannot be changed once.*kubectl get volumesnapshotclass shows/]);
  t.same(await told(claim.spec), []);
});

t.test("check --live says whether a snapshot can be taken before", async (t) => {
  const volume = {
    kind: "PersistentVolume",
    metadata: { name: "pv" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      claimRef: { namespace: "default", name: "data" },
      csi: { driver: "ebs.csi.aws.com", volumeHandle: "vol-1" },
    },
  };
  const bound = { ...claim, spec: { ...claim.spec, volumeName: "pv" } };
  const snapshotClass = (driver: string) => ({
    apiVersion: "snapshot.storage.k8s.io/v1",
    kind: "VolumeSnapshotClass",
    metadata: { name: "nightly" },
    driver,
  });
  const toldIn = async (...more: readonly object[]) => {
    const { double, access, write } = await cluster(t, bound, volume, ...more);
    double.installed.add("snapshot.storage.k8s.io/v1");
    const file = write({
      ...bound,
      apiVersion: "v1",
      spec: { ...bound.spec, accessModes: ["ReadWriteMany"] },
    });
    const told = async () => {
      const { out } = await run(["check", file, "--live", "--format", "json", ...access]);
      return JSON.parse(out).notes.map(({ message }: { message: string }) => message);
    };
    return { double, told };
  };
  const { double, told } = await toldIn(snapshotClass("ebs.csi.aws.com"));
  t.match(await told(), [/a snapshot can be taken before it with VolumeSnapshotClass nightly/]);
  double.forbidden.add("volumesnapshotclasses");
  t.match(await told(), [/takes a VolumeSnapshotClass of driver ebs\.csi\.aws\.com \(kubectl get/]);
  const { told: without } = await toldIn(snapshotClass("disk.csi.azure.com"));
  t.match(await without(), [/no VolumeSnapshotClass is of driver ebs\.csi\.aws\.com/]);
});

t.test("check --live lays the files over the cluster and judges no other workload", async (t) => {
  const { access, write } = await cluster(t, claim, deployment, {
    ...deployment,
    metadata: { name: "other", namespace: "default" },
  });
  const safe = { ...deployment, spec: { ...deployment.spec, strategy: { type: "Recreate" } } };
  const file = write(safe);
  const { out } = await run(["check", file, "--live", "--format", "json", ...access]);
  t.same(
    JSON.parse(out).workloads.map(({ name }: { name: string }) => name),
    ["web"],
  );
  t.same(rulesIn(out), ["rwo-shared-claim"], "the other workload on the claim is seen");
});

t.test("a cluster that does not answer is given up, with the way to choose another", async (t) => {
  const { double, kubeconfig } = await cluster(t);
  double.fault = () => ({ do: "answer", status: 503 });
  const terminal = {
    argv: [],
    env: {},
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
  };
  await t.rejects(readLiveFacts({ kubeconfig }, terminal, 0), {
    code: "AG_ERR_API_SERVER",
    message: /does not answer .*--context or --kubeconfig/,
  });
});
