// Joins what tsc compiled into a few files: Node needs about a third of a millisecond for every module that it
// loads, and a cold `attachguard check` would load two hundred (docs/adr has the figures).
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const COMPILED = ".build";
const manifest = JSON.parse(readFileSync("package.json", "utf8"));

/** Joined too, since every `check` needs them; all other packages stay as they are, and load when they are needed. */
const JOINED = ["commander", "yaml"];

rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints: [join(COMPILED, "cli/main.js")],
  outdir: "dist/cli",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.15",
  // The variant of `yaml` in ES modules; the other one needs `require`.
  alias: { yaml: "./node_modules/yaml/browser/index.js" },
  external: Object.keys(manifest.dependencies).filter((name) => !JOINED.includes(name)),
  logLevel: "warning",
});
// As npm does with the files of `bin`, which it sees only when it installs.
chmodSync("dist/cli/main.js", 0o755);
rmSync(COMPILED, { recursive: true, force: true });

const licences = JOINED.map((name) => {
  const text = readFileSync(join("node_modules", name, "LICENSE"), "utf8").trim();
  return `${name} ${manifest.dependencies[name]}\n\n${text}\n`;
});
writeFileSync("dist/LICENSES.txt", `Parts of these files come from:\n\n${licences.join("\n\n")}`);
