import { isRecord } from "../../kube/raw.ts";
import type { Operation } from "../review.ts";

/** The fields of a review before its objects (`admission/v1/types.go`, in the order of the fields). */
export interface ReviewHead {
  readonly uid: string;
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  readonly subResource: string;
  readonly operation: string;
  readonly name: string;
  readonly namespace: string;
  /** It comes after the objects: undefined where those were not read. */
  readonly dryRun: boolean | undefined;
}

/**
 * How many bytes of a body are searched for its head; the API server writes a few hundred, more where a user has many
 * groups.
 */
export const HEAD_BYTES = 16 * 1024;
const UID_LIMIT = 253;

/**
 * Reads the head of a review whose body is not read as a whole.
 *
 * @param beginning the first bytes of the body
 * @returns undefined where it is not a review, or its uid is not in there
 */
export function readHead(beginning: Uint8Array): ReviewHead | undefined {
  const review = parseBeginning(new TextDecoder().decode(beginning.subarray(0, HEAD_BYTES)));
  if (!isRecord(review) || review.kind !== "AdmissionReview" || !isRecord(review.request)) return undefined;
  const { uid, resource, subResource, operation, name, namespace } = review.request;
  if (typeof uid !== "string" || uid === "" || uid.length > UID_LIMIT) return undefined;
  const of: Readonly<Record<string, unknown>> = isRecord(resource) ? resource : {};
  return {
    uid,
    resource: { group: text(of.group), version: text(of.version), resource: text(of.resource) },
    subResource: text(subResource),
    // It becomes a metric's label: no value that a caller made up.
    operation: OPERATIONS.find((each) => each === operation) ?? "",
    name: text(name),
    namespace: text(namespace),
    dryRun: undefined,
  };
}

const OPERATIONS: readonly Operation[] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

/** The complete members of a JSON text that was cut, at the top level and in one of its members (`request`). */
function parseBeginning(beginning: string): unknown {
  let level = 0;
  let inString = false;
  let end = 0;
  let endLevel = 0;
  for (let at = 0; at < beginning.length; at += 1) {
    const character = beginning[at];
    if (inString) {
      if (character === "\\") at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") level += 1;
    else if (character === "}" || character === "]") level -= 1;
    else if (character === "," && level <= 2) {
      end = at;
      endLevel = level;
    }
  }
  for (const candidate of [beginning, beginning.slice(0, end) + "}".repeat(Math.max(endLevel, 0))]) {
    try {
      return JSON.parse(candidate);
    } catch {
      // Cut, or not JSON at all; the caller sees that from `undefined`.
    }
  }
  return undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
