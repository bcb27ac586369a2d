import type { KubeConfig } from "@kubernetes/client-node";
import { bodyOf, CALL_MILLISECONDS, callOptions, described, statusOf, unlessAbsent } from "./api-call.ts";
import type { SecretStore, WebhookStore, WriteOutcome } from "./cluster-store.ts";

export interface StoreNames {
  readonly namespace: string;
  readonly secretName: string;
  readonly webhookConfiguration: string;
}

const MERGE_PATCH = "application/merge-patch+json";
const JSON_PATCH = "application/json-patch+json";

/**
 * The Secret and the webhook configuration in a cluster. Both are read and patched by name and nothing else. Patches
 * leave alone what they do not name; to write whole objects, the typed client would drop fields that it does not know.
 */
export async function kubernetesStores(
  kubeConfig: KubeConfig,
  names: StoreNames,
  callMilliseconds = CALL_MILLISECONDS,
): Promise<{ readonly secret: SecretStore; readonly webhooks: WebhookStore }> {
  // Loaded here: it is by far the largest dependency, and only a server in a cluster needs it.
  const { AdmissionregistrationV1Api, CoreV1Api } = await import("@kubernetes/client-node");
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const admission = kubeConfig.makeApiClient(AdmissionregistrationV1Api);
  const secretName = { namespace: names.namespace, name: names.secretName };
  const webhookName = { name: names.webhookConfiguration };

  const options = await callOptions(callMilliseconds);

  const secret: SecretStore = {
    label: `Secret ${names.namespace}/${names.secretName}`,
    async read() {
      const found = await unlessAbsent(() => core.readNamespacedSecret(secretName, options()));
      if (found === undefined) return undefined;
      const data = Object.entries(found.data ?? {}).map(([key, value]) => [key, decoded(value)]);
      return { resourceVersion: found.metadata?.resourceVersion ?? "", data: Object.fromEntries(data) };
    },
    async write(changes, resourceVersion) {
      const data = Object.fromEntries(
        Object.entries(changes).map(([key, value]) => [key, value === undefined ? null : encoded(value)]),
      );
      // A merge patch that names a resourceVersion fails with 409 when the object has another one by now.
      const body = { metadata: { resourceVersion }, data };
      return outcomeOf(() => core.patchNamespacedSecret({ ...secretName, body }, options(MERGE_PATCH)));
    },
  };

  const webhooks: WebhookStore = {
    label: `ValidatingWebhookConfiguration ${names.webhookConfiguration}`,
    async read() {
      const found = await unlessAbsent(() =>
        admission.readValidatingWebhookConfiguration(webhookName, options()),
      );
      if (found === undefined) return undefined;
      return {
        resourceVersion: found.metadata?.resourceVersion ?? "",
        caBundles: (found.webhooks ?? []).map(({ clientConfig }) => decoded(clientConfig.caBundle ?? "")),
      };
    },
    async write(caBundle, { resourceVersion, caBundles }) {
      // A merge patch would replace the whole list of entries, with all that others have set in them.
      const body = [
        { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
        ...caBundles.map((_, index) => ({
          op: "add",
          path: `/webhooks/${index}/clientConfig/caBundle`,
          value: encoded(caBundle),
        })),
      ];
      return outcomeOf(() =>
        admission.patchValidatingWebhookConfiguration({ ...webhookName, body }, options(JSON_PATCH)),
      );
    },
  };
  return { secret, webhooks };
}

async function outcomeOf(call: () => Promise<unknown>): Promise<WriteOutcome> {
  try {
    await call();
    return "written";
  } catch (error) {
    const status = statusOf(error);
    if (status === 404) return "absent";
    if (status === 409 || (status === 422 && isFailedTest(error))) return "conflict";
    throw described(error);
  }
}

/**
 * A JSON patch whose test fails is answered with a 422 without details; one for an object that is not valid names the
 * fields (`apiserver/pkg/endpoints/handlers/patch.go`, applyJSPatch).
 */
function isFailedTest(error: unknown): boolean {
  return (bodyOf(error).details?.causes ?? []).length === 0;
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

function encoded(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
