import type { ConfigurationOptions, KubeConfig, ObservableMiddleware } from "@kubernetes/client-node";
import { AttachguardError, messageOf } from "../errors.ts";
import type { SecretStore, WebhookStore, WriteOutcome } from "./cluster-store.ts";

export interface StoreNames {
  readonly namespace: string;
  readonly secretName: string;
  readonly webhookConfiguration: string;
}

/** An API server that does not answer must not hold up what else there is to do. */
const CALL_MILLISECONDS = 10_000;

const MERGE_PATCH = "application/merge-patch+json";
const JSON_PATCH = "application/json-patch+json";

type CallOptions = ConfigurationOptions<ObservableMiddleware>;

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
  const { AdmissionregistrationV1Api, CoreV1Api, Observable } = await import("@kubernetes/client-node");
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const admission = kubeConfig.makeApiClient(AdmissionregistrationV1Api);
  const secretName = { namespace: names.namespace, name: names.secretName };
  const webhookName = { name: names.webhookConfiguration };

  /** @param patch the kind of patch that the body is; undefined for a read. */
  const options = (patch?: string): CallOptions => ({
    middlewareMergeStrategy: "append",
    middleware: [
      {
        pre(request) {
          request.setSignal(AbortSignal.timeout(callMilliseconds));
          if (patch !== undefined) request.setHeaderParam("Content-Type", patch);
          return new Observable(Promise.resolve(request));
        },
        post: (response) => new Observable(Promise.resolve(response)),
      },
    ],
  });

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

async function unlessAbsent<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw described(error);
  }
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
 * A JSON patch whose test fails is answered with a 422 that says no more; one for an object that is not valid names
 * the fields (`apiserver/pkg/endpoints/handlers/patch.go`, applyJSPatch).
 */
function isFailedTest(error: unknown): boolean {
  return (bodyOf(error).details?.causes ?? []).length === 0;
}

/** The HTTP status of the client's ApiException; undefined for any other error. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  // A DOMException, as timeouts are, has a number there too.
  return typeof error.code === "number" && error.code >= 400 ? error.code : undefined;
}

/** The part of a `metav1.Status` that is looked at. */
interface StatusBody {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly unknown[] };
}

function bodyOf(error: unknown): StatusBody {
  const body = (error as { readonly body?: unknown }).body;
  if (typeof body !== "string") return (body ?? {}) as StatusBody;
  try {
    return (JSON.parse(body) ?? {}) as StatusBody;
  } catch {
    // A proxy in between answers with a page of its own.
    return {};
  }
}

/** The client's own message holds the headers and the whole body; people need the API server's sentence. */
function described(error: unknown): AttachguardError {
  const status = statusOf(error);
  const sentence =
    status === undefined ? rootOf(error) : `${status}: ${bodyOf(error).message ?? "no reason given"}`;
  return new AttachguardError("AG_ERR_API_SERVER", sentence, { cause: error });
}

/** Without an answer the client says "fetch failed"; why, is in the cause, or in the code where that has no words. */
function rootOf(error: unknown): string {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(root) || String((root as NodeJS.ErrnoException).code);
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

function encoded(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
