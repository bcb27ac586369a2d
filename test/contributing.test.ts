import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";

const ROOT = join(import.meta.dirname, "..");
const GUIDE = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");

t.test("CONTRIBUTING names every folder of src, and no other", async (t) => {
  const named = [...GUIDE.matchAll(/^ {2}([a-z]+)\/ {2,}/gm)].map(([, name]) => name);
  const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  t.same(named.toSorted(), folders.toSorted());
});

t.test("every dependency has its reason there, and every reason its dependency", async (t) => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const table = GUIDE.slice(GUIDE.indexOf("| package | why |"));
  const named = [...table.matchAll(/^\| \*?([@\w/.-]+?)\*? \| /gm)].map(([, name]) => name);
  const types = (name: string) => name.startsWith("@types/");
  const all = [...Object.keys(dependencies), ...Object.keys(devDependencies)].filter((name) => !types(name));
  t.same(named.filter((name) => name !== "package").toSorted(), all.toSorted());
});

t.test("every file that it names is there", async (t) => {
  const paths = [...GUIDE.matchAll(/`((?:src|test|docs|bench)\/[\w./-]+)`/g)].map(
    ([, path]) => path as string,
  );
  t.ok(paths.length > 8);
  for (const path of paths) t.ok(existsSync(join(ROOT, path)), path);
});
