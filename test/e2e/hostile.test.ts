import t, { type Test } from "tap";
import { findBinaries } from "./binaries.ts";
import { Cluster, type Outcome } from "./cluster.ts";
import { autoscaler, CLAIM_DATA, claim, namespace, STORAGE, workload } from "./objects.ts";
import { installAndServe, type Server } from "./webhook.ts";

// What a user of one namespace can send to make the webhook late, or not judge: against a real API server, which lets
// pass what is not answered in three seconds. Nothing hazardous may come of it, neither there nor elsewhere.

t.setTimeout(300_000);
const binaries = await findBinaries();
const skip = "skipped" in binaries ? binaries.skipped : false;

const NEIGHBOURS = 100;
const NODES = 200;
/** A little below what etcd stores as one object (1.5 MiB), with room for what the API server adds. */
const STORED = 1_250_000;

let cluster: Cluster;
let server: Server;

type Json = Record<string, unknown>;

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

t.before(async () => {
  if ("skipped" in binaries) return;
  cluster = await Cluster.start(binaries);
  server = await installAndServe(cluster);
  await cluster.mustApply([
    ...STORAGE,
    ...["hostile", "bystander"].flatMap((ns) => [namespace(ns), claim(ns)]),
  ]);
  const nodes = times(NODES, (index) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: `node-${index}`, labels: { "kubernetes.io/hostname": `node-${index}` } },
  }));
  const neighbours = times(NEIGHBOURS, (index) =>
    changed(workload("hostile", { recreate: true }, `neighbour-${index}`), (pod) => {
      pod.affinity = {
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term("app", "In", ["web"])] },
      };
    }),
  );
  await createAll([...nodes, ...neighbours]);
});

t.after(async () => {
  await server?.stop();
  await cluster?.stop();
});

function term(key: string, operator: string, values: readonly string[]): object {
  return {
    labelSelector: { matchExpressions: [{ key, operator, values }] },
    topologyKey: "kubernetes.io/hostname",
  };
}

/** A workload with something done to its pods' spec. */
function changed(object: object, change: (pod: Json, container: Json) => void): object {
  const copy = structuredClone(object) as { spec: { template: { spec: Json & { containers: [Json] } } } };
  const pod = copy.spec.template.spec;
  change(pod, pod.containers[0]);
  return copy;
}

/** `kubectl create`: unlike apply it does not keep a second copy in an annotation, which would be too long. */
function createAll(objects: readonly object[]): Promise<string> {
  const list = { apiVersion: "v1", kind: "List", items: objects };
  return cluster.must(["create", "--validate=false", "--output=name", "-f", "-"], JSON.stringify(list));
}

/** Sends the bytes as they are: kubectl's own encoding writes `<` in six, and more than 3 MiB are not taken. */
function create(object: object): Promise<Outcome> {
  const { namespace } = (object as { metadata: { namespace: string } }).metadata;
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  return cluster.kubectl(["create", "--raw", path, "-f", "-"], JSON.stringify(object));
}

const affinity = (count: number) => (pod: Json) => {
  const values = times(count, (index) => `v${index}`);
  pod.affinity = {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        term("app", "In", ["web"]),
        term("tier", "NotIn", values),
      ],
    },
  };
};

const volumesOf = (claims: number) =>
  times(claims, (index) => ({ name: `data-${index}`, persistentVolumeClaim: { claimName: "data" } }));

/** By what makes them awkward. Every one of them is hazardous: a rolling update on a ReadWriteOnce claim. */
const SHAPES: Readonly<Record<string, (pod: Json, container: Json) => void>> = {
  "20,000 values in one expression": affinity(20_000),
  "values up to what can be stored": affinity(Math.floor(STORED / 12)),
  "characters that a review writes in six bytes": (_, container) => {
    container.env = [{ name: "A", value: "<".repeat(STORED) }];
  },
  "as many empty arguments as fit": (_, container) => {
    container.args = times(STORED / 4, () => "");
  },
  "a thousand terms": (pod) => {
    pod.affinity = {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: times(1_000, (index) =>
          term("app", "In", ["web", `w${index}`]),
        ),
      },
    };
  },
  "a claim's name of control characters": (pod, container) => {
    const persistentVolumeClaim = { claimName: "\u0001".repeat(400_000) };
    pod.volumes = [CLAIM_DATA, { name: "v", persistentVolumeClaim }];
    container.volumeMounts = [...(container.volumeMounts as Json[]), { name: "v", mountPath: "/v" }];
  },
  "two hundred volumes of the claim": (pod) => {
    pod.volumes = [CLAIM_DATA, ...volumesOf(200)];
  },
};

const named = (index: number) => `hostile-${index}`;

function denied(t: Test, outcome: Outcome, what: string): void {
  t.equal(outcome.code, 1, what);
  t.match(outcome.stderr, /admission webhook "[a-z]+\.attachguard\.dev" denied the request: /, what);
}

/** How many requests the API server has let pass without an answer. */
async function passedUnjudged(): Promise<number> {
  return [...(await cluster.failedOpen()).values()].reduce((sum, count) => sum + count, 0);
}

/** Runs an attack; while it lasts, ordinary hazardous requests of another namespace are denied, and nobody passes unjudged. */
async function under(t: Test, attack: () => Promise<void>): Promise<void> {
  const before = await passedUnjudged();
  let over = false;
  const bystander = async () => {
    let asked = 0;
    do {
      denied(t, await create(workload("bystander")), "an ordinary one beside it");
      asked += 1;
    } while (!over);
    return asked;
  };
  const watching = bystander();
  try {
    await attack();
  } finally {
    over = true;
  }
  t.ok((await watching) > 0);
  t.equal((await passedUnjudged()) - before, 0, "requests that passed unjudged");
}

t.test("made as they are, they are denied", { skip }, async (t) => {
  await under(t, async () => {
    for (const [what, change] of Object.entries(SHAPES)) {
      denied(t, await create(changed(workload("hostile", { replicas: 3 }), change)), what);
    }
  });
  t.equal((await cluster.kubectl(["-n", "hostile", "get", "deployment", "web"])).code, 1, "none is there");
});

t.test("many at once, they are denied too", { skip }, async (t) => {
  const shapes = Object.entries(SHAPES);
  const attack = () =>
    Promise.all(
      times(12, async (index) => {
        const [what, change] = shapes[index % shapes.length] ?? ["", () => {}];
        return [what, await create(changed(workload("hostile", {}, named(index)), change))] as const;
      }),
    );
  // Twelve clients, an API server and etcd leave a small machine little for the webhook, and the API server waits three
  // seconds whatever else runs: what passed on a busy one has to be denied when it is tried again.
  for (let turn = 0; turn < 2; turn += 1) {
    const outcomes = await attack();
    const passed = times(12, named).filter((_, index) => outcomes[index]?.[1].code === 0);
    if (passed.length === 0) break;
    t.comment(`${passed.length} of 12 passed on a busy machine`);
    await cluster.must(["-n", "hostile", "delete", "deployment", ...passed]);
  }
  await under(t, async () => {
    for (const [what, outcome] of await attack()) denied(t, outcome, what);
  });
});

t.test("stored without pods first, they are denied when they are scaled", { skip }, async (t) => {
  const shapes = Object.entries(SHAPES);
  for (const [index, [what, change]] of shapes.entries()) {
    const asleep = changed(workload("hostile", { replicas: 0 }, named(index)), change);
    const { code, stderr } = await create(asleep);
    t.equal(code, 0, `${what}: no pods, no conflict: ${stderr.slice(0, 500)}`);
  }
  await under(t, async () => {
    for (const [index, [what]] of shapes.entries()) {
      const scaled = ["-n", "hostile", "scale", `deployment/${named(index)}`, "--replicas=3"];
      denied(t, await cluster.kubectl(scaled), `${what}: scaled`);
    }
  });
  for (const index of shapes.keys()) {
    const found = ["deployment", named(index), "-n", "hostile"];
    const { spec } = await cluster.get<{ spec: { replicas: number } }>(...found);
    t.equal(spec.replicas, 0, `${named(index)} has no pods`);
  }
});

t.test("stored as they are safe, they are denied when that changes", { skip }, async (t) => {
  const rolling = JSON.stringify({ spec: { strategy: { type: "RollingUpdate" } } });
  await under(t, async () => {
    for (const [index, [what, change]] of Object.entries(SHAPES).entries()) {
      const name = `safe-${index}`;
      const made = await create(changed(workload("hostile", { recreate: true }, name), change));
      t.equal(made.code, 0, `${what}: ${made.stderr.slice(0, 500)}`);
      const patched = await cluster.kubectl(["-n", "hostile", "patch", "deployment", name, "-p", rolling]);
      denied(t, patched, `${what}: with another strategy`);
    }
  });
});

t.test("beside 20 rivals that mount the same 200 claims, on 5,000 nodes", { skip }, async (t) => {
  const nodes = times(5_000 - NODES, (index) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: `more-${index}`,
      labels: { "kubernetes.io/hostname": `more-${index}`, disk: index % 2 === 0 ? "ssd" : "hdd" },
    },
  }));
  const names = times(200, (index) => `shared-${index}`);
  const mounting = (name: string, settings: Parameters<typeof workload>[1]) =>
    changed(workload("crowd", settings, name), (pod, container) => {
      pod.nodeSelector = { disk: "ssd" };
      // The rivals stay together; what is judged is on any node.
      if (name.startsWith("rival")) {
        pod.affinity = {
          podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term("app", "In", ["web"])] },
        };
      }
      pod.volumes = names.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
      container.volumeMounts = names.map((claim) => ({ name: claim, mountPath: `/${claim}` }));
    });
  await cluster.mustApply([namespace("crowd")]);
  await createAll(names.map((name) => claim("crowd", name)));
  await Promise.all(
    times(4, (part) => createAll(nodes.slice((part * nodes.length) / 4, ((part + 1) * nodes.length) / 4))),
  );
  await createAll(times(20, (index) => mounting(`rival-${index}`, { recreate: true })));
  await under(t, async () => {
    denied(t, await create(mounting("web", { replicas: 3 })), "created");
    await cluster.mustApply([mounting("safe", { recreate: true })]);
    const rolling = JSON.stringify({ spec: { strategy: { type: "RollingUpdate" } } });
    denied(
      t,
      await cluster.kubectl(["-n", "crowd", "patch", "deployment", "safe", "-p", rolling]),
      "changed",
    );
    const scaled = ["-n", "crowd", "scale", "deployment/safe", "--replicas=3"];
    denied(t, await cluster.kubectl(scaled), "scaled");
  });
});

t.test("in stages: an autoscaler on a workload without pods counts as if it had one", { skip }, async (t) => {
  await cluster.mustApply([
    namespace("stages"),
    claim("stages"),
    workload("stages", { recreate: true, replicas: 0 }),
  ]);
  denied(t, await cluster.apply([autoscaler("stages", 10)]), "the autoscaler");
});

t.end();
