import t from "tap";
import { BundleBuilder } from "../../src/cluster/files/bundle-builder.ts";
import { type Fate, pairingOf } from "../../src/judge/pairing.ts";
import { claim, deployment, file } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

function factsOf(files: Readonly<Record<string, readonly Raw[]>>, keepWritten = true) {
  const builder = new BundleBuilder([], { nodesComplete: false });
  for (const [name, objects] of Object.entries(files)) {
    builder.add({ file: name, text: file(...objects), keepWritten });
  }
  return builder.build().facts;
}

/** What became of the first object. */
function fateOf(
  before: readonly Raw[],
  after: readonly Raw[],
  written: { readonly before: boolean; readonly after: boolean },
): Fate | undefined {
  const now = factsOf({ "a.json": after }, written.after);
  const { fates } = pairingOf(factsOf({ "a.json": before }, written.before), now);
  return now[0] && fates.get(now[0].object);
}

const withoutNamespace = (object: Raw): Raw => {
  const { namespace: _, ...metadata } = object.metadata as Raw;
  return { ...object, metadata };
};

for (const written of [
  { before: true, after: true },
  { before: false, after: true },
  { before: true, after: false },
  { before: false, after: false },
]) {
  const how = `text kept of the older ${written.before}, of the newer ${written.after}`;
  t.test(`what was changed in an object is seen; ${how}`, async (t) => {
    const change = (after: Raw, before = deployment()) => fateOf([before], [after], written);
    t.match(change(deployment()), { state: "same" });
    t.match(change(deployment({ labels: { app: "b" } })), {
      state: "changed",
      specChanged: true,
      templateChanged: true,
    });
    t.match(change(deployment({ workload: { replicas: 3 } })), {
      state: "changed",
      specChanged: true,
      templateChanged: false,
    });
    t.match(change(deployment({ name: "other" })), { state: "new", replaces: { object: { name: "web" } } });
    t.match(fateOf([], [deployment()], written), { state: "new", replaces: undefined });
  });
}

t.test("an object without a namespace is the one of the default namespace", async (t) => {
  const kept = { before: true, after: true };
  const inDefault = deployment({ namespace: "default" });
  t.match(fateOf([withoutNamespace(deployment())], [inDefault], kept), {
    state: "changed",
    specChanged: false,
  });
  t.match(fateOf([inDefault], [withoutNamespace(deployment())], kept), {
    state: "changed",
    specChanged: false,
  });
  t.match(fateOf([inDefault], [deployment()], kept), {
    state: "new",
    replaces: { object: { namespace: "default" } },
  });
  const two = [claim(), claim({ namespace: "other" })];
  t.match(
    fateOf(two, two.toReversed(), kept),
    { state: "same" },
    "one name in two namespaces is two objects",
  );
});

t.test("what is gone is told", async (t) => {
  const before = factsOf({
    "a.json": [deployment(), claim()],
    "b.json": [claim({ name: "b" }), claim({ name: "c" })],
  });
  const { removed } = pairingOf(before, factsOf({ "a.json": [deployment()] }));
  t.same(removed.map(({ object }) => object.name).toSorted(), ["b", "c", "data"]);
});
