import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type Closure, closureOf } from "../../../../src/cluster/files/render/closure.ts";
import { DISK_TREE } from "../../../../src/cluster/files/render/disk-tree.ts";
import { memoryTree } from "../../../support/memory-tree.ts";

const POD = "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n";

/** The closure of `/t/app`, in a tree of which `/t/app/kustomization.yaml` holds the first argument. */
function closure(kustomization: string, others: Readonly<Record<string, string>> = {}): Promise<Closure> {
  return closureOf(memoryTree({ "/t/app/kustomization.yaml": kustomization, ...others }), {
    kind: "kustomization",
    root: "/t/app",
    tree: "/t",
  });
}

const codes = ({ problems }: Closure): string[] => problems.map(({ code }) => code);

const roles = ({ files }: Closure): string[] => files.map(({ path, role }) => `${role} ${path}`);

t.test("every field that names a file, with what the file is", async (t) => {
  const fields: readonly (readonly [string, string])[] = [
    ["resources: [f]", "resource"],
    ["bases: [f]", "resource"],
    ["crds: [f]", "settings"],
    ["configurations: [f]", "settings"],
    ["openapi: { path: f }", "settings"],
    ["replacements: [{ path: f }]", "settings"],
    ["patches: [{ path: f }]", "patch"],
    ["patchesStrategicMerge: [f]", "patch"],
    ["patchesJson6902: [{ target: { kind: Pod }, path: f }]", "patch"],
    ["configMapGenerator: [{ files: [f] }]", "data"],
    ["configMapGenerator: [{ files: [key=f] }]", "data"],
    ["configMapGenerator: [{ env: f }]", "data"],
    ["secretGenerator: [{ envs: [f] }]", "data"],
  ];
  for (const [field, role] of fields) {
    const found = await closure(field, { "/t/app/f": POD });
    t.same(found.problems, [], field);
    t.same(roles(found), ["kustomization /t/app/kustomization.yaml", `${role} /t/app/f`], field);
    t.same(codes(await closure(field)), ["unreadable"], `${field}, and the file is missing`);
    t.same(
      codes(await closure(field, { "/t/f": POD })),
      ["unreadable"],
      `${field} does not mean another folder`,
    );
  }
});

t.test("in every field: nothing remote, nothing absolute, nothing outside", async (t) => {
  const field: readonly ((name: string) => string)[] = [
    (name) => `resources: ["${name}"]`,
    (name) => `bases: ["${name}"]`,
    (name) => `components: ["${name}"]`,
    (name) => `crds: ["${name}"]`,
    (name) => `configurations: ["${name}"]`,
    (name) => `openapi: { path: "${name}" }`,
    (name) => `replacements: [{ path: "${name}" }]`,
    (name) => `patches: [{ path: "${name}" }]`,
    (name) => `patchesStrategicMerge: ["${name}"]`,
    (name) => `patchesJson6902: [{ path: "${name}" }]`,
    (name) => `generators: ["${name}"]`,
    (name) => `transformers: ["${name}"]`,
    (name) => `validators: ["${name}"]`,
    (name) => `configMapGenerator: [{ files: ["${name}"] }]`,
    (name) => `configMapGenerator: [{ files: ["key=${name}"] }]`,
    (name) => `configMapGenerator: [{ envs: ["${name}"] }]`,
    (name) => `secretGenerator: [{ env: "${name}" }]`,
  ];
  for (const write of field) {
    t.same(codes(await closure(write("http://127.0.0.1:8080/x.yaml"))), ["remote"], write("http"));
    t.same(codes(await closure(write("/etc/passwd"))), ["outside"], write("absolute"));
    t.same(
      codes(await closure(write("../../etc/passwd"), { "/etc/passwd": POD })),
      ["outside"],
      write("above"),
    );
  }
});

t.test("what kustomize would fetch, however it is written, also where a folder has that name", async (t) => {
  for (const name of [
    "https://example.com/base",
    "HTTPS://example.com/base",
    "http:example.com",
    "git::https://example.com/base",
    "git@github.com:org/repo.git",
    "user@example.com:org/repo",
    "github.com/org/repo",
    "GitHub.com/org/repo//deploy?ref=v1",
    "gh:org/repo",
    "ssh://git@example.com/repo",
    "file:///etc",
    "oci://example.com/x",
    "base?ref=main",
    " https://example.com/base",
  ]) {
    const found = await closure(`resources: ["${name}"]`, {
      [join("/t/app", name, "kustomization.yaml")]: "resources: []",
    });
    t.same(codes(found), ["remote"], name);
  }
});

t.test("what our reader and Go's could read differently", async (t) => {
  const remote = { "resources of another case": "Resources", "long s": "reſources", upper: "RESOURCES" };
  for (const [what, key] of Object.entries(remote)) {
    t.same(codes(await closure(`resources: []\n${key}: ["https://example.com/x"]`)), ["remote"], what);
  }
  const unreadable = {
    "base64 that Go decodes": `resources: [!!binary ${Buffer.from("http://127.0.0.1/").toString("base64")}]`,
    "a key twice": "resources: []\nresources: [https://example.com/]",
    "two documents": "resources: []\n---\nresources: [https://example.com/]",
    "a syntax error": "resources: [",
    "a list": "- resources",
    nothing: "",
    "aliases without end": `a: &a [x,x]\n${"bcdefghijk"
      .split("")
      .map((name, at) => `${name}: &${name} [${`*${"abcdefghijk"[at]},`.repeat(9)}]`)
      .join("\n")}`,
  };
  for (const [what, text] of Object.entries(unreadable))
    t.same(codes(await closure(text)), ["unreadable"], what);
  t.same(
    codes(await closure("x: &x { files: [https://example.com/] }\nconfigMapGenerator: [{ <<: *x }]")),
    ["remote"],
    "a merge key",
  );
  t.same(
    codes(await closure('patchesStrategicMerge: ["http://127.0.0.1/x: y"]')),
    ["remote"],
    "a line that is YAML here and an address there",
  );
  t.same(
    codes(await closure("resources: [[f], { a: b }, 3]")),
    ["unreadable", "unreadable", "unreadable"],
    "no paths",
  );
});

t.test("the folders it uses, through others too, each once", async (t) => {
  const found = await closure("resources: [../base, ../other]\ncomponents: [../component]\nnamespace: shop", {
    "/t/base/kustomization.yml": "resources: [pod.yaml]\nnamespace: base",
    "/t/base/pod.yaml": POD,
    "/t/other/Kustomization": "bases: [../base]",
    "/t/component/kustomization.yaml": "kind: Component\npatches: [{ path: patch.yaml }]",
    "/t/component/patch.yaml": POD,
  });
  t.same(found.problems, []);
  t.same(found.uses, ["/t/base", "/t/other", "/t/component"]);
  t.equal(found.namespace, "shop");
  t.ok(found.standalone);
  t.same(
    found.files.find(({ path }) => path === "/t/base/pod.yaml"),
    { path: "/t/base/pod.yaml", real: "/t/base/pod.yaml", role: "resource", root: "/t/base" },
  );
});

t.test("a Component is nothing by itself", async (t) => {
  const found = await closure("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component");
  t.notOk(found.standalone);
  t.same(codes(found), ["component"]);
});

t.test("what kustomize itself refuses", async (t) => {
  t.same(
    codes(await closure("resources: [../pod.yaml]", { "/t/pod.yaml": POD })),
    ["outside"],
    "a file above",
  );
  t.same(codes(await closure("resources: [.]")), ["unreadable"], "itself");
  t.same(
    codes(await closure("resources: [..]", { "/t/kustomization.yaml": "" })),
    ["unreadable"],
    "a folder above",
  );
  const cycle = await closure("resources: [../b]", { "/t/b/kustomization.yaml": "resources: [../app]" });
  t.match(cycle.problems, [
    { reason: "b/kustomization.yaml names ../app (resources), which leads back to where it comes from" },
  ]);
  t.same(
    codes(await closure("resources: [../b]", { "/t/b/pod.yaml": POD })),
    ["unreadable"],
    "no kustomization",
  );
  const twice = { "/t/app/kustomization.yml": "" };
  t.match((await closure("resources: []", twice)).problems, [
    { reason: "app holds more than one kustomization file" },
  ]);
});

t.test("plugins: those that are built in and harmless, with what they name", async (t) => {
  const patch = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: { name: p }\npath: patch.yaml\n";
  const inline = `transformers:\n- |\n${patch.replace(/^/gm, "  ")}`;
  const file = { "/t/app/patch.yaml": POD };
  for (const [what, text, others] of [
    ["inline", inline, {}],
    ["in a file", "transformers: [p.yaml]", { "/t/app/p.yaml": patch }],
    [
      "in a folder",
      "transformers: [../p]",
      { "/t/p/kustomization.yaml": "resources: [p.yaml]", "/t/p/p.yaml": patch },
    ],
  ] as const) {
    const found = await closure(text, { ...others, ...file });
    t.same(found.problems, [], what);
    t.ok(
      roles(found).includes("patch /t/app/patch.yaml"),
      `${what}: what it names starts at the kustomization`,
    );
    t.same(codes(await closure(text, others)), ["unreadable"], `${what}: and must be there`);
  }
});

t.test("plugins: whatever could run a program or fetch something", async (t) => {
  const annotated = (annotation: string): string =>
    `apiVersion: builtin\nkind: PatchTransformer\nmetadata: { name: p, annotations: { ${annotation}: "exec: { path: ./x }" } }`;
  for (const config of [
    "apiVersion: example.com/v1\nkind: Exec\nmetadata: { name: x }",
    "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: { name: x }",
    "apiversion: builtin\napiVersion: example.com/v1\nkind: PatchTransformer",
    "apiVersion: v1\nkind: List\nitems: []",
    annotated("config.kubernetes.io/function"),
    annotated("config.k8s.io/function"),
  ]) {
    for (const field of ["generators", "transformers", "validators"]) {
      t.same(
        codes(await closure(`${field}: [x.yaml]`, { "/t/app/x.yaml": config })),
        ["program"],
        `${field} ${config}`,
      );
      t.same(
        codes(await closure(`${field}:\n- |\n${config.replace(/^/gm, "  ")}`)),
        ["program"],
        `inline ${config}`,
      );
    }
  }
  t.same(
    codes(
      await closure("transformers: [../p]", {
        "/t/p/kustomization.yaml": "resources: [p.yaml]\npatches: [{ patch: '{}' }]",
        "/t/p/p.yaml": "apiVersion: builtin\nkind: LabelTransformer",
      }),
    ),
    ["program"],
    "a folder that changes its plugins",
  );
  for (const helm of [
    "helmCharts: [{ name: x }]",
    "HelmCharts: [{ name: x }]",
    "helmChartInflationGenerator: [{ chartName: x }]",
  ]) {
    t.same(codes(await closure(helm)), ["helm-in-kustomize"], helm);
  }
  t.same(codes(await closure("helmCharts: []\nresources: []")), [], "an empty list uses nothing");
});

t.test("reasons are one line each, whatever the tree holds", async (t) => {
  const { problems } = await closure('resources: ["\\e[2J::error::x\\u202e\\n\\u2028https://y"]');
  t.equal(problems.length, 1);
  t.notMatch(problems[0]?.reason, /[\p{Cc}\p{Cf}\p{Zl}]/u);
  const many = await closure(
    `resources: [${Array.from({ length: 5000 }, (_, at) => `https://x/${at}`).join(",")}]`,
  );
  t.equal(many.problems.length, 10, "the first ten are enough");
});

t.test("bounded in files and bytes", async (t) => {
  const names = Array.from({ length: 10_050 }, (_, at) => `f${at}`);
  const files = Object.fromEntries(names.map((name) => [`/t/app/${name}`, ""]));
  t.same(codes(await closure(`resources: [${names.join(",")}]`, files)), ["too-large"]);
  const large = { "/t/app/big": "x".repeat(65 * 1024 * 1024) };
  t.same(codes(await closure("configMapGenerator: [{ files: [big] }]", large)), ["too-large"]);
  t.same(
    codes(await closure(`#${"x".repeat(1024 * 1024)}`)),
    ["unreadable"],
    "a kustomization of a megabyte",
  );
});

t.test("links in the tree are followed, links out of it never", async (t) => {
  const folder = t.testdir({
    secret: { "s.yaml": POD, "kustomization.yaml": "resources: [s.yaml]" },
    tree: {
      app: { "kustomization.yaml": "resources: [pod.yaml, ../linked]", "real.yaml": POD },
      base: { "kustomization.yaml": "resources: [b.yaml]", "b.yaml": POD },
    },
  });
  const tree = join(folder, "tree");
  const app = join(tree, "app");
  symlinkSync("real.yaml", join(app, "pod.yaml"));
  symlinkSync("base", join(tree, "linked"));
  const request = { kind: "kustomization", root: app, tree } as const;
  const found = await closureOf(DISK_TREE, request);
  t.same(found.problems, []);
  t.same(found.uses, [join(tree, "base")]);
  t.same(found.links, [
    { path: join(app, "pod.yaml"), real: join(app, "real.yaml") },
    { path: join(tree, "linked"), real: join(tree, "base") },
  ]);

  const cases: readonly (readonly [string, string, string, string])[] = [
    ["a file", join(folder, "secret", "s.yaml"), "e.yaml", "e.yaml"],
    ["a folder", join(folder, "secret"), "e", "e"],
    ["a file below a folder", join(folder, "secret"), "f", "f/s.yaml"],
    ["out and back", folder, "g", "g/tree/app/real.yaml"],
  ];
  for (const [what, target, link, name] of cases) {
    symlinkSync(target, join(app, link));
    writeFileSync(join(app, "kustomization.yaml"), `resources: [${name}]`);
    t.same(codes(await closureOf(DISK_TREE, request)), ["outside"], what);
  }
  symlinkSync("loop", join(app, "loop"));
  writeFileSync(join(app, "kustomization.yaml"), "resources: [loop]");
  t.same(codes(await closureOf(DISK_TREE, request)), ["unreadable"], "a link to itself");
  mkdirSync(join(tree, "k"));
  symlinkSync(join(folder, "secret", "kustomization.yaml"), join(tree, "k", "kustomization.yaml"));
  t.same(
    codes(await closureOf(DISK_TREE, { ...request, root: join(tree, "k") })),
    ["outside"],
    "the kustomization",
  );
  symlinkSync(join(folder, "secret"), join(tree, "root"));
  t.same(
    codes(await closureOf(DISK_TREE, { ...request, root: join(tree, "root") })),
    ["outside"],
    "the root",
  );
  symlinkSync("../base/b.yaml", join(app, "above.yaml"));
  writeFileSync(join(app, "kustomization.yaml"), "resources: [above.yaml]");
  t.same(codes(await closureOf(DISK_TREE, request)), ["outside"], "in the tree, but kustomize refuses it");
});
