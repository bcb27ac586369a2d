import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { krewManifest } from "../../release/krew.ts";
import { pinnedBase, pinnedValues } from "../../release/pin-image.ts";
import { HELMS, WITHOUT_HELM } from "../charts/helm.ts";
import { ROOT } from "../manifests/render.ts";

const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
const { NODE_OPTIONS: _hooks, ...env } = process.env;

t.test("npm packs what people use, and nothing of how it is made", async (t) => {
  const out = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: ROOT,
    encoding: "utf8",
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const packed = JSON.parse(out) as
    | readonly { files: readonly { path: string; mode: number }[] }[]
    | Readonly<Record<string, { files: readonly { path: string; mode: number }[] }>>;
  const files = Object.values(packed)[0]?.files ?? [];
  const paths = files.map(({ path }) => path);
  for (const path of [
    "package.json",
    "README.md",
    "LICENSE",
    "dist/cli/main.js",
    "dist/cli/package.json",
    "dist/cli/files-program.cjs",
    "dist/cli/packages.cjs",
    "dist/cli/start.mjs",
    "dist/LICENSES.txt",
    "dist/index.js",
    "dist/index.d.ts",
    "dist/fastify.js",
    "dist/fastify.d.ts",
    "etc/attachguard.api.md",
    "examples/README.md",
    "bin/kubectl-attachguard",
    "bin/kubectl_complete-attachguard",
    "bin/package.json",
    "manifests/base/kustomization.yaml",
    "charts/attachguard/Chart.yaml",
    "docs/README.md",
    "UPGRADING.md",
  ])
    t.ok(paths.includes(path), path);
  const unwanted = paths.filter((path) =>
    /^(src|test|bench|certs|release|node_modules|\.)|(?<!\.d)\.ts$|\.tgz$/.test(path),
  );
  t.strictSame(
    unwanted.filter((path) => !/^(docs|examples)\//.test(path)),
    [],
  );
  for (const { path, mode } of files)
    if (path.startsWith("bin/kubectl")) t.not(mode & 0o111, 0, `${path} can be run`);
});

/** The plugin's archive, as the release makes it, of a package or two instead of all. */
function plugin(folder: string): string {
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "pino"), { recursive: true });
  writeFileSync(join(modules, "pino/package.json"), "{}");
  writeFileSync(join(modules, "pino/pino.d.ts"), "");
  const archive = join(folder, "plugin.tar.gz");
  execFileSync(join(ROOT, "release/plugin.sh"), [modules, archive], { env });
  return archive;
}

t.test("the plugin's archive holds what it needs, and is the same each time", async (t) => {
  const archive = plugin(t.testdir({ one: {}, two: {} }));
  const listed = execFileSync("tar", ["-tzf", archive], { encoding: "utf8" }).split("\n");
  for (const path of [
    "./bin/kubectl-attachguard",
    "./bin/kubectl_complete-attachguard",
    "./bin/package.json",
    "./dist/cli/main.js",
    "./dist/cli/package.json",
    "./dist/cli/files-program.cjs",
    "./dist/cli/packages.cjs",
    "./dist/cli/start.mjs",
    "./node_modules/pino/package.json",
    "./package.json",
    "./LICENSE",
  ])
    t.ok(listed.includes(path), path);
  t.notOk(listed.includes("./node_modules/pino/pino.d.ts"));
  const digest = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
  t.equal(digest(plugin(join(t.testdirName, "two"))), digest(plugin(join(t.testdirName, "one"))));

  // Unpacked anywhere, it runs.
  const unpacked = join(t.testdirName, "unpacked");
  mkdirSync(unpacked);
  execFileSync("tar", ["-xzf", archive, "-C", unpacked, "--exclude", "./node_modules"]);
  symlinkSync(join(ROOT, "node_modules"), join(unpacked, "node_modules"));
  const { stdout } = spawnSync(process.execPath, [join(unpacked, "bin/kubectl-attachguard"), "--version"], {
    encoding: "utf8",
    env,
  });
  t.equal(stdout, `${version}\n`);
});

const ARCHIVE = {
  uri: "https://example.com/attachguard/releases/download/v1.2.3/kubectl-attachguard-1.2.3.tar.gz",
  sha256: "0".repeat(64),
};

t.test("the krew manifest keeps krew's rules", async (t) => {
  const text = krewManifest("1.2.3", "https://example.com/attachguard", ARCHIVE);
  const manifest = parse(text);
  t.match(manifest, {
    apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
    kind: "Plugin",
    metadata: { name: /^[\w-]+$/ },
    spec: {
      version: "v1.2.3",
      shortDescription: /^[^\n]{1,50}$/,
      homepage: "https://example.com/attachguard",
    },
  });
  const { platforms } = manifest.spec as {
    platforms: { selector: { matchLabels: { os: string } }; bin: string }[];
  };
  t.equal(new Set(platforms.map(({ selector }) => selector.matchLabels.os)).size, platforms.length);
  for (const platform of platforms) {
    t.match(platform, { uri: /\.tar\.gz$/, sha256: /^[0-9a-f]{64}$/ });
    t.ok(readFileSync(join(ROOT, platform.bin)), "the launcher is where the manifest says");
  }
  const validator = process.env.KREW_VALIDATOR ?? "validate-krew-manifest";
  const file = join(t.testdir({ "attachguard.yaml": text }), "attachguard.yaml");
  const { error, status, stderr } = spawnSync(validator, ["-manifest", file, "-skip-install"], {
    encoding: "utf8",
  });
  if (error !== undefined)
    t.comment("SKIPPED: there is no validate-krew-manifest; KREW_VALIDATOR may name one");
  else t.equal(status, 0, stderr);
});

const DIGEST = `sha256:${"a".repeat(64)}`;

t.test("a release names its image by digest, in the chart and in the manifests", async (t) => {
  const values = readFileSync(join(ROOT, "charts/attachguard/values.yaml"), "utf8");
  const pinned = pinnedValues(values, "ghcr.io/example/attachguard", DIGEST);
  t.strictSame(parse(pinned), {
    ...parse(values),
    image: { ...parse(values).image, repository: "ghcr.io/example/attachguard", digest: DIGEST },
  });
  t.equal(pinned.match(/#/g)?.length, values.match(/#/g)?.length, "comments stay");
  const base = pinnedBase(
    readFileSync(join(ROOT, "manifests/base/kustomization.yaml"), "utf8"),
    "ghcr.io/example/attachguard",
    DIGEST,
  );
  t.strictSame(parse(base).images, [
    { name: "attachguard", newName: "ghcr.io/example/attachguard", digest: DIGEST },
  ]);
});

t.test("the chart packs, pinned, and renders from its archive", { skip: WITHOUT_HELM }, async (t) => {
  for (const { command, version: helm } of HELMS) {
    const folder = t.testdir();
    cpSync(join(ROOT, "charts/attachguard"), join(folder, "attachguard"), { recursive: true });
    const values = join(folder, "attachguard/values.yaml");
    writeFileSync(values, pinnedValues(readFileSync(values, "utf8"), "ghcr.io/example/attachguard", DIGEST));
    execFileSync(command, ["package", "attachguard"], { cwd: folder, env, stdio: "ignore" });
    const rendered = execFileSync(
      command,
      ["template", "foo", `attachguard-${version}.tgz`, "--kube-version", "1.36.0"],
      { cwd: folder, env, encoding: "utf8" },
    );
    t.match(rendered, `image: ghcr.io/example/attachguard@${DIGEST}`, helm);
  }
});
