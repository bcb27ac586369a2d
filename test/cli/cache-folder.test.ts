import { chmodSync, chownSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { cacheFolder } from "../../src/cli/cache-folder.ts";

// What lies there runs as the user: it must not be a folder that somebody else made or can write to.

t.test("is made below the user's caches, for the user alone", async (t) => {
  const home = t.testdir();
  const caches = join(home, ".cache");
  const folder = cacheFolder({ XDG_CACHE_HOME: caches });
  t.equal(folder, join(caches, "attachguard"));
  for (const made of [caches, join(caches, "attachguard")]) t.equal(statSync(made).mode & 0o077, 0, made);
  t.equal(cacheFolder({ XDG_CACHE_HOME: caches }), folder, "there already");
});

t.test("is nowhere where it is not wanted, or in no certain place", async (t) => {
  const home = t.testdir({ file: "" });
  const XDG_CACHE_HOME = join(home, "cache");
  const rows: readonly [why: string, env: NodeJS.ProcessEnv][] = [
    ["switched off", { XDG_CACHE_HOME, NODE_DISABLE_COMPILE_CACHE: "1" }],
    ["coverage is measured", { XDG_CACHE_HOME, NODE_V8_COVERAGE: "somewhere" }],
    ["in the current folder, which may be a checkout of somebody's", { XDG_CACHE_HOME: ".cache" }],
    ["below a file", { XDG_CACHE_HOME: join(home, "file") }],
    ["in a home that is not there", { XDG_CACHE_HOME: join(home, "nobody/.cache") }],
    ["where nothing can be made", { XDG_CACHE_HOME: "/proc/.cache" }],
  ];
  for (const [why, env] of rows) t.equal(cacheFolder(env), undefined, why);
  t.notOk(existsSync(XDG_CACHE_HOME), "nothing was made");
});

t.test("is not what somebody else made or can write to", async (t) => {
  const home = t.testdir();
  const caches = (name: string): string => {
    const folder = join(home, name);
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  };
  const asked = (folder: string) => cacheFolder({ XDG_CACHE_HOME: folder });

  const open = caches("open");
  mkdirSync(join(open, "attachguard"));
  chmodSync(join(open, "attachguard"), 0o770);
  t.equal(asked(open), undefined, "others can write to it");

  const linked = caches("linked");
  symlinkSync(join(home, "open/attachguard"), join(linked, "attachguard"));
  t.equal(asked(linked), undefined, "a link");

  const file = caches("file");
  writeFileSync(join(file, "attachguard"), "");
  t.equal(asked(file), undefined, "a file");

  if (process.getuid?.() !== 0) return;
  const theirs = caches("theirs");
  chownSync(theirs, 12_345, 12_345);
  t.equal(asked(theirs), undefined, "nothing is made in the caches of another user");
  t.equal(asked(join(theirs, ".cache")), undefined, "nor in their home");
  t.notOk(existsSync(join(theirs, ".cache")));
  mkdirSync(join(theirs, "attachguard"), { mode: 0o700 });
  t.equal(asked(theirs), undefined, "nor is one's own used there, which they could exchange");

  const ours = caches("ours");
  mkdirSync(join(ours, "attachguard"), { mode: 0o700 });
  chownSync(join(ours, "attachguard"), 12_345, 12_345);
  t.equal(asked(ours), undefined, "what another user made");

  const anybodys = caches("anybodys");
  mkdirSync(join(anybodys, "attachguard"), { mode: 0o700 });
  chmodSync(anybodys, 0o777);
  t.equal(asked(anybodys), undefined, "where everybody could exchange it");

  const shared = caches("shared");
  chmodSync(shared, 0o1777);
  chownSync(shared, 12_345, 12_345);
  t.equal(asked(shared), join(shared, "attachguard"), "in a sticky folder nobody can take its place");
});
