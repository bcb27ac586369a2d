/** A tree that imitates a mono-repository: charts, a base with overlays, twins, vendored trees, templates, CRDs. */
import { posix } from "node:path";
import type { Renderer } from "../../../src/cluster/files/render/renderer.ts";

interface AppOptions {
  readonly namespace?: string;
  readonly claim?: string;
  readonly spec?: string;
}

export function appText(name: string, { namespace, claim = "data", spec = "" }: AppOptions = {}): string {
  return `---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}${namespace === undefined ? "" : `\n  namespace: ${namespace}`}
spec:${spec === "" ? "" : `\n  ${spec}`}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: main
          image: example.com/app:1
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes:
        - { name: data, persistentVolumeClaim: { claimName: ${claim} } }
`;
}

export function claimText(name = "data", modes = "ReadWriteOnce", namespace?: string): string {
  return `---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name}${namespace === undefined ? "" : `, namespace: ${namespace}`} }
spec: { accessModes: [${modes}], resources: { requests: { storage: 1Gi } } }
`;
}

const RECREATE = "strategy: { type: Recreate }";

const CRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: things.example.com }
spec: { group: example.com }
`;

const TEMPLATE = appText("{{ .Release.Name }}-api").replace(
  "spec:",
  "spec:\n  replicas: {{ .Values.replicas }}",
);

const overlay = (more: string): string => `resources: [../../base]\n${more}`;

/** Paths from the top of the repository. */
export const REPOSITORY: Readonly<Record<string, string>> = {
  ".gitignore": "/generated/\n*.local.yaml\n!kept.local.yaml\n",
  // Twins: one name, two folders, each with its own claim.
  "apps/blog/mysql.yaml": appText("mysql"),
  "apps/blog/pvc.yaml": claimText("data", "ReadWriteMany"),
  "apps/shop/mysql.yaml": appText("mysql"),
  "apps/shop/pvc.yaml": claimText(),
  // A claim that is kept elsewhere, in one explicit namespace.
  "apps/web/k8s/web.yaml": appText("web", { namespace: "web", claim: "pages" }),
  "storage/claims/pages.yaml": claimText("pages", "ReadWriteOnce", "web"),
  // Which of two claims is meant nobody can say.
  "apps/lost/app.yaml": appText("lost", { claim: "either" }),
  "apps/lost/one/pvc.yaml": claimText("either"),
  "apps/lost/two/pvc.yaml": claimText("either"),
  // A base with three overlays, and a Component.
  "deploy/base/kustomization.yaml": "resources: [app.yaml, pvc.yaml]\n",
  "deploy/base/app.yaml": appText("core"),
  "deploy/base/pvc.yaml": claimText(),
  "deploy/overlays/dev/kustomization.yaml": overlay("namespace: dev\npatches: [{ path: recreate.yaml }]\n"),
  "deploy/overlays/dev/recreate.yaml":
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: core }\nspec: { strategy: { type: Recreate, rollingUpdate: null } }\n",
  "deploy/overlays/staging/kustomization.yaml": overlay("namespace: staging\n"),
  "deploy/overlays/prod/kustomization.yaml": overlay("namespace: prod\ncomponents: [../../components/ha]\n"),
  "deploy/components/ha/kustomization.yaml":
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{ path: replicas.yaml }]\n",
  "deploy/components/ha/replicas.yaml":
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: core }\nspec: { replicas: 3 }\n",
  // A kustomization that nobody renders for us.
  "deploy/remote/kustomization.yaml":
    "namespace: far\nresources: [https://example.com/base.yaml, app.yaml, pvc.yaml]\n",
  "deploy/remote/app.yaml": appText("far"),
  "deploy/remote/pvc.yaml": claimText(),
  // A chart with its CRDs and a subchart.
  "charts/api/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n",
  "charts/api/values.yaml": "replicas: 2\n",
  "charts/api/templates/app.yaml": TEMPLATE,
  "charts/api/templates/_names.yaml": '{{- define "x" -}}{{ end }}\n',
  "charts/api/crds/thing.yaml": CRD,
  "charts/api/charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
  "charts/api/charts/sub/templates/app.yaml": TEMPLATE,
  // What is not kept by hand.
  "vendor/modules.txt": "# k8s.io/x\n",
  "vendor/k8s.io/x/node.yaml": "apiVersion: v1\nkind: Node\nmetadata: { name: node }\n",
  "node_modules/lib/app.yaml": appText("from-a-library"),
  "generated/app.yaml": appText("generated"),
  "testdata/broken.yaml": "a: [\n",
  "mine.local.yaml": appText("mine"),
  "kept.local.yaml": appText("kept", { spec: RECREATE, claim: "own" }),
  // The rest.
  ".k8s/tool.yaml": appText("tool") + claimText(),
  "crds/thing.yaml": CRD,
  "ci/templates/job.yaml": TEMPLATE,
  "ci/values.yaml": "a: b\n",
};

/** The repository below a folder. */
export function repositoryAt(folder: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(REPOSITORY).map(([path, text]) => [posix.join(folder, path), text]),
  );
}

const core = (namespace: string, spec: string): string =>
  appText("core", { namespace, spec }) + claimText("data", "ReadWriteOnce", namespace);

/** What the tools would print, by the folder that is rendered. */
export const RENDERED: Readonly<Record<string, string>> = {
  "deploy/overlays/dev": core("dev", RECREATE),
  "deploy/overlays/staging": core("staging", ""),
  "deploy/overlays/prod": core("prod", "replicas: 3"),
  "charts/api": appText("api-api", { spec: "replicas: 2", claim: "data" })
    .replace("---\n", "---\n# Source: api/templates/app.yaml\n")
    .concat(claimText().replace("---\n", "---\n# Source: api/templates/pvc.yaml\n")),
};

/** Prints what is written down above, and keeps account of what it was asked for. */
export function rendererOf(folder: string): Renderer & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    render: async ({ root }) => {
      const path = posix.relative(folder, root);
      asked.push(path);
      const text = RENDERED[path];
      if (text === undefined) throw new Error(`nobody should render ${path}`);
      return { state: "rendered", text, tool: { name: "kubectl", path: "/usr/bin/kubectl", version: "v1" } };
    },
  };
}
