import { existsSync, readdirSync } from "node:fs";
import type { Test } from "tap";
import t from "tap";
import { parseConfig } from "../../src/config/parse.ts";
import { EXAMPLE_PAGES, overlayWithAlertPages } from "../manifests/alert-pages.ts";
import { type Manifest, ROOT, render, WITHOUT_KUBECTL } from "../manifests/render.ts";
import { HELMS, isHook, objectsOf, template, WITHOUT_HELM } from "./helm.ts";

// The chart and the kustomize base with its components are two ways to the same objects.

const skip = WITHOUT_HELM || (WITHOUT_KUBECTL ?? false);

/** The values that stand for a component. A component that is not there yet is passed over until it is. */
const VALUES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "audit-only": { "config.mode": "audit" },
  "warn-only": { "config.mode": "warn" },
  "cert-manager": { "certManager.enabled": true },
  "fail-closed": { failurePolicy: "Fail" },
  prometheus: { "serviceMonitor.enabled": true, "prometheusRule.enabled": true },
  "single-node": {
    replicaCount: 1,
    "podDisruptionBudget.enabled": false,
    topologySpreadConstraints: [],
    "resources.requests": { cpu: "20m", memory: "96Mi" },
  },
  "argo-rollouts": { "extraKinds.argoRollouts.enabled": true },
  keda: { "extraKinds.keda.enabled": true },
  openshift: { "extraKinds.openshift.enabled": true },
  reports: { "reports.enabled": true },
  "diagnose-reader": { "diagnoseReader.enabled": true },
  grafana: { "grafanaDashboard.enabled": true },
};

const COMPONENTS = readdirSync(`${ROOT}manifests/components`);

/** What only a release has: its name, the chart's, and Helm as the one who looks after it. */
const RELEASE_LABELS = ["app.kubernetes.io/instance", "helm.sh/chart"];
const MANAGED_BY = "app.kubernetes.io/managed-by";

/** Without what has to differ; the configuration as the server reads it, not as it is written. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value)
    .filter(([key]) => !RELEASE_LABELS.includes(key))
    .map(([key, member]) => {
      if (key === MANAGED_BY) return [key, "whoever installs it"];
      if (key === "config.yaml") return [key, parseConfig(String(member), key)];
      return [key, comparable(member)];
    });
  return Object.fromEntries(members.sort(([a], [b]) => String(a).localeCompare(String(b))));
}

function byKey(objects: readonly Manifest[]): ReadonlyMap<string, unknown> {
  return new Map(
    objects.map((object) => [
      `${object.kind} ${object.metadata.namespace ?? "-"}/${object.metadata.name}`,
      comparable(object),
    ]),
  );
}

function same(t: Test, path: string, values: Readonly<Record<string, unknown>>): void {
  // Helm makes no namespace; NOTES.txt prints its labels.
  const expected = byKey(render(path).filter(({ kind }) => kind !== "Namespace"));
  for (const helm of HELMS) {
    const { code, stderr } = template({ helm, values });
    t.equal(code, 0, `${path} ${helm.version}: ${stderr}`);
    if (code !== 0) continue;
    const found = byKey(objectsOf({ helm, values }).filter((object) => !isHook(object)));
    t.strictSame([...found.keys()].sort(), [...expected.keys()].sort(), `${path} ${helm.version}`);
    for (const [key, object] of expected)
      t.strictSame(found.get(key), object, `${path} ${helm.version}: ${key}`);
  }
}

t.test("without values it is the base", { skip }, async (t) => same(t, "manifests/base", {}));

for (const name of COMPONENTS) {
  t.test(`component ${name}`, { skip }, async (t) => {
    const values = VALUES[name];
    if (values === undefined) {
      t.fail(
        `manifests/components/${name} has no value in the chart: add one to charts/attachguard (values.yaml, docs/chart-pages.ts, templates) and to VALUES here`,
      );
      return;
    }
    if (!existsSync(`${ROOT}manifests/overlays/${name}`)) {
      t.fail(`manifests/components/${name} has no overlay of its name to compare with`);
      return;
    }
    same(t, `manifests/overlays/${name}`, values);
  });
}

t.test("pages of alerts", { skip }, async (t) =>
  same(t, overlayWithAlertPages(t), {
    ...VALUES.prometheus,
    "prometheusRule.runbookUrl": `${EXAMPLE_PAGES}#`,
  }),
);
