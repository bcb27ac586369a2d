import type { Json } from "../admission/support/reviews.ts";

/** A qualified name without its prefix, which the API server adds (`admission/attributes.go`, checkKeyFormat). */
const ANNOTATION_KEY = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a warning that holds one is dropped by the API server
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * What is wrong with an answer, whatever the request was: it has to be a review for the same uid, or a 4xx with a
 * Status.
 *
 * @param sent the text of the request
 * @returns undefined where nothing is
 */
export function faultOf(sent: string, status: number, headers: Json, text: string): string | undefined {
  if ("retry-after" in headers) return "it says Retry-After";
  const body = parse(text);
  if (body === undefined) return `its body is not JSON: ${text.slice(0, 200)}`;
  if (status >= 400 && status < 500) {
    const { kind, apiVersion, code, reason, message } = body;
    return kind === "Status" &&
      apiVersion === "v1" &&
      code === status &&
      text !== "" &&
      isSaid(reason) &&
      isSaid(message)
      ? undefined
      : `a ${status} without a Status: ${text.slice(0, 200)}`;
  }
  if (status !== 200) return `its status is ${status}`;
  return faultOfReview(body, (parse(sent) ?? parse(withoutFields(sent)))?.request as Json | undefined);
}

/** What is within `managedFields` is not read, and may be no JSON. */
function withoutFields(sent: string): string {
  return sent.replaceAll(/"managedFields":\[[^[\]]*\]/g, '"managedFields":[]');
}

function faultOfReview({ apiVersion, kind, response }: Json, request: Json | undefined): string | undefined {
  if (apiVersion !== "admission.k8s.io/v1" || kind !== "AdmissionReview") return "it is no review";
  const { uid, allowed, status, warnings = [], auditAnnotations = {}, ...rest } = response as Json;
  if (Object.keys(rest).length > 0) return `it says more than a validating webhook may: ${Object.keys(rest)}`;
  if (uid !== request?.uid) return `its uid is ${String(uid)}`;
  if (typeof allowed !== "boolean") return "it neither allows nor denies";
  if (allowed === (status !== undefined)) return "a denial has a status, and nothing else has";
  if (!allowed) {
    const { code, reason, message } = status as Json;
    if (code !== 403 || reason !== "Forbidden" || !isSaid(message))
      return "a denial is 403 Forbidden with a message";
    const wrong = wrongDenial(request);
    if (wrong !== undefined) return wrong;
  }
  if (!isWarnings(warnings))
    return `its warnings are not fit to be sent: ${JSON.stringify(warnings).slice(0, 500)}`;
  const odd = Object.entries(auditAnnotations as Json).find(
    ([key, value]) => !ANNOTATION_KEY.test(key) || typeof value !== "string",
  );
  return odd && `its audit annotation ${odd[0]} would be dropped`;
}

/** Namespaces of the fuzz run in which nothing is ever denied. */
const LENIENT: ReadonlySet<unknown> = new Set(["kube-system", "audited", "off"]);

/** Why a denial is wrong whatever the objects look like; undefined where it may be right. */
function wrongDenial(request: Json | undefined): string | undefined {
  const { operation, subResource, namespace, object, oldObject } = request ?? {};
  if (operation !== "CREATE" && operation !== "UPDATE") return `a ${String(operation)} was denied`;
  if (subResource === "status") return "a write of a status was denied";
  if (LENIENT.has(namespace)) return `a denial in namespace ${String(namespace)}`;
  if (member(member(object, "metadata"), "deletionTimestamp") != null) {
    return "a change of an object that is being deleted was denied";
  }
  if (subResource === "scale" && oldObject != null && replicasOf(object) <= replicasOf(oldObject)) {
    return "scaling down was denied";
  }
  return undefined;
}

function replicasOf(scale: unknown): number {
  return Number(member(member(scale, "spec"), "replicas") ?? 0);
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Json)[key] : undefined;
}

function isWarnings(warnings: unknown): boolean {
  if (!Array.isArray(warnings)) return false;
  const lengths = warnings.map((warning) => Array.from(String(warning)).length);
  return (
    warnings.every((warning) => isSaid(warning) && !CONTROL.test(warning) && warning.isWellFormed()) &&
    new Set(warnings).size === warnings.length &&
    lengths.every((length) => length <= 256) &&
    lengths.reduce((sum, length) => sum + length, 0) <= 4096
  );
}

function isSaid(text: unknown): text is string {
  return typeof text === "string" && text.trim() !== "";
}

function parse(text: string): Json | undefined {
  try {
    // The server reads past a byte order mark, as readers of JSON may.
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
    return typeof value === "object" && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
