import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { WITHOUT_HELM } from "../charts/helm.ts";
import { PLAIN_ENV } from "../library/packed.ts";
import { ROOT, WITHOUT_KUBECTL } from "../manifests/render.ts";
import { DIGEST, Jobs, type Ran, type Workflow } from "./jobs.ts";
import { copyProduction } from "./production.ts";

// A release, as its workflow makes one: every script of it, in the workflow's order, in clones of a repository whose
// main says the version. What publishes, and what would ask a network, is stood in for (stand-in.mjs).

t.setTimeout(300_000);

const VERSION = "98.7.6";
const workflow = parse(readFileSync(join(ROOT, ".github/workflows/release.yml"), "utf8")) as Workflow;

const run = (cwd: string, command: string, ...words: readonly string[]) =>
  execFileSync(command, words, { cwd, encoding: "utf8", env: PLAIN_ENV });

type Tap = Pick<typeof t, "match">;

/** This tree with another version, as the reviewed commit on main leaves it, and the bare repository of it. */
function mainOf(t: Tap, folder: string): { readonly tree: string; readonly origin: string } {
  const tree = join(folder, "main");
  const origin = join(folder, "origin.git");
  const files = run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0");
  for (const file of files.filter(Boolean)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    cpSync(join(ROOT, file), join(tree, file), { verbatimSymlinks: true });
  }
  const git = (...words: readonly string[]) =>
    run(tree, "git", "-c", "user.name=n", "-c", "user.email=n@example.com", ...words);
  git("init", "--quiet", "--initial-branch=main");
  git("add", ".");
  git("commit", "--quiet", "--message", "Before");
  const check = () =>
    spawnSync(process.execPath, [join(tree, "release/version.ts"), "--check", VERSION], {
      env: PLAIN_ENV,
      encoding: "utf8",
    });
  t.match(check(), { status: 1, stderr: `package.json says` }, "refused, while main says another version");
  spawnSync(process.execPath, [join(tree, "release/version.ts"), VERSION], { env: PLAIN_ENV });
  t.match(
    check(),
    { status: 1, stderr: `CHANGELOG.md has no section ## ${VERSION}\n` },
    "and while there are no notes",
  );
  const changelog = join(tree, "CHANGELOG.md");
  const text = readFileSync(changelog, "utf8").replace("## Unreleased\n", `## ${VERSION} (2027-01-31)\n`);
  writeFileSync(changelog, text);
  git("commit", "--quiet", "--all", "--message", `Version ${VERSION}`);
  run(folder, "git", "clone", "--quiet", "--bare", tree, origin);
  return { tree, origin };
}

const called = ({ calls }: Ran, program: string) =>
  calls.filter(([name]) => name === program).map(([, ...words]) => words);

const REPOSITORY = "ghcr.io/example/attachguard";

t.test("a release, from main to what people download", async (t) => {
  const folder = t.testdir();
  const { tree: main, origin } = mainOf(t, folder);
  await copyProduction(join(folder, "production"));
  const jobs = new Jobs(workflow, {
    folder,
    origin,
    inputs: { version: VERSION },
    modules: join(ROOT, "node_modules"),
    production: join(folder, "production/node_modules"),
  });

  // The suite that this test is part of.
  jobs.run("test", [".ci/run"]);

  const tagged = jobs.run("tag");
  const commit = run(origin, "git", "rev-parse", `v${VERSION}^{commit}`).trim();
  t.equal(run(tagged.tree, "git", "rev-parse", "HEAD").trim(), commit);
  t.equal(
    run(origin, "git", "rev-parse", `${commit}^`),
    run(main, "git", "rev-parse", "HEAD"),
    "made from main",
  );
  t.equal(
    run(origin, "git", "rev-parse", "main"),
    run(main, "git", "rev-parse", "HEAD"),
    "which stays as it is",
  );
  t.equal(run(origin, "git", "diff", "--name-only", "main", commit), "dist/check.js\n", "and adds one file");
  t.equal(run(origin, "git", "cat-file", "-t", `v${VERSION}`), "tag\n", "with an annotated tag");

  const image = jobs.run("image");
  const [build = []] = called(image, "docker").filter((words) => words.includes("build"));
  for (const words of [
    ["--build-arg", `VERSION=${VERSION}`],
    ["--build-arg", `REVISION=${commit}`],
    ["--build-arg", "SOURCE=https://git.example.com/Example/Attachguard"],
    ["--output", `type=image,name=${REPOSITORY}:${VERSION},rewrite-timestamp=true,push=true`],
  ])
    t.ok(build.join(" ").includes(words.join(" ")), words.join(" "));
  t.match(build.join(" "), /CREATED=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
  t.strictSame(called(image, "cosign"), [["sign", "--yes", `${REPOSITORY}@${DIGEST}`]], "signed by digest");

  const chart = jobs.run("chart");
  const pushed = called(chart, "helm").filter(([word]) => word === "push");
  t.strictSame(pushed, [["push", `attachguard-${VERSION}.tgz`, `oci://${REPOSITORY}/charts`]]);
  t.strictSame(called(chart, "cosign"), [["sign", "--yes", `${REPOSITORY}/charts/attachguard@${DIGEST}`]]);

  const npm = jobs.run("npm");
  t.match(called(npm, "npx"), [
    ["--yes", /^npm@\d+\.\d+\.\d+$/, "publish", "--access", "public", "--ignore-scripts"],
  ]);
  run(npm.tree, "tar", "-xzf", `attachguard-${VERSION}.tgz`);
  const manifest = JSON.parse(readFileSync(join(npm.tree, "package/package.json"), "utf8"));
  t.match(manifest, {
    version: VERSION,
    repository: { type: "git", url: "git+https://git.example.com/Example/Attachguard.git" },
  });

  const { tree, calls } = jobs.run("github");
  const out = join(tree, "out");
  const plugin = `kubectl-attachguard-${VERSION}.tar.gz`;
  t.strictSame(readdirSync(out).sort(), [
    "SHA256SUMS",
    `attachguard-${VERSION}.tgz`,
    "attachguard.yaml",
    "install.yaml",
    plugin,
  ]);
  t.match(spawnSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: out, encoding: "utf8" }), {
    status: 0,
  });
  const release = calls.filter(([name]) => name === "gh");
  t.match(release, [["gh", "release", "create", `v${VERSION}`, /^out\//]]);
  t.ok(release[0]?.includes("--verify-tag"));
  t.match(readFileSync(join(tree, "notes.md"), "utf8"), /^First version\.[\s\S]*\n$/);
  if (WITHOUT_HELM !== false) t.comment(WITHOUT_HELM);
  else {
    run(out, "tar", "-xzf", `attachguard-${VERSION}.tgz`);
    const values = parse(readFileSync(join(out, "attachguard/values.yaml"), "utf8"));
    t.match(values.image, { repository: REPOSITORY, digest: DIGEST });
    t.match(readFileSync(join(out, "attachguard/Chart.yaml"), "utf8"), `appVersion: ${VERSION}`);
  }
  if (WITHOUT_KUBECTL !== undefined) t.comment(WITHOUT_KUBECTL);
  else t.match(readFileSync(join(out, "install.yaml"), "utf8"), `image: ${REPOSITORY}@${DIGEST}`);

  // As the krew manifest and whoever unpacks it by hand will find it.
  const { spec } = parse(readFileSync(join(out, "attachguard.yaml"), "utf8"));
  const sha256 = createHash("sha256")
    .update(readFileSync(join(out, plugin)))
    .digest("hex");
  const uri = `https://git.example.com/Example/Attachguard/releases/download/v${VERSION}/${plugin}`;
  for (const platform of spec.platforms) t.match(platform, { uri, sha256, bin: "bin/kubectl-attachguard" });
  const home = join(folder, "home");
  cpSync(join(ROOT, "manifests/examples/logger-recreate"), join(home, "k8s"), { recursive: true });
  cpSync(join(out, plugin), join(home, plugin));
  const shown = /from the archive of a release[^`]*```\n([\s\S]*?)```/.exec(
    readFileSync(join(tree, "README.md"), "utf8"),
  )?.[1];
  const script = WITHOUT_KUBECTL === undefined ? shown : shown?.replace("kubectl attach", "kubectl-attach");
  const PATH = [`${home}/.local/bin`, dirname(process.execPath), process.env.PATH].join(delimiter);
  const shell = (commands = "exit 9") =>
    spawnSync("bash", ["-euc", commands], {
      cwd: home,
      env: { ...PLAIN_ENV, HOME: home, PATH },
      encoding: "utf8",
    });
  t.match(shell(script), { status: 0, stdout: "1 allowed" });
  t.equal(shell("kubectl-attachguard --version").stdout, `${VERSION}\n`);
  t.match(shell("kubectl_complete-attachguard explain rwo-roll").stdout, "rwo-rolling-update");
  t.match(shell("kubectl-attachguard chek"), { status: 2, stderr: "`kubectl attachguard --help`" });
});
