import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { runKept } from "../../src/cli/kept-script.ts";

// V8 believes what it is given, so what is kept has to be what this very script was compiled to.

const SOURCE = "(() => { const answer = () => 42; return answer; })()\n";

type Answer = () => number;

function scriptIn(folder: string, source = SOURCE, identity = "a".repeat(64)): string {
  const file = join(folder, "script.cjs");
  writeFileSync(file, `${source}//${identity}\n`);
  // As npm leaves it: no file of a package says when it was written.
  utimesSync(file, 499_162_500, 499_162_500);
  return file;
}

function setUp(t: Test): { folder: string; cache: string; kept: () => string } {
  const folder = t.testdir();
  const cache = join(folder, "attachguard");
  mkdirSync(cache, { mode: 0o700 });
  return {
    folder,
    cache,
    kept: () => {
      const [name = "nothing", ...more] = readdirSync(cache);
      t.strictSame(more, [], "one file");
      return join(cache, name);
    },
  };
}

t.test("keeps what was compiled, for its user alone, and does it once", async (t) => {
  const { folder, cache, kept } = setUp(t);
  const file = scriptIn(folder);
  const first = runKept<Answer>(file, "check", cache);
  t.equal(first.value(), 42);
  first.keep();
  t.equal(statSync(kept()).mode & 0o077, 0);
  utimesSync(kept(), new Date(), new Date(Date.now() - 60_000));
  const written = statSync(kept()).mtimeMs;
  const second = runKept<Answer>(file, "check", cache);
  t.equal(second.value(), 42);
  second.keep();
  t.equal(statSync(kept()).mtimeMs, written);
});

t.test("renews it each day: a later run may use more", async (t) => {
  const { folder, cache, kept } = setUp(t);
  const file = scriptIn(folder);
  runKept<Answer>(file, "check", cache).keep();
  const yesterday = Date.now() - 25 * 60 * 60 * 1000;
  utimesSync(kept(), new Date(yesterday), new Date(yesterday));
  runKept<Answer>(file, "check", cache).keep();
  t.ok(statSync(kept()).mtimeMs > yesterday);
});

t.test("keeps the functions that were called, too", async (t) => {
  const { folder, cache, kept } = setUp(t);
  const { value, keep } = runKept<Answer>(scriptIn(folder), "check", cache);
  keep();
  const before = statSync(kept()).size;
  value();
  keep();
  t.ok(statSync(kept()).size > before);
});

t.test("a damaged file is not used, and replaced", async (t) => {
  const { folder, cache, kept } = setUp(t);
  const file = scriptIn(folder);
  const { value, keep } = runKept<Answer>(file, "check", cache);
  value();
  keep();
  const good = readFileSync(kept());
  for (const [what, damaged] of [
    ["cut off", good.subarray(0, -100)],
    ["empty", Buffer.alloc(0)],
    ["a page of zeros", Buffer.concat([good.subarray(0, 300), Buffer.alloc(200), good.subarray(500)])],
    ["zeros", Buffer.alloc(good.length)],
  ] as const) {
    writeFileSync(kept(), damaged);
    const { value, keep } = runKept<Answer>(file, "check", cache);
    t.equal(value(), 42, what);
    keep();
    t.equal(statSync(kept()).size, good.length, what);
  }
});

t.test("what somebody else can write is not used", async (t) => {
  const { folder, cache, kept } = setUp(t);
  const file = scriptIn(folder);
  runKept<Answer>(file, "check", cache).keep();
  const mine = statSync(kept()).ino;
  runKept<Answer>(file, "check", cache).keep();
  t.equal(statSync(kept()).ino, mine);
  chmodSync(kept(), 0o620);
  const { value, keep } = runKept<Answer>(file, "check", cache);
  t.equal(value(), 42);
  keep();
  t.not(statSync(kept()).ino, mine, "replaced");
  t.equal(statSync(kept()).mode & 0o077, 0);
  if (process.getuid?.() !== 0) return;
  chownSync(kept(), 12345, 12345);
  runKept<Answer>(file, "check", cache).keep();
  t.equal(statSync(kept()).uid, 0, "of another user");
});

t.test("another script of the same length runs as it is written", async (t) => {
  const { folder, cache } = setUp(t);
  runKept<Answer>(scriptIn(folder), "check", cache).keep();
  const changed = scriptIn(folder, SOURCE.replace("42", "43"), "b".repeat(64));
  t.equal(runKept<Answer>(changed, "check", cache).value(), 43, "of another version");
  const edited = scriptIn(folder, SOURCE.replace("42", "44"));
  utimesSync(edited, new Date(), new Date());
  t.equal(runKept<Answer>(edited, "check", cache).value(), 44, "changed by hand");
});

t.test("where nothing can or should be kept, it runs all the same", async (t) => {
  const { folder, cache } = setUp(t);
  const file = scriptIn(folder);
  const inFile = runKept<Answer>(file, "check", join(file, "cache"));
  t.equal(inFile.value(), 42);
  inFile.keep();
  const nowhere = runKept<Answer>(file, "check", undefined);
  t.equal(nowhere.value(), 42);
  nowhere.keep();
  t.strictSame(readdirSync(cache), []);
});
