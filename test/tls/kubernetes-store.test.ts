import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import t from "tap";
import { issueCa, issueServing } from "../../src/tls/issue.ts";
import { kubernetesStores } from "../../src/tls/kubernetes-store.ts";

const SECRET = "/api/v1/namespaces/ns/secrets/certs";
const WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hooks";

const ca = await issueCa({ name: "cluster CA", days: 1, now: Date.now() });
const serving = await issueServing({ ca, hosts: ["127.0.0.1"], days: 1, now: Date.now() });

/** A configuration that reaches an API server on this machine. */
function kubeConfigFor(port: number): KubeConfig {
  const kubeConfig = new KubeConfig();
  const caData = base64(ca.certificate);
  kubeConfig.loadFromClusterAndUser(
    { name: "test", server: `https://127.0.0.1:${port}`, caData, skipTLSVerify: false },
    { name: "test" },
  );
  return kubeConfig;
}

interface Stored {
  metadata: { name: string; resourceVersion: string; labels?: Record<string, string> };
  data?: Record<string, string>;
  webhooks?: { name: string; clientConfig: Record<string, unknown>; newerField?: string }[];
}

/** As much of an API server as two objects need: GET, and both kinds of patch with their preconditions. */
async function apiServer(teardown: (done: () => unknown) => void) {
  const objects = new Map<string, Stored>();
  const requests: { method: string; path: string; type: string | undefined; body: string }[] = [];
  /** What is answered instead, where it is set. */
  const fault: { status?: number; body?: string } = {};
  const server = createServer({ cert: serving.certificate, key: serving.key }, async (request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    const body = await text(request);
    requests.push({ method: request.method ?? "", path, type: request.headers["content-type"], body });
    const answer = (status: number, value: unknown) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(typeof value === "string" ? value : JSON.stringify(value));
    };
    const object = objects.get(path);
    if (fault.status !== undefined) return answer(fault.status, fault.body ?? "");
    if (object === undefined) return answer(404, status(404, `"${path}" not found`));
    if (request.method === "GET") return answer(200, object);
    const patched = structuredClone(object);
    const change = JSON.parse(body);
    if (request.headers["content-type"] === "application/merge-patch+json") {
      if (change.metadata.resourceVersion !== object.metadata.resourceVersion) {
        return answer(409, status(409, "the object has been modified"));
      }
      for (const [key, value] of Object.entries(change.data as Record<string, string | null>)) {
        patched.data ??= {};
        if (value === null) delete patched.data[key];
        else patched.data[key] = value;
      }
    } else {
      for (const { op, path: at, value } of change) {
        if (op === "test") {
          if (value !== object.metadata.resourceVersion) {
            return answer(422, status(422, "the server rejected our request due to an error in our request"));
          }
          continue;
        }
        const index = Number(/^\/webhooks\/(\d+)\/clientConfig\/caBundle$/.exec(at)?.[1]);
        const entry = patched.webhooks?.[index];
        if (entry !== undefined) entry.clientConfig.caBundle = value;
      }
    }
    patched.metadata.resourceVersion = String(Number(object.metadata.resourceVersion) + 1);
    objects.set(path, patched);
    answer(200, patched);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const kubeConfig = kubeConfigFor((server.address() as AddressInfo).port);
  const stores = await kubernetesStores(kubeConfig, {
    namespace: "ns",
    secretName: "certs",
    webhookConfiguration: "hooks",
  });
  return { objects, requests, fault, ...stores };
}

async function text(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}

const status = (code: number, message: string, causes: readonly unknown[] = []) => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  message,
  code,
  ...(causes.length === 0 ? {} : { details: { causes } }),
});

const base64 = (value: string) => Buffer.from(value).toString("base64");

t.test("the Secret is read, and patched key by key on the version that was read", async (t) => {
  const { objects, requests, secret } = await apiServer(t.teardown);
  objects.set(SECRET, { metadata: { name: "certs", resourceVersion: "7", labels: { app: "x" } } });
  t.strictSame(await secret.read(), { resourceVersion: "7", data: {} }, "it ships empty");

  t.equal(await secret.write({ "ca.crt": "A", "tls.crt": "Ü" }, "7"), "written");
  t.equal(requests.at(-1)?.type, "application/merge-patch+json");
  t.strictSame(objects.get(SECRET)?.data, { "ca.crt": base64("A"), "tls.crt": base64("Ü") });
  t.strictSame(objects.get(SECRET)?.metadata.labels, { app: "x" }, "what is not ours stays");
  t.strictSame(await secret.read(), { resourceVersion: "8", data: { "ca.crt": "A", "tls.crt": "Ü" } });

  t.equal(await secret.write({ "ca.crt": undefined }, "8"), "written");
  t.strictSame((await secret.read())?.data, { "tls.crt": "Ü" }, "a key is removed");
  t.equal(await secret.write({ "ca.crt": "B" }, "8"), "conflict", "planned on an older version");
  t.strictSame((await secret.read())?.data, { "tls.crt": "Ü" });

  objects.delete(SECRET);
  t.equal(await secret.read(), undefined);
  t.equal(await secret.write({ "ca.crt": "B" }, "9"), "absent");
  t.ok(
    requests.every(({ method, path }) => path === SECRET && ["GET", "PATCH"].includes(method)),
    "only by name, only with the rights that the manifests give",
  );
});

t.test("every webhook entry gets the bundle, and keeps what it has besides", async (t) => {
  const { objects, requests, webhooks } = await apiServer(t.teardown);
  const service = { name: "s", namespace: "ns", path: "/validate" };
  objects.set(WEBHOOKS, {
    metadata: { name: "hooks", resourceVersion: "3" },
    webhooks: [
      { name: "a", clientConfig: { service }, newerField: "kept" },
      { name: "b", clientConfig: { service, caBundle: base64("old") } },
    ],
  });
  const seen = (await webhooks.read()) ?? { resourceVersion: "", caBundles: [] };
  t.strictSame(seen, { resourceVersion: "3", caBundles: ["", "old"] });
  t.equal(await webhooks.write("new", seen), "written");
  t.equal(requests.at(-1)?.type, "application/json-patch+json");
  t.strictSame(objects.get(WEBHOOKS)?.webhooks, [
    { name: "a", clientConfig: { service, caBundle: base64("new") }, newerField: "kept" },
    { name: "b", clientConfig: { service, caBundle: base64("new") } },
  ]);
  t.equal(await webhooks.write("other", seen), "conflict", "planned on an older version");
  t.strictSame((await webhooks.read())?.caBundles, ["new", "new"]);

  objects.delete(WEBHOOKS);
  t.equal(await webhooks.read(), undefined);
  t.equal(await webhooks.write("new", seen), "absent");
});

t.test("a refusal is told in the API server's words, in one line", async (t) => {
  const { objects, fault, secret, webhooks } = await apiServer(t.teardown);
  objects.set(SECRET, { metadata: { name: "certs", resourceVersion: "1" } });
  const seen = { resourceVersion: "1", caBundles: [""] };
  const forbidden = JSON.stringify(status(403, "secrets is forbidden: User cannot get"));
  for (const [code, body, call, message] of [
    [403, forbidden, () => secret.read(), "403: secrets is forbidden: User cannot get"],
    [403, forbidden, () => secret.write({}, "1"), "403: secrets is forbidden: User cannot get"],
    [500, "<html>", () => webhooks.read(), "500: no reason given"],
    [
      422,
      JSON.stringify(status(422, "caBundle is invalid", [{ field: "webhooks[0]" }])),
      () => webhooks.write("x", seen),
      "422: caBundle is invalid",
    ],
  ] as const) {
    fault.status = code;
    fault.body = body;
    await t.rejects(async () => void (await call()), { code: "AG_ERR_API_SERVER", message }, message);
  }
});

t.test("an API server that is not there is an error, not an absence", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  const names = { namespace: "ns", secretName: "certs", webhookConfiguration: "hooks" };
  const { secret } = await kubernetesStores(kubeConfigFor(port), names);
  t.equal(secret.label, "Secret ns/certs");
  await t.rejects(secret.read(), { code: "AG_ERR_API_SERVER", message: /ECONNREFUSED/ });
});

t.test("an API server that does not answer is an error after a while", async (t) => {
  const server = createServer({ cert: serving.certificate, key: serving.key }, () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const names = { namespace: "ns", secretName: "certs", webhookConfiguration: "hooks" };
  const { secret } = await kubernetesStores(kubeConfigFor((server.address() as AddressInfo).port), names, 50);
  await t.rejects(secret.read(), { code: "AG_ERR_API_SERVER", message: /abort|time/i });
});
