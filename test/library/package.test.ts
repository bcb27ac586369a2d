import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { ROOT } from "../manifests/render.ts";
import { installPacked, PLAIN_ENV } from "./packed.ts";

// npm, and tools that check the package, on a busy machine.
t.setTimeout(120_000);

const NODE = { cwd: ROOT, env: PLAIN_ENV, encoding: "utf8" } as const;

/** The packages and the modules of Node that a piece of code loads, and what it reads of the environment. */
function loadedBy(folder: string, code: string) {
  const hooks = `import { registerHooks } from "node:module";
const loaded = new Set();
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const url = found.url ?? specifier;
    loaded.add(url.startsWith("node:") ? url : /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1] ?? "code");
    return found;
  },
});
const asked = [];
// Node asks for things of its own, the last one whenever a package loads a part of itself.
const ask = (name) =>
  /node_modules/.test(new Error().stack) && name !== "WATCH_REPORT_DEPENDENCIES" && asked.push(name);
process.env = new Proxy(process.env, {
  get: (env, name) => (ask(name), env[name]),
  has: (env, name) => (ask(name), name in env),
  ownKeys: (env) => (ask("*"), Reflect.ownKeys(env)),
});
process.on("exit", () => console.log(JSON.stringify({ loaded: [...loaded].sort(), asked })));
`;
  writeFileSync(join(folder, "hooks.mjs"), hooks);
  writeFileSync(join(folder, "code.mjs"), code);
  // By way of env, since the runner of tests puts its own hooks into whatever a test starts.
  const node = ["-u", "NODE_OPTIONS", process.execPath, "--import", "./hooks.mjs", "code.mjs"];
  const { status, stdout, stderr } = spawnSync("env", node, { ...NODE, cwd: folder });
  if (status !== 0) throw new Error(stderr);
  const last = stdout.trim().split("\n").at(-1) ?? "";
  return JSON.parse(last) as { loaded: string[]; asked: string[] };
}

const MANIFESTS = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce]}}`;

t.test("what the packed package loads", async (t) => {
  // With a manifest of its own: without one the name would lead to this checkout.
  const folder = t.testdir({ "package.json": "{}" });
  installPacked(folder);

  const library = loadedBy(
    folder,
    `import { FORMATS, judge, judgeChange, parseConfig, render } from "attachguard";
     const text = ${JSON.stringify(MANIFESTS)};
     const report = await judge(text, { config: await parseConfig("mode: warn") });
     await judgeChange(text, text);
     for (const format of FORMATS) await render(report, format);`,
  );
  t.ok(library.loaded.includes("js-yaml"), "what is loaded is seen");
  const packages = library.loaded.filter((name) => !name.startsWith("node:"));
  t.strictSame(
    packages.filter((name) => !["attachguard", "ajv", "code", "js-yaml"].includes(name)).filter(isNotOfAjv),
    [],
  );
  t.strictSame(
    library.loaded.filter((name) =>
      /^node:(fs|child_process|net|http|https|dns|process|worker_threads)/.test(name),
    ),
    [],
    "it can read nothing by itself",
  );
  t.strictSame(library.asked, []);

  const plugin = loadedBy(
    folder,
    `import fastify from "fastify"; import { validate } from "attachguard/fastify"; await fastify().register(validate);`,
  );
  const check = loadedBy(
    folder,
    `import { writeFileSync } from "node:fs";
     writeFileSync("a.yaml", ${JSON.stringify(MANIFESTS)});
     process.argv.splice(1, 9, "attachguard", "check", "a.yaml");
     await import("./node_modules/attachguard/dist/cli/main.js");`,
  );
  for (const [what, { loaded }] of Object.entries({ library, plugin, check })) {
    t.ok(loaded.includes("attachguard"), what);
    t.notOk(loaded.includes("@kubernetes/client-node"), `${what} has nothing to do with a cluster`);
  }
  t.ok(plugin.loaded.includes("fastify"));
});

/** What ajv is made of. */
function isNotOfAjv(name: string): boolean {
  return !["fast-deep-equal", "fast-uri", "json-schema-traverse", "require-from-string"].includes(name);
}

t.test("what the README shows works as it is written", async (t) => {
  const folder = t.testdir({ "package.json": '{"type": "module"}' });
  installPacked(folder);
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
  t.equal(blocks.length, 2);
  for (const [at, code] of blocks.entries()) {
    writeFileSync(join(folder, `${at}.js`), code);
    const { status, stdout, stderr } = spawnSync(process.execPath, [`${at}.js`], { ...NODE, cwd: folder });
    t.equal(status, 0, stderr);
    if (at === 0) t.match(stdout, /^0 <!-- attachguard -->[\s\S]*\n0 true\n$/);
  }
});

t.test("the types hold for whoever uses it", async (t) => {
  const folder = t.testdir({
    "use.ts": `import { type ClusterFacts, clusterFacts, judge, judgeReview, type Report, render } from "attachguard";
import { validate } from "attachguard/fastify";
import fastify from "fastify";

const cluster: ClusterFacts = clusterFacts([]);
const report: Report = await judge([{ file: "a.yaml", text: "" }, "text", {}], { cluster, now: new Date() });
const rules: string[] = report.findings.map(({ rule }) => rule);
const text: string = await render(report, "sarif", { failOn: "warning" });
const { review } = await judgeReview({});
const allowed: boolean = review.response.allowed;
await fastify().register(validate, { cluster: () => cluster, prefix: "/a" });
// @ts-expect-error there is no such format
await render(report, "pdf");
// @ts-expect-error manifests are no numbers
await judge(1);
console.log(rules, text, allowed);
`,
    "package.json": '{"type": "module"}',
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        module: "nodenext",
        target: "es2024",
        types: ["node"],
        skipLibCheck: false,
      },
      files: ["use.ts"],
    }),
  });
  installPacked(folder);
  const { status, stdout } = spawnSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder], NODE);
  const own = stdout.split("\n").filter((line) => /^use\.ts|^[^ ].*attachguard\/dist/.test(line));
  t.strictSame(own, [], stdout);
  t.ok(status === 0 || own.length === 0, stdout);
});

t.test("publint and attw find nothing", async (t) => {
  const folder = t.testdir();
  installPacked(folder);
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
  const env = { ...PLAIN_ENV, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const bin = join(ROOT, "node_modules/.bin");
  const publint = spawnSync(join(bin, "publint"), ["--strict", join(folder, archive)], { ...NODE, env });
  t.equal(publint.status, 0, publint.stdout);
  const attw = spawnSync(join(bin, "attw"), ["--profile", "esm-only", join(folder, archive)], {
    ...NODE,
    env,
  });
  t.equal(attw.status, 0, attw.stdout);
});

t.test("what the library promises is what has been committed; else: npm run api", async (t) => {
  for (const name of ["attachguard.api.md", "attachguard-fastify.api.md"]) {
    const built = join(ROOT, "dist/api", name);
    t.ok(existsSync(built), "run npm run build first");
    t.equal(readFileSync(join(ROOT, "etc", name), "utf8"), readFileSync(built, "utf8"), name);
  }
});
