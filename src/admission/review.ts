import { isRecord } from "../kube/raw.ts";
import { RequestRefused } from "./status.ts";

/** A Kubernetes object as received, before `kube/` reads it. */
export type RawObject = Readonly<Record<string, unknown>>;

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/** `admission.k8s.io/v1` AdmissionRequest, as far as it is read. */
export interface ReviewRequest {
  readonly uid: string;
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  /** `""` for the object itself. */
  readonly subResource: string;
  readonly operation: Operation;
  /** `""` on a CREATE whose name the API server has yet to generate. */
  readonly name: string;
  readonly namespace: string;
  readonly user: { readonly name: string; readonly groups: readonly string[] };
  readonly dryRun: boolean;
  readonly object: RawObject | null;
  readonly oldObject: RawObject | null;
}

/** The response to a request. */
export interface Answer {
  readonly allowed: boolean;
  /** Why it was denied; `undefined` when it was allowed. */
  readonly message: string | undefined;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** `admission.k8s.io/v1` AdmissionReview with a response. */
export interface ReviewResponse {
  readonly apiVersion: "admission.k8s.io/v1";
  readonly kind: "AdmissionReview";
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: 403; readonly reason: "Forbidden"; readonly message: string };
    readonly warnings?: readonly string[];
    readonly auditAnnotations?: Readonly<Record<string, string>>;
  };
}

const REVIEW_VERSION = "admission.k8s.io/v1";
const OPERATIONS: ReadonlySet<string> = new Set(["CREATE", "UPDATE", "DELETE", "CONNECT"]);
/** A uid is echoed; the API server's are UUIDs of 36 characters. */
const UID_LIMIT = 253;

/**
 * Reads an AdmissionReview.
 *
 * @throws RequestRefused (400) naming the field and what was expected of it
 */
export function parseReview(body: unknown): ReviewRequest {
  if (!isRecord(body)) throw malformed("the body is not a JSON object; expected an AdmissionReview");
  const { apiVersion, kind, request } = body;
  if (kind !== "AdmissionReview") throw malformed(`kind is ${shown(kind)}; expected "AdmissionReview"`);
  if (apiVersion === "admission.k8s.io/v1beta1") {
    throw malformed(
      `apiVersion is "admission.k8s.io/v1beta1", which is gone; set admissionReviewVersions: ["v1"] in the webhook configuration`,
    );
  }
  if (apiVersion !== REVIEW_VERSION) {
    throw malformed(`apiVersion is ${shown(apiVersion)}; expected "${REVIEW_VERSION}"`);
  }
  if (!isRecord(request)) throw malformed(`request is ${shown(request)}; expected an object`);
  return parseRequest(request);
}

function parseRequest(request: RawObject): ReviewRequest {
  const { uid, operation, resource, userInfo } = request;
  if (typeof uid !== "string" || uid === "" || uid.length > UID_LIMIT) {
    throw malformed(`request.uid is ${shown(uid)}; expected the uid that the API server gave the request`);
  }
  if (!isOperation(operation)) {
    throw malformed(`request.operation is ${shown(operation)}; expected CREATE, UPDATE, DELETE or CONNECT`);
  }
  if (!isRecord(resource)) throw malformed(`request.resource is ${shown(resource)}; expected an object`);
  const user = optional(userInfo, "request.userInfo", isRecord, "an object") ?? {};
  const object = optional(request.object, "request.object", isRecord, "an object or null") ?? null;
  const oldObject = optional(request.oldObject, "request.oldObject", isRecord, "an object or null") ?? null;
  return {
    uid,
    operation,
    resource: {
      group: text(resource.group, "request.resource.group"),
      version: text(resource.version, "request.resource.version"),
      resource: required(resource.resource, "request.resource.resource"),
    },
    subResource: text(request.subResource, "request.subResource"),
    name: text(request.name, "request.name"),
    namespace: text(request.namespace, "request.namespace") || namespaceOf(object ?? oldObject),
    user: {
      name: text(user.username, "request.userInfo.username"),
      groups: optional(user.groups, "request.userInfo.groups", isTexts, "a list of strings") ?? [],
    },
    dryRun: optional(request.dryRun, "request.dryRun", isBoolean, "true or false") ?? false,
    object,
    oldObject,
  };
}

/** The API server says the namespace beside the object; a review written by hand may leave that out. */
function namespaceOf(object: RawObject | null): string {
  const namespace = isRecord(object?.metadata) ? object.metadata.namespace : undefined;
  return typeof namespace === "string" ? namespace : "";
}

/**
 * The review that carries the response; a denial is 403 Forbidden, so that kubectl prints "Error from server
 * (Forbidden)".
 */
export function renderReview(uid: string, answer: Answer): ReviewResponse {
  return {
    apiVersion: REVIEW_VERSION,
    kind: "AdmissionReview",
    response: {
      uid,
      allowed: answer.allowed,
      ...(answer.allowed
        ? {}
        : { status: { code: 403, reason: "Forbidden", message: answer.message ?? "denied by attachguard" } }),
      ...(answer.warnings.length > 0 ? { warnings: answer.warnings } : {}),
      ...(Object.keys(answer.auditAnnotations).length > 0
        ? { auditAnnotations: answer.auditAnnotations }
        : {}),
    },
  };
}

function malformed(problem: string): RequestRefused {
  return new RequestRefused(400, `not an AdmissionReview that can be judged: ${problem}`);
}

/** A value as a message may show it: its type where it is long or not a plain value. */
export function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length > 80 ? `a ${typeof value} of ${text.length} characters` : text;
}

function isOperation(value: unknown): value is Operation {
  return typeof value === "string" && OPERATIONS.has(value);
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function optional<T>(
  value: unknown,
  path: string,
  accept: (value: unknown) => value is T,
  expected: string,
): T | undefined {
  if (value === undefined || value === null) return undefined;
  if (!accept(value)) throw malformed(`${path} is ${shown(value)}; expected ${expected}`);
  return value;
}

function text(value: unknown, path: string): string {
  return optional(value, path, isText, "a string") ?? "";
}

function required(value: unknown, path: string): string {
  const found = text(value, path);
  if (found === "") throw malformed(`${path} is ${shown(value)}; expected a name`);
  return found;
}
