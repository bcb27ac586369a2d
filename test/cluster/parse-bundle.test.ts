import fc from "fast-check";
import t from "tap";
import { type Bundle, parseBundle } from "../../src/cluster/files.ts";

const parse = (text: string, file = "a.yaml"): Bundle => parseBundle([{ file, text }]);

const pod = (name: string): string => `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\n`;

const names = ({ workloads }: Bundle): string[] => workloads.map(({ name }) => name);

/** Workloads with their positions, e.g. `web@3:1`. */
const places = ({ workloads }: Bundle): string[] =>
  workloads.map(({ name, source }) => `${name}@${source?.line}:${source?.column}`);

const faults = ({ errors }: Bundle): string[] =>
  errors.map(({ line, column, fatal }) => `${line}:${column}${fatal ? "" : " noted"}`);

t.test("reads every way of writing several objects, with the place of each", async (t) => {
  const jsonPod = (name: string): string => `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"}}`;
  const rows: { text: string; file?: string; expected: string[]; reason: string }[] = [
    { text: pod("a"), expected: ["a@1:1"], reason: "one document" },
    { text: `---\n${pod("a")}---\n${pod("b")}`, expected: ["a@2:1", "b@6:1"], reason: "several" },
    {
      text: `# why\n\n---\n# what\n${pod("a")}`,
      expected: ["a@5:1"],
      reason: "comments come before the object",
    },
    {
      text: `--- # first\n${pod("a")}...\n---\n${pod("b")}`,
      expected: ["a@2:1", "b@7:1"],
      reason: "markers",
    },
    { text: `%YAML 1.1\n---\n${pod("a")}`, expected: ["a@3:1"], reason: "a directive" },
    { text: `---\n---\n\n---\n${pod("a")}---\n`, expected: ["a@5:1"], reason: "empty documents" },
    { text: pod("a").replaceAll("\n", "\r\n"), expected: ["a@1:1"], reason: "CRLF" },
    {
      text: `${pod("a")}---\n${pod("b")}`.replaceAll("\n", "\r\n"),
      expected: ["a@1:1", "b@5:1"],
      reason: "CRLF, two",
    },
    { text: `\uFEFF${pod("a")}`, expected: ["a@1:1"], reason: "a byte order mark" },
    { text: `--- ${jsonPod("a")}\n`, expected: ["a@1:5"], reason: "a document on the line of its marker" },
    {
      text: `apiVersion: v1\nkind: List\nitems:\n- ${pod("a").replaceAll("\n", "\n  ")}\n- ${jsonPod("b")}\n`,
      expected: ["a@4:3", "b@8:3"],
      reason: "a list",
    },
    {
      text: "apiVersion: v1\nkind: PodList\nitems:\n- metadata: { name: a }\n",
      expected: ["a@4:3"],
      reason: "a typed list, whose items do not repeat the type",
    },
    {
      text: `apiVersion: v1\nkind: List\nitems:\n- { apiVersion: v1, kind: List, items: [${jsonPod("a")}] }\n- null\n- 3`,
      expected: ["a@4:3"],
      reason: "a list in a list has the place of the inner one",
    },
    { text: jsonPod("a"), file: "a.json", expected: ["a@1:1"], reason: "JSON" },
    {
      text: `\n  ${jsonPod("a")}\n`,
      file: "a.json",
      expected: ["a@2:3"],
      reason: "JSON with space around it",
    },
    {
      text: `{\n "apiVersion": "v1",\n "kind": "List",\n "metadata": {"items": [{}]},\n "items": [\n  ${jsonPod("a")},\n  ${jsonPod("b")}]}`,
      file: "a.json",
      expected: ["a@6:3", "b@7:3"],
      reason: "a JSON list",
    },
    {
      text: `{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a","annotations":{"q":"\\"}],\\\\"}}},{"metadata":{"name":"b"}}]}`,
      file: "a.json",
      expected: ["a@1:46", "b@1:102"],
      reason: "brackets and quotes in strings do not confuse the places",
    },
    { text: jsonPod("a"), file: "a.yaml", expected: ["a@1:1"], reason: "JSON in a YAML file" },
    {
      text: `${jsonPod("a")}\n---\n${jsonPod("b")}`,
      file: "a.json",
      expected: ["a@1:1", "b@3:1"],
      reason: "JSON, two documents",
    },
    {
      text: `{ // why\n}`.replace("// why", `"apiVersion":"v1","kind":"Pod","metadata":{"name":"a",},`),
      file: "a.json",
      expected: ["a@1:1"],
      reason: "trailing commas",
    },
  ];
  for (const { text, file, expected, reason } of rows) {
    const bundle = parse(text, file);
    t.same(places(bundle), expected, reason);
    t.same(bundle.errors, [], `${reason}: no error`);
  }
});

t.test("resolves anchors, aliases and merge keys", async (t) => {
  const text = `
apiVersion: v1
kind: Pod
metadata: &m
  name: a
  labels: &l { app: web }
spec: &s
  nodeName: n1
---
apiVersion: v1
kind: Pod
metadata:
  name: b
  labels:
    <<: &base { app: web, tier: front }
    tier: back
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: c, labels: &again { app: c } }
spec: { paused: yes, template: { metadata: { labels: *again } } }
`;
  const { workloads, errors } = parse(text);
  t.same(errors, []);
  t.match(workloads, [
    { name: "a", labels: { app: "web" } },
    { name: "b", labels: { app: "web", tier: "back" } },
    { name: "c", paused: true, template: { labels: { app: "c" } } },
  ]);
});

t.test("leaves out what is not Kubernetes, without a word", async (t) => {
  const rows: { text: string; reason: string }[] = [
    { text: "", reason: "nothing" },
    { text: "---\n", reason: "a marker" },
    { text: "# a comment\n", reason: "a comment" },
    { text: "replicas: 3\nkind: Deployment\n", reason: "Helm values" },
    {
      text: "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a]\n",
      reason: "kustomize",
    },
    { text: "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n", reason: "a kind that is not judged" },
    {
      text: "apiVersion: example.com/v1\nkind: Deployment\nmetadata: { name: a }\n",
      reason: "a foreign group",
    },
    {
      text: "apiVersion: example.com/v1\nkind: StorageClass\nmetadata: { name: a }\n",
      reason: "a custom resource that shares the name of a kind",
    },
    { text: "just text\n", reason: "a scalar" },
    { text: "- a\n- b\n", reason: "a list" },
    { text: "apiVersion: 1\nkind: 2\n", reason: "a type that is none" },
    { text: "apiVersion: v1\nkind: List\nitems: { a: b }\n", reason: "a list without a list" },
    { text: '{ "compilerOptions": {} }', reason: "other JSON" },
    { text: "a: !Ref b\n", reason: "tags of somebody else" },
    { text: "? { a: b }\n: c\n", reason: "keys that are objects" },
    {
      text: "apiVersion: v1\nkind: Pod\nmetadata: { name: a, ownerReferences: [{ controller: true }] }\n",
      reason: "a pod that another object controls",
    },
  ];
  for (const { text, reason } of rows) {
    const bundle = parse(text);
    t.same(names(bundle), [], reason);
    t.same(bundle.errors, [], `${reason}: no error`);
  }
});

t.test("names the place of what is broken and judges the rest", async (t) => {
  const rows: { text: string; file?: string; expected: string[]; message: RegExp; reason: string }[] = [
    {
      text: `a: [1, 2\nb: 3\n---\n${pod("a")}`,
      expected: ["2:3"],
      message: /broken/,
      reason: "an open list",
    },
    { text: `a: "open\n---\n${pod("a")}`, expected: ["2:1"], message: /quote/, reason: "an open string" },
    { text: `a: {\n---\n${pod("a")}`, expected: ["2:1"], message: /broken/, reason: "an open object" },
    {
      text: `${pod("a")}---\na: b: c\n`,
      expected: ["5:5"],
      message: /broken/,
      reason: "the second document",
    },
    { text: `${pod("a")}---\na:\n\t- b\n`, expected: ["6:1"], message: /tab characters/, reason: "a tab" },
    {
      text: `${pod("a")}---\na: *nothing\n`,
      expected: ["5:4"],
      message: /nothing/,
      reason: "an alias without anchor",
    },
    {
      text: `${pod("a")}---\nkind: Pod\nname: {{ .Values.name }}-x\n`,
      expected: ["6:25"],
      message: /helm template/,
      reason: "a template",
    },
    {
      text: `${pod("a")}---\napiVersion: v1\nkind: Pod\nmetadata: { labels: {} }\n`,
      expected: ["5:1"],
      message: /no metadata\.name.*give it a name/,
      reason: "an object without a name",
    },
    {
      text: `${pod("a")}---\nkind: Deployment\nmetadata: { name: b }\n`,
      expected: ["5:1"],
      message: /Deployment b has no apiVersion.*apps\/v1/,
      reason: "an object without an apiVersion",
    },
    {
      text: `${pod("a")}---\napiVersion: v1\nkind: Deployment\nmetadata: { name: b }\n`,
      expected: ["5:1"],
      message: /Deployment b has apiVersion "v1".*apps\/v1/,
      reason: "an apiVersion that has no such kind",
    },
    {
      text: `${pod("a")}---\napiVersion: app/v1\nkind: Deployment\nmetadata: { name: b }\n`,
      expected: ["5:1"],
      message: /Deployment b has apiVersion "app\/v1".*apps\/v1/,
      reason: "a group that nobody can have: those of custom resources have a dot",
    },
    {
      text: `${pod("a")}---\napiVersion: v1\nkind: List\nitems:\n- { kind: Deployment, metadata: { name: b } }\n`,
      expected: ["8:3"],
      message: /Deployment b has no apiVersion/,
      reason: "an item without an apiVersion",
    },
    {
      text: `${pod("a")}---\na: 1\n  b: 2\n`,
      expected: ["6:4"],
      message: /this document was not judged; correct it and run again/,
      reason: "wrong indentation",
    },
  ];
  for (const { text, file, expected, message, reason } of rows) {
    const bundle = parse(text, file);
    t.same(names(bundle), ["a"], `${reason}: the rest is judged`);
    t.same(faults(bundle), expected, reason);
    t.match(bundle.errors[0]?.message, message, `${reason}: message`);
    t.equal(bundle.errors[0]?.file, "a.yaml");
    t.notMatch(bundle.errors[0]?.message, /\n/, `${reason}: one line`);
  }
  const cut = '{"apiVersion": "v1",\n "kind": "List",\n "items": [\n  {"kind": "Po';
  t.same(names(parse(cut, "a.json")), []);
  t.equal(parse(cut, "a.json").errors[0]?.line, 4, "JSON that ends too early");
  t.equal(parse(cut, "a.json").errors.length, 1, "one error for a document");
});

t.test("notes access modes that are none, in claims and volumes", async (t) => {
  const object = (kind: string, accessModes: string) =>
    `apiVersion: v1\nkind: ${kind}\nmetadata: { name: data }\nspec: { accessModes: ${accessModes} }\n`;
  const rows: { kind?: string; modes: string; says: string | undefined; reason: string }[] = [
    { modes: "[ReadWriteOnce, ReadOnlyMany]", says: undefined, reason: "modes" },
    { modes: "[]", says: undefined, reason: "none at all" },
    { modes: "null", says: undefined, reason: "null is absent" },
    { modes: "[RWO, ReadWriteMany, 7]", says: '"RWO", 7', reason: "the short form that kubectl prints" },
    { modes: "ReadWriteOnce", says: '"ReadWriteOnce"', reason: "a word where a list belongs" },
    { kind: "PersistentVolume", modes: "[RWO]", says: '"RWO"', reason: "a volume" },
  ];
  for (const { kind = "PersistentVolumeClaim", modes, says, reason } of rows) {
    const messages = parse(object(kind, modes)).errors.map(({ message, fatal }) => ({ message, fatal }));
    const expected = `${kind} data: spec.accessModes ${says} left out: give a list of ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod`;
    t.same(messages, says === undefined ? [] : [{ message: expected, fatal: false }], reason);
  }
});

t.test("says where very large JSON is broken, without trying it as YAML", async (t) => {
  const filler = `"filler": "${"x".repeat(5 * 1024 * 1024)}",\n`;
  t.same(faults(parse(`{${filler}"a" 1}`, "a.json")), ["2:5"], "where a colon is missing");
  t.same(faults(parse(`{${filler}"a": 1`, "a.json")), ["2:7"], "where it ends too early");
  t.same(faults(parse(`{${filler}"a": nonsense}`, "a.json")), ["1:1"], "the engine does not tell where");
  t.match(parse(`{${filler}"a": 1`, "a.json").errors[0]?.message, /not valid JSON.*collect the dump again/);
});

t.test("a duplicate key: the last wins, and it is noted", async (t) => {
  const yaml =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  name: b\nspec:\n  nodeName: x\n  nodeName: z\n";
  const json =
    '{"apiVersion": "v1", "kind": "Pod",\n "metadata": {"name": "a",\n  "name": "b"},\n "spec": {"nodeName": "x",\n  "nodeName": "z"}}';
  for (const [text, expected] of [
    [yaml, ["5:3 noted", "8:3 noted"]],
    [json, ["3:3 noted", "5:3 noted"]],
  ] as const) {
    const bundle = parse(text);
    t.match(bundle.workloads, [{ name: "b", template: { placement: { nodeName: "z" } } }]);
    t.same(faults(bundle), expected);
    t.match(bundle.errors[0]?.message, 'the key "name" is given more than once');
  }
  const siblings = '{"kind": "x", "a": {"kind": 1}, "b": [{"kind": 1}, {"kind": 2}]}';
  t.same(parse(siblings).errors, [], "the same key in different objects");
  const quoted = "a: { \"x y\": 1, 'x y': 2 }\n";
  t.match(parse(quoted).errors[0]?.message, 'the key "x y"');
});

t.test("the same object twice: the first defines, and both places are named", async (t) => {
  const twice = (metadata: string) => `apiVersion: v1\nkind: Pod\nmetadata: ${metadata}\n`;
  const { workloads, errors } = parseBundle([
    { file: "a.yaml", text: twice("{ name: a, namespace: shop, labels: { v: first } }") },
    { file: "b.yaml", text: `---\n${twice("{ name: a, namespace: shop, labels: { v: second } }")}` },
  ]);
  t.match(workloads, [{ labels: { v: "first" } }]);
  t.equal(workloads.length, 1);
  t.match(errors, [
    {
      file: "b.yaml",
      line: 2,
      column: 1,
      fatal: false,
      message: "Pod shop/a is already defined at a.yaml:1:1",
    },
  ]);
  const storageClass = (provisioner: string) =>
    `apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: { name: fast }\nprovisioner: ${provisioner}\n`;
  const classes = (...provisioners: readonly string[]) =>
    parse(provisioners.map(storageClass).join("---\n")).errors;
  t.same(classes("x", "x"), [], "a class that is repeated word for word");
  t.match(classes("x", "z"), [{ fatal: false, message: "StorageClass fast is already defined" }]);
  const others = [
    twice("{ name: a }"),
    twice("{ name: a, namespace: shop }"),
    twice("{ name: a }").replace("kind: Pod", "kind: PersistentVolumeClaim"),
  ];
  t.same(parse(others.join("---\n")).errors, [], "another namespace or kind is another object");
});

t.test("survives YAML that was made to hurt", async (t) => {
  const levels = "abcdefghij".split("");
  const bomb = levels
    .map((name, at) => `${name}: &${name} [${Array(9).fill(at === 0 ? "x" : `*${levels[at - 1]}`)}]`)
    .join("\n");
  t.match(parse(bomb).errors, [{ fatal: true, message: /cannot be resolved/ }], "an alias bomb");
  const loop = "&a\napiVersion: v1\nkind: List\nitems: [*a]\n";
  t.same(names(parse(loop)), [], "a list that holds itself");
  t.equal(parse(`a: ${"[".repeat(50_000)}`).errors.length, 1, "nesting");
  t.equal(
    parse(`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`, "a.json").errors.length,
    0,
    "nesting in JSON",
  );
  const honest = `a: &l { app: web }\nb:\n${"- *l\n".repeat(500)}`;
  t.same(parse(honest).errors, [], "an anchor that is used often is no bomb");
  parse('{"apiVersion":"v1","kind":"Pod","__proto__":{"polluted":1},"metadata":{"name":"a"}}');
  parse("apiVersion: v1\nkind: Pod\n__proto__: { polluted: 1 }\nmetadata: { name: b }\n");
  t.equal(({} as Record<string, unknown>).polluted, undefined);
});

t.test("collects claims and workloads in the order read, and everything else in the index", async (t) => {
  const { index, claims, workloads } = parse(`
{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: z } }
---
{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: a } }
---
{ apiVersion: v1, kind: PersistentVolume, metadata: { name: v } }
---
{ apiVersion: batch/v1, kind: Job, metadata: { name: z } }
---
{ apiVersion: apps/v1, kind: DaemonSet, metadata: { name: a } }
`);
  t.same(
    claims.map(({ name, source }) => `${name}@${source?.line}`),
    ["z@2", "a@4"],
  );
  t.same(
    workloads.map(({ name }) => name),
    ["z", "a"],
  );
  t.equal(index.volume("v").state, "known");
  t.equal(index.fromFiles, true);
});

t.test("never throws, whatever the text, and names places in it", async (t) => {
  const whole = `${pod("a")}---\n${pod("b")}  annotations: &x { "q": 'y', list: [1, *x, ? z] }\n`;
  const piece = fc.constantFrom(
    "---\n",
    "&a ",
    "*a",
    "<<: ",
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "|\n",
    "\t",
    "\n",
    ": ",
    "- ",
    "%",
    "!!",
    "\0",
  );
  const damaged = fc
    .tuple(fc.nat(whole.length), fc.nat(8), piece)
    .map(([at, length, inserted]) => whole.slice(0, at) + inserted + whole.slice(at + length));
  const texts = fc.oneof(
    damaged,
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.array(piece).map((all) => all.join("")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const lines = text.split("\n").length;
      return parse(text).errors.every(({ line, column }) => line >= 1 && line <= lines && column >= 1);
    }),
    { numRuns: 500 },
  );
  t.pass("no counterexample");
});
