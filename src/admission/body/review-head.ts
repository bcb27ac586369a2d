import { isRecord } from "../../kube/raw.ts";
import type { Operation } from "../review.ts";

/** What stands in a review before its objects (`admission/v1/types.go`, in the order of the fields). */
export interface ReviewHead {
  readonly uid: string;
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  readonly subResource: string;
  readonly operation: string;
  readonly name: string;
  readonly namespace: string;
  /** It stands behind the objects: undefined where those were not read. */
  readonly dryRun: boolean | undefined;
}

/** Bytes of a body in which its head is looked for; the API server writes some hundred, more where a user has many groups. */
export const HEAD_BYTES = 16 * 1024;
const UID_LIMIT = 253;

/**
 * Reads the head of a review whose body is not read as a whole.
 *
 * @param beginning the first bytes of the body
 * @returns undefined where it is no review, or its uid does not stand there
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
    // A label of a metric: nothing that somebody made up.
    operation: OPERATIONS.find((each) => each === operation) ?? "",
    name: text(name),
    namespace: text(namespace),
    dryRun: undefined,
  };
}

const OPERATIONS: readonly Operation[] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

/** The members that are whole in a JSON text that was cut, at the top and in what stands in it (`request`). */
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
      // Cut, or no JSON at all; the caller is told by `undefined`.
    }
  }
  return undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
