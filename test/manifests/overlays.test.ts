import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import t from "tap";
import { parseConfig } from "../../src/config/parse.ts";
import { createMetrics } from "../../src/metrics.ts";
import {
  configOf,
  type Manifest,
  OVERLAYS,
  podOf,
  ROOT,
  type RuleManifest,
  render,
  select,
  WITHOUT_KUBECTL,
  webhooksOf,
} from "./render.ts";

const skip = WITHOUT_KUBECTL ?? false;
const base: readonly Manifest[] = skip === false ? render("manifests/base") : [];
const overlay = new Map(
  OVERLAYS.map((name) => [name, skip === false ? render(`manifests/overlays/${name}`) : []]),
);

function rendered(name: string): readonly Manifest[] {
  const manifests = overlay.get(name);
  if (manifests === undefined) throw new Error(`there is no overlay ${name}`);
  return manifests;
}

function keyOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

/** What an overlay does to the base: `+` added, `-` left out, `~` changed. */
function changes(manifests: readonly Manifest[]): readonly string[] {
  const before = new Map(base.map((manifest) => [keyOf(manifest), manifest]));
  const after = new Map(manifests.map((manifest) => [keyOf(manifest), manifest]));
  return [
    ...[...after.keys()].filter((key) => !before.has(key)).map((key) => `+ ${key}`),
    ...[...before.keys()].filter((key) => !after.has(key)).map((key) => `- ${key}`),
    ...[...after]
      .filter(([key, manifest]) => before.has(key) && !isDeepStrictEqual(before.get(key), manifest))
      .map(([key]) => `~ ${key}`),
  ].sort();
}

const CHANGES: Readonly<Record<string, readonly string[]>> = {
  "argo-rollouts": [
    "+ ClusterRole attachguard:read-argo-rollouts",
    "+ ClusterRoleBinding attachguard:read-argo-rollouts",
    "~ ValidatingWebhookConfiguration attachguard",
  ],
  "audit-only": ["~ ConfigMap attachguard"],
  "cert-manager": [
    "+ Certificate attachguard",
    "+ Certificate attachguard-ca",
    "+ Issuer attachguard-ca",
    "+ Issuer attachguard-self-signed",
    "- ClusterRole attachguard:own-webhook-configuration",
    "- ClusterRoleBinding attachguard:own-webhook-configuration",
    "- Role attachguard:own-certificate",
    "- RoleBinding attachguard:own-certificate",
    "- Secret attachguard-tls",
    "~ Deployment attachguard",
    "~ ValidatingWebhookConfiguration attachguard",
  ],
  "diagnose-reader": ["+ ClusterRole attachguard:diagnose-reader"],
  "fail-closed": ["~ ValidatingWebhookConfiguration attachguard"],
  grafana: ["+ ConfigMap attachguard-dashboard"],
  keda: [
    "+ ClusterRole attachguard:read-keda",
    "+ ClusterRoleBinding attachguard:read-keda",
    "~ ValidatingWebhookConfiguration attachguard",
  ],
  openshift: [
    "+ ClusterRole attachguard:read-openshift",
    "+ ClusterRoleBinding attachguard:read-openshift",
    "~ ValidatingWebhookConfiguration attachguard",
  ],
  prometheus: ["+ PrometheusRule attachguard", "+ ServiceMonitor attachguard", "~ NetworkPolicy attachguard"],
  reports: [
    "+ ClusterRole attachguard:write-reports",
    "+ ClusterRoleBinding attachguard:reports-read-cluster",
    "+ ClusterRoleBinding attachguard:write-reports",
    "+ CronJob attachguard-reports",
    "+ ServiceAccount attachguard-reports",
  ],
  "single-node": ["- PodDisruptionBudget attachguard", "~ Deployment attachguard"],
  "warn-only": ["~ ConfigMap attachguard"],
};

t.test("each overlay changes what it says and nothing else", { skip }, async (t) => {
  t.strictSame(OVERLAYS, Object.keys(CHANGES));
  for (const [name, manifests] of overlay) t.strictSame(changes(manifests), CHANGES[name], name);
});

t.test(
  "warn-only and audit-only set the mode and leave the rest of the configuration",
  { skip },
  async (t) => {
    const standard = parseConfig(configOf(base), "config.yaml");
    for (const mode of ["warn", "audit"] as const) {
      t.strictSame(parseConfig(configOf(rendered(`${mode}-only`)), "config.yaml"), { ...standard, mode });
    }
  },
);

t.test(
  "fail-closed refuses what cannot be judged, but never the built-in controllers",
  { skip },
  async (t) => {
    const before = webhooksOf(base);
    const builtIn = {
      name: "not-a-built-in-controller",
      expression: `!(request.userInfo.?username.orValue("") in ${JSON.stringify([
        "system:kube-controller-manager",
        "system:serviceaccount:kube-system:horizontal-pod-autoscaler",
        "system:serviceaccount:kube-system:statefulset-controller",
        "system:serviceaccount:kube-system:ephemeral-volume-controller",
      ]).replaceAll(",", ", ")})`,
    };
    for (const [name, webhook] of webhooksOf(rendered("fail-closed"))) {
      const calledForControllers = name === "scale.attachguard.dev" || name === "claims.attachguard.dev";
      t.strictSame(
        webhook,
        {
          ...before.get(name),
          failurePolicy: "Fail",
          matchConditions: [
            ...(before.get(name)?.matchConditions ?? []),
            ...(calledForControllers ? [builtIn] : []),
          ],
        },
        name,
      );
    }
  },
);

t.test("with cert-manager the servers read mounted files and may write nothing", { skip }, async (t) => {
  const manifests = rendered("cert-manager");
  for (const role of manifests.filter(({ kind }) => kind === "Role" || kind === "ClusterRole")) {
    for (const { verbs } of role.rules as readonly RuleManifest[])
      t.strictSame(verbs, ["get", "list", "watch"]);
  }
  type Certificate = { spec: { secretName: string; dnsNames: readonly string[] } };
  const { spec } = select<Certificate>(manifests, "Certificate", "attachguard");
  const { pod, container } = podOf(manifests);
  const volume = pod.volumes.find(({ secret }) => secret?.secretName === spec.secretName);
  const mount = container.volumeMounts.find(({ name }) => name === volume?.name);
  t.equal(mount?.readOnly, true);
  t.ok(container.args.includes(`--tls-cert=${mount?.mountPath}/tls.crt`));
  t.ok(container.args.includes(`--tls-key=${mount?.mountPath}/tls.key`));
  t.strictSame(
    container.args.filter((arg) => !arg.startsWith("--tls-")),
    podOf(base).container.args,
    "the other arguments are those of the base",
  );
  t.ok(spec.dnsNames.includes("attachguard.attachguard-system.svc"), "the name that the API server asks for");
  t.equal(
    select(manifests, "ValidatingWebhookConfiguration", "attachguard").metadata.annotations?.[
      "cert-manager.io/inject-ca-from"
    ],
    "attachguard-system/attachguard",
  );
});

t.test("single-node runs one server that can be drained", { skip }, async (t) => {
  const { deployment, pod } = podOf(rendered("single-node"));
  t.equal(deployment.replicas, 1);
  t.equal(pod.topologySpreadConstraints, undefined);
});

t.test("prometheus lets the monitoring namespace in, to the metrics port only", { skip }, async (t) => {
  const { spec } = select<{ spec: { ingress: unknown } }>(
    rendered("prometheus"),
    "NetworkPolicy",
    "attachguard",
  );
  t.strictSame(spec.ingress, [
    { ports: [{ port: 8443, protocol: "TCP" }] },
    {
      ports: [{ port: 8080, protocol: "TCP" }],
      from: [
        { namespaceSelector: { matchLabels: { "attachguard.dev/metrics": "allow" } } },
        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } },
      ],
    },
  ]);
  type Monitor = { spec: { selector: { matchLabels: object }; endpoints: readonly { port: string }[] } };
  const monitor = select<Monitor>(rendered("prometheus"), "ServiceMonitor", "attachguard");
  type Ports = { spec: { ports: readonly { name: string }[] } };
  const service = select<Ports>(base, "Service", "attachguard");
  t.match(service.metadata.labels, monitor.spec.selector.matchLabels);
  for (const { port } of monitor.spec.endpoints) {
    t.ok(
      service.spec.ports.some(({ name }) => name === port),
      `the Service has a port ${port}`,
    );
  }
});

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

function alerts(): readonly Alert[] {
  type Rules = { spec: { groups: readonly { rules: readonly Alert[] }[] } };
  return select<Rules>(rendered("prometheus"), "PrometheusRule", "attachguard").spec.groups.flatMap(
    ({ rules }) => rules,
  );
}

/** The metrics that a server shows, those of the cluster included. */
async function metricNames(): Promise<readonly string[]> {
  const metrics = createMetrics({ process: false });
  metrics.watchCluster(() => []);
  return (await metrics.registry.getMetricsAsJSON()).map(({ name }) => name);
}

t.test("alerts ask only for metrics that exist", { skip }, async (t) => {
  const known = await metricNames();
  for (const { alert, expr } of alerts()) {
    for (const [name] of expr.matchAll(/\battachguard_\w+/g)) t.ok(known.includes(name), `${alert}: ${name}`);
  }
});

t.test("alerts name the webhook entries as the API server does", { skip }, async (t) => {
  const fromApiServer = alerts().filter(({ expr }) => expr.includes("apiserver_"));
  t.equal(fromApiServer.length, 3);
  for (const { alert, expr } of fromApiServer) {
    const pattern = /name=~"([^"]+)"/.exec(expr)?.[1] ?? "";
    const anchored = new RegExp(`^(?:${pattern.replaceAll("\\\\", "\\")})$`);
    for (const name of webhooksOf(base).keys()) t.match(name, anchored, `${alert}: ${name}`);
  }
});

t.test("the operations guide explains every alert and every metric", { skip }, async (t) => {
  const guide = readFileSync(`${ROOT}docs/operations.md`, "utf8");
  for (const { alert } of alerts()) t.ok(guide.includes(`\`${alert}\``), alert);
  for (const name of await metricNames()) t.ok(guide.includes(`\`${name}`), name);
});

t.test("overlays can be put together from their components", { skip }, async (t) => {
  const manifests = render("test/fixtures/manifests/combined");
  t.strictSame(
    changes(manifests),
    [
      ...(CHANGES["cert-manager"] ?? []).filter((change) => !change.startsWith("~ Validating")),
      ...(CHANGES.prometheus ?? []),
      ...(CHANGES["fail-closed"] ?? []),
      ...(CHANGES["warn-only"] ?? []),
    ].sort(),
  );
  t.equal(parseConfig(configOf(manifests), "config.yaml").mode, "warn");
});
