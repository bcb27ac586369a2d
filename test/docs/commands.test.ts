import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { shownIn } from "./shown.ts";

// Every command in a block marked `sh` works without a cluster, as it is written, in a clean clone.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = ["README.md", "docs/ci.md", "docs/operations.md"];

const commands = PAGES.flatMap((page) => shownIn(page)).filter(({ mark }) => mark === "sh");
/** These install from the network, so they are not run here. */
const installing = commands.filter(({ line }) => line.startsWith("npm ci"));
const running = commands.filter((command) => !installing.includes(command));

/** The files of a clone after `npm ci`, in a folder of its own: a command may write. */
async function clone(folder: string): Promise<void> {
  for (const path of ["package.json", "src", "manifests", "docs"]) {
    await cp(join(ROOT, path), join(folder, path), { recursive: true });
  }
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
}

t.test("what the newcomer's commands run is what decides whether a change lands", async (t) => {
  const decisive = await readFile(join(ROOT, ".ci/run"), "utf8");
  t.not(installing.length, 0);
  for (const { place, line } of installing) {
    for (const command of line.split("&&")) t.match(decisive, `\n${command.trim()}\n`, `${place}: ${line}`);
  }
});

t.test("commands that need no cluster work as they are written", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "attachguard-docs-"));
  t.teardown(() => rm(folder, { recursive: true }));
  await clone(folder);
  t.ok(running.length >= 8, `${running.length} commands`);
  for (const { place, line } of running) {
    const { status, stdout, stderr } = spawnSync("bash", ["-o", "pipefail", "-c", line], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, npm_config_offline: "true" },
    });
    // 1 is an answer too: the examples with findings.
    const expected = /attachguard (-- )?(check|audit)/.test(line) ? [0, 1] : [0];
    t.ok(expected.includes(status ?? -1), `${place}: ${line} ended with ${status}: ${stderr}`);
    t.not(stdout, "", `${place}: ${line} says something`);
    t.equal(stderr.split("\n").filter((text) => /^(error|AG_ERR)/.test(text)).length, 0, place);
  }
});

/** A link to a heading is its text in lower case, with hyphens for blanks and without punctuation. */
function anchorsOf(page: string): ReadonlySet<string> {
  return new Set(
    page
      .split("\n")
      .filter((line) => /^#+ /.test(line))
      .map((line) =>
        line
          .replace(/^#+ /, "")
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
          .replaceAll(" ", "-"),
      ),
  );
}

const LINKED = [
  ...PAGES,
  "SECURITY.md",
  "CHANGELOG.md",
  "UPGRADING.md",
  "docs/README.md",
  "charts/attachguard/README.md",
  "manifests/README.md",
  "docs/adr/README.md",
  "docs/adr/0005-self-managed-certificates.md",
];

t.test("links between the pages lead somewhere", async (t) => {
  for (const page of LINKED) {
    const text = await readFile(join(ROOT, page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const linked = path === "" ? join(ROOT, page) : join(ROOT, page, "..", path);
      if (anchor === undefined) {
        await t.resolves(readFile(linked).catch(ignoreFolder), `${page}: ${target}`);
      } else {
        t.ok(anchorsOf(await readFile(linked, "utf8")).has(anchor), `${page}: ${target}`);
      }
    }
  }
});

/** A link to a folder is one too. */
function ignoreFolder(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "EISDIR")) throw error;
}
