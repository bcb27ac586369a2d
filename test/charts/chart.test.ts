import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import t from "tap";
import { chartFiles } from "../../docs/chart-pages.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { run } from "../cli/run.ts";
import { type Manifest, parseManifests, type RuleManifest, select } from "../manifests/render.ts";
import { CHART, HELMS, HOOK, isHook, objectsOf, template, WITHOUT_HELM } from "./helm.ts";

const skip = WITHOUT_HELM;
const FOO = { name: "foo", namespace: "bar" };
const EVERYTHING = {
  failurePolicy: "Fail",
  "certManager.enabled": true,
  "serviceMonitor.enabled": true,
  "prometheusRule.enabled": true,
  "grafanaDashboard.enabled": true,
  "reports.enabled": true,
};

t.test("what is made from other files is as they say: npm run docs", async (t) => {
  for (const [path, expected] of Object.entries(chartFiles()))
    t.equal(readFileSync(join(CHART, path), "utf8"), expected, path);
});

t.test("a linter that is strict has nothing to say", { skip }, async (t) => {
  for (const { command, version } of HELMS) {
    const { status, stdout } = spawnSync(command, ["lint", "--strict", CHART, "--kube-version", "1.30.0"], {
      encoding: "utf8",
    });
    t.equal(status, 0, `${version}: ${stdout}`);
  }
});

const keyOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.namespace ?? "-"}/${metadata.name}`;

t.test("installed as foo in bar, everything is called so", { skip }, async (t) => {
  for (const values of [{}, EVERYTHING]) {
    const objects = objectsOf({ ...FOO, values });
    t.notMatch(JSON.stringify(objects), "attachguard-system", "the standard namespace is nowhere");
    for (const object of objects) {
      t.match(object.metadata.name, /^foo-attachguard/, keyOf(object));
      t.match(
        object.metadata.labels,
        {
          "app.kubernetes.io/name": /^attachguard/,
          "app.kubernetes.io/instance": "foo",
          "app.kubernetes.io/version": /^\d/,
          "app.kubernetes.io/component": /^(webhook|reports|dashboard)$/,
          "app.kubernetes.io/part-of": "attachguard",
          "app.kubernetes.io/managed-by": "Helm",
        },
        keyOf(object),
      );
    }
    const { webhooks } = select<{ webhooks: readonly object[] }>(
      objects,
      "ValidatingWebhookConfiguration",
      "foo-attachguard.bar",
    );
    for (const webhook of webhooks) {
      t.match(webhook, {
        clientConfig: { service: { name: "foo-attachguard", namespace: "bar" } },
        namespaceSelector: { matchExpressions: [{ operator: "NotIn", values: ["kube-system", "bar"] }] },
      });
    }
  }
  const config = select<{ data: Record<string, string> }>(
    objectsOf(FOO),
    "ConfigMap",
    "foo-attachguard",
  ).data;
  t.match(parseConfig(config["config.yaml"] ?? "", "config.yaml", "bar").tls.selfManaged, {
    secretName: "foo-attachguard-tls",
    namespace: "bar",
    webhookConfiguration: "foo-attachguard.bar",
    serviceName: "foo-attachguard",
  });
  const certificates = objectsOf({ ...FOO, values: EVERYTHING });
  t.match(select(certificates, "Certificate", "foo-attachguard").spec, {
    dnsNames: ["foo-attachguard.bar.svc", "foo-attachguard.bar.svc.cluster.local"],
  });
  t.equal(
    select(certificates, "ValidatingWebhookConfiguration", "foo-attachguard.bar").metadata.annotations?.[
      "cert-manager.io/inject-ca-from"
    ],
    "bar/foo-attachguard",
  );
});

t.test("two releases share no object", { skip }, async (t) => {
  const keys = (release: object) => objectsOf({ ...release, values: EVERYTHING }).map(keyOf);
  const releases = [
    { name: "attachguard", namespace: "attachguard-system" },
    { name: "attachguard", namespace: "bar" },
    { name: "foo", namespace: "attachguard-system" },
    { name: "foo", namespace: "bar" },
    { name: "foo", namespace: "baz" },
    { name: "attachguard-bar", namespace: "attachguard-system" },
  ];
  const all = releases.flatMap(keys);
  t.equal(new Set(all).size, all.length);
  // Pods of one release are nobody else's.
  const selectorOf = (release: object) => {
    const objects = objectsOf(release);
    const { spec } = objects.find(({ kind }) => kind === "Deployment") as Manifest & {
      spec: { selector: { matchLabels: Record<string, string> } };
    };
    return spec.selector.matchLabels["app.kubernetes.io/instance"];
  };
  t.not(selectorOf({ name: "foo", namespace: "bar" }), selectorOf({ name: "attachguard", namespace: "bar" }));
});

t.test("kube-system and the release's namespace stay out, whatever the values say", { skip }, async (t) => {
  const selector = {
    matchLabels: { team: "storage" },
    matchExpressions: [
      { key: "kubernetes.io/metadata.name", operator: "In", values: ["kube-system", "bar"] },
    ],
  };
  const config = { namespaces: { excluded: ["monitoring"] }, shutdown: { graceSeconds: 60 } };
  const objects = objectsOf({ ...FOO, values: { namespaceSelector: selector, config } });
  const { webhooks } = select<{ webhooks: readonly object[] }>(
    objects,
    "ValidatingWebhookConfiguration",
    "foo-attachguard.bar",
  );
  for (const webhook of webhooks) {
    t.match(webhook, {
      namespaceSelector: {
        matchLabels: { team: "storage" },
        matchExpressions: [
          { operator: "NotIn", values: ["kube-system", "bar"] },
          { key: "attachguard.dev/mode", operator: "NotIn", values: ["off"] },
          selector.matchExpressions[0],
        ],
      },
    });
  }
  const { data } = select<{ data: Record<string, string> }>(objects, "ConfigMap", "foo-attachguard");
  const parsed = parseConfig(data["config.yaml"] ?? "", "config.yaml", "bar");
  t.strictSame(parsed.namespaces.excluded, ["kube-system", "bar", "monitoring"]);
  t.match(select(objects, "Deployment", "foo-attachguard").spec, {
    template: { spec: { terminationGracePeriodSeconds: 85 } },
  });
});

t.test("a wrong value is refused and named", { skip }, async (t) => {
  const wrong: readonly [Record<string, unknown>, RegExp][] = [
    [{ replicaCont: 2 }, /replicaCont/],
    [{ "image.tags": "x" }, /tags/],
    [{ failurePolicy: "fail" }, /failurePolicy/],
    [{ "config.mode": false }, /config\/mode|config\.mode/],
    [{ "config.limits.wat": 1 }, /wat/],
    [{ "config.tls.files": {} }, /config\.tls: .*certManager\.enabled/],
    [{ "image.digest": "latest" }, /digest/],
    [{ "serviceAccount.enabled": false }, /serviceAccount\.name/],
  ];
  for (const helm of HELMS) {
    for (const [values, says] of wrong) {
      const { code, stderr } = template({ helm, values });
      t.not(code, 0, `${helm.version} ${JSON.stringify(values)}`);
      t.match(stderr, says, helm.version);
    }
    t.match(template({ helm, kubeVersion: "1.29.9" }).stderr, ">=1.30.0-0", helm.version);
    t.equal(template({ helm, kubeVersion: "v1.30.1-gke.5" }).code, 0, "a vendor's version");
  }
});

t.test("nothing that the servers fill in is in the chart", { skip }, async (t) => {
  for (const values of [{}, EVERYTHING]) {
    const objects = objectsOf({ values });
    for (const { kind, data, stringData } of objects)
      if (kind === "Secret") t.strictSame([data, stringData], [undefined, undefined]);
    t.notMatch(JSON.stringify(objects), '"caBundle"');
  }
});

t.test("YAML of either version reads the same", { skip }, async (t) => {
  // Helm and kubectl read 1.1, in which a plain `off` is a boolean.
  const values = { ...EVERYTHING, "config.mode": "off" };
  t.strictSame(objectsOf({ values }), parseManifests(template({ values }).text));
});

interface HookPod {
  readonly spec: {
    readonly serviceAccountName: string;
    readonly containers: readonly {
      readonly args: readonly string[];
      readonly command?: readonly string[];
      readonly securityContext: object;
    }[];
  };
}

t.test("only with failurePolicy Fail the webhook configuration goes first", { skip }, async (t) => {
  const hooks = (values: object) =>
    objectsOf({ ...FOO, values: { ...values } }).filter(
      ({ metadata }) => metadata.annotations?.[HOOK] === "pre-delete",
    );
  t.strictSame(hooks({}), []);
  const objects = hooks({ failurePolicy: "Fail" });
  t.strictSame(objects.map(({ kind }) => kind).sort(), [
    "ClusterRole",
    "ClusterRoleBinding",
    "Job",
    "ServiceAccount",
  ]);
  const weight = (kind: string) =>
    Number(objects.find((object) => object.kind === kind)?.metadata.annotations?.["helm.sh/hook-weight"]);
  t.ok(weight("ClusterRole") < weight("ClusterRoleBinding") && weight("ClusterRoleBinding") < weight("Job"));
  const role = select<{ rules: readonly RuleManifest[] }>(
    objects,
    "ClusterRole",
    "foo-attachguard.bar:webhooks-remove",
  );
  t.strictSame(role.rules, [
    {
      apiGroups: ["admissionregistration.k8s.io"],
      resources: ["validatingwebhookconfigurations"],
      resourceNames: ["foo-attachguard.bar"],
      verbs: ["get", "delete"],
    },
  ]);
  const job = objects.find(({ kind }) => kind === "Job") as Manifest & { spec: { template: HookPod } };
  const [container] = job.spec.template.spec.containers;
  t.strictSame(container?.args, ["webhooks", "remove", "foo-attachguard.bar"]);
  t.match(
    (await run([...(container?.args.slice(0, 2) ?? []), "--help"])).out,
    "webhooks remove",
    "it exists",
  );
});

const tests = skip === false ? objectsOf(FOO).filter(isHook) : [];

t.test(
  "the account of the test may create Deployments in one namespace and nothing else",
  { skip },
  async (t) => {
    const role = select<{ rules: readonly RuleManifest[] }>(tests, "Role", "foo-attachguard.bar:test");
    t.equal(role.metadata.namespace, "default");
    t.strictSame(role.rules, [{ apiGroups: ["apps"], resources: ["deployments"], verbs: ["create"] }]);
    t.strictSame(tests.map(({ kind }) => kind).sort(), ["Pod", "Role", "RoleBinding", "ServiceAccount"]);
  },
);

interface Answer {
  readonly status: number;
  readonly message?: string;
  readonly warning?: string;
}

/** Runs the command of the test pod with an API server that answers so. */
async function testPod(
  mode: string,
  answer: Answer,
): Promise<{ code: number; out: string; asked: unknown[] }> {
  const pod = objectsOf({ ...FOO, values: { "config.mode": mode } }).find(
    ({ kind }) => kind === "Pod",
  ) as Manifest & HookPod;
  const [container] = pod.spec.containers;
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    asked.push({
      url: request.url,
      authorization: request.headers.authorization,
      object: JSON.parse(await text(request)),
    });
    const headers = answer.warning === undefined ? {} : { warning: `299 - "${answer.warning}"` };
    response.writeHead(answer.status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ message: answer.message ?? "" }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const account = t.testdir({ token: "a-token\n" });
  const child = spawn(
    process.execPath,
    [...(container?.command?.slice(1) ?? []), ...(container?.args ?? [])],
    {
      env: {
        SERVICE_ACCOUNT: account,
        API_SERVER: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        PAUSE_MS: "1",
      },
    },
  );
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, "close") as Promise<[number]>]);
  server.close();
  return { code, out, asked };
}

t.test("the test expects what the mode answers", { skip }, async (t) => {
  const denied = { status: 403, message: "admission webhook denied the request: [rwo-replicas] More" };
  const warned = { status: 201, warning: "Deployment attachguard-test [rwo-replicas]" };
  const silent = { status: 201 };
  const cases: readonly [string, Answer, number][] = [
    ["enforce", denied, 0],
    ["enforce", silent, 1],
    ["warn", warned, 0],
    ["warn", denied, 1],
    ["audit", silent, 0],
    ["audit", warned, 1],
    ["off", silent, 0],
    ["enforce", { status: 403, message: "forbidden by something else" }, 1],
  ];
  for (const [mode, answer, expected] of cases) {
    const { code, out } = await testPod(mode, answer);
    t.equal(code, expected, `${mode} ${JSON.stringify(answer)}: ${out}`);
  }
  const { asked } = await testPod("enforce", denied);
  t.match(asked, [
    { url: "/apis/apps/v1/namespaces/default/deployments?dryRun=All", authorization: "Bearer a-token" },
  ]);
  // What it asks for is what attachguard finds.
  const [request] = asked as [{ object: unknown }];
  const { code, out } = await run(["check", "-"], { stdin: JSON.stringify(request.object) });
  t.equal(code, 1);
  t.match(out, "[rwo-replicas]");
});

t.test("the notes name the next three commands, and the labels of the namespace", { skip }, async (t) => {
  // Helm shows them to whoever installs; as an object of a copy of the chart they can be had without a cluster.
  const folder = join(t.testdir(), "attachguard");
  cpSync(CHART, folder, { recursive: true });
  cpSync(join(folder, "templates/NOTES.txt"), join(folder, "NOTES.txt"));
  writeFileSync(
    join(folder, "templates/notes.yaml"),
    'kind: Notes\nmetadata: {name: notes}\ntext: {{ tpl (.Files.Get "NOTES.txt") . | toJson }}\n',
  );
  for (const helm of HELMS) {
    const { version } = helm;
    const objects = objectsOf({ ...FOO, helm, chart: folder, values: { replicaCount: 1 } });
    const notes = select<{ text: string }>(objects, "Notes", "notes").text;
    t.match(notes, "pod-security.kubernetes.io/enforce=restricted", version);
    for (const next of [
      "kubectl -n bar rollout status deployment/foo-attachguard",
      "helm -n bar test foo",
      "kubectl label namespace NAMESPACE attachguard.dev/mode=warn",
    ])
      t.ok(notes.includes(next), `${version}: ${next}`);
    t.match(notes, "requests pass unjudged while it restarts", version);
    t.match(notes, "names no registry, so the nodes need to have it already", version);
    const elsewhere = objectsOf({
      ...FOO,
      helm,
      chart: folder,
      values: { "image.repository": "ghcr.io/x/y" },
    });
    t.notMatch(select<{ text: string }>(elsewhere, "Notes", "notes").text, "registry", version);
  }
});

t.test("each alert leads to where the pages stand", { skip }, async (t) => {
  const values = {
    "prometheusRule.enabled": true,
    "prometheusRule.runbookUrl": "https://wiki.example.com/a?page=",
  };
  for (const helm of HELMS) {
    const text = JSON.stringify(objectsOf({ ...FOO, helm, values }));
    t.match(text, '"runbook_url":"https://wiki.example.com/a?page=attachguarddown"', helm.version);
    const none = { "prometheusRule.enabled": true, "prometheusRule.runbookUrl": "" };
    t.notMatch(JSON.stringify(objectsOf({ ...FOO, helm, values: none })), "runbook_url", helm.version);
  }
});
