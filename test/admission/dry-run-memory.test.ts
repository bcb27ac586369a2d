import t from "tap";
import { DryRunMemory } from "../../src/admission/dry-run-memory.ts";
import { type Fact, factFrom } from "../../src/kube/fact.ts";

function claim(name: string): Fact {
  const fact = factFrom({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { namespace: "shop", name },
    spec: { accessModes: ["ReadWriteOnce"] },
  });
  if (fact === undefined) throw new Error("a claim is a fact");
  return fact;
}

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

const names = (facts: readonly Fact[]): string[] => facts.map(({ object }) => object.name);

t.test("remembers by user and namespace", async (t) => {
  const it = memory();
  it.remember("ann", "shop", claim("data"), 100, 0);
  t.same(names(it.recall("ann", "shop", 1)), ["data"]);
  t.same(it.recall("bob", "shop", 1), [], "another user");
  t.same(it.recall("ann", "other", 1), [], "another namespace");
});

t.test("a user's name cannot reach into another's memory", async (t) => {
  const it = memory();
  it.remember('a","b', "c", claim("data"), 100, 0);
  t.same(it.recall("a", 'b","c', 1), []);
});

t.test("an object dry-run again replaces the earlier one", async (t) => {
  const it = memory();
  it.remember("ann", "shop", claim("data"), 100, 0);
  it.remember("ann", "shop", claim("data"), 300, 1);
  t.equal(it.size, 1);
  t.equal(it.bytes, 300);
});

t.test("forgets after the time that is set", async (t) => {
  const it = memory({ seconds: 30 });
  it.remember("ann", "shop", claim("data"), 100, 0);
  t.equal(it.recall("ann", "shop", 29_999).length, 1);
  t.same(it.recall("ann", "shop", 30_000), []);
  t.equal(it.size, 0, "and holds nothing any more");
  t.equal(it.bytes, 0);
});

t.test("the oldest goes when there are too many or they are too large", async (t) => {
  const few = memory({ maxEntries: 2 });
  for (const name of ["a", "b", "c"]) few.remember("ann", "shop", claim(name), 100, 0);
  t.same(names(few.recall("ann", "shop", 1)), ["b", "c"]);

  const small = memory({ maxBytes: 250 });
  for (const name of ["a", "b", "c"]) small.remember("ann", "shop", claim(name), 100, 0);
  t.same(names(small.recall("ann", "shop", 1)), ["b", "c"]);
  small.remember("ann", "shop", claim("huge"), 251, 2);
  t.same(names(small.recall("ann", "shop", 3)), ["b", "c"], "what can never fit displaces nothing");
});

t.test("remembers nothing when switched off, and forgets what it had", async (t) => {
  let enabled = true;
  const it = new DryRunMemory(() => ({ enabled, seconds: 60, maxEntries: 10, maxBytes: 1000 }));
  it.remember("ann", "shop", claim("data"), 100, 0);
  enabled = false;
  t.same(it.recall("ann", "shop", 1), []);
  it.remember("ann", "shop", claim("data"), 100, 2);
  t.equal(it.size, 0);
});

t.test("stays bounded under many users", async (t) => {
  const it = memory({ maxEntries: 50 });
  for (let at = 0; at < 10_000; at++) it.remember(`user-${at}`, "shop", claim(`c-${at}`), 10, at);
  t.equal(it.size, 50);
  t.equal(it.bytes, 500);
});
