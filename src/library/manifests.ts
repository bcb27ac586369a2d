import type { Bundle } from "../cluster/files/bundle.ts";
import { BundleBuilder } from "../cluster/files/bundle-builder.ts";
import { fileError, type InputError } from "../cluster/files/input-error.ts";
import { readObjects, readValue } from "../cluster/files/read-objects.ts";
import { AttachguardError, messageOf } from "../errors.ts";

/** The text of a file: YAML or JSON, several documents and lists included. */
export interface ManifestText {
  /** Its path from the root of the repository; findings name it. Files of one folder belong together. */
  readonly file: string;
  readonly text: string;
}

/** One Kubernetes object, or a list of them (`kind: List`), as a Kubernetes client has it. */
export type ManifestObject = object;

export type Manifest = string | ManifestText | ManifestObject;

/**
 * Kubernetes objects: as text, as objects, or a mixture. What is not a file is called `input` in positions, and
 * `input[N]` where it is the Nth of several, counted from 0.
 */
export type Manifests = Manifest | readonly Manifest[];

/** What was read, with the texts that positions lead into. */
export interface ReadManifests {
  readonly bundle: Bundle;
  readonly textOf: (file: string) => string | undefined;
}

/**
 * Reads manifests as one bundle. A part of a text that cannot be read is an error in the bundle.
 *
 * @throws AttachguardError AG_ERR_INPUT where one is neither text nor an object that JSON can hold
 */
export function readManifests(
  manifests: Manifests,
  options: { readonly closed?: boolean | undefined },
): ReadManifests {
  const errors: InputError[] = [];
  const { closed } = options;
  const builder = new BundleBuilder(errors, closed === undefined ? {} : { closed });
  const texts = new Map<string, string>();
  const isList = Array.isArray(manifests);
  for (const [at, manifest] of (isList ? manifests : [manifests]).entries()) {
    const { file, text, value } = asRead(manifest, isList ? `input[${at}]` : "input");
    const before = errors.length;
    const read = text === undefined ? readValue(value, file) : readObjects({ file, text, keepWritten: true });
    if (text !== undefined) texts.set(file, text);
    if (builder.addRead({ file }, read) > 0 || errors.length > before) continue;
    errors.push(fileError(file, "it holds no Kubernetes object (apiVersion and kind): nothing was judged"));
  }
  return { bundle: builder.build(), textOf: (file) => texts.get(file) };
}

interface AsRead {
  readonly file: string;
  readonly text?: string;
  readonly value?: unknown;
}

function asRead(manifest: unknown, name: string): AsRead {
  if (typeof manifest === "string") return { file: name, text: manifest };
  if (isText(manifest)) return manifest;
  if (typeof manifest !== "object" || manifest === null || Array.isArray(manifest)) {
    const found = manifest === null ? "null" : Array.isArray(manifest) ? "an array" : typeof manifest;
    throw new AttachguardError(
      "AG_ERR_INPUT",
      `${name} is ${found}: expected the text of manifests, {file, text}, or a Kubernetes object`,
    );
  }
  return { file: name, value: plain(manifest, name) };
}

function isText(manifest: unknown): manifest is ManifestText {
  if (typeof manifest !== "object" || manifest === null || "kind" in manifest) return false;
  const { file, text } = manifest as Partial<ManifestText>;
  return typeof file === "string" && typeof text === "string";
}

/**
 * The object as it is sent to the API server: clients hold dates and class instances.
 *
 * @param name what messages call it
 */
export function plain(value: unknown, name: string): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? "null");
  } catch (cause) {
    throw new AttachguardError("AG_ERR_INPUT", `${name} cannot be written as JSON: ${messageOf(cause)}`, {
      cause,
    });
  }
}
