import t from "tap";
import { parseReview, renderReview, shown } from "../../src/admission/review.ts";
import { RequestRefused } from "../../src/admission/status.ts";

const REQUEST = {
  uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
  kind: { group: "apps", version: "v1", kind: "Deployment" },
  resource: { group: "apps", version: "v1", resource: "deployments" },
  name: "web",
  namespace: "shop",
  operation: "CREATE",
  userInfo: { username: "ann", groups: ["dev"] },
  object: { apiVersion: "apps/v1", kind: "Deployment" },
  dryRun: true,
};

function review(change: Record<string, unknown> = {}, top: Record<string, unknown> = {}): unknown {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { ...REQUEST, ...change },
    ...top,
  };
}

t.test("reads what the API server sends", async (t) => {
  t.same(parseReview(review()), {
    uid: REQUEST.uid,
    resource: REQUEST.resource,
    subResource: "",
    operation: "CREATE",
    name: "web",
    namespace: "shop",
    user: { name: "ann", groups: ["dev"] },
    dryRun: true,
    object: REQUEST.object,
    oldObject: null,
  });
});

t.test("what Go leaves out when it is empty is empty", async (t) => {
  const parsed = parseReview(
    review({ name: undefined, namespace: undefined, userInfo: undefined, dryRun: null, object: undefined }),
  );
  t.match(parsed, { name: "", namespace: "", user: { name: "", groups: [] }, dryRun: false, object: null });
});

t.test("a uid may be as long as any name", async (t) => {
  const uid = "x".repeat(253);
  t.equal(parseReview(review({ uid })).uid, uid);
  t.throws(() => parseReview(review({ uid: `${uid}x` })), { message: /request\.uid is a string of 256/ });
});

t.test("refuses what is not a review with the field and what was expected", async (t) => {
  const rows: readonly (readonly [string, unknown, RegExp])[] = [
    ["null", null, /not a JSON object/],
    ["a list", [], /not a JSON object/],
    ["a string", "review", /not a JSON object/],
    ["another kind", review({}, { kind: "Deployment" }), /kind is "Deployment"; expected "AdmissionReview"/],
    ["no kind", review({}, { kind: undefined }), /kind is missing/],
    ["v1beta1", review({}, { apiVersion: "admission.k8s.io/v1beta1" }), /admissionReviewVersions: \["v1"\]/],
    ["no apiVersion", review({}, { apiVersion: undefined }), /apiVersion is missing/],
    ["no request", review({}, { request: undefined }), /request is missing; expected an object/],
    ["request a list", review({}, { request: [] }), /request is a list/],
    ["no uid", review({ uid: undefined }), /request\.uid is missing/],
    ["empty uid", review({ uid: "" }), /request\.uid is ""/],
    ["uid a number", review({ uid: 5 }), /request\.uid is 5/],
    ["a uid of 10,000", review({ uid: "x".repeat(10_000) }), /a string of 10002 characters/],
    ["another operation", review({ operation: "PATCH" }), /request\.operation is "PATCH"/],
    ["no operation", review({ operation: undefined }), /request\.operation is missing/],
    ["no resource", review({ resource: undefined }), /request\.resource is missing/],
    [
      "a resource without a name",
      review({ resource: { group: "apps", version: "v1" } }),
      /request\.resource\.resource/,
    ],
    [
      "a group that is a number",
      review({ resource: { group: 1, resource: "x" } }),
      /request\.resource\.group is 1/,
    ],
    ["a name that is a list", review({ name: ["web"] }), /request\.name is a list/],
    ["a namespace that is an object", review({ namespace: {} }), /request\.namespace is an object/],
    ["a user that is a string", review({ userInfo: "ann" }), /request\.userInfo is "ann"/],
    ["groups of numbers", review({ userInfo: { groups: [1] } }), /request\.userInfo\.groups is a list/],
    ["dryRun as text", review({ dryRun: "true" }), /request\.dryRun is "true"; expected true or false/],
    ["an object that is a list", review({ object: [] }), /request\.object is a list/],
    ["an old object that is text", review({ oldObject: "x" }), /request\.oldObject is "x"/],
  ];
  for (const [name, body, message] of rows) {
    t.throws(() => parseReview(body), { statusCode: 400, message }, name);
    t.throws(() => parseReview(body), RequestRefused, name);
  }
});

t.test("an allowed review carries no status and nothing that is empty", async (t) => {
  t.same(renderReview("u", { allowed: true, message: undefined, warnings: [], auditAnnotations: {} }), {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid: "u", allowed: true },
  });
});

t.test("a denial is 403 Forbidden with its message", async (t) => {
  t.same(
    renderReview("u", {
      allowed: false,
      message: "no",
      warnings: ["w"],
      auditAnnotations: { verdict: "deny" },
    }).response,
    {
      uid: "u",
      allowed: false,
      status: { code: 403, reason: "Forbidden", message: "no" },
      warnings: ["w"],
      auditAnnotations: { verdict: "deny" },
    },
  );
});

t.test("shows a value in few words", async (t) => {
  t.equal(shown(undefined), "missing");
  t.equal(shown(null), "null");
  t.equal(shown("x".repeat(100)), "a string of 102 characters");
});
