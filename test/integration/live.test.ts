import t, { type Test } from "tap";
import { DEFAULT_CONFIG } from "../../src/config/defaults.ts";
import type { Json } from "../admission/support/reviews.ts";
import { senderTo } from "../admission/support/sending.ts";
import { responseOf, startServer } from "../admission/support/server.ts";
import type { ApiServerDouble } from "../support/api-server/api-server.ts";
import { live } from "../support/api-server/live.ts";
import { autoscaler, claim, deployment, storageClass } from "../support/objects.ts";

// The webhook over a live view of an API server in this process, which counts what it is asked and can hang.

/** How long the sender's API server waits, in milliseconds. */
const TIMEOUT = 5_000;

type Raw = Readonly<Record<string, unknown>>;

let uids = 0;

function review(operation: string, resource: string, object: Raw, oldObject: Raw | null = null): Json {
  const [plural = "", subResource] = resource.split("/");
  const apiVersion = String(object.apiVersion);
  const [group = "", version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  const { name, namespace } = object.metadata as { name: string; namespace: string };
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: `uid-${uids++}`,
      kind: { group, version, kind: object.kind },
      resource: { group: subResource === undefined ? group : "apps", version: "v1", resource: plural },
      ...(subResource === undefined ? {} : { subResource }),
      operation,
      name,
      namespace,
      userInfo: { username: "ann", groups: [] },
      dryRun: false,
      object,
      oldObject,
    },
  };
}

const scaleOf = (name: string, replicas: number): Raw => ({
  apiVersion: "autoscaling/v1",
  kind: "Scale",
  metadata: { name, namespace: "shop", uid: `uid-${name}` },
  spec: { replicas },
});

const safe = (name: string, workload: Raw = {}) =>
  deployment({ name, claims: [`data-${name}`], workload: { strategy: { type: "Recreate" }, ...workload } });

const APPS = Array.from({ length: 20 }, (_, at) => `app-${at}`);

function fill(double: ApiServerDouble): void {
  double.put(storageClass);
  for (const name of APPS) {
    double.put(claim({ name: `data-${name}` }));
    double.put(safe(name));
  }
}

async function serveLive(t: Test, config: Partial<typeof DEFAULT_CONFIG> = {}) {
  const it = await live(t, { fill });
  await it.double.until(() => it.double.watchers() === 12);
  const server = await startServer(t, { live: it.cluster, config });
  const asked = () => it.double.requests.length;
  return { ...it, ...server, asked };
}

t.test("a thousand ordinary reviews ask the API server next to nothing", async (t) => {
  const { post, asked } = await serveLive(t);
  const before = asked();
  const ordinary = (at: number): Json => {
    const name = APPS[at % APPS.length] ?? "";
    const kind = at % 10;
    if (kind < 6) {
      const spec = { containers: [{ name: "main", image: `example.com/web:${at}` }] };
      return review(
        "UPDATE",
        "deployments",
        deployment({ name, claims: [`data-${name}`], spec, workload: { strategy: { type: "Recreate" } } }),
        safe(name),
      );
    }
    if (kind < 8) return review("UPDATE", "deployments/scale", scaleOf(name, 1), scaleOf(name, 2));
    if (kind < 9)
      return review("CREATE", "horizontalpodautoscalers", autoscaler({ name, target: name, max: 1 }));
    return review("CREATE", "persistentvolumeclaims", claim({ name: `new-${at}` }));
  };
  for (let start = 0; start < 1000; start += 25) {
    const reviews = Array.from({ length: 25 }, (_, at) => ordinary(start + at));
    await Promise.all(reviews.map(async (each) => responseOf(t, await post(each), each)));
  }
  const requests = asked() - before;
  t.ok(requests <= 5, `${requests} requests for 1,000 reviews`);
});

t.test("an autoscaler made an instant before is found where it decides", async (t) => {
  const atZero = safe("app-0", { replicas: 0 });
  const rolling = deployment({
    name: "app-0",
    claims: ["data-app-0"],
    workload: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } },
  });
  const rows: readonly (readonly [why: string, review: () => Json, asks: number])[] = [
    ["CREATE", () => review("CREATE", "deployments", safe("app-0")), 1],
    ["0 to 1", () => review("UPDATE", "deployments", safe("app-0"), atZero), 1],
    [
      "0 to 1 by its scale",
      () => review("UPDATE", "deployments/scale", scaleOf("app-0", 1), scaleOf("app-0", 0)),
      1,
    ],
    ["another strategy", () => review("UPDATE", "deployments", safe("app-0"), rolling), 1],
    [
      "another image only",
      () => review("UPDATE", "deployments", safe("app-0", { minReadySeconds: 5 }), safe("app-0")),
      0,
    ],
    ["1 to 0", () => review("UPDATE", "deployments", atZero, safe("app-0")), 0],
    ["without a claim", () => review("CREATE", "deployments", deployment({ name: "app-0", claims: [] })), 0],
    [
      "an error already",
      () =>
        review(
          "CREATE",
          "deployments",
          deployment({ name: "app-0", claims: ["data-app-0"], workload: { replicas: 3 } }),
        ),
      0,
    ],
  ];
  for (const [why, make, asks] of rows) {
    const { double, post } = await serveLive(t);
    double.freeze();
    double.put(autoscaler({ name: "late", target: "app-0", max: 5 }));
    const before = double.seen("list", "HorizontalPodAutoscaler").length;
    const sent = make();
    const response = responseOf(t, await post(sent), sent);
    t.equal(double.seen("list", "HorizontalPodAutoscaler").length - before, asks, `${why}: questions`);
    if (asks > 0) t.match(JSON.stringify(response), /rwo-autoscaling/, `${why}: the autoscaler counts`);
  }
});

t.test("with an API server that hangs, three hundred reviews keep their deadline", async (t) => {
  const limits = { ...DEFAULT_CONFIG.limits, maxConcurrent: 300 };
  const { double, log, port } = await serveLive(t, { limits });
  double.fault = ({ verb }) => (verb === "watch" ? undefined : { do: "hang" });
  const send = senderTo(t, port, TIMEOUT);
  // Of four namespaces: none may have more than a quarter of the places.
  const made = (at: number) => {
    const claims = Array.from({ length: 4 }, (_, nth) => `missing-${at}-${nth}`);
    const object = deployment({ name: `made-${at}`, claims });
    const metadata = { ...(object.metadata as Json), namespace: `shop-${at % 4}` };
    return review("CREATE", "deployments", { ...object, metadata });
  };
  const quick = Array.from({ length: 300 }, () => review("DELETE", "deployments", safe("app-0")));
  // The connections are there before, as the API server's are.
  await send(
    quick.map((each) => JSON.stringify(each)),
    300,
  );
  log.length = 0;
  const answers = await send(
    Array.from({ length: 300 }, (_, at) => JSON.stringify(made(at))),
    300,
  );
  t.equal(answers.length, 300);
  for (const { status, allowed, warnings } of answers) {
    t.strictSame([status, allowed], [200, true]);
    t.match(warnings, [/could not be looked up/, /did not finish before the deadline/]);
    t.notMatch(warnings.join(), /not found/, "nobody knows that");
  }
  // From the arrival at the server, by its own clock.
  const took = log.flatMap(({ msg, durationMs }) => (msg === "decision" ? [Number(durationMs)] : []));
  t.equal(took.length, 300);
  const longest = Math.max(...took);
  t.ok(longest < TIMEOUT, `the longest took ${Math.round(longest)} of ${TIMEOUT} ms`);
});
