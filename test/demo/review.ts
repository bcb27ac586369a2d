import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The part of an AdmissionReview's response that a verdict is read from. */
export interface Response {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** Every object in the YAML files of a folder. */
export function manifestsIn(folder: string): readonly Manifest[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), "utf8")))
    .map((document) => document.toJS() as Manifest);
}

const RESOURCES: Readonly<Record<string, string>> = {
  Deployment: "deployments",
  StatefulSet: "statefulsets",
  HorizontalPodAutoscaler: "horizontalpodautoscalers",
  PersistentVolumeClaim: "persistentvolumeclaims",
};

/** The AdmissionReview that an API server sends when somebody creates this object. */
export function creationOf(object: Manifest, uid: string): object {
  const [version, group = ""] = object.apiVersion.split("/").reverse();
  const kind = { group, version, kind: object.kind };
  const resource = { group, version, resource: RESOURCES[object.kind] };
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid,
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: object.metadata.name,
      namespace: object.metadata.namespace,
      operation: "CREATE",
      userInfo: { username: "jane", groups: ["system:authenticated"] },
      object,
      oldObject: null,
      dryRun: false,
      options: { apiVersion: "meta.k8s.io/v1", kind: "CreateOptions" },
    },
  };
}

/**
 * Posts a review as the API server does.
 *
 * @param url of the server, e.g. `https://127.0.0.1:8443`.
 * @param ca the PEM certificate that the server's must be signed by.
 * @throws Error where the answer is no AdmissionReview to this request.
 */
export async function post(url: string, ca: string, uid: string, review: object): Promise<Response> {
  const body = JSON.stringify(review);
  const { status, text } = await new Promise<{ status: number | undefined; text: string }>(
    (resolve, reject) => {
      const call = request(
        new URL("/validate?timeout=5s", url),
        {
          method: "POST",
          ca,
          agent: false,
          headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        },
        (response) => {
          let received = "";
          response.setEncoding("utf8").on("data", (chunk) => {
            received += chunk;
          });
          response.on("end", () => resolve({ status: response.statusCode, text: received }));
          response.on("error", reject);
        },
      );
      call.on("error", reject);
      call.end(body);
    },
  );
  if (status !== 200) throw new Error(`the server answered ${status}: ${text}`);
  const { response } = JSON.parse(text) as { response?: Response };
  if (response?.uid !== uid) throw new Error(`the server answered something else: ${text}`);
  return response;
}

/** What the API server makes of an answer. */
export function verdictIn({ allowed, warnings = [] }: Response): "deny" | "warn" | "allow" {
  if (!allowed) return "deny";
  return warnings.length > 0 ? "warn" : "allow";
}
