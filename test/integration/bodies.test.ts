import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import t, { type Test } from "tap";
import { DEFAULT_CONFIG } from "../../src/config/defaults.ts";
import { at, type Json, objectOf, RECORDED_AT, RECORDINGS, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, startServer, type TestServer, verdictSeen } from "../admission/support/server.ts";

t.setTimeout(0);

const MIB = 1024 * 1024;
/** The most that etcd takes for one object (`--max-request-bytes`), as an API server uses it by default. */
const STORED = 1.5 * MIB;
const { limits } = DEFAULT_CONFIG;

const HOST = "kubernetes.io/hostname";
const NODES = Array.from({ length: 3 }, (_, index) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: `n${index}`, labels: { [HOST]: `n${index}`, disk: index === 0 ? "ssd" : "hdd" } },
  spec: { taints: index === 1 ? [{ key: "gpu", effect: "NoSchedule" }] : [] },
}));

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const podOf = (object: Json): Json => at(object, "spec", "template", "spec");
const manyLabels = (count: number): Json => Object.fromEntries(many(count, (index) => [`l${index}`, ""]));
const required = "requiredDuringSchedulingIgnoredDuringExecution";
const onHost = (labelSelector: Json, more: Json = {}): Json => ({
  podAffinity: { [required]: [{ labelSelector, topologyKey: HOST, ...more }] },
});

/** Mounts claims, disks that may be shared and disks that may not, and names a claim that nothing mounts. */
function mountMany(
  pod: Json,
  from: number,
  claimName = (index: number) => (index < 3 ? "data" : `c${index}`),
) {
  const disk = (index: number): Json =>
    index % 2 === 0
      ? { awsElasticBlockStore: { volumeID: `${index}` } }
      : { gcePersistentDisk: { pdName: `${index}`, readOnly: index % 3 === 0 } };
  const volumes = many(2_000, (index) => ({
    name: `v${index + from}`,
    ...(index < 600 ? { persistentVolumeClaim: { claimName: claimName(index + from) } } : disk(index + from)),
  }));
  pod.volumes = [...volumes, { name: "idle", persistentVolumeClaim: { claimName: "idle" } }];
  at(pod, "containers", 0).volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
}

/** What is read of a template, and what is left out or cut of a large one. */
const AWKWARD: Readonly<Record<string, (object: Json, field: "object" | "oldObject") => void>> = {
  "one node by its label": (object) => Object.assign(podOf(object), { nodeSelector: { disk: "ssd" } }),
  "one host by name": (object) => Object.assign(podOf(object), { nodeName: "n1" }),
  "tolerations decide": (object) =>
    Object.assign(podOf(object), { tolerations: [{ key: "gpu", operator: "Exists" }] }),
  "node affinity": (object) => {
    const nodeSelectorTerms = [{ matchExpressions: [{ key: "disk", operator: "NotIn", values: ["hdd"] }] }];
    podOf(object).affinity = { nodeAffinity: { [required]: { nodeSelectorTerms } } };
  },
  "self affinity": (object) => {
    podOf(object).affinity = onHost({ matchLabels: { app: "web" } });
  },
  "self affinity among 20,000 labels": (object) => {
    at(object, "spec", "template", "metadata").labels = { ...manyLabels(20_000), app: "web" };
    podOf(object).affinity = onHost({ matchLabels: { app: "web", l19999: "" } });
  },
  "a label that 20,000 have no place for": (object) => {
    at(object, "spec", "template", "metadata").labels = manyLabels(20_000);
    podOf(object).affinity = onHost({ matchExpressions: [{ key: "l7", operator: "DoesNotExist" }] });
  },
  "too many expressions": (object) => {
    podOf(object).affinity = onHost({
      matchExpressions: many(20_000, (index) => ({ key: `k${index}`, operator: "DoesNotExist" })),
    });
  },
  "too many node labels": (object) => Object.assign(podOf(object), { nodeSelector: manyLabels(20_000) }),
  "preferences only": (object) => {
    podOf(object).affinity = {
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, podAffinityTerm: { labelSelector: {}, topologyKey: HOST } },
        ],
      },
    };
  },
  "a claim that nothing mounts": (object) => {
    at(object, "spec", "template", "spec", "containers", 0).volumeMounts = [];
  },
  "a disk of its own": (object) => {
    (podOf(object).volumes as Json[]).push({ name: "disk", awsElasticBlockStore: { volumeID: "vol-1" } });
    (at(object, "spec", "template", "spec", "containers", 0).volumeMounts as Json[]).push({ name: "disk" });
  },
  "more mounts than a pod has": (object, field) => mountMany(podOf(object), field === "object" ? 1 : 0),
  "many of one claim": (object) => mountMany(podOf(object), 0, () => "data"),
  "many that nobody knows": (object) => mountMany(podOf(object), 0, (index) => `c${index}`),
  "only a probe differs": (object, field) => {
    at(object, "spec", "template", "spec", "containers", 0).livenessProbe = { exec: { command: [field] } };
  },
  "only a preference differs": (object, field) => {
    podOf(object).schedulerName = field;
  },
};

/** As the API server writes JSON (Go's encoding/json): `<`, `>` and `&` as six bytes. */
function asGo(review: unknown): string {
  return JSON.stringify(review).replace(
    /[<>&]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}

/** A review of a changed template, with an environment value of a text in both objects. */
function updateWith(value: string, other = value): Json {
  return reviewOf("014", (request) => {
    for (const [field, text] of [
      ["object", other],
      ["oldObject", value],
    ] as const) {
      at(request, field, "spec", "template", "spec", "containers", 0).env = [{ name: "PAGE", value: text }];
    }
  });
}

t.test("a review of the largest objects that can be stored is judged as a small one is", async (t) => {
  const { post } = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const small = updateWith("<", "<");
  const expected = responseOf(t, await post(small), small);
  for (const fill of ["<", "\u2028", "x"]) {
    const large = updateWith(fill.repeat(STORED / Buffer.byteLength(fill)));
    const sent = asGo(large);
    t.ok(sent.length < limits.bodyBytes, `${sent.length} bytes are within the limit`);
    t.same(responseOf(t, await post(sent), large), expected, `U+${fill.codePointAt(0)?.toString(16)}`);
  }
  t.equal(verdictSeen(expected), "deny");
});

t.test("a large body is answered as the same review is in a small one", async (t) => {
  const { post, configure } = await startServer(t, {
    objects: [objectOf("004"), objectOf("005"), ...NODES],
    now: () => RECORDED_AT,
  });
  // Dry runs are remembered, which would make the second of two another request.
  configure({ dryRunMemory: { ...DEFAULT_CONFIG.dryRunMemory, seconds: 0 } } as never);
  const padding = "x".repeat(MIB);
  for (const { file, review } of RECORDINGS) {
    const small = (await post({ ...review, request: { ...review.request, dryRun: false } })).body;
    const large = (await post({ ...review, request: { ...review.request, dryRun: false }, padding })).body;
    t.strictSame(large, small, file);
  }
  for (const [name, change] of Object.entries(AWKWARD)) {
    const review = reviewOf("014", (request) => {
      for (const field of ["object", "oldObject"] as const) change(at(request, field), field);
    });
    const small = (await post(review)).body;
    t.strictSame((await post({ ...review, padding })).body, small, name);
  }
});

t.test("a large StatefulSet's own claims take the place of its template's volumes", async (t) => {
  const { post } = await startServer(t, { now: () => RECORDED_AT });
  const review = reviewOf("005", (request) => {
    request.resource = { group: "apps", version: "v1", resource: "statefulsets" };
    const object = at(request, "object");
    Object.assign(object, { kind: "StatefulSet" });
    const spec = at(object, "spec");
    const own = many(50, (index) => ({
      metadata: { name: `v${index}` },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    }));
    Object.assign(spec, { replicas: 3, serviceName: "web", volumeClaimTemplates: own });
    mountMany(podOf(object), 0);
    // Disks of the names of its claim templates: no pod gets them.
    for (const volume of (podOf(object).volumes as Json[]).slice(0, 50)) delete volume.persistentVolumeClaim;
    for (const volume of (podOf(object).volumes as Json[]).slice(0, 50)) volume.awsElasticBlockStore = {};
  });
  const small = (await post(review)).body;
  t.strictSame((await post({ ...review, padding: "x".repeat(MIB) })).body, small);
  t.notMatch(JSON.stringify(small), /volume v[0-4]?\d is/, "what no pod gets is not looked at");
  t.match(JSON.stringify(small), /disk/, "the others are");
});

t.test("whether the template of a large object was changed is seen", async (t) => {
  const { post } = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const change = (first: string, second: string): Json => {
    const review = updateWith(first);
    const request = review.request as Json;
    request.object = structuredClone(request.oldObject);
    at(request, "object", "spec", "template", "spec", "containers", 0).env = [
      { name: "PAGE", value: second },
    ];
    return review;
  };
  const page = "x".repeat(STORED);
  const same = change(page, page);
  const changed = change(page, `${page.slice(1)}y`);
  t.equal(verdictSeen(responseOf(t, await post(same), same)), "warn", "no rollout starts");
  t.equal(verdictSeen(responseOf(t, await post(changed), changed)), "deny", "one does");
});

t.test("JSON has at most six bytes for each that etcd stores", async (t) => {
  // Bytes of protobuf as `generated.pb.go` of core/v1 writes them: a key and a length of one byte each before every
  // string and message, strings that are not pointers also when they are empty; JSON as it is sent, commas included.
  const rows: readonly (readonly [string, number, string])[] = [
    ["an environment value of <", 1, "\\u003c"],
    ["an empty argument", 2, '"",'],
    ["a variable", 2 + 3 + 2, '{"name":"a"},'],
    [
      "a variable of a Secret",
      2 + 3 + 2 + 2 + 2 + (2 + 3) + 3 + 2,
      '{"name":"a","valueFrom":{"secretKeyRef":{"name":"a","key":"b","optional":false}}},',
    ],
    ["a mount", 2 + 3 + 2 + 3 + 2 + 2, '{"name":"a","mountPath":"b"},'],
    ["an emptyDir", 2 + 3 + 2 + 2 + 2, '{"name":"a","emptyDir":{}},'],
    ["a token", 2 + 2 + 2 + 3 + 3, '{"serviceAccountToken":{"expirationSeconds":3600,"path":"a"}},'],
    [
      "a container with everything short",
      2 + 8 + 3 + 2 + 2 + 22 + 8 + 7 + 6 + (2 + 10) + (2 + 10 + 16),
      '{"name":"aaaaaa","image":"a","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"Always","securityContext":{"privileged":false,"runAsNonRoot":false,"readOnlyRootFilesystem":false,"allowPrivilegeEscalation":false},"livenessProbe":{"httpGet":{"path":"/","port":1,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":1,"successThreshold":1,"failureThreshold":1}},',
    ],
  ];
  for (const [what, stored, sent] of rows)
    t.ok(sent.length / stored <= 6, `${what}: ${sent.length}/${stored}`);
  t.ok(2 * 6 * STORED + 2 * MIB <= limits.bodyBytes, "two objects and 2 MiB for the rest of the request");
});

t.test("above the limit a review is answered as a review, when it was read to its end", async (t) => {
  const { configure, post, scrape, log } = await startServer(t, {
    config: { limits: { ...limits, bodyBytes: MIB } },
  });
  const review = updateWith("x".repeat(MIB));
  const open = responseOf(t, await post(review), review);
  t.equal(open.allowed, true);
  t.match(open.warnings, [/^attachguard did not judge this request: the body is larger than 1048576 bytes$/]);
  t.match(open.auditAnnotations, { verdict: "unjudged", unjudged: /larger than/ });
  configure({ limits: { ...limits, overload: "deny" } });
  const closed = responseOf(t, await post(review), review);
  t.equal(closed.allowed, false);
  const metrics = await scrape();
  t.match(metrics, /attachguard_admission_unread_bodies_total\{reason="size"\} 2/);
  t.match(metrics, /attachguard_admission_overload_total 2/);
  t.match(
    metrics,
    /reviews_total\{resource="deployments",operation="UPDATE",verdict="unjudged",dry_run="unknown"\} 2/,
  );
  t.match(log.at(-1), { msg: "overload", why: "size", namespace: "shop", name: "web", allowed: false });
  t.match(metrics, /attachguard_admission_body_bytes 0/, "nothing is held afterwards");
});

t.test("bodies that explode when they are parsed are answered, and the server goes on", async (t) => {
  const { post, scrape } = await startServer(t, { objects: [objectOf("004")] });
  const head = JSON.stringify(reviewOf("005")).replace(/\}\}$/, "");
  const bombs = {
    "many empty lists": `${head},"x":[${"[],".repeat(6_600_000 / 3)}1]}}`,
    "many empty objects": `${head},"x":[${"{},".repeat(1_900_000)}1]}}`,
    "many keys": `${head},"x":{${Array.from({ length: 900_000 }, (_, index) => `"k${index}":{}`).join()}}}}`,
  };
  const sent = Object.values(bombs);
  const replies = await Promise.all([...sent.map((text) => post(text)), post(reviewOf("005"))]);
  for (const reply of replies) {
    t.equal(reply.status, 200);
    t.equal(typeof (reply.body.response as Json).allowed, "boolean");
  }
  t.equal(
    ((replies.at(-1) as { body: Json }).body.response as Json).allowed,
    false,
    "one beside them is judged",
  );
  t.match(await scrape(), /unread_bodies_total\{reason="values"\} [1-3]/);
  t.match(await scrape(), /attachguard_admission_body_bytes 0/);
});

/** The bytes that bodies hold, once they are as expected and stay so; after five seconds, whatever they are. */
async function settled({ scrape }: TestServer, expected: (held: number) => boolean): Promise<number> {
  let held = Number.NaN;
  for (let turn = 0; turn < 50; turn += 1) {
    const now = Number(/body_bytes (\d+)/.exec(await scrape())?.[1]);
    if (expected(now) && now === held) return now;
    held = now;
    await sleep(100);
  }
  return held;
}

/** Begins a review and holds back the rest. */
async function heldBack(
  { port, ca }: TestServer,
  t: Test,
  bytes: number,
  namespace: string,
  timeout: string,
) {
  const socket = connect({ host: "127.0.0.1", port, ca: ca.certificate, servername: "localhost" });
  t.teardown(() => socket.destroy());
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  const text = JSON.stringify(
    reviewOf("042", (request) => {
      request.namespace = namespace;
      at(request, "object", "metadata").annotations = { note: "x".repeat(bytes) };
    }),
  );
  socket.write(
    `POST /validate?timeout=${timeout} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text.slice(0, -1)}`,
  );
  return {
    /** Sends the last byte. @returns what comes back */
    finish: async (): Promise<string> => {
      socket.write(text.slice(-1));
      socket.setEncoding("utf8");
      const [heard] = await once(socket, "data");
      return heard;
    },
  };
}

t.test("bodies that are held back hold half of the room at most, and not for long", async (t) => {
  const server = await startServer(t, {
    config: { limits: { ...limits, bodyMemoryBytes: 8 * MIB } },
    objects: [objectOf("004")],
  });
  const holders = await Promise.all(
    Array.from({ length: 12 }, (_, index) => heldBack(server, t, MIB, `team-${index}`, "6s")),
  );
  const bytes = await settled(server, (held) => held > 3 * MIB);
  t.ok(bytes > 3 * MIB && bytes <= 4.5 * MIB, `${bytes} bytes are held`);
  const review = reviewOf("005");
  t.equal(
    verdictSeen(responseOf(t, await server.post(review), review)),
    "deny",
    "small ones are judged meanwhile",
  );
  t.equal(
    await settled(server, (held) => held === 0),
    0,
    "at two thirds of its deadline a body loses its place",
  );
  const heard = await holders[0]?.finish();
  t.match(heard, /^HTTP\/1\.1 200 /, "and is answered when its end has come");
  t.match(heard, /did not judge this request: (the body did not arrive in time|too many bytes)/);
});

t.test("a body that is late, since the machine is busy, is judged as long as there is time", async (t) => {
  const server = await startServer(t, { objects: [objectOf("004")] });
  const { finish } = await heldBack(server, t, MIB, "team", "3s");
  // More than half of the 2.7 s that are left of it, and less than two thirds.
  await sleep(1_550);
  const heard = await finish();
  t.match(heard, /^HTTP\/1\.1 200 /);
  t.notMatch(heard, /did not judge/);
});

t.test("one namespace waits behind its own bodies while others are read", async (t) => {
  const server = await startServer(t, { config: { limits: { ...limits, bodyMemoryBytes: 16 * MIB } } });
  await Promise.all(Array.from({ length: 8 }, () => heldBack(server, t, MIB, "greedy", "12s")));
  const bytes = await settled(server, (held) => held > 3 * MIB);
  t.ok(bytes > 3 * MIB && bytes <= 4.5 * MIB, `${bytes} bytes are held, a quarter`);
  const review = reviewOf("042", (request) => {
    request.namespace = "modest";
    at(request, "object", "metadata").annotations = { note: "x".repeat(300_000) };
  });
  t.equal(verdictSeen(responseOf(t, await server.post(review), review)), "allow");
});

t.test("a client that goes away in the middle of a large body leaves nothing behind", async (t) => {
  const server = await startServer(t);
  const { port, ca } = server;
  for (let round = 0; round < 5; round += 1) {
    const socket = connect({ host: "127.0.0.1", port, ca: ca.certificate, servername: "localhost" });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    socket.write(
      `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n${"x".repeat(400_000)}`,
    );
    await sleep(20);
    socket.destroy();
  }
  t.equal(await settled(server, (held) => held === 0), 0);
});
