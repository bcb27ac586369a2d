import t from "tap";
import { fieldPlacesIn } from "../../src/cluster/files/field-places.ts";
import { parseYaml } from "../../src/cluster/files/yaml.ts";
import type { FieldStep } from "../../src/policy/field.ts";

const FILE = `# a comment
apiVersion: v1
kind: ConfigMap
---
apiVersion: apps/v1
kind: Deployment
spec:
  replicas: 3 # three
  strategy:
    type: RollingUpdate
  "quoted": {type: Recreate, extra: secret}
  template:
    spec:
      volumes:
        - name: other
          emptyDir: {}
        - name: data
          persistentVolumeClaim:
            claimName: "data"
  empty:
---
kind: List
items:
  - kind: A
    spec: {maxReplicas: 5}
  - kind: B
    spec:
      maxReplicas: 7
`;

const claimName: readonly FieldStep[] = [
  "spec",
  "template",
  "spec",
  "volumes",
  { holding: ["persistentVolumeClaim", "claimName"], value: "data" },
  "persistentVolumeClaim",
  "claimName",
];

/** The place in the document of that number (item of it), with what it marks. */
function place(path: readonly FieldStep[], document = 1, item?: number, file = FILE) {
  const parsed = parseYaml("f.yaml", file).documents[document];
  const source = item === undefined ? parsed?.source : parsed?.items[item];
  if (source === undefined) throw new Error("no such document");
  const found = fieldPlacesIn(file)(source, path);
  if (found === undefined) return undefined;
  const line = file.split("\n")[found.line - 1] ?? "";
  return { line: found.line, marks: line.slice(found.column - 1, found.endColumn - 1), text: found.text };
}

t.test("a value on the line of its key is marked, else the key", async (t) => {
  t.same(place(["spec", "replicas"]), { line: 8, marks: "3", text: "  replicas: 3 # three" });
  t.same(place(["spec", "strategy"]), { line: 9, marks: "strategy", text: "  strategy:" });
  t.same(place(["spec", "empty"]), { line: 20, marks: "empty", text: "  empty:" });
  t.match(place(claimName), { line: 19, marks: /data/ });
});

t.test("what is not written is told by the part above it that is", async (t) => {
  t.match(place(["spec", "strategy", "rollingUpdate", "maxSurge"]), { line: 9, marks: "strategy" });
  t.match(place(["spec", "parallelism"]), { line: 7, marks: "spec" });
  t.equal(place(["metadata", "name"]), undefined, "nothing above it but the object");
});

t.test("a line on which other things stand is not shown", async (t) => {
  t.same(place(["spec", "quoted", "type"]), { line: 11, marks: "Recreate", text: null });
});

t.test("an item of a list, and an item of a List", async (t) => {
  t.match(place(["spec", "maxReplicas"], 2, 0), { line: 25, marks: "5" });
  t.match(place(["spec", "maxReplicas"], 2, 1), { line: 28, marks: "7" });
});

t.test("CRLF and JSON", async (t) => {
  const crlf = FILE.replaceAll("\n", "\r\n");
  t.same(place(["spec", "replicas"], 1, undefined, crlf), {
    line: 8,
    marks: "3",
    text: "  replicas: 3 # three",
  });
  const json = JSON.stringify({ kind: "Deployment", spec: { replicas: 3 } }, null, 2);
  t.match(place(["spec", "replicas"], 0, undefined, json), { line: 4, marks: "3", text: null });
});

t.test("a file that has changed since has no place", async (t) => {
  const at = { file: "f.yaml", line: 400, column: 9 };
  t.equal(fieldPlacesIn(FILE)(at, ["spec"]), undefined);
  t.equal(fieldPlacesIn("{{ broken")({ ...at, line: 1, column: 1 }, ["spec"]), undefined);
});

function dump(objects: number, indent?: number): string {
  const items = Array.from({ length: objects }, (_, at) => ({
    kind: "Deployment",
    metadata: { name: `d${at}`, annotations: { text: 'a "quoted" { brace \\' } },
    spec: { replicas: at, strategy: { type: "RollingUpdate" } },
  }));
  return JSON.stringify({ kind: "DeploymentList", items }, null, indent);
}

t.test("in a dump every object is read by itself", async (t) => {
  for (const indent of [undefined, 4]) {
    const file = dump(3, indent);
    const [document] = parseYaml("f.yaml", file).documents;
    for (const [at, source] of (document?.items ?? []).entries()) {
      const found = place(["spec", "replicas"], 0, at, file);
      t.match(found, { marks: String(at), text: null }, `${indent} ${JSON.stringify(source)}`);
    }
  }
});

t.test("the places of a dump take time in proportion to it", async (t) => {
  const timed = (objects: number) => {
    const file = dump(objects);
    const starts: number[] = [];
    for (
      let at = file.indexOf('{"kind":"Deployment",');
      at !== -1;
      at = file.indexOf('{"kind":"Deployment",', at + 1)
    )
      starts.push(at + 1);
    const tries = Array.from({ length: 5 }, () => {
      const begin = performance.now();
      const placeOf = fieldPlacesIn(file);
      for (const column of starts) placeOf({ file: "f", line: 1, column }, ["spec", "replicas"]);
      return performance.now() - begin;
    });
    t.equal(starts.length, objects);
    return Math.min(...tries);
  };
  timed(500);
  const ratio = timed(4000) / timed(500);
  t.ok(ratio < 32, `8 times as many take ${ratio.toFixed(1)} times as long (64 if each read the whole file)`);
});
