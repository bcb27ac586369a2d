import { gzipSync } from "node:zlib";
import t, { type Test } from "tap";
import { at, type Json, reviewOf } from "../admission/support/reviews.ts";
import { type Reply, responseOf, startServer, verdictSeen } from "../admission/support/server.ts";

/** Asserts a refusal: a Status with a reason, as the API server shows it. */
function refused(t: Test, reply: Reply, code: number, message: RegExp, name: string): void {
  t.equal(reply.status, code, name);
  t.match(reply.body, { kind: "Status", apiVersion: "v1", status: "Failure", code, message }, name);
  t.type(reply.body.reason, "string", name);
  t.notOk("retry-after" in reply.headers, name);
}

/** A review whose template holds lists within lists, which a comparison of templates would follow. */
function nestedReview(levels: number): string {
  const nested = `${"[".repeat(levels)}${"]".repeat(levels)}`;
  return JSON.stringify(
    reviewOf("014", (request) => {
      for (const field of ["object", "oldObject"]) at(request, field, "spec", "template").nested = "here";
    }),
  ).replaceAll('"here"', nested);
}

t.test("what is not a review that can be judged gets a Status with the reason", async (t) => {
  const { post, get, log } = await startServer(t);
  const json = { "content-type": "application/json" };
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const rows: readonly (readonly [string, unknown, number, RegExp, Record<string, string>?])[] = [
    ["not JSON", "{not json", 400, /not JSON/],
    ["cut short", '{"kind":"AdmissionReview"', 400, /not JSON/],
    ["an empty body", "", 400, /body is empty/],
    ["null", "null", 400, /not a JSON object/],
    ["a number", "1", 400, /not a JSON object/],
    ["a list", [], 400, /not a JSON object/],
    ["lists within lists", deep, 400, /nests deeper than 500 levels/],
    ["another kind", { kind: "Deployment", apiVersion: "apps/v1" }, 400, /expected "AdmissionReview"/],
    ["v1beta1", { ...reviewOf("005"), apiVersion: "admission.k8s.io/v1beta1" }, 400, /v1beta1/],
    ["no request", { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" }, 400, /request is missing/],
    ["a missing uid", reviewOf("005", (request) => delete request.uid), 400, /request\.uid is missing/],
    [
      "an object of another kind",
      reviewOf("005", (request) => {
        request.object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "web" } };
      }),
      400,
      /request\.object is "ConfigMap" of "v1"; deployments carries a Deployment/,
    ],
    [
      "a kind of another group",
      reviewOf("005", (request) => {
        at(request, "object").apiVersion = "example.com/v1";
      }),
      400,
      /"example\.com\/v1"/,
    ],
    [
      "object null",
      reviewOf("005", (request) => {
        request.object = null;
      }),
      400,
      /request\.object is null; a CREATE of deployments carries a Deployment/,
    ],
    [
      "an old object of another kind",
      reviewOf("014", (request) => {
        at(request, "oldObject").kind = "StatefulSet";
      }),
      400,
      /request\.oldObject is "StatefulSet"/,
    ],
    [
      "a scale to no number",
      reviewOf("010", (request) => {
        at(request, "object", "spec").replicas = "three";
      }),
      400,
      /request\.object\.spec\.replicas is "three"/,
    ],
    ["no content type", JSON.stringify(reviewOf("005")), 415, /content type/, {}],
    ["text", JSON.stringify(reviewOf("005")), 415, /content type/, { "content-type": "text/plain" }],
    ["YAML", "kind: AdmissionReview", 415, /content type/, { "content-type": "application/yaml" }],
    ["a form", "a=b", 415, /content type/, { "content-type": "application/x-www-form-urlencoded" }],
    ["5 MB of spaces", " ".repeat(5_000_000), 400, /not JSON/],
    ["5 MB of something else", JSON.stringify("x".repeat(5_000_000)), 400, /not a JSON object/],
    ["100,000 levels in a review", nestedReview(100_000), 400, /nests deeper than 500 levels/],
    ["more than 20 MiB of spaces", " ".repeat(20 * 1024 * 1024 + 1), 413, /larger than 20971520 bytes/],
    ["bytes that are no text", Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]), 400, /not JSON/],
    [
      "a compressed body",
      gzipSync(JSON.stringify(reviewOf("005"))),
      415,
      /content-encoding "gzip"/,
      { ...json, "content-encoding": "gzip" },
    ],
  ];
  for (const [name, body, code, message, headers = json] of rows) {
    refused(t, await post(body, { headers }), code, message, name);
  }
  refused(t, await get("/validate"), 404, /there is no GET \/validate here/, "another method");
  refused(t, await get("/nothing"), 404, /there is no GET \/nothing here/, "another path");
  refused(t, await get("/%"), 400, /\S/, "a path that cannot be decoded");

  const reply = await post(reviewOf("005"));
  t.equal(verdictSeen(responseOf(t, reply, reviewOf("005"))), "warn", "and the server goes on judging");
  t.ok(
    log.every((line) => typeof line.msg === "string"),
    "and has logged nothing but JSON lines",
  );
  t.notOk(
    log.some((line) => Number(line.level) >= 50),
    "and no fault",
  );
});

t.test("keys that would set a prototype are not read, whatever they hold", async (t) => {
  const { post } = await startServer(t);
  const plain = JSON.stringify(reviewOf("042"));
  const rows: readonly (readonly [string, string])[] = [
    ["at the top", plain.replace("{", '{"__proto__":{"request":{"uid":"other"}},')],
    ["in the request", plain.replace('"request":{', '"request":{"__proto__":{"dryRun":true},')],
    ["in labels", plain.replace(/"labels":\{/g, '"labels":{"__proto__":{"app":"x"},')],
    ["written with escapes", plain.replace('"request":{', '"request":{"\\u005f_proto__":{"dryRun":true},')],
    ["a constructor", plain.replace('"request":{', '"request":{"constructor":{"prototype":{"uid":"x"}},')],
    [
      "a label called constructor",
      plain.replace(/"labels":\{/g, '"labels":{"constructor":"x","toString":"y",'),
    ],
  ];
  for (const [name, body] of rows) {
    const response = responseOf(t, await post(body), reviewOf("042"));
    t.equal(verdictSeen(response), "allow", name);
  }
  t.equal(({} as Json).uid, undefined, "no prototype was changed");
});

t.test("an object that makes no sense gets a verdict", async (t) => {
  const { post, log } = await startServer(t);
  const spec = (change: (spec: Json) => void) =>
    reviewOf("005", (request) => change(at(request, "object", "spec")));
  const rows: readonly (readonly [string, Json])[] = [
    ["maxSurge abc", spec((it) => Object.assign(at(it, "strategy", "rollingUpdate"), { maxSurge: "abc" }))],
    ["maxSurge a list", spec((it) => Object.assign(at(it, "strategy", "rollingUpdate"), { maxSurge: [1] }))],
    ["replicas -1", spec((it) => Object.assign(it, { replicas: -1 }))],
    ["replicas 1e9", spec((it) => Object.assign(it, { replicas: 1e9 }))],
    ["replicas 1e300", spec((it) => Object.assign(it, { replicas: 1e300 }))],
    ["replicas as text", spec((it) => Object.assign(it, { replicas: "3" }))],
    ["a template without spec", spec((it) => Object.assign(it, { template: { metadata: {} } }))],
    ["no template", spec((it) => delete it.template)],
    [
      "a spec that is a list",
      reviewOf("005", (request) => Object.assign(at(request, "object"), { spec: [] })),
    ],
    ["no spec", reviewOf("005", (request) => delete at(request, "object").spec)],
    ["no metadata", reviewOf("005", (request) => delete at(request, "object").metadata)],
    ["no strategy", spec((it) => delete it.strategy)],
    ["strategy of another type", spec((it) => Object.assign(it, { strategy: { type: "BlueGreen" } }))],
    [
      "10,000 volumes",
      spec((it) => {
        const pod = at(it, "template", "spec");
        pod.volumes = Array.from({ length: 10_000 }, (_, index) => ({
          name: `v${index}`,
          persistentVolumeClaim: { claimName: `c${index}` },
        }));
        at(pod, "containers", 0).volumeMounts = Array.from({ length: 10_000 }, (_, index) => ({
          name: `v${index}`,
          mountPath: `/${index}`,
        }));
      }),
    ],
    [
      "containers that are text",
      spec((it) => Object.assign(at(it, "template", "spec"), { containers: "x" })),
    ],
    [
      "control characters in a name",
      reviewOf("005", (request) => {
        request.name = "we\nb\u0000";
        at(request, "object", "metadata").name = "we\nb\u0000";
      }),
    ],
  ];
  for (const [name, review] of rows) {
    const reply = await post(review);
    const response = responseOf(t, reply, review);
    for (const warning of (response.warnings as string[] | undefined) ?? []) {
      t.ok(Array.from(warning).length <= 256, `${name}: no warning is longer than the API server passes on`);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is there is what is tested
      t.notMatch(warning, /[\u0000-\u001f\u007f-\u009f]/, `${name}: nor has a control character`);
    }
  }
  t.notOk(
    log.some((line) => line.msg === "fault"),
    "without a fault inside",
  );
});

t.test("a review of 5 MB gets a verdict", async (t) => {
  const { post } = await startServer(t);
  const review = reviewOf("042", (request) => {
    at(request, "object", "metadata").annotations = { note: "x".repeat(5_000_000) };
  });
  t.equal(verdictSeen(responseOf(t, await post(review), review)), "allow");
});

t.test("an old object that is missing makes a change a new object", async (t) => {
  const { post } = await startServer(t);
  for (const number of ["014", "010", "037"]) {
    const review = reviewOf(number, (request) => delete request.oldObject);
    responseOf(t, await post(review), review);
  }
});
