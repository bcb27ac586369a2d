import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import t, { type Test } from "tap";
import { DISK_TREE } from "../../../../src/cluster/files/render/disk-tree.ts";
import type { Rendered, RenderRequest } from "../../../../src/cluster/files/render/renderer.ts";
import type { ToolLimits } from "../../../../src/cluster/files/render/run-tool.ts";
import { releaseName, ToolRenderer } from "../../../../src/cluster/files/render/tool-renderer.ts";
import { RENDER_LIMITS, Toolbox } from "../../../../src/cluster/files/render/toolbox.ts";
import { memoryTree } from "../../../support/memory-tree.ts";

const LIMITS: ToolLimits = { ...RENDER_LIMITS, milliseconds: 700, outputBytes: 256 * 1024 };

/** Puts a shell script in a folder: it says a version when asked, and else does what `script` says. */
function fake(folder: string, name: string, script: string, version = "v9.9.9"): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\nif [ "$1" = version ]; then echo "${version}"; exit; fi\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const CHART = { "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n" };
const APP = { "kustomization.yaml": "resources: []" };

/** Folders that a run has left behind. */
const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(`attachguard-`));

/** True once a process has ended, within two seconds; one that nobody has waited for yet (a zombie) has. */
async function hasEnded(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      process.kill(pid, 0);
      if (process.platform === "linux" && / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) return true;
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

interface World {
  readonly folder: string;
  readonly tree: string;
  readonly bin: string;
  render(request: Partial<RenderRequest>, searchPath?: string): Promise<Rendered>;
}

function world(t: Test, limits: ToolLimits = LIMITS): World {
  const folder = t.testdir({ bin: {}, tree: { app: APP, "My Chart_1": CHART } });
  const tree = join(folder, "tree");
  const bin = join(folder, "bin");
  return {
    folder,
    tree,
    bin,
    render(request, searchPath = bin) {
      const renderer = new ToolRenderer(new Toolbox({ searchPath, checked: [tree], limits }), DISK_TREE);
      return renderer.render({
        kind: "kustomization",
        root: join(tree, "app"),
        tree,
        values: [],
        set: [],
        ...request,
      });
    },
  };
}

t.test("a hostile tree cannot bring its own tools", async (t) => {
  const { tree, folder, bin, render } = world(t);
  const mark = join(folder, "ran");
  for (const place of [join(tree, "bin"), join(folder, "node_modules", ".bin"), join(folder, "relative")]) {
    for (const name of ["kubectl", "kustomize", "prlimit"]) fake(place, name, `: > ${mark}`);
  }
  symlinkSync(join(tree, "bin", "kubectl"), join(bin, "kubectl"));
  symlinkSync(join(tree, "bin"), join(folder, "linked"));
  symlinkSync(join(folder, "relative"), join(tree, "way-out"));
  const searchPath = [
    "",
    ".",
    "test",
    join(tree, "bin"),
    join(tree, "way-out"),
    join(folder, "linked"),
    join(folder, "node_modules", ".bin"),
    bin,
  ].join(delimiter);
  const rendered = await render({}, searchPath);
  t.match(rendered, {
    state: "not-rendered",
    code: "no-tool",
    reason: /is in what is checked and is not run/,
  });
  t.notOk(existsSync(mark), "none was run, not even for its version");
  fake(join(folder, "good"), "kubectl", "echo kind: Good");
  const good = await render({}, [searchPath, join(folder, "good")].join(delimiter));
  t.match(good, { state: "rendered", text: "kind: Good\n", tool: { name: "kubectl", version: "v9.9.9" } });
  t.notOk(existsSync(mark));
});

t.test("a tool sees nothing of the caller's environment and is gone without a trace", async (t) => {
  const { bin, folder, render } = world(t);
  process.env.ATTACHGUARD_TEST_SECRET = "s3cret";
  t.teardown(() => delete process.env.ATTACHGUARD_TEST_SECRET);
  const before = leftovers();
  const dump = join(folder, "dump");
  fake(bin, "kustomize", `{ /usr/bin/env; echo "ARGS $*"; pwd; echo "$HOME"/*; } > ${dump}; echo "a: 1"`);
  t.match(await render({}), { state: "rendered", text: "a: 1\n", tool: { name: "kustomize" } });
  const text = readFileSync(dump, "utf8");
  t.notMatch(text, /s3cret/);
  const value = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1];
  const home = value("HOME") as string;
  t.match(home, /attachguard-.*home$/);
  for (const name of ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
    t.equal(value(name), "http://127.0.0.1:1");
  for (const name of ["NO_PROXY", "no_proxy"]) t.equal(value(name), "", name);
  for (const name of ["PATH", "KUBECONFIG", "HELM_PLUGINS", "HELM_REGISTRY_CONFIG", "XDG_CONFIG_HOME"]) {
    t.ok(value(name)?.startsWith(home), name);
  }
  // The test runner adds its own to every child.
  const known =
    /^(_TAPJS_\w+|NODE_OPTIONS|PATH|HOME|USERPROFILE|TMPDIR|TMP|TEMP|LANG|KUBE\w+|XDG_\w+|HELM_\w+|\w*_PROXY|\w*_proxy|GOMEMLIMIT|GOMAXPROCS|PWD|OLDPWD|SHLVL|_)$/;
  t.same(
    [...text.matchAll(/^(\w+)=/gm)].map(([, name]) => name as string).filter((name) => !known.test(name)),
    [],
    "nothing else",
  );
  t.match(text, /^ARGS build \/.*tree\/app$/m, "no flag that allows more");
  t.same(leftovers(), before);
});

t.test("what is handed to Helm", async (t) => {
  const { bin, folder, tree, render } = world(t);
  fake(
    bin,
    "helm",
    'for a in "$@"; do echo "<$a>"; done; echo ---; while read -r l; do echo "$l"; done < values-0.yaml',
  );
  const values = join(folder, "a,https:--x.yaml");
  writeFileSync(values, "a: 1\n");
  const chart = { kind: "chart", root: join(tree, "My Chart_1") } as const;
  const rendered = await render({ ...chart, values: [values], set: ["a=1,b={x}", "--post-renderer=/x"] });
  t.match(rendered, { state: "rendered" });
  if (rendered.state !== "rendered") return;
  t.match(
    rendered.text,
    /^<template>\n<my-chart-1>\n<\/.*tree\/My Chart_1>\n<--skip-tests>\n<--values=values-0.yaml>\n<--set=a=1,b=\{x\}>\n<--set=--post-renderer=\/x>\n---\na: 1\n$/,
  );
  writeFileSync(join(folder, "secret"), "s: 1\n");
  symlinkSync(join(folder, "secret"), join(tree, "values.yaml"));
  for (const bad of [
    "https://example.com/v.yaml",
    "-",
    "oci://x",
    join(folder, "none"),
    folder,
    join(tree, "values.yaml"),
  ]) {
    t.match(await render({ ...chart, values: [bad] }), { state: "not-rendered", code: "values" }, bad);
  }
});

t.test("names of releases", async (t) => {
  for (const [folder, name] of [
    ["web", "web"],
    ["My Chart_1.2", "my-chart-1-2"],
    ["--x--", "x"],
    ["..", "release"],
    ["ü", "release"],
    ["a".repeat(80), "a".repeat(53)],
  ] as const) {
    t.equal(releaseName(folder), name);
  }
});

t.test("a tool that hangs, floods, starts others, or says too much", async (t) => {
  const { bin, folder, render } = world(t);
  const pid = join(folder, "pid");
  fake(bin, "kustomize", `/bin/sleep 60 & echo $! > ${pid}; wait`);
  t.match(await render({}), { code: "too-large", reason: /took longer/ });
  t.ok(await hasEnded(Number(readFileSync(pid, "utf8"))), "what it started has ended");
  fake(
    bin,
    "kustomize",
    "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
  );
  t.match(await render({}), { code: "too-large", reason: /printed more/ });
  fake(
    bin,
    "kustomize",
    "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx >&2; done",
  );
  t.match(await render({}), { code: "too-large", reason: /printed more/ }, "to standard error");
  fake(bin, "kustomize", `/bin/sleep 60 & echo "a: 1"`);
  t.match(
    await render({}),
    { state: "rendered", text: "a: 1\n" },
    "a pipe that somebody holds open is not waited for",
  );
  fake(
    bin,
    "kustomize",
    String.raw`printf 'Warning: x\nError: bad \033[2J thing\r\n::error::x\342\200\256 in %s\n' "$2/pod.yaml" >&2; exit 1`,
  );
  const failed = await render({});
  t.match(failed, { code: "failed", reason: "kustomize: bad [2J thing ::error::x in app/pod.yaml" });
  fake(bin, "kustomize", "exit 3");
  t.match(await render({}), { code: "failed", reason: "kustomize: it ended with code 3" });
  fake(
    bin,
    "kustomize",
    'i=0; while [ $i -lt 2000 ]; do echo "Error: line $i" >&2; i=$((i+1)); done; exit 1',
  );
  t.ok(JSON.stringify(await render({})).length < 800, "their error is cut");
});

const prlimit = ["/usr/bin/prlimit", "/bin/prlimit"].find((path) => existsSync(path));

t.test(
  "memory is bounded where there is prlimit",
  {
    skip: process.platform === "linux" && prlimit !== undefined ? false : "there is no prlimit here",
  },
  async (t) => {
    const { bin, render } = world(t, { ...LIMITS, milliseconds: 20_000, memoryBytes: 32 * 1024 * 1024 });
    symlinkSync(prlimit ?? "", join(bin, "prlimit"));
    fake(bin, "kustomize", 's=xxxxxxxxxxxxxxxx; while :; do s="$s$s"; done');
    t.match(await render({}), { state: "not-rendered", code: /too-large|failed/ });
  },
);

t.test("tools that are too old, or say nothing", async (t) => {
  const { bin, render } = world(t);
  writeFileSync(join(bin, "kustomize"), "#!/bin/sh\necho v3.9.4\n", { mode: 0o755 });
  writeFileSync(join(bin, "kubectl"), "#!/bin/sh\necho hello\n", { mode: 0o755 });
  t.match(await render({}), { code: "no-tool", reason: /has version v3.9.4, and 4.0.0 is the oldest/ });
  rmSync(join(bin, "kustomize"));
  t.match(await render({}), { code: "no-tool", reason: /kubectl does not say its version/ });
});

t.test("kustomize as `go install` makes it", async (t) => {
  const { bin, render } = world(t);
  fake(bin, "kustomize", "echo 'kind: List'", "(devel)");
  t.match(await render({}), { state: "rendered", tool: { name: "kustomize", version: "(devel)" } });
  t.match(await render({}, ""), {
    code: "no-tool",
    reason: "there is no kustomize or kubectl on the PATH that can be used",
  });
});

t.test("nothing is looked for where the closure rules rendering out", async (t) => {
  const { bin, tree, folder, render } = world(t);
  const mark = join(folder, "ran");
  writeFileSync(join(bin, "kustomize"), `#!/bin/sh\n: > ${mark}\n`, { mode: 0o755 });
  writeFileSync(join(tree, "app", "kustomization.yaml"), "resources: [https://example.com/a, /etc/passwd]");
  t.match(await render({}), { code: "remote", reason: /names https:.*\(and 1 more\)$/ });
  t.notOk(existsSync(mark));
});

t.test("only the scanned closure is there to be read, and a tree in memory is rendered too", async (t) => {
  const { bin } = world(t);
  fake(bin, "kustomize", 'cd "$2/.." && echo * */*');
  const files = memoryTree({
    "/t/app/kustomization.yaml": "resources: [../base]",
    "/t/app/secret.yaml": "",
    "/t/base/kustomization.yaml": "resources: [a.yaml]",
    "/t/base/a.yaml": "",
    "/t/other/b.yaml": "",
  });
  const renderer = new ToolRenderer(new Toolbox({ searchPath: bin, checked: ["/t"], limits: LIMITS }), files);
  const rendered = await renderer.render({
    kind: "kustomization",
    root: "/t/app",
    tree: "/t",
    values: [],
    set: [],
  });
  t.match(rendered, { text: "app base app/kustomization.yaml base/a.yaml base/kustomization.yaml\n" });
});

t.test("rendered once each, two at a time", async (t) => {
  const { bin, folder, tree } = world(t);
  const log = join(folder, "log");
  fake(bin, "kustomize", `echo + >> ${log}; /bin/sleep 0.1; echo - >> ${log}`);
  const roots = [1, 2, 3, 4, 5].map((at) => join(tree, `r${at}`));
  for (const root of roots) {
    mkdirSync(root);
    writeFileSync(join(root, "kustomization.yaml"), "resources: []");
  }
  const renderer = new ToolRenderer(
    new Toolbox({ searchPath: bin, checked: [tree], limits: RENDER_LIMITS }),
    DISK_TREE,
  );
  const ask = (root: string): Promise<Rendered> =>
    renderer.render({ kind: "kustomization", root, tree, values: [], set: [] });
  const answers = await Promise.all([...roots, ...roots].map(ask));
  t.ok(answers.every(({ state }) => state === "rendered"));
  const steps = readFileSync(log, "utf8").trim().split("\n");
  t.equal(steps.length, 10);
  let running = 0;
  let most = 0;
  for (const step of steps) {
    running += step === "+" ? 1 : -1;
    most = Math.max(most, running);
  }
  t.equal(most, 2);
});

t.test("told to end, it leaves neither a folder nor a process", async (t) => {
  const { bin, folder, tree } = world(t);
  const pid = join(folder, "pid");
  fake(bin, "kustomize", `echo $$ "$HOME" > ${pid}; /bin/sleep 60`);
  const source = join(import.meta.dirname, "..", "..", "..", "..", "src", "cluster", "files", "render");
  const script = `
    const { Toolbox } = await import(${JSON.stringify(join(source, "toolbox.ts"))});
    const { ToolRenderer } = await import(${JSON.stringify(join(source, "tool-renderer.ts"))});
    const { DISK_TREE } = await import(${JSON.stringify(join(source, "disk-tree.ts"))});
    const box = new Toolbox({ searchPath: ${JSON.stringify(bin)}, checked: [] });
    await new ToolRenderer(box, DISK_TREE).render({ kind: "kustomization", root: ${JSON.stringify(join(tree, "app"))},
      tree: ${JSON.stringify(tree)}, values: [], set: [] });`;
  // Without the test runner's hooks, which handle signals themselves.
  const plain = ["-u", "NODE_OPTIONS", process.execPath, "--input-type=module", "-e", script];
  const child = spawn("env", plain, { stdio: "ignore" });
  while (!existsSync(pid) || readFileSync(pid, "utf8") === "")
    await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGTERM");
  const [, signal] = await once(child, "exit");
  t.equal(signal, "SIGTERM", "the signal does what it would have done");
  const [number, home] = readFileSync(pid, "utf8").trim().split(" ") as [string, string];
  t.notOk(existsSync(join(home, "..")));
  t.ok(await hasEnded(Number(number)));
});
