import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Test } from "tap";
import t from "tap";
import { writeKubeConfig } from "../support/api-server/live.ts";
import { run } from "./run.ts";

const PATH = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/attachguard";

const entry = (namespace: string) => ({
  name: "volumes.attachguard.dev",
  admissionReviewVersions: ["v1"],
  sideEffects: "None",
  clientConfig: { service: { name: "attachguard", namespace, path: "/validate" } },
});

const configuration = (...namespaces: readonly string[]) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "attachguard", uid: "3f0c" },
  webhooks: namespaces.map(entry),
});

/** An API server that holds one webhook configuration, and answers a deletion with the status given. */
async function apiServer(t: Test, object: object | undefined, deletion = 200) {
  const deleted: unknown[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const answer = (status: number, value: object) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    const failure = (code: number, message: string) =>
      answer(code, { kind: "Status", apiVersion: "v1", status: "Failure", code, message });
    if (object === undefined || request.url !== PATH) return failure(404, "not found");
    if (request.method === "GET") return answer(200, object);
    deleted.push(JSON.parse(body));
    if (deletion !== 200) return failure(deletion, "the rights are not there");
    answer(200, { kind: "Status", apiVersion: "v1", status: "Success" });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const kubeconfig = `${t.testdir()}/kubeconfig`;
  writeKubeConfig(kubeconfig, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { deleted, words: ["webhooks", "remove", "--kubeconfig", kubeconfig] };
}

t.test(
  "removes the configuration that leads to this installation, the very one that it looked at",
  async (t) => {
    const { deleted, words } = await apiServer(t, configuration("attachguard-system", "attachguard-system"));
    const { code, out, err } = await run(words);
    t.strictSame([code, err], [0, ""]);
    t.match(out, "ValidatingWebhookConfiguration attachguard removed");
    t.match(deleted, [{ preconditions: { uid: "3f0c" } }]);
  },
);

t.test("the namespace is the pod's, unless the command line says another", async (t) => {
  const { deleted, words } = await apiServer(t, configuration("bar"));
  t.equal((await run(words, { env: { POD_NAMESPACE: "bar" } })).code, 0);
  t.equal((await run([...words, "-n", "bar"], { env: { POD_NAMESPACE: "foo" } })).code, 0);
  t.equal(deleted.length, 2);
});

t.test("another installation's configuration is left alone", async (t) => {
  const { deleted, words } = await apiServer(t, configuration("attachguard-system", "elsewhere"));
  const { code, err } = await run(words);
  t.equal(code, 2);
  t.match(err, "points to a Service in namespace elsewhere, not in attachguard-system");
  t.strictSame(deleted, []);
});

t.test("where there is none, there is nothing to do", async (t) => {
  const { code, out } = await run((await apiServer(t, undefined)).words);
  t.equal(code, 0);
  t.match(out, "does not exist: nothing to remove");
});

t.test("a refusal is told in the API server's words", async (t) => {
  const { code, err } = await run((await apiServer(t, configuration("attachguard-system"), 403)).words);
  t.equal(code, 2);
  t.match(err, "403: the rights are not there");
});
