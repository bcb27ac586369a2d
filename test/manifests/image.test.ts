import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import t from "tap";
import { copyProduction } from "../distribution/production.ts";
import { ROOT } from "./render.ts";

const run = promisify(execFile);

interface Stage {
  readonly name: string;
  readonly instructions: readonly { readonly word: string; readonly rest: string }[];
}

/** The stages of the Dockerfile; comments dropped, continued lines joined. */
async function stages(): Promise<readonly Stage[]> {
  const text = await readFile(`${ROOT}Dockerfile`, "utf8");
  const lines = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const found: { name: string; instructions: { word: string; rest: string }[] }[] = [];
  for (const line of lines) {
    const [word = "", ...words] = line.trim().split(/\s+/);
    if (word === "FROM") found.push({ name: /\bAS (\w+)/.exec(line)?.[1] ?? "final", instructions: [] });
    found.at(-1)?.instructions.push({ word, rest: words.join(" ") });
  }
  return found;
}

async function instructions(stage: string, word: string): Promise<readonly string[]> {
  const found = (await stages()).find(({ name }) => name === stage);
  if (found === undefined) throw new Error(`the Dockerfile has no stage ${stage}`);
  return found.instructions.filter((instruction) => instruction.word === word).map(({ rest }) => rest);
}

/** What is copied out of the repository, by stage. */
async function copied(stage: string): Promise<readonly string[]> {
  return (await instructions(stage, "COPY"))
    .filter((rest) => !rest.startsWith("--from="))
    .flatMap((rest) => rest.split(" ").slice(0, -1))
    .map((path) => path.replace(/^\.\//, ""));
}

t.test("the builder is sent what the image is made of, and nothing else", async (t) => {
  const needed = new Set<string>();
  for (const { name } of await stages()) for (const path of await copied(name)) needed.add(path);
  const ignore = (await readFile(`${ROOT}.dockerignore`, "utf8"))
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  t.equal(ignore[0], "*", "everything is left out first");
  t.strictSame(
    ignore
      .slice(1)
      .map((line) => line.replace(/^!/, ""))
      .sort(),
    [...needed].sort(),
  );
  for (const path of needed) await t.resolves(stat(`${ROOT}${path}`), path);
});

t.test("the image has the Node that the project is tested with", async (t) => {
  const manifest = JSON.parse(await readFile(`${ROOT}package.json`, "utf8")) as {
    version: string;
    devDependencies: { node: string };
  };
  const dockerfile = await readFile(`${ROOT}Dockerfile`, "utf8");
  t.match(dockerfile, `ARG NODE_IMAGE=node:${manifest.devDependencies.node}-`);
  t.match(dockerfile, `ARG VERSION=${manifest.version}\n`);
  const base = await readFile(`${ROOT}manifests/base/kustomization.yaml`, "utf8");
  t.match(base, `newTag: ${manifest.version}\n`);
});

t.test("the image runs the server as a user that is not root", async (t) => {
  const [user] = (await instructions("final", "USER")).slice(-1);
  t.match(user, /^[1-9]\d*:[1-9]\d*$/);
  t.strictSame(await instructions("final", "ENTRYPOINT"), [
    '["node", "--max-old-space-size-percentage=50", "/app/dist/cli/main.js"]',
  ]);
  t.strictSame(await instructions("final", "HEALTHCHECK"), [], "the kubelet's probes do that");
  for (const { name } of await stages()) t.strictSame(await instructions(name, "ADD"), [], name);
});

t.test("the image says what it is and what it was made of", async (t) => {
  const labels = (await instructions("final", "LABEL")).join(" ");
  for (const name of [
    ...["title", "description", "licenses", "version", "revision", "created", "source", "url"],
    ...["documentation", "vendor", "base.name"],
  ])
    t.match(labels, `org.opencontainers.image.${name}=`, name);
});

t.test("base image and registry can be a mirror's", async (t) => {
  for (const { name, instructions: lines } of await stages()) {
    t.match(lines[0]?.rest, /\$\{NODE_IMAGE\}/, name);
    for (const { word, rest } of lines) {
      if (word !== "RUN" || !rest.includes("npm ci")) continue;
      t.match(rest, /\$\{NPM_REGISTRY:\+--registry="\$\{NPM_REGISTRY\}"\}/, name);
      t.ok(
        lines.some((line) => line.word === "ARG" && line.rest === "NPM_REGISTRY"),
        name,
      );
      // Node trusts the authorities that it was built with; a mirror's may only be in the base image.
      t.ok(
        lines.some((line) => line.word === "ENV" && line.rest === "NODE_USE_SYSTEM_CA=1"),
        `${name}: the mirror's certificate`,
      );
    }
  }
});

t.test("no package's install script runs while the image is built", async (t) => {
  for (const { name } of await stages()) {
    for (const command of await instructions(name, "RUN")) {
      if (command.includes("npm ci")) t.match(command, "--ignore-scripts", name);
    }
  }
  t.match((await instructions("production", "RUN"))[0], "npm ci --omit=dev --ignore-scripts");
});

/** True where a command can be run in a network that leads nowhere, as the build has to bear after `npm ci`. */
async function canDoWithoutNetwork(): Promise<boolean> {
  return run("unshare", ["--net", "true"]).then(
    () => true,
    () => false,
  );
}

/** The image's folder, made without a builder: compiled from what is copied in, with production dependencies only. */
async function fillImage(folder: string): Promise<void> {
  const source = join(folder, "src");
  const app = join(folder, "app");
  await mkdir(source);
  await mkdir(app);
  for (const path of await copied("build"))
    await cp(`${ROOT}${path}`, join(source, path), { recursive: true });
  // The build stage has every dependency.
  await symlink(`${ROOT}node_modules`, join(source, "node_modules"));
  // The test runner hooks itself into every child of a test; the compiler does not bear it.
  const build = ["env", "-u", "NODE_OPTIONS", "npm", "run", "--silent", "build"];
  const [command = "", ...args] = (await canDoWithoutNetwork()) ? ["unshare", "--net", ...build] : build;
  await run(command, args, { cwd: source });
  await cp(join(source, "dist/cli"), join(app, "dist/cli"), { recursive: true });
  await cp(join(source, "dist/LICENSES.txt"), join(app, "dist/LICENSES.txt"));
  await cp(`${ROOT}package.json`, join(app, "package.json"));
  await copyProduction(app);
  await run(`${ROOT}release/runtime-only.sh`, [join(app, "node_modules")]);
}

t.test("of the dependencies only what runs is kept", async (t) => {
  t.match((await instructions("production", "RUN"))[0], "&& runtime-only.sh node_modules");
  const file = "x";
  const folder = t.testdir({
    node_modules: {
      ".bin": { file },
      a: {
        "index.js": file,
        "index.js.map": file,
        "index.d.ts": file,
        LICENSE: file,
        test: { file },
        docs: { file },
        lib: { test: { "index.js": file } },
        node_modules: { b: { "index.mjs": file, benchmarks: { file }, "index.d.mts": file } },
      },
      "@scope": { test: { "index.js": file, tests: { file }, "index.test-d.ts": file } },
      test: { "index.js": file, example: { file } },
    },
  });
  await run(`${ROOT}release/runtime-only.sh`, [join(folder, "node_modules")]);
  const left = await readdir(folder, { recursive: true, withFileTypes: true });
  t.strictSame(
    left
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(join(folder, "node_modules"), join(parentPath, name)))
      .sort(),
    [
      "@scope/test/index.js",
      "a/LICENSE",
      "a/index.js",
      "a/lib/test/index.js",
      "a/node_modules/b/index.mjs",
      "test/index.js",
    ],
  );
});

t.test("what is in the image is enough to run every part of it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "attachguard-image-"));
  t.teardown(() => rm(folder, { recursive: true }));
  await fillImage(folder);
  const app = join(folder, "app");
  const env = { PATH: process.env.PATH, NODE_ENV: "production", NODE_DISABLE_COMPILE_CACHE: "1" };
  const main = join(app, "dist/cli/main.js");

  const { stdout } = await run(process.execPath, [main, "--version"], { cwd: app, env });
  const { version } = JSON.parse(await readFile(`${ROOT}package.json`, "utf8")) as { version: string };
  t.equal(stdout.trim(), version);

  // Each module by itself: one that needs a development dependency cannot be linked.
  const modules = (await readdir(join(app, "dist"), { recursive: true }))
    .filter((path) => path.endsWith(".mjs"))
    .map((path) => pathToFileURL(join(app, "dist", path)).href);
  t.not(modules.length, 0);
  const program = `for (const url of ${JSON.stringify(modules)}) await import(url);`;
  await t.resolves(run(process.execPath, ["--input-type=module", "--eval", program], { cwd: app, env }));
});
