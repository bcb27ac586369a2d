// Joins what tsc compiled into a few files: Node needs about a third of a millisecond for every module that it
// loads, and a cold `attachguard check` would load two hundred (docs/adr has the figures).
import { appendFileSync, chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { writeDeclarations } from "./declarations.config.js";

const COMPILED = ".build";
const manifest = JSON.parse(readFileSync("package.json", "utf8"));

/** Joined too, since every `check` needs them; all other packages stay as they are, and load when they are needed. */
const JOINED = ["commander", "yaml"];

/** Puts the version into what is built, so that nothing reads the package for it. */
const knownVersion = {
  name: "known-version",
  setup({ onLoad }) {
    onLoad({ filter: /\.build\/version\.js$/ }, () => ({
      contents: `export const version = () => ${JSON.stringify(manifest.version)};`,
    }));
  },
};

/** Whoever needs one of Node's modules in few runs, and loads it when it is used. */
const DEFERRING = /commander\/lib\/command\.js$|report\/fingerprint\.js$/;

/**
 * Gets Node's own modules without `import`, which would read each of their exports, and load what stands behind some,
 * before the first line is run.
 */
const builtinsOnDemand = {
  name: "builtins-on-demand",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, importer }) => {
      // The first file has to run on any Node, to say that it is too old.
      if (!isBuiltin(path) || importer.endsWith("cli/main.js")) return undefined;
      const isDeferred = DEFERRING.test(importer) && /crypto|child_process/.test(path);
      return { path, namespace: isDeferred ? "deferred" : "builtin" };
    });
    onLoad({ filter: /.*/, namespace: "builtin" }, async ({ path }) => ({
      contents: `const found = process.getBuiltinModule("${path}");
        const member = (name) => found[name];
        export default found;
        ${(await namesIn(path)).map((name) => `export const ${name} = /* @__PURE__ */ member("${name}");`).join("\n")}`,
    }));
    onLoad({ filter: /.*/, namespace: "deferred" }, async ({ path }) => ({
      contents: `const found = () => process.getBuiltinModule("${path}");
        export default new Proxy({}, { get: (_, name) => found()[name] });
        ${(await namesIn(path)).map((name) => `export const ${name} = (...words) => found().${name}(...words);`).join("\n")}`,
    }));
  },
};

async function namesIn(builtin) {
  return Object.keys(await import(builtin)).filter((name) => name !== "default");
}

/** Leaves everything out of the one file that `check` on files does not need. */
function checkAlone() {
  const COMMANDS = ["../check/check.js", "../check/base.js"];
  const isElsewhere = ({ importer, path }) =>
    path === "../live.js" ||
    path.startsWith("../../cluster/live/") ||
    (/cli\/(program|commands\/\w+)\.js$/.test(importer) && !COMMANDS.includes(path));
  const absent = `import { AttachguardError } from "./errors.js";
    throw new AttachguardError("AG_ERR_USAGE", "this file judges files only; install the package attachguard for what asks a cluster");`;
  return {
    name: "check-alone",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\.?\// }, (imported) =>
        imported.kind === "dynamic-import" && isElsewhere(imported)
          ? { path: imported.path, namespace: "elsewhere" }
          : undefined,
      );
      onLoad({ filter: /.*/, namespace: "elsewhere" }, () => ({ contents: absent, resolveDir: COMPILED }));
    },
  };
}

/** The command line and the library are joined apart, so that a command loads few files. */
const SHARED = {
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.15",
  // The variant of `yaml` in ES modules; the other one needs `require`.
  alias: { yaml: "./node_modules/yaml/browser/index.js" },
  external: Object.keys(manifest.dependencies).filter((name) => !JOINED.includes(name)),
  logLevel: "warning",
  plugins: [knownVersion],
};

/** All that `check` on files needs, packages included, in one file. */
const CHECK_ALONE = {
  metafile: true,
  splitting: false,
  external: [],
  // For the packages that still come in CommonJS.
  banner: {
    js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);',
  },
};

rmSync("dist", { recursive: true, force: true });
await build({
  ...SHARED,
  entryPoints: [join(COMPILED, "cli/main.js")],
  outdir: "dist/cli",
  external: [...SHARED.external, "./check-program.js"],
  plugins: [knownVersion, builtinsOnDemand],
});
const { metafile: checkFiles } = await build({
  ...SHARED,
  ...CHECK_ALONE,
  entryPoints: [join(COMPILED, "cli/check-program.js")],
  outfile: "dist/cli/check-program.js",
  plugins: [checkAlone(), knownVersion, builtinsOnDemand],
});
await build({
  ...SHARED,
  entryPoints: [join(COMPILED, "library/index.js"), join(COMPILED, "library/fastify.js")],
  outdir: "dist",
  chunkNames: "parts/[name]-[hash]",
});
const { metafile } = await build({
  ...SHARED,
  ...CHECK_ALONE,
  entryPoints: [join(COMPILED, "cli/check-main.js")],
  outfile: "dist/check.js",
  target: "node20.12",
  plugins: [checkAlone(), knownVersion],
});
appendFileSync("dist/check.js", `/*\n${licencesOf(packagesIn(metafile)).join("\n\n")}\n*/\n`);
chmodSync("dist/check.js", 0o755);
// As npm does with the files of `bin`, which it sees only when it installs.
chmodSync("dist/cli/main.js", 0o755);
await writeDeclarations();
rmSync(COMPILED, { recursive: true, force: true });

writeFileSync(
  "dist/LICENSES.txt",
  `Parts of these files come from:\n\n${licencesOf([...new Set([...JOINED, ...packagesIn(checkFiles)])].sort()).join("\n\n")}`,
);

function packagesIn({ inputs }) {
  const names = Object.keys(inputs).map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

function licencesOf(names) {
  return names.map((name) => {
    const folder = join("node_modules", name);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((each) => /^licen[cs]e(\.|$)/i.test(each));
    if (file === undefined) throw new Error(`${name} comes without a licence`);
    return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
}
