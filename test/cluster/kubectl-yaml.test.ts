/** YAML as kubectl reads it: recorded answers of `sigs.k8s.io/yaml` beside ours. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseYaml } from "../../src/cluster/files/yaml.ts";

interface Row {
  readonly name: string;
  readonly text: string;
  /** Absent where kubectl refuses the text. */
  readonly value?: unknown;
  readonly error?: string;
}

const { rows } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/yaml/kubectl.json"), "utf8"),
) as { rows: readonly Row[] };

/** Texts that are read though kubectl refuses them; harmless, since they never reach a cluster. */
const READ_ALL_THE_SAME = new Set([
  "tab after a dash",
  "tab on an empty line",
  "tab that indents a flow line",
  "tab before a comment line",
  "tab only lines at the end",
  "scalar infinity",
  "scalar not a number",
  "null as a key",
  "mapping as a key",
  "sequence as a key",
  "empty key",
  "very long key",
  "YAML directive of 1.2",
  "escape sequences",
  "JSON with an escaped slash",
  "template",
]);

/** Texts that kubectl reads otherwise, and why that stays. */
const READ_OTHERWISE: Readonly<Record<string, string>> = {
  "next line character": "U+0085 ends a line for libyaml, and for no editor: the document is refused",
};

t.test("reads what kubectl reads as kubectl reads it, and refuses what it refuses", async (t) => {
  for (const { name, text, value, error } of rows) {
    const { documents, errors } = parseYaml("a.yaml", text.replace(/^\uFEFF/, ""));
    const isRead = errors.every(({ fatal }) => !fatal);
    if (error !== undefined) {
      t.equal(isRead, READ_ALL_THE_SAME.has(name), `${name}: kubectl says ${error}`);
    } else if (READ_OTHERWISE[name] === undefined) {
      t.same(
        errors.filter(({ fatal }) => fatal),
        [],
        name,
      );
      t.strictSame(JSON.parse(JSON.stringify(documents[0]?.value ?? null)), value, name);
    }
  }
});

t.test("no shape takes more than linear work, nor endless depth", async (t) => {
  const many = (text: (at: number) => string, count: number): string =>
    Array.from({ length: count }, (_, at) => text(at)).join("");
  const shapes: Readonly<Record<string, (size: number) => string>> = {
    "distinct anchors": (size) => many((at) => `k${at}: &a${at} v\n`, size),
    "aliases of one anchor": (size) => `a: &x {b: 1}\n${many((at) => `k${at}: *x\n`, size)}`,
    "merges of one anchor": (size) => `a: &x {b: 1}\n${many((at) => `k${at}: {<<: *x}\n`, size)}`,
    "duplicate keys": (size) => many(() => "k: v\n", size),
    "pairs in a flow sequence": (size) => `a: [${many(() => "b: c, ", size)}]\n`,
    documents: (size) => many(() => "---\na: 1\n", size),
  };
  const timeOf = (text: string): number => {
    const start = performance.now();
    parseYaml("a.yaml", text);
    return performance.now() - start;
  };
  for (const [name, shape] of Object.entries(shapes)) {
    timeOf(shape(1_000));
    const [small, large] = [shape(5_000), shape(40_000)];
    const ratio = Math.min(timeOf(large), timeOf(large)) / Math.max(timeOf(small), timeOf(small), 1);
    t.ok(ratio < 40, `${name}: eight times the text took ${ratio.toFixed(1)} times as long`);
  }
  for (const deep of ["[", "{a: ", "- "]) {
    const { errors } = parseYaml("a.yaml", deep.repeat(100_000));
    t.equal(errors.length, 1, `${JSON.stringify(deep)} 100,000 times`);
  }
  const wide = `a: &a [${"x,".repeat(1000)}]\nb: &b [${"*a,".repeat(1000)}]\nc: [${"*b,".repeat(1000)}]\n`;
  t.match(parseYaml("a.yaml", wide).errors, [{ fatal: true, message: /endlessly large/ }]);
  const merges = `a: &a {${many((at) => `k${at}: 1, `, 1000)}}\nb: [${"{<<: *a},".repeat(1000)}]\n`;
  t.match(parseYaml("a.yaml", merges).errors, [{ fatal: true }]);
  const continued = `a: [\n${"1,\n".repeat(50_000)}]\n`;
  const start = performance.now();
  parseYaml("a.yaml", continued);
  t.ok(performance.now() - start < 10_000, "lines that have to be indented are bounded together");
});

t.test("a line that had to be indented keeps its column, and so does what follows", async (t) => {
  const text = 'a: [\n"x"]\nb: "y\nz"\nitems:\n- {c: [\n1], d: 1}\n- d\n';
  const [document] = parseYaml("a.yaml", text).documents;
  t.same(
    document?.items.map(({ line, column }) => `${line}:${column}`),
    ["6:3", "8:3"],
  );
  t.match(parseYaml("a.yaml", 'a: [\n"x"] y\n').errors, [{ line: 2, column: 7 }]);
});
