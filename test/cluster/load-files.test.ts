import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import t from "tap";
import { type Bundle, loadFiles } from "../../src/cluster/files.ts";

const pod = (name: string): string => `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\n`;

const names = ({ workloads }: Bundle): string[] => workloads.map(({ name }) => name);

const messages = ({ errors }: Bundle): string[] => errors.map(({ message }) => message);

t.test("walks folders in order and leaves out what is not kept by hand", async (t) => {
  const folder = t.testdir({
    "b.yaml": pod("b"),
    "a.yml": pod("a"),
    "c.json": JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "c" } }),
    "D.YAML": pod("d"),
    "notes.txt": "a: [",
    "tsconfig.json": '{ /* comments */ "a": 1, }',
    inner: { "e.yaml": pod("e"), deeper: { "f.yaml": pod("f") } },
    ".git": { "x.yaml": "a: [" },
    ".k8s": { "h.yaml": pod("h") },
    node_modules: { "x.yaml": "a: [" },
  });
  const bundle = await loadFiles([folder]);
  t.same(names(bundle), ["h", "d", "a", "b", "c", "f", "e"]);
  t.match(bundle.errors, [{ fatal: false, message: /left out .*: 1 node_modules \(--include/ }]);
  t.equal(bundle.errors.length, 1);
  t.equal(bundle.workloads[1]?.source?.file, join(folder, "D.YAML"));
  t.same(
    names(await loadFiles([join(folder, "inner"), join(folder, "a.yml")])),
    ["f", "e", "a"],
    "in the order named",
  );
});

t.test("reads a file once, however often it can be reached", async (t) => {
  const folder = t.testdir({ "a.yaml": pod("a"), inner: {} });
  symlinkSync(folder, join(folder, "inner", "loop"));
  symlinkSync(join(folder, "a.yaml"), join(folder, "z.yaml"));
  symlinkSync("self.yaml", join(folder, "self.yaml"));
  const bundle = await loadFiles([folder, join(folder, "a.yaml"), folder]);
  t.same(names(bundle), ["a"]);
  t.match(messages(bundle), [/a link that leads nowhere/, /a link that leads nowhere/]);
  t.equal(messages(bundle).length, 2, "the links have one name each");
});

t.test("a hidden folder that is named is read, and a file needs no extension", async (t) => {
  const folder = t.testdir({ ".k8s": { "a.yaml": pod("a") }, manifest: pod("b") });
  t.same(names(await loadFiles([join(folder, ".k8s"), join(folder, "manifest")])), ["a", "b"]);
});

t.test("reads every encoding that editors write", async (t) => {
  const folder = t.testdir({});
  const utf16le = Buffer.from(pod("é"), "utf16le");
  const utf16be = Buffer.from(utf16le).swap16();
  const rows: { bytes: Buffer; reason: string }[] = [
    { bytes: Buffer.from(pod("é")), reason: "UTF-8" },
    { bytes: Buffer.from(`\uFEFF${pod("é")}`), reason: "UTF-8 with a byte order mark" },
    {
      bytes: Buffer.concat([Buffer.from([0xff, 0xfe]), utf16le]),
      reason: "UTF-16 LE with a byte order mark",
    },
    {
      bytes: Buffer.concat([Buffer.from([0xfe, 0xff]), utf16be]),
      reason: "UTF-16 BE with a byte order mark",
    },
    { bytes: utf16le, reason: "UTF-16 LE" },
    { bytes: utf16be, reason: "UTF-16 BE" },
  ];
  for (const { bytes, reason } of rows) {
    const path = join(folder, "a.yaml");
    writeFileSync(path, bytes);
    const bundle = await loadFiles([path]);
    t.same(names(bundle), ["é"], reason);
    t.same(bundle.errors, [], reason);
    t.match(bundle.workloads[0]?.source, { line: 1, column: 1 }, reason);
  }
});

t.test("names every path that cannot be read, and reads the others", async (t) => {
  const folder = t.testdir({
    "a.yaml": pod("a"),
    "binary.yaml": Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 1, 2, 3]),
    "latin1.yaml": Buffer.from("name: caf\xe9\n", "latin1"),
    empty: {},
    "only-text": { "readme.md": "# x" },
  });
  symlinkSync(join(folder, "gone"), join(folder, "dangling.yaml"));
  const rows: { path: string; message: RegExp; reason: string }[] = [
    { path: "missing.yaml", message: /no such file or folder.*correct the path/, reason: "not there" },
    { path: "a.yaml/b.yaml", message: /no such file or folder/, reason: "below a file" },
    { path: "empty", message: /holds no .*name another path/, reason: "an empty folder" },
    { path: "only-text", message: /holds no .*name another path/, reason: "a folder without manifests" },
    { path: "binary.yaml", message: /binary.*name a YAML or JSON file/, reason: "a binary" },
    { path: "latin1.yaml", message: /not valid UTF-8: save it as UTF-8/, reason: "another encoding" },
    { path: "dangling.yaml", message: /no such file/, reason: "a dangling link" },
  ];
  for (const { path, message, reason } of rows) {
    const bundle = await loadFiles([join(folder, path), join(folder, "a.yaml")]);
    t.same(names(bundle), ["a"], `${reason}: the rest is judged`);
    t.match(bundle.errors, [{ file: join(folder, path), line: 1, column: 1, fatal: true, message }], reason);
    t.equal(bundle.errors.length, 1, reason);
  }
  const whole = await loadFiles([folder]);
  t.same(names(whole), ["a"]);
  t.equal(whole.errors.length, 3, "binary, latin1 and dangling, found in the folder");
});

t.test(
  "names what it has no right to read",
  { skip: process.getuid?.() === 0 && "root may read everything" },
  async (t) => {
    const folder = t.testdir({ "a.yaml": pod("a"), closed: { "b.yaml": pod("b") } });
    chmodSync(join(folder, "a.yaml"), 0);
    chmodSync(join(folder, "closed"), 0);
    const bundle = await loadFiles([folder]);
    chmodSync(join(folder, "closed"), 0o755);
    t.match(messages(bundle), [/permission denied/, /permission denied/]);
  },
);

t.test("reads standard input", async (t) => {
  const stream = (...chunks: (string | Buffer)[]): Readable => Readable.from(chunks);
  const bytes = Buffer.from(pod("é"));
  const cut = bytes.indexOf(0xc3) + 1;
  const bundle = await loadFiles(["-"], { stdin: stream(bytes.subarray(0, cut), bytes.subarray(cut)) });
  t.same(names(bundle), ["é"], "a character may be cut in two");
  t.equal(bundle.workloads[0]?.source?.file, "-");
  const folder = t.testdir({ "a.yaml": pod("a") });
  t.same(
    names(await loadFiles(["-", folder, "-"], { stdin: stream(pod("b")) })),
    ["b", "a"],
    "once, together with files",
  );
  const empty = await loadFiles(["-"], { stdin: stream(" \n") });
  t.match(empty.errors, [{ file: "-", fatal: true, message: /empty: did the command before the pipe fail/ }]);
  const failing = new Readable({
    read() {
      this.destroy(new Error("the pipe broke"));
    },
  });
  t.match(messages(await loadFiles(["-"], { stdin: failing })), [/cannot be read \(the pipe broke\)/]);
});

t.test("reads a large folder tree", async (t) => {
  const folder = t.testdir({});
  for (let at = 0; at < 20; at += 1) {
    mkdirSync(join(folder, `d${at}`));
    for (let name = 0; name < 10; name += 1)
      writeFileSync(join(folder, `d${at}`, `${name}.yaml`), pod(`p${at}-${name}`));
  }
  t.equal((await loadFiles([folder])).workloads.length, 200);
});
