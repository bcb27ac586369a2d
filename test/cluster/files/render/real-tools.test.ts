import { symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { DISK_TREE } from "../../../../src/cluster/files/render/disk-tree.ts";
import { ToolRenderer } from "../../../../src/cluster/files/render/tool-renderer.ts";
import { Toolbox } from "../../../../src/cluster/files/render/toolbox.ts";

const POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n";
const TRANSFORMER =
  "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: { name: p }\nprefix: pre-\nfieldSpecs: [{ path: metadata/name }]\n";

const folder = t.testdir({
  kustomize: {
    base: { "kustomization.yaml": "resources: [real.yaml]", "real.yaml": POD },
    component: {
      "kustomization.yaml":
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{ path: p.yaml }]",
      "p.yaml": `${POD}  labels: { patched: "yes" }\n`,
    },
    app: {
      "kustomization.yaml":
        "resources: [../linked, service.yaml]\ncomponents: [../component]\ntransformers: [t.yaml]\nnamespace: shop\nconfigMapGenerator: [{ name: c, files: [k=data.txt] }]",
      "t.yaml": TRANSFORMER,
      "data.txt": "hello\n",
      "other.yaml": "apiVersion: v1\nkind: Service\nmetadata: { name: s }\n",
    },
    broken: { "kustomization.yaml": "resources: [pod.yaml]", "pod.yaml": "a: [" },
  },
  chart: {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{ name: db, version: 1.0.0 }]\n",
    "values.yaml": "size: 1\n",
    templates: {
      "pod.yaml":
        'apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-{{ .Values.size }}-{{ .Values.color }}\n  labels: { node: {{ lookup "v1" "Node" "" "" | len | quote }} }\n',
      "test.yaml":
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: tested\n  annotations: { helm.sh/hook: test }\n",
      "shared.yaml": '{{ if .Values.broken }}{{ fail "no" }}{{ end }}\n',
    },
    charts: {
      db: {
        "Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        templates: { "db.yaml": POD.replace("name: a", "name: {{ .Chart.Name }}") },
      },
    },
  },
});
symlinkSync("base", join(folder, "kustomize", "linked"));
symlinkSync("other.yaml", join(folder, "kustomize", "app", "service.yaml"));

const toolbox = new Toolbox({ searchPath: process.env.PATH ?? "", checked: [folder] });
const renderer = new ToolRenderer(toolbox, DISK_TREE);
const kustomize = await toolbox.tool("kustomization");
const helm = await toolbox.tool("chart");

t.test("kustomize", { skip: "state" in kustomize ? kustomize.reason : false }, async (t) => {
  const tree = join(folder, "kustomize");
  const ask = (root: string) =>
    renderer.render({ kind: "kustomization", root: join(tree, root), tree, values: [], set: [] });
  const rendered = await ask("app");
  t.match(rendered, { state: "rendered", tool: { path: /^\//, version: /\d|devel/ } });
  if (rendered.state !== "rendered") return;
  t.match(rendered.text, /kind: Service\n/);
  t.match(rendered.text, /patched: "yes"\n {2}name: pre-a\n {2}namespace: shop\n/);
  t.match(rendered.text, /k: \|\n {4}hello\n/);
  const broken = await ask("broken");
  t.match(broken, { state: "not-rendered", code: "failed", reason: /^ku\w+: accumulating resources: / });
  t.notMatch(broken, { reason: /attachguard-/ }, "without the private folder");
});

t.test("helm", { skip: "state" in helm ? helm.reason : false }, async (t) => {
  const request = {
    kind: "chart",
    root: join(folder, "chart"),
    tree: folder,
    values: [],
    set: ["color=red"],
  } as const;
  const rendered = await renderer.render(request);
  t.match(rendered, { state: "rendered", tool: { name: "helm" } });
  if (rendered.state !== "rendered") return;
  t.match(rendered.text, /^# Source: web\/templates\/pod.yaml$/m);
  t.match(rendered.text, /^# Source: web\/charts\/db\/templates\/db.yaml$/m);
  t.match(rendered.text, /name: chart-1-red\n {2}labels: \{ node: "0" \}/, "without a cluster");
  t.notMatch(rendered.text, /tested/);
  const broken = await renderer.render({ ...request, set: ["broken=true"] });
  t.match(broken, {
    state: "not-rendered",
    code: "failed",
    reason: /^helm: execution error at \(web\/templates\/shared.yaml.*no$/,
  });
});
