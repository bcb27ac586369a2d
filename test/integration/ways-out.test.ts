import t, { type Test } from "tap";
import type { Config } from "../../src/config/model.ts";
import { verdictOfFiles } from "../admission/support/as-change.ts";
import { at, type Json, objectOf, RECORDED_AT, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, rulesSeen, startServer, verdictSeen } from "../admission/support/server.ts";

/**
 * An UPDATE of the recorded Deployment `web`: one replica (unless said), a ReadWriteOnce claim, the default
 * RollingUpdate. `before` shapes the object that is there, `change` what the request makes of it.
 */
function update(
  change: (object: Json, request: Json) => void,
  before: (object: Json) => void = () => {},
): Json {
  return reviewOf("005", (request) => {
    const old = structuredClone(at(request, "object"));
    before(old);
    const next = structuredClone(old);
    change(next, request);
    Object.assign(request, { operation: "UPDATE", object: next, oldObject: old });
  });
}

/** `check --base` says of the same change of files what the webhook said. */
async function sameInFiles(
  t: Test,
  review: Json,
  verdict: string,
  objects: readonly Json[],
  config: Partial<Config> = {},
  name = "",
): Promise<void> {
  const inFiles = await verdictOfFiles(review, objects, config);
  if (inFiles !== undefined) t.equal(inFiles, verdict, `the same in files: ${name}`);
}

const spec = (object: Json): Json => at(object, "spec");
const pod = (object: Json): Json => at(object, "spec", "template", "spec");
const image = (object: Json, name: string): void => {
  at(pod(object), "containers", 0).image = name;
};
const replicas =
  (count: number) =>
  (object: Json): void => {
    spec(object).replicas = count;
  };

/** Another Deployment with the recorded one's claim. */
function worker(): Json {
  const object = objectOf("005");
  Object.assign(at(object, "metadata"), { name: "worker", uid: "uid-worker" });
  at(object, "spec", "template", "metadata").labels = { app: "worker" };
  return object;
}

function scale(from: number, to: number): Json {
  return reviewOf("010", (request) => {
    // A Scale leaves 0 replicas out.
    at(request, "oldObject").spec = from === 0 ? {} : { replicas: from };
    at(request, "object").spec = to === 0 ? {} : { replicas: to };
  });
}

t.test("no way out of a violation is ever denied", async (t) => {
  const rows: readonly (readonly [string, Json])[] = [
    [
      "a finalizer is removed while it is being deleted",
      update((object) => {
        at(object, "metadata").deletionTimestamp = "2026-11-20T09:40:00Z";
        at(object, "metadata").finalizers = [];
        image(object, "other");
      }),
    ],
    [
      "a finalizer is added",
      update((object) => {
        at(object, "metadata").finalizers = ["example.com/hold"];
      }),
    ],
    [
      "a label is set",
      update((object) => {
        at(object, "metadata").labels = { app: "web", team: "a" };
      }),
    ],
    ["it is deleted", reviewOf("048")],
    ["scaled down, to another count that is too many", update(replicas(2), replicas(5))],
    ["scaled down to 1", update(replicas(1), replicas(3))],
    ["scaled to 0", update(replicas(0), replicas(3))],
    ["scaled from 0 to 1", update(replicas(1), replicas(0))],
    [
      "scaled from 0 to 1 with another image",
      update((object) => {
        replicas(1)(object);
        image(object, "other");
      }, replicas(0)),
    ],
    ["scaled down by the subresource", scale(5, 2)],
    ["scaled to the same count by the subresource", scale(3, 3)],
    ["scaled to 0 by the subresource", scale(3, 0)],
    ["scaled from 0 to 1 by the subresource", scale(0, 1)],
    [
      "changed to Recreate",
      update((object) => {
        spec(object).strategy = { type: "Recreate" };
      }),
    ],
    [
      "changed to Recreate with another image",
      update((object) => {
        spec(object).strategy = { type: "Recreate" };
        image(object, "other");
      }),
    ],
    [
      "the claim is removed",
      update((object) => {
        pod(object).volumes = [];
        at(pod(object), "containers", 0).volumeMounts = [];
      }),
    ],
    [
      "required affinity to itself is added",
      update((object) => {
        pod(object).affinity = {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { labelSelector: { matchLabels: { app: "web" } }, topologyKey: "kubernetes.io/hostname" },
            ],
          },
        };
      }),
    ],
    [
      "an unfinished rollout is undone",
      update(
        (object) => {
          image(object, "previous");
        },
        (object) => {
          object.status = { observedGeneration: 4, replicas: 2, updatedReplicas: 1 };
        },
      ),
    ],
    [
      "an unfinished rollout of several replicas is undone",
      update(
        (object) => {
          image(object, "previous");
        },
        (object) => {
          replicas(3)(object);
          object.status = { observedGeneration: 4, replicas: 4, updatedReplicas: 1 };
        },
      ),
    ],
    ["the status is written", reviewOf("039")],
  ];
  const pictures: readonly (readonly [string, readonly Json[]])[] = [
    ["alone", []],
    ["with an autoscaler", [objectOf("006")]],
    ["with another workload on the claim", [worker()]],
  ];
  for (const ratchet of ["template", "always", "never"] as const) {
    for (const [picture, others] of pictures) {
      const objects = [objectOf("004"), objectOf("005"), ...others];
      const { post } = await startServer(t, { objects, config: { ratchet } });
      for (const [name, review] of rows) {
        const verdict = verdictSeen(responseOf(t, await post(review), review));
        t.not(verdict, "deny", `${name} (${picture}, ratchet ${ratchet})`);
        await sameInFiles(
          t,
          review,
          verdict,
          objects,
          { ratchet },
          `${name} (${picture}, ratchet ${ratchet})`,
        );
      }
    }
  }
});

/** Three replicas on the recorded claim. */
function set(): Json {
  const object = objectOf("005");
  object.kind = "StatefulSet";
  Object.assign(at(object, "metadata"), { name: "db", uid: "uid-db" });
  replicas(3)(object);
  delete spec(object).strategy;
  return object;
}

function updateSet(change: (object: Json) => void, before: (object: Json) => void = () => {}): Json {
  const review = update(change, (object) => {
    for (const key of Object.keys(object)) delete object[key];
    Object.assign(object, set());
    before(object);
  });
  const request = at(review, "request");
  Object.assign(request, {
    name: "db",
    resource: { group: "apps", version: "v1", resource: "statefulsets" },
  });
  return review;
}

function scaleSet(from: number, to: number): Json {
  const review = scale(from, to);
  const request = at(review, "request");
  Object.assign(request, {
    name: "db",
    resource: { group: "apps", version: "v1", resource: "statefulsets" },
  });
  for (const field of ["object", "oldObject"]) {
    Object.assign(at(request, field, "metadata"), { name: "db", uid: "uid-db" });
  }
  return review;
}

/** The recorded autoscaler, from one maximum to another. */
function autoscale(from: number, to: number, change: (object: Json) => void = () => {}): Json {
  return reviewOf("006", (request) => {
    const old = structuredClone(at(request, "object"));
    spec(old).maxReplicas = from;
    const next = structuredClone(old);
    spec(next).maxReplicas = to;
    change(next);
    Object.assign(request, { operation: "UPDATE", object: next, oldObject: old });
  });
}

t.test("StatefulSets and autoscalers have the same ways out, and no more", async (t) => {
  const rows: readonly (readonly [string, Json, "out" | "deny"])[] = [
    ["fewer replicas", updateSet(replicas(2)), "out"],
    ["one replica", updateSet(replicas(1)), "out"],
    ["none", updateSet(replicas(0)), "out"],
    ["from 0 to 1", updateSet(replicas(1), replicas(0)), "out"],
    [
      "the claim is removed",
      updateSet((object) => {
        pod(object).volumes = [];
        at(pod(object), "containers", 0).volumeMounts = [];
      }),
      "out",
    ],
    [
      "it is being deleted",
      updateSet((object) => {
        at(object, "metadata").deletionTimestamp = "2026-11-20T09:40:00Z";
        replicas(9)(object);
      }),
      "out",
    ],
    [
      "a finalizer",
      updateSet((object) => {
        at(object, "metadata").finalizers = [];
      }),
      "out",
    ],
    ["more replicas", updateSet(replicas(4)), "deny"],
    ["from 0 to 2", updateSet(replicas(2), replicas(0)), "deny"],
    ["scaled down", scaleSet(3, 2), "out"],
    ["scaled to 0", scaleSet(3, 0), "out"],
    ["scaled from 0 to 1", scaleSet(0, 1), "out"],
    ["scaled up", scaleSet(3, 4), "deny"],
    ["a lower maximum that is still too high", autoscale(5, 3), "out"],
    ["a maximum of 1", autoscale(5, 1), "out"],
    [
      "a minimum above 1 and above the present replicas",
      autoscale(5, 5, (object) => {
        spec(object).minReplicas = 2;
      }),
      "deny",
    ],
    [
      "an autoscaler that is being deleted",
      autoscale(5, 9, (object) => {
        at(object, "metadata").deletionTimestamp = "2026-11-20T09:40:00Z";
      }),
      "out",
    ],
    ["a higher maximum", autoscale(5, 6), "deny"],
  ];
  for (const ratchet of ["template", "always", "never"] as const) {
    const objects = [objectOf("004"), objectOf("005"), objectOf("006"), set()];
    const { post } = await startServer(t, { objects, config: { ratchet } });
    for (const [name, review, expected] of rows) {
      const verdict = verdictSeen(responseOf(t, await post(review), review));
      await sameInFiles(t, review, verdict, objects, { ratchet }, `${name} (ratchet ${ratchet})`);
      if (expected === "out") t.not(verdict, "deny", `${name} (ratchet ${ratchet})`);
      else if (ratchet !== "always") t.equal(verdict, "deny", `${name} (ratchet ${ratchet})`);
    }
  }
});

t.test(
  "a strategy that takes the old pod away first passes with the rollout that it makes safe",
  async (t) => {
    for (const others of [[], [objectOf("006")]]) {
      const { post } = await startServer(t, { objects: [objectOf("004"), objectOf("005"), ...others] });
      const review = update((object) => {
        spec(object).strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
        image(object, "other");
      });
      t.equal(verdictSeen(responseOf(t, await post(review), review)), "warn");
      await sameInFiles(t, review, "warn", [objectOf("004"), objectOf("005"), ...others]);
    }
  },
);

t.test("what sets the hazard off is denied", async (t) => {
  const { post } = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const rows: readonly (readonly [string, Json, string])[] = [
    ["another image", update((object) => image(object, "other")), "rwo-rolling-update"],
    ["a second replica", update(replicas(2)), "rwo-replicas"],
    ["more replicas than were too many already", update(replicas(5), replicas(3)), "rwo-replicas"],
    ["a second replica by the subresource", scale(1, 2), "rwo-replicas"],
    ["from 0 to 2 by the subresource", scale(0, 2), "rwo-replicas"],
    [
      "from Recreate to RollingUpdate with another image",
      update(
        (object) => {
          spec(object).strategy = {
            type: "RollingUpdate",
            rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
          };
          image(object, "other");
        },
        (object) => {
          spec(object).strategy = { type: "Recreate" };
        },
      ),
      "rwo-rolling-update",
    ],
    [
      "another image once the rollout has ended",
      update(
        (object) => image(object, "other"),
        (object) => {
          object.status = { observedGeneration: 4, replicas: 1, updatedReplicas: 1 };
        },
      ),
      "rwo-rolling-update",
    ],
  ];
  for (const [name, review, rule] of rows) {
    const response = responseOf(t, await post(review), review);
    t.equal(verdictSeen(response), "deny", name);
    await sameInFiles(t, review, "deny", [objectOf("004"), objectOf("005")], {}, name);
    t.ok(rulesSeen(response).includes(rule), `${name}: ${rule}`);
  }
});

t.test("what was there before is a warning", async (t) => {
  const { post } = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const rows: readonly (readonly [string, Json])[] = [
    [
      "replicas that were too many, with another label",
      update((object) => {
        at(object, "metadata").labels = { team: "a" };
      }, replicas(3)),
    ],
    [
      "a strategy that can get stuck, with another deadline",
      update((object) => {
        spec(object).progressDeadlineSeconds = 900;
      }),
    ],
  ];
  for (const [name, review] of rows) {
    t.equal(verdictSeen(responseOf(t, await post(review), review)), "warn", name);
    await sameInFiles(t, review, "warn", [objectOf("004"), objectOf("005")], {}, name);
  }
});

t.test("the ratchet can be switched", async (t) => {
  const { configure, post } = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const otherImage = update((object) => image(object, "other"));
  configure({ ratchet: "always" });
  t.equal(
    verdictSeen(responseOf(t, await post(otherImage), otherImage)),
    "warn",
    "always: what was known stays a warning",
  );
  const more = update((object) => {
    spec(object).progressDeadlineSeconds = 900;
  }, replicas(3));
  configure({ ratchet: "never" });
  t.equal(verdictSeen(responseOf(t, await post(more), more)), "deny", "never: judged as if new");
});

t.test("a claim restored under an older workload warns; one of the same apply is denied", async (t) => {
  const young = objectOf("005");
  const old = objectOf("005");
  at(old, "metadata").creationTimestamp = new Date(RECORDED_AT - 11 * 60_000).toISOString();
  const ageless = objectOf("005");
  delete at(ageless, "metadata").creationTimestamp;
  const claim = reviewOf("004");
  for (const [workload, verdict, why] of [
    [young, "deny", "younger than 10 minutes"],
    [old, "warn", "older"],
    [ageless, "warn", "of unknown age"],
  ] as const) {
    const { post } = await startServer(t, { objects: [workload] });
    const response = responseOf(t, await post(claim), claim);
    t.equal(verdictSeen(response), verdict, why);
    t.match(JSON.stringify(response), /Deployment (shop\/)?web/, "the workload is named");
  }
});
