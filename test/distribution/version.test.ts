import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { notesOf, objections, PLACES, versionsIn, withVersion } from "../../release/version.ts";
import { run } from "../cli/run.ts";
import { ROOT } from "../manifests/render.ts";

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const { version } = JSON.parse(read("package.json")) as { version: string };

t.test("every place names the version of the package", async (t) => {
  for (const [file, places] of Object.entries(PLACES)) {
    const found = versionsIn(file, read(file));
    t.ok(found.length >= places.length, `${file}: ${found.length} places`);
    for (const its of found) t.equal(its, version, file);
  }
  t.equal((await run(["--version"])).out, `${version}\n`);
});

/** History and lists of other packages, and texts that show some version. */
const OTHERWISE =
  /^(CHANGELOG\.md|UPGRADING\.md|package-lock\.json|test\/(?!golden\/)|docs\/(?!.*\.md$)|bench\/|src\/)/;

t.test("no file names it that a release would forget", async (t) => {
  const files = execFileSync("git", ["grep", "-lF", version], { cwd: ROOT, encoding: "utf8" });
  const forgotten = files
    .split("\n")
    .filter((file) => file !== "" && !OTHERWISE.test(file) && !(file in PLACES));
  t.strictSame(forgotten, []);
});

t.test("another version reaches every place and changes nothing else", async (t) => {
  for (const file of Object.keys(PLACES)) {
    const text = read(file);
    const changed = withVersion(file, text, "12.3.4-rc.1");
    for (const its of versionsIn(file, changed)) t.equal(its, "12.3.4-rc.1", file);
    t.equal(withVersion(file, changed, version), text, file);
    t.notMatch(changed, `attachguard:${version}`, file);
  }
});

t.test("a release is refused for a version that the tree does not say", async (t) => {
  t.match(objections("v1.0.0"), ["'v1.0.0' is no version; expected for example 1.2.3"]);
  const found = objections("98.7.6");
  for (const file of Object.keys(PLACES))
    t.ok(
      found.some((text) => text.startsWith(`${file} says`)),
      file,
    );
  t.ok(found.includes("CHANGELOG.md has no section ## 98.7.6"));
});

t.test("the notes of a release are its section of the changelog", async (t) => {
  const changelog =
    "# Changelog\n\n## Unreleased\n\nNext.\n\n## 1.2.3 (2027-01-31)\n\n- One.\n\n## 1.2.2\n\nOld.\n";
  t.equal(notesOf(changelog, "1.2.3"), "- One.");
  t.equal(notesOf(changelog, "1.2"), undefined);
});
