import { readFileSync } from "node:fs";
import { isMap, isScalar, parseDocument, type YAMLMap } from "yaml";
import { CONFIG_SCHEMA } from "../src/config/schema.ts";
import { jsonText } from "./generate-configuration.ts";

const CHART = new URL("../charts/attachguard/", import.meta.url);

const read = (path: string) => readFileSync(new URL(path, CHART), "utf8");

/** The files of the chart that are made from others, by their path below charts/attachguard. */
export function chartFiles(): Readonly<Record<string, string>> {
  return {
    "README.md": `${README}${valuesTable(read("values.yaml"))}`,
    "values.schema.json": `${jsonText(valuesSchema())}\n`,
    "files/alerts.yaml": alerts(),
    "files/dashboard.json": read("../../manifests/components/grafana/attachguard.json"),
  };
}

const README = `# attachguard, as a Helm chart

Installs what [manifests](../../manifests/README.md) installs, with each component as a value. Needs Kubernetes 1.30 or newer; tested with Helm 3 and 4.

\`\`\`
helm install attachguard charts/attachguard --namespace attachguard-system --create-namespace --set image.repository=registry.example.com/attachguard
helm --namespace attachguard-system test attachguard
\`\`\`

Names follow the release: \`foo\` in namespace \`bar\` gives \`foo-attachguard\`, and \`foo-attachguard.bar\` for cluster-scoped objects, so that several releases can run side by side; in \`attachguard-system\` nothing is added. \`kube-system\` and the release's own namespace are never judged, whatever the values say.

The servers put their certificate into a Secret and its CA into the webhook configuration. The chart contains neither, so upgrades and rollbacks change neither.

Uninstalling with \`failurePolicy: Fail\` removes the webhook configuration first, with a Job of the same image (\`attachguard webhooks remove\`). With \`Ignore\` nothing is ever refused, and no Job is needed. If uninstalling is interrupted, run it again. Where the Job cannot run, because its image is gone, delete the configuration yourself, \`kubectl delete validatingwebhookconfiguration foo-attachguard.bar\` for \`foo\` in \`bar\`, and uninstall with \`--no-hooks\`: after that nothing is left that refuses requests (of the Job, only its account and role, labelled \`app.kubernetes.io/instance: foo\`).

| component of the manifests | values |
|---|---|
| audit-only, warn-only | \`config.mode: audit\`, \`config.mode: warn\` |
| cert-manager | \`certManager.enabled: true\` |
| fail-closed | \`failurePolicy: Fail\` |
| grafana | \`grafanaDashboard.enabled: true\` |
| argo-rollouts, keda, openshift | \`extraKinds.argoRollouts.enabled: true\`, \`extraKinds.keda.enabled: true\`, \`extraKinds.openshift.enabled: true\` |
| diagnose-reader | \`diagnoseReader.enabled: true\` |
| prometheus | \`serviceMonitor.enabled: true\`, \`prometheusRule.enabled: true\` |
| reports | \`reports.enabled: true\` |
| single-node | \`replicaCount: 1\`, \`podDisruptionBudget.enabled: false\`, \`topologySpreadConstraints: []\` |

From the manifests to the chart: \`helm install attachguard charts/attachguard --namespace attachguard-system --take-ownership\` (Helm 3.17 or newer) fails on the Deployment, whose selector contains the release and cannot change; delete the Deployment first. Requests during those seconds pass unjudged, or with \`fail-closed\` are refused, so apply the base before you begin.

## Values

`;

interface Row {
  readonly key: string;
  readonly fallback: string;
  readonly text: string;
}

/** A row for each key that a comment stands above; what a key holds is its default. */
function valuesTable(text: string): string {
  const document = parseDocument(text);
  if (!isMap(document.contents)) throw new Error("values.yaml is no mapping");
  const rows = rowsOf(document.contents as YAMLMap, "");
  const line = ({ key, fallback, text: what }: Row) =>
    `| \`${key}\` | \`${fallback}\` | ${what.replaceAll("|", "\\|")} |\n`;
  return `| key | default | what it is |\n|---|---|---|\n${rows.map(line).join("")}`;
}

function rowsOf(map: YAMLMap, prefix: string): readonly Row[] {
  return map.items.flatMap((pair, index): readonly Row[] => {
    if (!isScalar(pair.key)) return [];
    const key = `${prefix}${String(pair.key.value)}`;
    // The library hangs what stands above the first key of a mapping on the mapping itself.
    const above = pair.key.commentBefore ?? (index === 0 ? map.commentBefore : undefined);
    const comment = above?.split("\n\n").at(-1);
    const value = pair.value;
    if (comment === undefined || (prefix === "" && index === 0)) {
      if (!isMap(value)) throw new Error(`values.yaml: ${key} has no comment above it`);
      return rowsOf(value as YAMLMap, `${key}.`);
    }
    const text = comment
      .split("\n")
      .map((line) => line.trim())
      .join(" ");
    const plain: unknown = isMap(value) || !isScalar(value) ? (value as YAMLMap).toJSON() : value.value;
    return [{ key, fallback: JSON.stringify(plain), text }];
  });
}

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const free = { type: "object" } as const;
const list = { type: "array", items: free } as const;
const texts = { type: "object", additionalProperties: text } as const;

function only(properties: Readonly<Record<string, object>>): object {
  return { type: "object", additionalProperties: false, properties };
}

/** A wrong key, or a value of a wrong type, is an error of `helm install`, `upgrade`, `lint` and `template`. */
function valuesSchema(): object {
  const { $schema: _schema, $id: _id, properties, ...config } = CONFIG_SCHEMA;
  // The names in `tls` are the chart's; a template says so.
  const { tls: _tls, ...own } = properties ?? {};
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Values of the attachguard chart",
    ...only({
      // Helm hands its own to every chart.
      global: free,
      image: only({
        repository: { type: "string", minLength: 1 },
        tag: text,
        digest: { type: "string", pattern: "^(sha256:[0-9a-f]{64})?$" },
        pullPolicy: { enum: ["Always", "IfNotPresent", "Never"] },
      }),
      imagePullSecrets: list,
      replicaCount: { type: "integer", minimum: 1 },
      resources: free,
      affinity: free,
      tolerations: list,
      nodeSelector: texts,
      topologySpreadConstraints: { type: ["array", "null"], items: free },
      priorityClassName: text,
      podAnnotations: texts,
      podLabels: texts,
      podDisruptionBudget: only({
        enabled: flag,
        maxUnavailable: { type: ["integer", "string"], pattern: "^[0-9]+%$", minimum: 1 },
      }),
      serviceAccount: only({ enabled: flag, name: text, annotations: texts }),
      fullnameOverride: text,
      failurePolicy: { enum: ["Ignore", "Fail"] },
      timeoutSeconds: { type: "integer", minimum: 1, maximum: 30 },
      namespaceSelector: only({ matchLabels: texts, matchExpressions: list }),
      config: { ...withoutDefaults(config), properties: { ...withoutDefaultsIn(own), tls: free } },
      certManager: only({ enabled: flag }),
      networkPolicy: only({ enabled: flag, metricsFrom: list }),
      serviceMonitor: only({
        enabled: flag,
        prometheusNamespace: { type: "string", minLength: 1 },
        interval: text,
        scrapeTimeout: text,
        labels: texts,
      }),
      prometheusRule: only({ enabled: flag, labels: texts, runbookUrl: text }),
      grafanaDashboard: only({ enabled: flag, namespace: text, labels: texts, annotations: texts }),
      extraKinds: only({
        argoRollouts: only({ enabled: flag }),
        keda: only({ enabled: flag }),
        openshift: only({ enabled: flag }),
      }),
      diagnoseReader: only({ enabled: flag }),
      reports: only({ enabled: flag, schedule: { type: "string", minLength: 1 }, resources: free }),
      test: only({ namespace: { type: "string", minLength: 1 } }),
    }),
  };
}

/** Helm fills in nothing from a schema; the defaults stand in values.yaml and in the server. */
function withoutDefaults<T extends object>(schema: T): object {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => key !== "default" && key !== "examples")
      .map(([key, value]) => [
        key,
        key === "properties" ? withoutDefaultsIn(value) : key === "items" ? withoutDefaults(value) : value,
      ]),
  );
}

function withoutDefaultsIn(properties: object): object {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, withoutDefaults(schema as object)]),
  );
}

/** The alerts of the manifests, as they stand there: the chart puts its own Service's name into them. */
function alerts(): string {
  const rules = read("../../manifests/components/prometheus/rules.yaml");
  const start = rules.indexOf("  groups:\n");
  if (start === -1) throw new Error("manifests/components/prometheus/rules.yaml has no groups");
  return rules.slice(start + "  groups:\n".length).replaceAll(/^ {4}/gm, "");
}
