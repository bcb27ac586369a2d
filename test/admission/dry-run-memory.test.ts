import t from "tap";
import { DryRunMemory, type Recollection } from "../../src/admission/dry-run-memory.ts";
import { isStanding, rememberedFor } from "../../src/admission/remembered.ts";
import { parseReview } from "../../src/admission/review.ts";
import { subjectOf } from "../../src/admission/subject.ts";
import { ClusterIndex } from "../../src/cluster/cluster-index.ts";
import { type Fact, factFrom } from "../../src/kube/fact.ts";
import type { Autoscaler } from "../../src/policy/model.ts";
import * as objects from "../support/objects.ts";
import { reviewOf } from "./support/reviews.ts";

function fact(raw: unknown): Fact {
  const fact = factFrom(raw);
  if (fact === undefined) throw new Error("not a fact");
  return fact;
}

const claim = (name: string): Fact => fact(objects.claim({ name }));

/** What one claim counts as. */
const BYTES = Buffer.byteLength(JSON.stringify(claim("a").object));

function memory(
  change: Partial<{ enabled: boolean; seconds: number; maxEntries: number; maxBytes: number }> = {},
) {
  return new DryRunMemory(() => ({
    enabled: true,
    seconds: 60,
    maxEntries: 100,
    maxBytes: 10_000,
    ...change,
  }));
}

/** The claims that are remembered, of those that these tests speak of. */
const names = (memory: Recollection): string[] =>
  ["data", "a", "b", "c", "huge"].filter(
    (name) => memory.object("PersistentVolumeClaim", name) !== undefined,
  );

t.test("remembers by user and namespace", async (t) => {
  const it = memory();
  it.remember("ann", "shop", claim("data"), 0);
  t.same(names(it.recall("ann", "shop", 1)), ["data"]);
  t.same(names(it.recall("bob", "shop", 1)), [], "another user");
  t.same(names(it.recall("ann", "other", 1)), [], "another namespace");
});

t.test("a user's name cannot reach into another's memory", async (t) => {
  const it = memory();
  it.remember('a","b', "c", claim("data"), 0);
  t.same(names(it.recall("a", 'b","c', 1)), []);
});

t.test("an object dry-run again replaces the earlier one", async (t) => {
  const it = memory();
  it.remember("ann", "shop", claim("data"), 0);
  it.remember("ann", "shop", claim("data"), 1);
  t.equal(it.size, 1);
  t.equal(it.bytes, Buffer.byteLength(JSON.stringify(claim("data").object)));
});

t.test("forgets after the time that is set", async (t) => {
  const it = memory({ seconds: 30 });
  it.remember("ann", "shop", claim("data"), 0);
  t.same(names(it.recall("ann", "shop", 29_999)), ["data"]);
  t.same(names(it.recall("ann", "shop", 30_000)), []);
  t.equal(it.size, 0, "and holds nothing any more");
  t.equal(it.bytes, 0);
});

t.test("the oldest goes when there are too many or they are too large", async (t) => {
  const few = memory({ maxEntries: 2 });
  for (const name of ["a", "b", "c"]) few.remember("ann", "shop", claim(name), 0);
  t.same(names(few.recall("ann", "shop", 1)), ["b", "c"]);

  const small = memory({ maxBytes: 2 * BYTES });
  for (const name of ["a", "b", "c"]) small.remember("ann", "shop", claim(name), 0);
  t.same(names(small.recall("ann", "shop", 1)), ["b", "c"]);
  small.remember("ann", "shop", claim("huge".repeat(2 * BYTES)), 2);
  t.same(names(small.recall("ann", "shop", 3)), ["b", "c"], "what can never fit displaces nothing");
});

t.test("remembers nothing when switched off, and forgets what it had", async (t) => {
  let enabled = true;
  const it = new DryRunMemory(() => ({ enabled, seconds: 60, maxEntries: 10, maxBytes: 10_000 }));
  it.remember("ann", "shop", claim("data"), 0);
  enabled = false;
  t.same(names(it.recall("ann", "shop", 1)), []);
  it.remember("ann", "shop", claim("data"), 2);
  t.equal(it.size, 0);
});

t.test("stays bounded under many users", async (t) => {
  const it = memory({ maxEntries: 50, maxBytes: 1_000_000 });
  for (let at = 0; at < 10_000; at++) it.remember(`user-${at}`, "shop", claim(`c-${at}`), at);
  t.equal(it.size, 50);
  t.ok(it.bytes < 100 * BYTES);
});

/** The dry run of Deployment shop/web, which mounts claim data. */
const dryRun = subjectOf(parseReview(reviewOf("002")));

t.test("a dry run looks only at what its object names, however much is remembered", async (t) => {
  const namespace = "shop";
  for (const others of [20, 2_000]) {
    const it = memory({ maxEntries: 3_000, maxBytes: 10_000_000 });
    for (let at = 0; at < others; at++) {
      const name = `other-${at}`;
      const of = [
        objects.deployment({ name, claims: [name] }),
        objects.claim({ name }),
        objects.autoscaler({ name, target: name, max: 3 }),
      ];
      it.remember("ann", namespace, fact(of[at % 3]), at);
    }
    const look = () => rememberedFor(dryRun, it.recall("ann", namespace, others), new ClusterIndex());
    t.same(look(), [], `${others} others: nothing is laid over, and it is judged as a real request is`);
    const named = [
      objects.claim({ name: "data" }),
      objects.deployment({ name: "rival", claims: ["data"] }),
      objects.autoscaler({ name: "scaler", target: "web", max: 3 }),
      objects.deployment({ name: "web", claims: ["data"] }),
    ];
    for (const raw of named) it.remember("ann", namespace, fact(raw), others);
    t.same(
      look().map(({ object }) => object.name),
      ["data", "rival", "scaler"],
      `${others} others: its claim, who else mounts it, its autoscaler`,
    );
  }
});

t.test("an autoscaler that is dry-run again does not look at its earlier self", async (t) => {
  const again = (name: string) =>
    rememberedFor(
      {
        type: "autoscaler",
        next: fact(objects.autoscaler({ name, max: 3 })).object as Autoscaler,
        previous: null,
      },
      it.recall("ann", "shop", 1),
      index,
    ).map(({ object }) => object.name);
  const index = new ClusterIndex();
  index.put(fact(objects.deployment({ claims: [] })));
  const it = memory();
  it.remember("ann", "shop", fact(objects.autoscaler({ name: "scaler", max: 2 })), 0);
  t.same(again("scaler"), []);
  t.same(again("other"), ["scaler"]);
});

t.test("what stands in the cluster as it was dry-run is not remembered", async (t) => {
  const workload = objects.deployment({ name: "rival", claims: ["data"] });
  const all = [workload, objects.autoscaler({ name: "scaler", max: 3 }), objects.claim({ name: "data" })];
  const index = new ClusterIndex();
  for (const raw of all) index.put(fact(structuredClone(raw)));
  for (const raw of all) t.ok(isStanding(fact(raw), index), String(raw.kind));
  t.notOk(isStanding(fact(objects.autoscaler({ name: "scaler", max: 4 })), index), "with another maximum");
  t.notOk(isStanding(fact(objects.claim({ name: "data", modes: ["ReadWriteMany"] })), index));
  index.remove("Deployment", "shop", "rival");
  t.notOk(isStanding(fact(workload), index), "once it is gone");

  const it = memory();
  it.remember("ann", "shop", claim("data"), 0);
  it.forget("bob", "shop", claim("data"));
  t.equal(it.size, 1, "of another user");
  it.forget("ann", "shop", claim("data"));
  t.equal(it.size, 0);
  t.equal(it.bytes, 0);
});

t.test("of very many that mount one claim the newest are looked at", async (t) => {
  const it = memory({ maxEntries: 3_000, maxBytes: 10_000_000 });
  for (let at = 0; at < 2_000; at++) {
    it.remember("ann", "shop", fact(objects.deployment({ name: `rival-${at}`, claims: ["data"] })), 0);
  }
  const found = rememberedFor(dryRun, it.recall("ann", "shop", 1), new ClusterIndex());
  t.equal(found.length, 64);
  t.equal(found.at(-1)?.object.name, "rival-1999");
});

t.test("who else mounts a claim is still known when one of them is forgotten", async (t) => {
  const it = memory({ maxEntries: 2 });
  const mounting = () =>
    it
      .recall("ann", "shop", 1)
      .mounting("data")
      .map(({ object }) => object.name);
  for (const name of ["a", "b", "c"]) it.remember("ann", "shop", fact(objects.deployment({ name })), 0);
  t.same(mounting(), ["b", "c"]);
  it.remember("ann", "shop", fact(objects.deployment({ name: "b", claims: ["other"] })), 0);
  t.same(mounting(), ["c"], "one that mounts another now");
  it.remember("ann", "shop", fact(objects.deployment({ name: "c", claims: [] })), 0);
  t.same(mounting(), []);
});
