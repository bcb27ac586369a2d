import t from "tap";
import { diagnose, exitCodeOf } from "../../src/diagnose/diagnose.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { NO_OPTIONS } from "../../src/diagnose/options.ts";
import { Picture } from "../../src/diagnose/picture.ts";
import { attachment, claim, type Json, NOW, node, pod, storage } from "./invented.ts";

/** How dumps come about beside `kubectl get a,b,c -o json`: what they do not hold must not look like nothing. */

const list = (kind: string, items: readonly Json[], metadata: Json = {}) => ({
  apiVersion: "v1",
  kind,
  metadata,
  items,
});

const cluster = (): Json[] => [
  node("n1", { attached: ["vol-data"], inUse: ["vol-data"] }),
  ...storage(),
  ...claim("data"),
  pod("web", { node: "n1" }),
  attachment("data", "n1"),
];

const all = (values: readonly unknown[], closed = true) => {
  const dump = readDump([{ file: "dump.json", values }], { closed, at: NOW });
  return { ...dump, found: diagnose(dump.facts, { all: true, namespace: null }, NO_OPTIONS) };
};

t.test("lists in a list are read like lists", async (t) => {
  const items = cluster();
  const flat = all([list("List", items)]);
  t.equal(flat.found.summary.healthy, 1);
  const nested = all([list("List", [list("List", items.slice(0, 3)), list("List", items.slice(3))])]);
  t.strictSame(nested.found, flat.found);
  const typed = all([list("List", [list("PodList", [pod("web", { node: "n1" })])])], false);
  t.equal(new Picture(typed.facts).unread("Pod", "shop"), undefined);
});

t.test("an object whose kind ends in List is no list", async (t) => {
  const allow = { apiVersion: "example.com/v1", kind: "AllowList", metadata: { name: "a" }, spec: {} };
  t.strictSame(all([list("List", [...cluster(), allow])]).errors, []);
  t.strictSame(all([allow]).errors, []);
});

t.test("a dump with a part that is not whole is not closed, whatever is said of it", async (t) => {
  const whole = cluster();
  const volumes = whole.filter(({ kind }) => kind === "PersistentVolume");
  const rest = whole.filter((item) => !volumes.includes(item));
  const broken = { apiVersion: "v1", kind: "PersistentVolumeList", metadata: {} };
  const { errors, facts, found } = all([list("List", rest), broken]);
  t.match(errors, [{ message: /not whole/ }]);
  t.ok(new Picture(facts).unread("PersistentVolume"));
  t.equal(found.summary.unknown, 1, "the volume is not lost");
});

t.test("the lists of several namespaces, one after the other, are not those of the cluster", async (t) => {
  const of = (namespace: string, name: string): Json => {
    const made = pod(name, { claims: [], node: "n1" });
    return { ...made, metadata: { ...(made.metadata as Json), namespace } };
  };
  const { facts } = all([list("PodList", [of("a", "x")]), list("PodList", [of("b", "y")])], false);
  const picture = new Picture(facts);
  t.equal(picture.unread("Pod", "a"), undefined);
  t.equal(picture.unread("Pod", "b"), undefined);
  t.match(picture.unread("Pod", "c"), { why: "in other namespaces only" });
  t.ok(picture.unread("Pod"));
  const empty = all([list("PodList", [of("a", "x")]), list("PodList", [])], false);
  t.ok(new Picture(empty.facts).unread("Pod", "b"), "an empty list does not say whose it is");
  const whole = all([list("PodList", [of("a", "x"), of("b", "y")]), list("PodList", [])], false);
  t.equal(new Picture(whole.facts).unread("Pod"), undefined, "one that has several is the cluster's");
  t.not(exitCodeOf(empty.found), 0);
});
