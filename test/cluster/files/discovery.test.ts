/** What is read of a tree, what is left out and what is refused. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import t from "tap";
import { globMatcher, pathMatcher } from "../../../src/cluster/files/glob.ts";
import { IgnoreScope, ignoreRules } from "../../../src/cluster/files/ignore-rules.ts";
import { type Bundle, type LoadOptions, loadFiles } from "../../../src/cluster/files.ts";
import { memoryTree } from "../../support/memory-tree.ts";

const pod = (name: string): string => `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\n`;

const namesIn = ({ workloads }: Bundle): readonly string[] => workloads.map(({ name }) => name).toSorted();

const load = (
  files: Readonly<Record<string, string>>,
  paths = ["/r"],
  options: LoadOptions = {},
): Promise<Bundle> => loadFiles(paths, { tree: memoryTree(files), ...options });

t.test("patterns of .gitignore mean what git says", async (t) => {
  // Each was tried with `git check-ignore`.
  const rows: readonly [pattern: string, path: string, isFolder: boolean, ignored: boolean][] = [
    ["a.yaml", "a.yaml", false, true],
    ["a.yaml", "x/a.yaml", false, true],
    ["/a.yaml", "x/a.yaml", false, false],
    ["x/a.yaml", "x/a.yaml", false, true],
    ["x/a.yaml", "q/x/a.yaml", false, false],
    ["build/", "build", true, true],
    ["build/", "build", false, false],
    ["*.yaml", "x/b.yaml", false, true],
    ["x/*.yaml", "x/q/b.yaml", false, false],
    ["x/**/b.yaml", "x/b.yaml", false, true],
    ["x/**/b.yaml", "x/q/r/b.yaml", false, true],
    ["**/b.yaml", "x/q/b.yaml", false, true],
    ["x/**", "x/q/b.yaml", false, true],
    ["x/**", "x", true, false],
    ["?.yaml", "a.yaml", false, true],
    ["?.yaml", "ab.yaml", false, false],
    ["[ab].yaml", "b.yaml", false, true],
    ["[!ab].yaml", "b.yaml", false, false],
    ["[!ab].yaml", "c.yaml", false, true],
    ["[a-c].yaml", "b.yaml", false, true],
    ["# a.yaml", "# a.yaml", false, false],
    ["\\#a.yaml", "#a.yaml", false, true],
    ["a.yaml   ", "a.yaml", false, true],
    ["a\\*.yaml", "ab.yaml", false, false],
    ["a\\*.yaml", "a*.yaml", false, true],
    ["*.yaml\n!b.yaml", "b.yaml", false, false],
    ["!b.yaml\n*.yaml", "b.yaml", false, true],
    ["a.b", "axb", false, false],
    ["(a|b)+", "a", false, false],
    ["[z-a].yaml", "b.yaml", false, false],
    ["[", "[", false, true],
    ["", "a.yaml", false, false],
  ];
  for (const [pattern, path, isFolder, ignored] of rows) {
    const scope = new IgnoreScope(undefined, "", ignoreRules(pattern));
    t.equal(scope.ignores(path, isFolder), ignored, JSON.stringify([pattern, path]));
  }
  const outer = new IgnoreScope(undefined, "", ignoreRules("*.yaml\n/x/c.json"));
  const inner = new IgnoreScope(outer, "x", ignoreRules("!b.yaml"));
  t.equal(inner.ignores("b.yaml", false), false, "the nearest file decides");
  t.equal(inner.ignores("a.yaml", false), true);
  t.equal(inner.ignores("c.json", false), true, "an anchored pattern of a folder further up");
});

t.test("globs take bounded time and match whole names", async (t) => {
  const hostile = globMatcher(`${"**/".repeat(30)}*a*a*a*b/${"*/**/".repeat(30)}${"*a".repeat(200)}b`);
  const start = performance.now();
  hostile("a/".repeat(200) + "a".repeat(4000));
  t.ok(performance.now() - start < 2_000);
  const matches = pathMatcher(["docs/", "./k8s/*.yaml", "test"]);
  t.same(
    ["docs/a/b.yaml", "x/docs/b.yaml", "k8s/a.yaml", "k8s/x/a.yaml", "x/test/a.yaml", "tests/a.yaml"].map(
      matches,
    ),
    [true, true, true, false, true, false],
  );
});

t.test(
  "what lies around a named folder in its repository counts, unless it ignores that folder itself",
  async (t) => {
    const files = {
      "/r/.git/HEAD": "ref",
      "/r/.gitignore": "made.yaml\nout/\n",
      "/r/k8s/a.yaml": pod("a"),
      "/r/k8s/made.yaml": pod("made"),
      "/r/out/b.yaml": pod("b"),
      "/r/out/deep/made.yaml": pod("made"),
    };
    t.same(namesIn(await load(files)), ["a"]);
    t.same(namesIn(await load(files, ["/r/k8s"])), ["a"]);
    t.same(
      namesIn(await load(files, ["/r/out"])),
      ["b", "made"],
      "a folder that is named although it is ignored",
    );
    t.same(namesIn(await load(files, ["/r/out/deep"])), ["made"]);
    t.same(
      namesIn(await load({ ...files, "/.gitignore": "*" }, ["/r/k8s"])),
      ["a"],
      "what lies above the repository does not count",
    );
  },
);

t.test("a file without an object gets a word: each that is named, one for all that are found", async (t) => {
  const bare = `- ${pod("a").replaceAll("\n", "\n  ")}`;
  const rows: readonly [text: string, fatal: boolean, message: RegExp][] = [
    ["a: b\n", false, /holds no Kubernetes object/],
    [
      `[${JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" } })}]`,
      true,
      /bare list.*kind: List/,
    ],
    [bare, true, /bare list/],
    ["[1, 2]", false, /holds no Kubernetes object/],
    ['{"items": []}', false, /holds no Kubernetes object/],
    ['{"apiVersion": "v1", "kind": "List", "items": []}', false, /holds no Kubernetes object/],
    ["", false, /holds no Kubernetes object/],
  ];
  for (const [text, fatal, message] of rows) {
    const { errors } = await load({ "/r/a.yaml": text }, ["/r/a.yaml"]);
    t.match(errors, [{ file: "/r/a.yaml", fatal, message }], `${text} in a file`);
    t.equal(errors.length, 1);
    if (text === "") continue;
    const piped = await loadFiles(["-"], { stdin: Readable.from([text]) });
    t.match(piped.errors, [{ file: "-", fatal, message }], `${text} from standard input`);
  }
  const { errors } = await load({ "/r/a.yaml": "a: b\n", "/r/b.yaml": "", "/r/c.yaml": pod("c") });
  t.match(errors, [
    { file: "/r/a.yaml", fatal: false, message: "it and 1 more files hold no Kubernetes object" },
  ]);
  t.equal(errors.length, 1);
});

t.test("templates that are found are counted once, those that are named are errors", async (t) => {
  const template = `${pod("{{ .Values.name }}-x")}`;
  const files = { "/r/a.yaml": template, "/r/x/b.yaml": template, "/r/c.yaml": pod("c") };
  const found = await load(files);
  t.match(found.errors, [{ fatal: false, message: /^2 documents are templates/ }]);
  t.equal(found.errors.length, 1);
  t.match((await load(files, ["/r"], { strict: true })).errors, [{ fatal: true }]);
  t.match((await load(files, ["/r/a.yaml"])).errors, [{ fatal: true, message: /looks like a template/ }]);
});

t.test("what has no end or is no file is refused with a word, a pipe is read", async (t) => {
  const folder = t.testdir({});
  const refused = async (path: string) => (await loadFiles([path])).errors;
  t.match(await refused("/dev/zero"), [{ fatal: true, message: /it is a device, not a file/ }]);
  t.match(await refused("/dev/null"), [{ fatal: true, message: /it is a device/ }]);
  // The path of a socket may not be long.
  const socketFolder = mkdtempSync(join(tmpdir(), "s-"));
  t.teardown(() => rmSync(socketFolder, { recursive: true }));
  const socket = join(socketFolder, "s.yaml");
  const server = createServer().listen(socket);
  await new Promise((resolve) => server.once("listening", resolve));
  t.match(await refused(socket), [{ fatal: true, message: /it is a socket/ }]);
  t.same(
    (await loadFiles([socketFolder])).errors.map(({ message }) => message),
    ["the folder holds no *.yaml, *.yml or *.json files: name another path"],
    "in a folder it is passed over",
  );
  server.close();
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const writing = spawn("sh", ["-c", `printf '%s' "$1" > "$0"`, pipe, pod("piped")]);
  t.same(namesIn(await loadFiles([pipe])), ["piped"]);
  writing.kill();
});

t.test("an object of a rendered chart shows the template it comes from", async (t) => {
  const text = `---\n# Source: shop/templates/a.yaml\n${pod("a")}---\n# Source: shop/charts/db/templates/b.yaml\n${pod("b")}---\n${pod("c")}`;
  const { workloads } = await loadFiles(["-"], { stdin: Readable.from([text]) });
  t.same(
    workloads.map(({ source }) => `${source?.file}:${source?.line}`),
    ["shop/templates/a.yaml:1", "shop/charts/db/templates/b.yaml:1", "-:12"],
  );
});

t.test("which world holds: a dump is complete, unless it is said otherwise", async (t) => {
  const dumped = (kind: string, name: string, more = "") =>
    `---\napiVersion: v1\nkind: ${kind}\nmetadata: { name: ${name}, uid: u-${name}, resourceVersion: "1" ${more} }\n`;
  const states = async (text: string, options: LoadOptions = {}) => {
    const bundle = await loadFiles(["-"], { stdin: Readable.from([text]), ...options });
    const view = bundle.viewFor(undefined);
    return `${view.storageClass("fast").state} ${view.nodes().state} ${bundle.index.storageClass("fast").state} ${bundle.index.nodes().state}`;
  };
  const dump = dumped("Node", "n1") + dumped("Pod", "p");
  t.equal(await states(dump), "absent known absent known");
  t.equal(await states(dump + pod("other")), "unknown unknown unknown unknown", "one object without a uid");
  t.equal(await states(dump, { closed: false }), "unknown unknown unknown unknown");
  t.equal(await states(pod("other"), { closed: true }), "absent absent absent absent");
  const nodes = [{ name: "n", labels: {}, taints: [], unschedulable: false }];
  t.match(await states(pod("other"), { nodes }), /^unknown known/);
});
