import * as yaml from "yaml";
import { messageOf } from "../../../errors.ts";
import { isRecord } from "../../../kube/raw.ts";
import { decode } from "../decode.ts";

/** Kustomizations, plugin configurations and Chart.yaml are written by hand; no genuine one is larger. */
const MAX_BYTES = 1024 * 1024;

/** The documents of a file, or why it cannot be trusted to mean to Go what it means here. */
export type StrictDocuments = { readonly documents: readonly unknown[] } | { readonly problem: string };

/**
 * The documents of a file that decides what a tool will read. Stricter than the tools are: whatever could mean one
 * thing here and another to them (an unknown tag such as `!!binary`, a key twice, a syntax error) is refused.
 */
export function strictDocuments(bytes: Uint8Array): StrictDocuments {
  if (bytes.length > MAX_BYTES) return { problem: `is larger than ${MAX_BYTES} bytes` };
  const decoded = decode(bytes);
  if ("problem" in decoded) return decoded;
  return parseStrictly(decoded.text);
}

/** The same for text that stands inside another file. */
export function parseStrictly(text: string): StrictDocuments {
  try {
    const documents: unknown[] = [];
    for (const document of yaml.parseAllDocuments(text, {
      merge: true,
      prettyErrors: false,
      logLevel: "silent",
    })) {
      const [complaint] = [...document.errors, ...document.warnings];
      if (complaint !== undefined) return { problem: `is not plain YAML (${complaint.message})` };
      const value: unknown = document.toJS();
      if (value !== null && value !== undefined) documents.push(value);
    }
    return { documents };
  } catch (error) {
    return { problem: `is not plain YAML (${messageOf(error)})` };
  }
}

/** Equal for keys that Go's encoding/json takes for the same: it ignores case, also of ſ and of the Kelvin sign. */
function folded(key: string): string {
  return key.toLowerCase().toUpperCase();
}

/** The values that a Go structure would get for a field, whatever the case of the key. */
export function fieldValues(object: unknown, field: string): unknown[] {
  if (!isMapping(object)) return [];
  const wanted = folded(field);
  return Object.entries(object)
    .filter(([key]) => folded(key) === wanted)
    .map(([, value]) => value);
}

/** The entries of a list field; one that is not a list counts as one entry, an absent one and `null` as none. */
export function fieldEntries(object: unknown, field: string): unknown[] {
  return fieldValues(object, field)
    .flat()
    .filter((value) => value !== null && value !== undefined);
}

/** The first value of a field that is a text. */
export function fieldText(object: unknown, field: string): string | undefined {
  return fieldValues(object, field).find((value): value is string => typeof value === "string");
}

/** True for a mapping, as opposed to a list, a text or nothing. */
export function isMapping(value: unknown): value is object {
  return isRecord(value);
}
