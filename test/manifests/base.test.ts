import t from "tap";
import { parseConfig } from "../../src/config/parse.ts";
import { inlineDiskOf } from "../../src/kube/volume-source.ts";
import {
  configOf,
  type Manifest,
  podOf,
  type RuleManifest,
  render,
  select,
  type Webhook,
  WITHOUT_KUBECTL,
  webhooksOf,
} from "./render.ts";

const skip = WITHOUT_KUBECTL ?? false;
const base: readonly Manifest[] = skip === false ? render("manifests/base") : [];

t.test("the base holds these objects and no others", { skip }, async (t) => {
  t.strictSame(
    base.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? "-"}/${metadata.name}`).sort(),
    [
      "ClusterRole -/attachguard:own-webhook-configuration",
      "ClusterRole -/attachguard:read-cluster",
      "ClusterRoleBinding -/attachguard:own-webhook-configuration",
      "ClusterRoleBinding -/attachguard:read-cluster",
      "ConfigMap attachguard-system/attachguard",
      "Deployment attachguard-system/attachguard",
      "Namespace -/attachguard-system",
      "NetworkPolicy attachguard-system/attachguard",
      "PodDisruptionBudget attachguard-system/attachguard",
      "ResourceQuota attachguard-system/attachguard-critical-pods",
      "Role attachguard-system/attachguard:own-certificate",
      "RoleBinding attachguard-system/attachguard:own-certificate",
      "Secret attachguard-system/attachguard-tls",
      "Service attachguard-system/attachguard",
      "ServiceAccount attachguard-system/attachguard",
      "ValidatingWebhookConfiguration -/attachguard",
    ],
  );
  t.equal(base[0]?.kind, "Namespace", "applied first");
  t.equal(base.at(-1)?.kind, "ValidatingWebhookConfiguration", "applied last");
});

t.test("the namespace enforces the restricted pod security standard", { skip }, async (t) => {
  const { labels } = select(base, "Namespace", "attachguard-system").metadata;
  t.equal(labels?.["pod-security.kubernetes.io/enforce"], "restricted");
});

t.test(
  "the servers may write their own Secret and webhook configuration, by name, and nothing else",
  { skip },
  async (t) => {
    const writing = base
      .filter(({ kind }) => kind === "Role" || kind === "ClusterRole")
      .flatMap((role) =>
        (role.rules as readonly RuleManifest[]).map((rule) => ({ role: role.kind, ...rule })),
      )
      .filter(({ verbs }) => verbs.some((verb) => !["get", "list", "watch"].includes(verb)));
    t.strictSame(writing, [
      {
        role: "Role",
        apiGroups: [""],
        resources: ["secrets"],
        resourceNames: ["attachguard-tls"],
        verbs: ["get", "update", "patch"],
      },
      {
        role: "ClusterRole",
        apiGroups: ["admissionregistration.k8s.io"],
        resources: ["validatingwebhookconfigurations"],
        resourceNames: ["attachguard"],
        verbs: ["get", "update", "patch"],
      },
    ]);
  },
);

t.test(
  "every role is bound to the one service account, which hands out no token by itself",
  { skip },
  async (t) => {
    for (const kind of ["Role", "ClusterRole"]) {
      const roles = base.filter((manifest) => manifest.kind === kind);
      for (const role of roles) {
        const binding = select<{ roleRef: unknown; subjects: unknown }>(
          base,
          `${kind}Binding`,
          role.metadata.name,
        );
        t.strictSame(binding.roleRef, {
          apiGroup: "rbac.authorization.k8s.io",
          kind,
          name: role.metadata.name,
        });
        t.strictSame(binding.subjects, [
          { kind: "ServiceAccount", name: "attachguard", namespace: "attachguard-system" },
        ]);
      }
    }
    t.equal(select(base, "ServiceAccount", "attachguard").automountServiceAccountToken, false);
    t.equal(podOf(base).pod.automountServiceAccountToken, true);
    t.equal(podOf(base).pod.serviceAccountName, "attachguard");
  },
);

t.test("the Secret ships empty, so that applying it again touches nothing", { skip }, async (t) => {
  const secret = select(base, "Secret", "attachguard-tls");
  t.equal(secret.data, undefined);
  t.equal(secret.stringData, undefined);
});

t.test("the pod runs with nothing that it does not need", { skip }, async (t) => {
  const { pod, container } = podOf(base);
  t.equal(pod.securityContext.runAsNonRoot, true);
  t.strictSame(pod.securityContext.seccompProfile, { type: "RuntimeDefault" });
  t.strictSame(container.securityContext, {
    allowPrivilegeEscalation: false,
    privileged: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  for (const mount of container.volumeMounts) t.equal(mount.readOnly, true, mount.mountPath);
  for (const bound of ["requests", "limits"] as const) {
    t.ok(container.resources[bound].cpu, `${bound}.cpu`);
    t.ok(container.resources[bound].memory, `${bound}.memory`);
  }
  for (const open of ["hostNetwork", "hostPID", "hostIPC"]) t.equal(Reflect.get(pod, open), undefined, open);
});

t.test("two servers stay up through drains and rollouts", { skip }, async (t) => {
  const { deployment, pod } = podOf(base);
  t.equal(deployment.replicas, 2);
  t.strictSame(Reflect.get(deployment, "strategy"), {
    type: "RollingUpdate",
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
  });
  t.equal(pod.priorityClassName, "system-cluster-critical");
  t.strictSame(
    pod.topologySpreadConstraints?.map(({ topologyKey }) => topologyKey),
    ["kubernetes.io/hostname", "topology.kubernetes.io/zone"],
  );
  const { spec } = select<{ spec: Readonly<Record<string, unknown>> }>(
    base,
    "PodDisruptionBudget",
    "attachguard",
  );
  t.equal(spec.maxUnavailable, 1);
});

t.test("the kubelet asks over TLS on the webhook's own port", { skip }, async (t) => {
  const { container } = podOf(base);
  const paths = { startupProbe: "/healthz", livenessProbe: "/healthz", readinessProbe: "/readyz" };
  for (const [probe, path] of Object.entries(paths)) {
    t.match(container[probe], { httpGet: { scheme: "HTTPS", port: "https", path } }, probe);
  }
  t.match(container.ports, [
    { name: "https", containerPort: 8443 },
    { name: "metrics", containerPort: 8080 },
  ]);
});

t.test("the server has time to drain before it is killed", { skip }, async (t) => {
  const { shutdown } = parseConfig(configOf(base), "config.yaml");
  const { pod } = podOf(base);
  t.ok(
    shutdown.delaySeconds + shutdown.graceSeconds + 5 <= pod.terminationGracePeriodSeconds,
    `${shutdown.delaySeconds} + ${shutdown.graceSeconds} s fit into ${pod.terminationGracePeriodSeconds} s`,
  );
});

t.test("the configuration is one that the server takes", { skip }, async (t) => {
  const config = parseConfig(configOf(base), "config.yaml");
  t.equal(config.mode, "enforce");
  t.equal(config.cluster.watchNodes, true, "goes with the right to read nodes");
  t.strictSame(config.tls.selfManaged, {
    secretName: select(base, "Secret", "attachguard-tls").metadata.name,
    namespace: select(base, "Namespace", "attachguard-system").metadata.name,
    webhookConfiguration: select(base, "ValidatingWebhookConfiguration", "attachguard").metadata.name,
    serviceName: select(base, "Service", "attachguard").metadata.name,
    servingDays: config.tls.selfManaged?.servingDays,
  });
  const { container } = podOf(base);
  t.strictSame(container.args, ["serve", "--config=/etc/attachguard/config.yaml"]);
  t.match(container.volumeMounts, [{ name: "config", mountPath: "/etc/attachguard" }]);
});

t.test(
  "Service, budget, policy and spread select the pods that the Deployment makes",
  { skip },
  async (t) => {
    const { deployment, pod, container } = podOf(base);
    const labels = deployment.template.metadata.labels;
    type Selecting = {
      spec: { selector: { matchLabels: object } & object; podSelector: object; ports: object[] };
    };
    const service = select<Selecting>(base, "Service", "attachguard").spec;
    t.match(labels, service.selector);
    t.match(labels, deployment.selector.matchLabels);
    t.match(labels, select<Selecting>(base, "PodDisruptionBudget", "attachguard").spec.selector.matchLabels);
    t.strictSame(select<Selecting>(base, "NetworkPolicy", "attachguard").spec.podSelector, {
      matchLabels: deployment.selector.matchLabels,
    });
    for (const constraint of pod.topologySpreadConstraints ?? []) {
      t.match(constraint, { labelSelector: { matchLabels: deployment.selector.matchLabels } });
    }
    t.match(service.ports, [
      { port: 443, targetPort: container.ports[0]?.name },
      { port: 8080, targetPort: container.ports[1]?.name },
    ]);
  },
);

t.test("the webhook port is open to all and the metrics port is not", { skip }, async (t) => {
  const { spec } = select<{ spec: { policyTypes: unknown; ingress: unknown } }>(
    base,
    "NetworkPolicy",
    "attachguard",
  );
  t.strictSame(spec.policyTypes, ["Ingress"]);
  t.strictSame(spec.ingress, [
    { ports: [{ port: 8443, protocol: "TCP" }] },
    {
      ports: [{ port: 8080, protocol: "TCP" }],
      from: [{ namespaceSelector: { matchLabels: { "attachguard.dev/metrics": "allow" } } }],
    },
  ]);
});

t.test("one images entry says where the image is", { skip }, async (t) => {
  t.match(podOf(base).container.image, /^attachguard:\d+\.\d+\.\d+$/);
});

const RULES: Readonly<Record<string, Webhook["rules"]>> = {
  "volumes.attachguard.dev": [
    {
      apiGroups: ["apps"],
      apiVersions: ["v1"],
      resources: ["deployments"],
      operations: ["CREATE", "UPDATE"],
      scope: "Namespaced",
    },
    {
      apiGroups: [""],
      apiVersions: ["v1"],
      resources: ["replicationcontrollers"],
      operations: ["CREATE", "UPDATE"],
      scope: "Namespaced",
    },
  ],
  "statefulsets.attachguard.dev": [
    {
      apiGroups: ["apps"],
      apiVersions: ["v1"],
      resources: ["statefulsets"],
      operations: ["CREATE", "UPDATE"],
      scope: "Namespaced",
    },
  ],
  "scale.attachguard.dev": [
    {
      apiGroups: ["apps"],
      apiVersions: ["v1"],
      resources: ["deployments/scale", "statefulsets/scale"],
      operations: ["UPDATE"],
      scope: "Namespaced",
    },
    {
      apiGroups: [""],
      apiVersions: ["v1"],
      resources: ["replicationcontrollers/scale"],
      operations: ["UPDATE"],
      scope: "Namespaced",
    },
  ],
  "autoscalers.attachguard.dev": [
    {
      apiGroups: ["autoscaling"],
      apiVersions: ["v2"],
      resources: ["horizontalpodautoscalers"],
      operations: ["CREATE", "UPDATE"],
      scope: "Namespaced",
    },
  ],
  "claims.attachguard.dev": [
    {
      apiGroups: [""],
      apiVersions: ["v1"],
      resources: ["persistentvolumeclaims"],
      operations: ["CREATE"],
      scope: "Namespaced",
    },
  ],
};

t.test("each kind has an entry of its own, in one version, and none sees a DELETE", { skip }, async (t) => {
  const webhooks = webhooksOf(base);
  t.strictSame([...webhooks.keys()], Object.keys(RULES));
  for (const [name, { rules }] of webhooks) t.strictSame(rules, RULES[name], name);
});

t.test("an entry lets requests pass when it does not answer in time", { skip }, async (t) => {
  for (const [name, webhook] of webhooksOf(base)) {
    t.match(
      webhook,
      {
        admissionReviewVersions: ["v1"],
        failurePolicy: "Ignore",
        matchPolicy: "Equivalent",
        sideEffects: "None",
        timeoutSeconds: 3,
        clientConfig: {
          service: { name: "attachguard", namespace: "attachguard-system", path: "/validate", port: 443 },
        },
      },
      name,
    );
    t.equal(webhook.clientConfig.caBundle, undefined, `${name}: the servers fill in caBundle`);
    t.equal(webhook.objectSelector, undefined, `${name}: a Scale carries no labels`);
  }
});

t.test(
  "the control plane, the servers' own namespace and mode off are never asked about",
  { skip },
  async (t) => {
    for (const [name, { namespaceSelector }] of webhooksOf(base)) {
      t.strictSame(
        namespaceSelector,
        {
          matchExpressions: [
            {
              key: "kubernetes.io/metadata.name",
              operator: "NotIn",
              values: ["kube-system", "attachguard-system"],
            },
            { key: "attachguard.dev/mode", operator: "NotIn", values: ["off"] },
          ],
        },
        name,
      );
    }
  },
);

t.test("conditions keep the API server from calling where nothing is at stake", { skip }, async (t) => {
  const template = ["not-terminating", "spec-changes", "has-pods", "has-attachable-volumes"];
  const expected: Readonly<Record<string, readonly string[]>> = {
    "volumes.attachguard.dev": template,
    "statefulsets.attachguard.dev": template,
    "scale.attachguard.dev": ["not-terminating", "raises-replicas"],
    "autoscalers.attachguard.dev": ["not-terminating", "spec-changes", "may-scale-beyond-one"],
    "claims.attachguard.dev": ["not-terminating"],
  };
  for (const [name, { matchConditions }] of webhooksOf(base)) {
    t.strictSame(
      matchConditions.map((condition) => condition.name),
      expected[name],
      name,
    );
  }
});

// Under failurePolicy Fail an expression that cannot be evaluated refuses the request. What an API object may
// leave out is therefore only reached through `has()` or an optional; the end-to-end suite evaluates them for real.
const ALWAYS_THERE = ["object.metadata", "object.spec", "object.spec.template.spec", "oldObject.spec"];

t.test("no condition reaches for a field that may be missing", { skip }, async (t) => {
  for (const [name, { matchConditions }] of webhooksOf(base)) {
    for (const condition of matchConditions) {
      const unguarded = condition.expression
        .replaceAll(/has\([^)]*\)/g, "")
        .replaceAll(/\.\?\w+\.orValue\([^)]*\)/g, " ")
        .match(/\b(?:object|oldObject|v)(?:\.\w+)+/g);
      for (const path of unguarded ?? [])
        t.ok(ALWAYS_THERE.includes(path), `${name} ${condition.name}: ${path}`);
      if (condition.expression.includes("oldObject")) {
        t.match(condition.expression, /^oldObject == null \|\| /, "there is no old object on CREATE");
      }
    }
  }
});

// Members of v1.Volume, those included that attach to one node.
const VOLUME_MEMBERS = [
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "fc",
  "flexVolume",
  "flocker",
  "gcePersistentDisk",
  "gitRepo",
  "glusterfs",
  "hostPath",
  "image",
  "iscsi",
  "nfs",
  "persistentVolumeClaim",
  "photonPersistentDisk",
  "portworxVolume",
  "projected",
  "quobyte",
  "rbd",
  "scaleIO",
  "secret",
  "storageos",
  "vsphereVolume",
];

t.test("the API server calls for just the pod volumes that the policy judges", { skip }, async (t) => {
  const judged = VOLUME_MEMBERS.filter(
    (member) =>
      member === "persistentVolumeClaim" || inlineDiskOf({ name: "data", [member]: {} }) !== undefined,
  );
  for (const name of ["volumes.attachguard.dev", "statefulsets.attachguard.dev"]) {
    const expression =
      webhooksOf(base)
        .get(name)
        ?.matchConditions.find((condition) => condition.name === "has-attachable-volumes")?.expression ?? "";
    t.ok(expression.startsWith("object.spec.template.spec.?volumes.orValue([]).exists(v, "), name);
    const asked = [...expression.matchAll(/has\(v\.(\w+)\)/g)].map((match) => match[1]);
    t.strictSame(asked.sort(), judged, name);
  }
});
