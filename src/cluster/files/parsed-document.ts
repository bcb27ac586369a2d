import { isRecord } from "../../kube/raw.ts";
import type { SourcePosition } from "../../policy/model.ts";
import type { InputError } from "./input-error.ts";

/** One document of a file as a plain value, with the positions that are worth reporting. */
export interface ParsedDocument {
  readonly value: unknown;
  readonly source: SourcePosition;
  /** Where each of the entries of its list (`listMember`) stands; empty where there is no such list. */
  readonly items: readonly SourcePosition[];
}

export interface ParsedFile {
  readonly documents: readonly ParsedDocument[];
  readonly errors: readonly InputError[];
}

/** The member of an object that holds other objects: those of a list, or of an OpenShift Template. */
export function listMember(value: unknown): "items" | "objects" | undefined {
  if (!isRecord(value)) return undefined;
  if (Array.isArray(value.items)) return "items";
  return value.kind === "Template" && Array.isArray(value.objects) ? "objects" : undefined;
}

export function duplicateKeyMessage(key: string): string {
  return `the key ${JSON.stringify(key)} is given more than once in one object: the last one counts; remove the others`;
}
