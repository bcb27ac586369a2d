import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import t from "tap";
import { ROOT } from "../manifests/render.ts";
import { installPacked, PLAIN_ENV } from "./packed.ts";

const EXAMPLES = join(ROOT, "examples");
const names = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

t.test("each example passes its own test, with the packed package", async (t) => {
  const folder = t.testdir();
  installPacked(folder);
  t.strictSame(names, ["pepr", "portal", "unit-test"]);
  for (const name of names) {
    cpSync(join(EXAMPLES, name), join(folder, name), { recursive: true });
    const { status, stdout, stderr } = spawnSync("npm", ["test", "--silent"], {
      cwd: join(folder, name),
      env: { ...PLAIN_ENV, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` },
      encoding: "utf8",
    });
    t.equal(status, 0, `${name}: ${stdout}${stderr}`);
    t.match(stdout, /pass [1-9]/, name);
  }
});

t.test("the examples want the version of this package", async (t) => {
  const { version, devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const name of names) {
    const manifest = JSON.parse(readFileSync(join(EXAMPLES, name, "package.json"), "utf8"));
    const wanted = { ...manifest.dependencies, ...manifest.devDependencies };
    t.equal(wanted.attachguard, version, name);
    if ("esbuild" in wanted) t.equal(wanted.esbuild, devDependencies.esbuild, name);
  }
});
