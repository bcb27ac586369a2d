// Joins what tsc compiled into a few files: Node needs about a third of a millisecond for every module that it
// loads, and a cold `attachguard check` would load two hundred (docs/adr has the figures).
import { createHash } from "node:crypto";
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

/** Loads what asks no cluster from the scripts that are made of it, and not from its source. */
const filesFromScripts = {
  name: "files-from-scripts",
  setup({ onResolve }) {
    onResolve({ filter: /\/load-files-program\.js$/ }, ({ resolveDir }) => ({
      path: join(resolveDir, "load-joined-program.js"),
    }));
  },
};

/** Beside `main.js`, which is CommonJS, modules need a name of their own. */
const MODULES = { ".js": ".mjs" };

/** Leaves everything that may ask a cluster to modules that are built by themselves. */
const startApart = {
  name: "start-apart",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/start\.js$/ }, () => ({ path: `./start${MODULES[".js"]}`, external: true }));
  },
};

/** The packages that few runs need: for a configuration, a waiver, a kustomization, a diff. */
const PACKAGES = ["ajv", "diff", "jose", "yaml"];

/** Leaves those packages to a script of their own, so that other runs need not read them. */
const packagesApart = {
  name: "packages-apart",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(?:${PACKAGES.join("|")})$`) }, ({ path }) => ({
      path,
      namespace: "apart",
    }));
    onLoad({ filter: /.*/, namespace: "apart" }, async ({ path }) => ({
      // `packages` is what the loader gives (`src/cli/load-joined-program.ts`).
      contents: `const found = packages().${path}();
        ${(await namesIn(path)).map((name) => `export const ${name} = found.${name};`).join("\n")}`,
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
      if (!isBuiltin(path)) return undefined;
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

/**
 * Does at once what is asked of the file system: `check` does nothing else meanwhile, and the modules behind promises
 * take two milliseconds to load.
 */
const filesAtOnce = {
  name: "files-at-once",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:fs\/promises$/ }, ({ path }) => ({ path, namespace: "at-once" }));
    onLoad({ filter: /.*/, namespace: "at-once" }, async ({ path }) => ({
      contents: `import * as fs from "node:fs";
        const later = () => process.getBuiltinModule("${path}");
        ${(await namesIn(path)).map((name) => `export const ${name} = ${functionAtOnce(name)};`).join("\n")}`,
    }));
  },
};

/** What comes to the same by a function of `node:fs` that does not wait. */
const AT_ONCE = [
  ...["access", "appendFile", "copyFile", "lstat", "mkdir", "mkdtemp", "readdir", "readFile", "rename", "rm"],
  ...["stat", "symlink", "writeFile"],
];

function functionAtOnce(name) {
  // Promises follow links by the system's own function.
  if (name === "realpath") return "async (...words) => fs.realpathSync.native(...words)";
  return AT_ONCE.includes(name)
    ? `async (...words) => fs.${name}Sync(...words)`
    : `(...words) => later().${name}(...words)`;
}

async function namesIn(module) {
  return Object.keys(await import(module)).filter((name) => /^\w+$/.test(name) && name !== "default");
}

/** What `check` on files loads, by the names that the command line has for it. */
const CHECK = ["../check/check.js", "../check/base.js"];

/** What the other commands load that ask no cluster. */
const WITHOUT_CLUSTER = [
  ...["../diagnose/diagnose.js", "./diagnose/diagnosis-output.js"],
  ...["../explain.js", "../completion.js"],
];

/** Leaves everything out of one file that none of these commands needs. */
function alone(commands) {
  const isElsewhere = ({ importer, path }) =>
    path === "../live.js" ||
    /^(?:\.\.\/){2}(?:cluster|diagnose)\/live\//.test(path) ||
    (/cli\/(program|commands\/\w+)\.js$/.test(importer) && !commands.includes(path));
  const absent = `import { AttachguardError } from "./errors.js";
    throw new AttachguardError("AG_ERR_USAGE", "this file judges files only; install the package attachguard for what asks a cluster");`;
  return {
    name: "alone",
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

/** All that is needed, packages included, in one file. */
const ONE_FILE = {
  metafile: true,
  splitting: false,
  external: [],
  // For the packages that still come in CommonJS.
  banner: {
    js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);',
  },
};

/** The same, as one expression: a script, compiled code of which can be kept. */
const SCRIPT = {
  ...ONE_FILE,
  format: "cjs",
  banner: { js: "((module, packages) => {" },
  footer: { js: "return module.exports;\n})" },
};

rmSync("dist", { recursive: true, force: true });
await build({
  ...SHARED,
  splitting: false,
  format: "cjs",
  define: { "import.meta.dirname": "__dirname" },
  entryPoints: [join(COMPILED, "cli/main.js")],
  outfile: "dist/cli/main.js",
  // An older Node has to be able to read it, to say that it is too old.
  target: "node14.8",
  plugins: [filesFromScripts, startApart],
});
writeFileSync("dist/cli/package.json", '{ "type": "commonjs" }\n');
await build({
  ...SHARED,
  entryPoints: [join(COMPILED, "cli/start.js")],
  outdir: "dist/cli",
  outExtension: MODULES,
  plugins: [knownVersion, builtinsOnDemand],
});
const scripts = [
  await build({
    ...SHARED,
    ...SCRIPT,
    alias: {},
    entryPoints: [join(COMPILED, "cli/files-program.js")],
    outfile: "dist/cli/files-program.cjs",
    plugins: [
      alone([...CHECK, ...WITHOUT_CLUSTER]),
      knownVersion,
      packagesApart,
      filesAtOnce,
      builtinsOnDemand,
    ],
  }),
  await build({
    ...SHARED,
    ...SCRIPT,
    stdin: {
      contents: PACKAGES.map((name) => `export const ${name} = () => require("${name}");`).join("\n"),
      resolveDir: ".",
    },
    outfile: "dist/cli/packages.cjs",
    plugins: [builtinsOnDemand],
  }),
];
for (const { metafile } of scripts) identify(metafile);
await build({
  ...SHARED,
  entryPoints: [join(COMPILED, "library/index.js"), join(COMPILED, "library/fastify.js")],
  outdir: "dist",
  chunkNames: "parts/[name]-[hash]",
});
const { metafile } = await build({
  ...SHARED,
  ...ONE_FILE,
  entryPoints: [join(COMPILED, "cli/check-main.js")],
  outfile: "dist/check.js",
  target: "node20.12",
  plugins: [alone(CHECK), knownVersion],
});
appendFileSync("dist/check.js", `/*\n${licencesOf(packagesIn(metafile)).join("\n\n")}\n*/\n`);
chmodSync("dist/check.js", 0o755);
// As npm does with the files of `bin`, which it sees only when it installs.
chmodSync("dist/cli/main.js", 0o755);
await writeDeclarations();
rmSync(COMPILED, { recursive: true, force: true });

writeFileSync(
  "dist/LICENSES.txt",
  `Parts of these files come from:\n\n${licencesOf([...new Set([...JOINED, ...scripts.flatMap(({ metafile }) => packagesIn(metafile))])].sort()).join("\n\n")}`,
);

/** Ends a script with what tells it from every other one (`src/cli/kept-script.ts`). */
function identify({ outputs }) {
  for (const [file, { imports }] of Object.entries(outputs)) {
    const text = readFileSync(file, "latin1");
    const other = /.*[^\0-\x7f].*/.exec(text);
    // esbuild escapes what stands in code, and leaves comments within classes and objects as they are.
    if (other !== null) throw new Error(`${file}: it is read as ASCII, and has ${other[0].trim()}`);
    if (imports.length > 0) throw new Error(`${file}: nothing gives it ${imports.map(({ path }) => path)}`);
    appendFileSync(file, `//${createHash("sha256").update(text).digest("hex")}\n`);
  }
}

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
