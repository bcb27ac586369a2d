import t from "tap";
import { parseReview, type ReviewRequest } from "../../src/admission/review.ts";
import { resourceLabel, resourceName, type Subject, subjectOf } from "../../src/admission/subject.ts";
import { at, type Json, RECORDINGS, reviewOf } from "./support/reviews.ts";

const request = (number: string, change?: (request: Json) => void): ReviewRequest =>
  parseReview(reviewOf(number, change));

t.test("each recorded review is about what the API server meant", async (t) => {
  const expected: Record<string, Subject["type"]> = {
    "001": "claim",
    "002": "workload",
    "003": "autoscaler",
    "004": "claim",
    "005": "workload",
    "006": "autoscaler",
    "010": "scale",
    "014": "workload",
    "018": "workload",
    "023": "workload",
    "028": "none",
    "032": "workload",
    "037": "autoscaler",
    "038": "none",
    "039": "none",
    "041": "autoscaler",
    "042": "workload",
    "047": "none",
    "048": "none",
    "049": "none",
    "050": "none",
    "051": "workload",
  };
  for (const { number } of RECORDINGS) t.equal(subjectOf(request(number)).type, expected[number], number);
});

t.test("a template counts as changed when any part of it is", async (t) => {
  const rows: readonly (readonly [string, boolean, boolean, string])[] = [
    ["014", true, true, "rollout restart: an annotation of the template"],
    ["018", true, true, "another image"],
    ["023", false, true, "another strategy"],
    ["032", true, true, "server-side apply with another image"],
    ["005", false, true, "CREATE: there was none"],
  ];
  for (const [number, templateChanged, specChanged, why] of rows) {
    t.match(subjectOf(request(number)), { templateChanged, specChanged }, `${number} ${why}`);
  }
  const touched = request("014", (raw) => {
    raw.object = structuredClone(at(raw, "oldObject"));
    at(raw, "object", "metadata").labels = { team: "a" };
  });
  t.match(subjectOf(touched), { templateChanged: false, specChanged: false });
});

t.test("what is not judged says so", async (t) => {
  const set = (change: (raw: Json) => void) => subjectOf(request("005", change));
  const rows: readonly (readonly [string, Subject, RegExp])[] = [
    [
      "another resource",
      set((raw) => Object.assign(at(raw, "resource"), { resource: "pods", group: "" })),
      /pods is not/,
    ],
    [
      "another group",
      set((raw) => Object.assign(at(raw, "resource"), { group: "example.com" })),
      /not judged/,
    ],
    [
      "another subresource",
      set((raw) => Object.assign(raw, { subResource: "status" })),
      /deployments\/status is not/,
    ],
    [
      "DELETE",
      set((raw) => Object.assign(raw, { operation: "DELETE", object: null })),
      /DELETE of deployments is not/,
    ],
    [
      "CONNECT",
      set((raw) => Object.assign(raw, { operation: "CONNECT", object: null })),
      /CONNECT of deployments/,
    ],
    [
      "scale by CREATE",
      set((raw) => Object.assign(raw, { subResource: "scale" })),
      /CREATE of deployments\/scale/,
    ],
    [
      "being deleted",
      set((raw) => {
        at(raw, "object", "metadata").deletionTimestamp = "2026-11-20T09:40:00Z";
      }),
      /being deleted/,
    ],
  ];
  for (const [name, subject, reason] of rows) t.match(subject, { type: "none", reason }, name);
});

t.test("a scale leaves 0 replicas out, and may lack the old object", async (t) => {
  const scale = (change: (raw: Json) => void) => subjectOf(request("010", change));
  t.match(
    scale(() => {}),
    {
      target: { kind: "Deployment", namespace: "shop", name: "web" },
      replicas: 3,
      previousReplicas: 1,
      uid: "86cd3656-c9f6-435d-8c35-c2ef821febcd",
    },
  );
  t.match(
    scale((raw) => {
      at(raw, "object").spec = {};
    }),
    { replicas: 0 },
  );
  t.match(
    scale((raw) => {
      raw.oldObject = null;
    }),
    { previousReplicas: undefined },
  );
});

t.test("names and namespaces come from the request where the object lacks them", async (t) => {
  const subject = subjectOf(
    request("005", (raw) => {
      delete at(raw, "object", "metadata").namespace;
      delete at(raw, "object", "metadata").name;
    }),
  );
  t.match(subject, { next: { namespace: "shop", name: "web" } });
  const generated = subjectOf(
    request("051", (raw) => {
      delete raw.name;
      delete at(raw, "object", "metadata").name;
    }),
  );
  t.match(generated, { next: { namespace: "shop", name: "gen-*" } });
});

t.test("an autoscaler is read in both versions", async (t) => {
  for (const apiVersion of ["autoscaling/v1", "autoscaling/v2"]) {
    const subject = subjectOf(
      request("006", (raw) => {
        at(raw, "object").apiVersion = apiVersion;
      }),
    );
    t.match(subject, {
      type: "autoscaler",
      next: { maxReplicas: 5, target: { name: "web" } },
      previous: null,
    });
  }
});

t.test("metrics name only what is judged", async (t) => {
  t.equal(resourceLabel(request("010")), "deployments/scale");
  t.equal(resourceLabel(request("039")), "other");
  t.equal(resourceName(request("039")), "deployments/status");
});
