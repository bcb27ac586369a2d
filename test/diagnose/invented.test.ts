import t from "tap";
import { diagnose } from "../../src/diagnose/diagnose.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { NO_OPTIONS } from "../../src/diagnose/options.ts";
import { parseSubject } from "../../src/diagnose/subject.ts";
import {
  ago,
  attachment,
  claim,
  DRIVER,
  deployment,
  event,
  type Json,
  NOW,
  node,
  object,
  type PodSaid,
  pod,
  storage,
} from "./invented.ts";

/** States that controllers can produce and the recordings do not have; the answers are those of `attachments.md`. */

function ask(items: readonly Json[], what = "all") {
  const { facts } = readDump([{ file: "", values: [{ kind: "List", items }] }], { closed: true, at: NOW });
  const subject = parseSubject(what, "shop");
  const asked =
    subject === undefined ? ({ all: true, namespace: null } as const) : ({ all: false, subject } as const);
  return diagnose({ ...facts, source: "live" }, asked, NO_OPTIONS);
}

const HELD = { attached: ["vol-data"], inUse: ["vol-data"] };
const nodes = () => [node("n1", HELD), node("n2"), node("n3")];
const disk = () => [...storage(), ...claim("data")];
const RS = ["ReplicaSet", "web-1"] as const;

const waiting = (said: PodSaid = {}) =>
  pod("new", { node: "n2", state: "creating", createdAgo: 600, owner: RS, ...said });

const unscheduled = (message: string, rest: PodSaid = {}) =>
  pod("new", {
    state: "pending",
    createdAgo: 300,
    owner: RS,
    status: {
      conditions: [{ type: "PodScheduled", status: "False", message, lastTransitionTime: ago(300) }],
    },
    ...rest,
  });

const pendingClaim = (metadata: Json = {}) =>
  object(
    "PersistentVolumeClaim",
    "v1",
    "data",
    { spec: { accessModes: ["ReadWriteOnce"], storageClassName: "fast" }, status: { phase: "Pending" } },
    metadata,
  );

const SELECTED = {
  annotations: {
    "volume.kubernetes.io/selected-node": "n1",
    "volume.kubernetes.io/storage-provisioner": DRIVER,
  },
};

t.test("a pod without a claim that ends is about no volume", async (t) => {
  const ends = (said: PodSaid) => [
    pod("x", { claims: [], node: "n1", owner: RS, ...said }),
    ...deployment("web"),
  ];
  t.match(ask([...nodes(), ...ends({ deletedAgo: 10 })]).diagnoses[0], {
    state: "clearing",
    cause: { id: "old-pod-terminating", volume: false, text: /it has no claim/ },
  });
  t.match(ask([...nodes(), ...ends({ deletedAgo: 900 })]).diagnoses[0], {
    state: "stuck",
    cause: { id: "not-the-volume", text: /kubelet of n1 does not end it/ },
  });
  t.match(ask([node("n1", { ready: "Unknown" }), ...ends({ deletedAgo: 10 })]).diagnoses[0], {
    state: "stuck",
    cause: { id: "not-the-volume", text: /n1 is not Ready/ },
  });
});

t.test("a finished pod holds nothing, whatever its phase", async (t) => {
  for (const state of ["succeeded", "failed"] as const) {
    const items = [...nodes(), ...disk(), pod("old", { node: "n1", state }), ...deployment("web")];
    const found = ask([...items, waiting({ createdAgo: 10 }), attachment("data", "n1")]).diagnoses[0];
    t.match(found, { state: "clearing", cause: { id: "detaching" }, holders: [{ pod: null, node: "n1" }] });
  }
});

t.test("of two volumes the one that waits is told of", async (t) => {
  const found = ask([
    node("n1"),
    node("n2", { attached: ["vol-a"], inUse: ["vol-a", "vol-b"] }),
    ...storage(),
    ...claim("a"),
    ...claim("b"),
    ...deployment("web", { claims: ["a", "b"] }),
    waiting({ claims: ["a", "b"] }),
    attachment("a", "n2"),
    attachment("b", "n1", { deletedAgo: 300, detachError: { message: "boom", ago: 20 } }),
  ]).diagnoses[0];
  t.match(found, { state: "stuck", cause: { id: "driver-cannot-detach", text: /boom/ } });
  t.strictSame(
    found?.holders.map((holder) => holder.node),
    ["n1"],
  );
});

t.test("init containers and sidecars use the volume as others do", async (t) => {
  const init = (state: Json) => ({ initContainerStatuses: [{ name: "i", restartCount: 0, state }] });
  const app = {
    containerStatuses: [{ name: "app", restartCount: 0, state: { waiting: { reason: "PodInitializing" } } }],
  };
  const items = (status: Json, rest: PodSaid = {}) => [
    ...nodes(),
    ...disk(),
    ...deployment("web"),
    waiting({ node: "n1", status: { phase: "Pending", ...app, ...status }, ...rest }),
    attachment("data", "n1"),
  ];
  t.match(ask(items(init({ running: {} }))).diagnoses[0], {
    cause: { id: "not-the-volume", text: /is not Ready; its volumes are mounted/ },
  });
  t.match(ask(items(init({ terminated: { exitCode: 0 } }))).diagnoses[0], {
    state: "stuck",
    cause: { id: "not-the-volume", detail: "other" },
  });
  const dead = ask([
    node("n1", { ...HELD, ready: "Unknown" }),
    node("n2"),
    ...disk(),
    ...deployment("web"),
    pod("old", {
      node: "n1",
      owner: RS,
      deletedAgo: 900,
      status: {
        containerStatuses: [{ name: "app", state: { terminated: { exitCode: 0 } } }],
        ...init({ running: {} }),
      },
    }),
    waiting(),
    attachment("data", "n1"),
  ]).diagnoses[0];
  t.match(dead, { state: "stuck", cause: { id: "held-by-dead-pod" } }, "a sidecar that runs keeps it");
});

t.test("a Ready node with the out-of-service taint loses its volumes while they are mounted", async (t) => {
  const taint = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };
  const items = [node("n1", { ...HELD, taints: [taint] }), node("n2"), ...disk(), ...deployment("web")];
  for (const old of [[pod("old", { node: "n1", owner: RS, deletedAgo: 10 })], []]) {
    const found = ask([...items, ...old, waiting({ createdAgo: 10 }), attachment("data", "n1")]).diagnoses[0];
    t.match(found?.cause.text, /without waiting for the unmount/);
  }
});

t.test("a volume of many nodes is held by none of them against the others", async (t) => {
  const items = [
    ...nodes(),
    ...storage(),
    ...claim("data", ["ReadWriteMany"]),
    ...deployment("web"),
    pod("old", { node: "n1", owner: RS }),
    waiting(),
    attachment("data", "n1"),
  ];
  t.notMatch(ask(items).diagnoses[0]?.cause.text, /Nothing in this cluster has/);
  const error = { message: "multi-writer is off", ago: 10 };
  const refused = ask([...items, attachment("data", "n2", { attached: false, attachError: error })]);
  t.match(refused.diagnoses[0], { state: "unknown", cause: { id: "unknown", text: /multi-writer is off/ } });
});

t.test("an attach error of before does not count once it is attached", async (t) => {
  const attachError = { message: "boom", ago: 800 };
  const items = [node("n2", HELD), ...disk(), ...deployment("web"), waiting()];
  const found = ask([...items, attachment("data", "n2", { attachError })]).diagnoses[0];
  t.notMatch(found?.cause.text, /boom/);
  t.match(found?.steps, [{ id: "mend-pod" }]);
});

t.test("a claim that waits for its first pod was asked for when that pod came", async (t) => {
  const items = (createdAgo: number) => [
    ...nodes(),
    ...storage("WaitForFirstConsumer"),
    pendingClaim(SELECTED),
    ...deployment("web"),
    unscheduled("", { createdAgo, status: { conditions: [] } }),
  ];
  t.match(ask(items(20)).diagnoses[0], { state: "clearing", cause: { id: "starting" } });
  t.match(ask(items(300)).diagnoses[0], {
    state: "stuck",
    cause: { detail: "provisioner-silent", text: /nothing for 5 min/ },
  });
});

t.test("what a driver says about making a volume is in its provisioner's log", async (t) => {
  const items = [...nodes(), ...storage(), pendingClaim(SELECTED), ...deployment("web"), unscheduled("x")];
  const failed = event("PersistentVolumeClaim", "data", "ProvisioningFailed", "no capacity");
  t.match(ask([...items, failed]).diagnoses[0], {
    cause: { id: "claim-not-usable", text: /no capacity/ },
    steps: [{ text: new RegExp(`${DRIVER}.*csi-provisioner`) }],
  });
});

t.test("why the scheduler finds no place for a volume", async (t) => {
  const later = [...nodes(), ...storage("WaitForFirstConsumer"), pendingClaim(), ...deployment("web")];
  const room = ask([...later, unscheduled("0/3 nodes: 3 node(s) did not have enough free storage.")]);
  t.match(room.diagnoses[0], {
    cause: { id: "no-node-for-the-volume", text: /enough free storage/ },
    avoid: [],
  });
  const bound = [...nodes(), ...disk(), ...deployment("web")];
  const limit = ask([...bound, unscheduled("0/3 nodes: 3 node(s) exceed max volume count.")]);
  t.match(limit.diagnoses[0], { cause: { id: "no-node-for-the-volume" }, steps: [{ text: /Add a node/ }] });
  for (const text of ["3 Insufficient cpu.", "3 node(s) didn't have free ports for the requested pod ports."])
    t.match(ask([...bound, unscheduled(text)]).diagnoses[0], {
      cause: { id: "not-the-volume", detail: "scheduling", volume: false },
    });
});

t.test("the claim of a generic ephemeral volume is made for its pod", async (t) => {
  const items = (createdAgo: number) => [
    ...nodes(),
    ...deployment("web", { claims: [] }),
    unscheduled("waiting for ephemeral volume controller", {
      createdAgo,
      spec: { volumes: [{ name: "scratch", ephemeral: { volumeClaimTemplate: {} } }] },
    }),
  ];
  t.match(ask(items(20)).diagnoses[0], { state: "clearing", cause: { id: "starting" } });
  const late = ask(items(300)).diagnoses[0];
  t.match(late, { state: "stuck", cause: { detail: "claim-missing", text: /belongs to new/ }, steps: [] });
  t.match(late?.avoid, [{ id: "create-claim" }]);
});

t.test("a volume whose object is gone is lost, also while a pod runs on it", async (t) => {
  const [bound] = claim("data");
  const items = [...nodes(), ...storage(), bound as Json, ...deployment("web"), attachment("data", "n1")];
  const found = ask([...items, pod("old", { node: "n1", owner: RS })]);
  t.match(found.diagnoses, [
    {
      subject: { kind: "PersistentVolumeClaim", name: "data" },
      state: "stuck",
      cause: { detail: "claim-lost" },
    },
  ]);
  t.strictSame(found.findings, [], "an attachment in use is not left over");
  t.notMatch(JSON.stringify(found.diagnoses), /delete --raw/);
});

t.test("the part of a driver that mounts runs on the node", async (t) => {
  const items = [node("n2", HELD), ...disk(), ...deployment("web"), waiting(), attachment("data", "n2")];
  for (const [reason, message] of [
    [
      "FailedMount",
      'MountVolume.MountDevice failed for volume "pv-data" : driver name x not found in the list',
    ],
    ["FailedMapVolume", 'MapVolume.MapPodDevice failed for volume "pv-data" : boom'],
  ] as const)
    t.match(ask([...items, event("Pod", "new", reason, message)]).diagnoses[0], {
      state: "unknown",
      steps: [{ id: "look-at-driver", text: /runs on n2/, commands: [/spec\.nodeName=n2/] }],
    });
  const csiNode = object("CSINode", "storage.k8s.io/v1", "n2", { spec: { drivers: [] } }, { namespace: "" });
  t.match(ask([node("n2"), csiNode, ...disk(), ...deployment("web"), waiting()]).diagnoses[0], {
    state: "unknown",
    cause: { text: /does not run there, by CSINode n2/ },
  });
});

t.test("a sandbox that cannot be made is not the volume", async (t) => {
  const items = [node("n2", HELD), ...disk(), ...deployment("web"), waiting(), attachment("data", "n2")];
  t.match(ask([...items, event("Pod", "new", "FailedCreatePodSandBox", "no address left")]).diagnoses[0], {
    cause: { id: "not-the-volume", detail: "other", text: /no address left/ },
  });
});

t.test("a pod of a node that was never there goes", async (t) => {
  const items = [...nodes(), ...disk(), pod("new", { node: "nowhere", state: "creating", createdAgo: 300 })];
  t.match(ask(items).diagnoses[0], { state: "stuck", cause: { id: "node-deleted" } });
});

t.test("scaling to 0 and back says how many pods are lost on the way", async (t) => {
  const found = ask([
    ...nodes(),
    ...disk(),
    ...deployment("web", { replicas: 3, revisions: { 1: 3, 2: 1 } }),
    pod("a", { node: "n1", owner: RS }),
    pod("b", { node: "n1", owner: RS }),
    waiting({ owner: ["ReplicaSet", "web-2"] }),
    attachment("data", "n1"),
  ]).diagnoses[0];
  t.match(found?.steps.find(({ id }) => id === "scale-to-zero-and-back")?.cost, /1 pod instead of 3/);
});

t.test(
  "an in-tree volume's attachment is foreign only where its name is nothing like the controller's",
  async (t) => {
    const [bound, volume] = claim("data") as [Json, Json & { spec: Json }];
    const inTree = {
      ...volume,
      spec: { ...volume.spec, csi: undefined, gcePersistentDisk: { pdName: "other" } },
    };
    const items = [node("n1"), node("n2"), ...storage(), bound, inTree];
    const found = ask([...items, attachment("data", "n1")]);
    t.strictSame(found.findings, []);
    t.match(found.attachments, [{ state: "unknown" }]);
  },
);

t.test("an attachment of seconds under a foreign name does not go by itself", async (t) => {
  const made = attachment("data", "n1", { createdAgo: 20 });
  const foreign = { ...made, metadata: { ...(made.metadata as Json), name: "restored" } };
  const items = [node("n1"), node("n2"), ...disk(), ...deployment("web"), waiting(), foreign];
  const found = ask(items).diagnoses[0];
  t.match(found, { state: "unknown", clears: { byItself: "unknown" }, steps: [] });
  t.match(found?.cause.text, /diagnose again in a minute/);
});

t.test("a finished pod does not make its claim well", async (t) => {
  const items = [...nodes(), ...storage(), pendingClaim(), pod("old", { node: "n1", state: "succeeded" })];
  t.match(ask(items, "pvc/data").diagnoses[0], {
    state: "stuck",
    cause: { detail: "provisioner-silent" },
  });
});

t.test("a DaemonSet, a Job and a run beside another get no command that scales", async (t) => {
  for (const kind of ["DaemonSet", "Job"] as const) {
    const owner = [kind, "many"] as const;
    const found = ask([
      ...nodes(),
      ...disk(),
      object(kind, kind === "Job" ? "batch/v1" : "apps/v1", "many", { spec: {}, status: {} }),
      pod("a", { node: "n1", owner }),
      waiting({ owner }),
      attachment("data", "n1"),
    ]).diagnoses[0];
    t.match(found, { cause: { id: "replicas-on-several-nodes" } });
    t.strictSame(
      found?.steps.flatMap(({ commands }) => commands),
      [],
      kind,
    );
  }
});

t.test("a pod that names a disk itself is not said to wait for something else", async (t) => {
  const spec = { volumes: [{ name: "d", awsElasticBlockStore: { volumeID: "vol-1" } }] };
  const found = ask([
    node("n2"),
    pod("old-style", { claims: [], node: "n2", state: "creating", createdAgo: 600, spec }),
  ]);
  t.match(found.diagnoses[0], { state: "unknown", cause: { text: /names a disk itself/ } });
});

t.test("a workload that waits for the object of its ended pod is not healthy", async (t) => {
  const sts = object("StatefulSet", "apps/v1", "db", { spec: { replicas: 1 }, status: {} });
  const ended = (deletedAgo: number, metadata: Json = {}) =>
    pod("db-0", {
      node: "n1",
      owner: ["StatefulSet", "db"],
      deletedAgo,
      metadata: { deletionTimestamp: ago(deletedAgo), deletionGracePeriodSeconds: 0, ...metadata },
      status: { containerStatuses: [{ name: "app", state: { terminated: { exitCode: 0 } } }] },
    });
  const late = ask([...nodes(), ...disk(), sts, ended(900, { finalizers: ["example.com/keep"] })]);
  t.match(late.diagnoses[0], {
    subject: { kind: "StatefulSet" },
    state: "stuck",
    cause: { id: "not-the-volume", text: /finalizer example\.com\/keep.*holds no volume/ },
  });
  t.equal(ask([...nodes(), ...disk(), sts, ended(20)]).summary.healthy, 1);
});

t.test("a released volume keeps a claim waiting only where no other is made for it", async (t) => {
  const [, volume] = claim("data") as [Json, Json & { spec: Json }];
  const released = {
    ...volume,
    spec: { ...volume.spec, claimRef: { namespace: "shop", name: "data", uid: "an-earlier-one" } },
    status: { phase: "Released" },
  };
  const csiNode = object("CSINode", "storage.k8s.io/v1", "n1", { spec: { drivers: [{ name: DRIVER }] } });
  const of = (spec: Json) => [
    ...nodes(),
    csiNode,
    ...storage(),
    released,
    ...deployment("web"),
    unscheduled("pod has unbound immediate PersistentVolumeClaims", { createdAgo: 20 }),
    object(
      "PersistentVolumeClaim",
      "v1",
      "data",
      { spec: { accessModes: ["ReadWriteOnce"], ...spec }, status: { phase: "Pending" } },
      { creationTimestamp: ago(20) },
    ),
  ];
  t.match(ask(of({ storageClassName: "fast" })).diagnoses[0], { cause: { id: "starting" } });
  for (const spec of [{ storageClassName: "" }, { storageClassName: "fast", volumeName: "pv-data" }])
    t.match(ask(of(spec)).diagnoses[0], { cause: { detail: "volume-released" } });
});

t.test("a pod that runs beside an attachment that is none is not called healthy", async (t) => {
  const items = [node("n1", HELD), ...disk(), ...deployment("web"), pod("old", { node: "n1", owner: RS })];
  t.equal(ask([...items, attachment("data", "n1")]).summary.healthy, 1);
  const found = ask([...items, attachment("data", "n1", { attached: false })]).diagnoses[0];
  t.match(found, { state: "unknown", cause: { text: /not attached there/ } });
});

t.test("an attempt on a node that still has it mounted does not hide the danger", async (t) => {
  const found = ask([
    node("n1", { inUse: ["vol-data"] }),
    node("n2", HELD),
    ...disk(),
    ...deployment("web"),
    pod("now", { node: "n2", owner: RS }),
    attachment("data", "n2"),
    attachment("data", "n1", { attached: false }),
  ]);
  t.match(found.diagnoses[0], { state: "endangered", cause: { id: "still-mounted" } });
});
