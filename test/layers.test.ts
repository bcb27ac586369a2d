import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import t from "tap";

const SRC = join(import.meta.dirname, "..", "src");

/** Which folders a folder of `src` may import from; `errors.ts`, `metrics.ts` and `version.ts` are open to all. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  cli: [
    "admission",
    "diagnose",
    "fix",
    "judge",
    "report",
    "cluster",
    "waiver",
    "tls",
    "config",
    "kube",
    "policy",
  ],
  library: ["admission", "judge", "report", "cluster", "config", "kube", "policy"],
  admission: ["judge", "report", "cluster", "tls", "config", "kube", "policy"],
  diagnose: ["report", "cluster", "kube", "policy"],
  fix: ["judge", "report", "cluster", "kube", "policy"],
  judge: ["report", "cluster", "waiver", "config", "kube", "policy"],
  report: ["policy"],
  cluster: ["kube", "policy"],
  waiver: ["policy"],
  tls: [],
  config: ["policy"],
  kube: ["policy"],
  policy: [],
};

/** Modules that would give the pure core I/O, a clock or a client. */
const IMPURE = /^(node:|@kubernetes\/|fastify|pino|prom-client|yaml|ajv|jose|@peculiar|chokidar|commander)/;

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:from\s+|import\(\s*|import\s+)"([^"]+)"/g)].map(([, name]) => name as string);
}

t.test("imports between the folders of src point downwards only", async (t) => {
  const broken: string[] = [];
  const used = new Set<string>();
  for (const file of sources(SRC)) {
    const from = relative(SRC, file).split(sep);
    const layer = from.length > 1 ? (from[0] as string) : "";
    for (const imported of importsOf(file).filter((name) => name.startsWith("."))) {
      const target = relative(SRC, join(file, "..", imported)).split(sep);
      if (target.length === 1 || target[0] === layer) continue;
      const open = layer === "" ? [] : ALLOWED[layer];
      if (!open?.includes(target[0] as string)) broken.push(`${from.join("/")} imports ${target.join("/")}`);
      used.add(`${layer} ${target[0]}`);
    }
  }
  t.strictSame(broken, []);
  const unused = Object.entries(ALLOWED)
    .flatMap(([layer, open]) => open.map((below) => `${layer} ${below}`))
    .filter((edge) => !used.has(edge));
  t.strictSame(unused, [], "no layer may import what it does not");
});

t.test("no modules import each other in a circle", async (t) => {
  const imports = new Map(
    sources(SRC).map((file) => [
      file,
      importsOf(file)
        .filter((name) => name.startsWith("."))
        .map((name) => join(file, "..", name)),
    ]),
  );
  // The two that are left are being taken apart; none may come back.
  const known = ["policy/catalogue/capabilities.ts", "kube/fact.ts"];
  t.strictSame(
    circlesIn(imports).filter(([first = ""]) => !known.includes(first)),
    [],
  );
  const [a, b, c] = ["a", "b", "c"];
  t.strictSame(
    circlesIn(
      new Map([
        [a, [b]],
        [b, [c]],
        [c, [a]],
      ]),
    ).map((circle) => circle.length),
    [3],
    "a circle is seen",
  );
});

/** Each circle once, as the modules on the way round. */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const circles: string[][] = [];
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at !== -1) circles.push(path.slice(at).map((each) => relative(SRC, each)));
    if (at !== -1 || done.has(file)) return;
    for (const next of imports.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) walk(file, []);
  return circles;
}

t.test("every folder of src has its place in the layers", async (t) => {
  const folders = readdirSync(SRC, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  t.strictSame(folders.toSorted(), Object.keys(ALLOWED).toSorted());
});

t.test("the policy is pure: no I/O, no clock, no client", async (t) => {
  const impure: string[] = [];
  for (const file of sources(join(SRC, "policy"))) {
    const name = relative(SRC, file);
    impure.push(
      ...importsOf(file)
        .filter((imported) => IMPURE.test(imported))
        .map((imported) => `${name} imports ${imported}`),
    );
    if (/\bDate\.now\(|new Date\(\)|\bprocess\.|\bfetch\(/.test(readFileSync(file, "utf8")))
      impure.push(`${name} reads a clock or the process`);
  }
  t.strictSame(impure, []);
});

t.test("only the command line reads the environment", async (t) => {
  const readers = sources(SRC)
    .filter((file) => /\bprocess\.env\b/.test(readFileSync(file, "utf8")))
    .map((file) => relative(SRC, file))
    .filter((name) => !name.startsWith(`cli${sep}`));
  t.strictSame(readers, []);
});

t.test("members that nobody else may use are #, which no cast gets round", async (t) => {
  const said = sources(SRC).filter((file) =>
    /^\s+(?:private|protected) (?!constructor)/m.test(readFileSync(file, "utf8")),
  );
  t.strictSame(
    said.map((file) => relative(SRC, file)),
    [],
  );
});
