import { readFile } from "node:fs/promises";
import { type Bundle, BundleBuilder, type BundleOptions } from "./files/bundle-builder.ts";
import { decode } from "./files/decode.ts";
import { accessProblem, discover } from "./files/discover.ts";
import { fileError, type InputError } from "./files/input-error.ts";

export type { Bundle, BundleOptions } from "./files/bundle-builder.ts";
export type { InputError } from "./files/input-error.ts";

/** The path that means standard input, and the name it has in positions. */
const STDIN = "-";

const JSON_FILE = /\.json$/i;

/**
 * Reads files as one bundle: YAML or JSON, several documents and lists included. Never rejects: what cannot be
 * read is an error in the bundle with its place and the remedy, and everything else is still there.
 *
 * @param paths files; folders, walked for *.yaml, *.yml and *.json; `-` for standard input
 * @param stdin where `-` is read from
 */
export async function loadFiles(paths: readonly string[], stdin?: NodeJS.ReadableStream): Promise<Bundle> {
  const errors: InputError[] = [];
  const builder = new BundleBuilder(errors);
  let stdinRead = false;
  for (const path of paths) {
    if (path !== STDIN || stdinRead) continue;
    stdinRead = true;
    await addStdin(stdin, builder, errors);
  }
  const files = await discover(
    paths.filter((path) => path !== STDIN),
    errors,
  );
  for (const { path, named } of files) {
    const text = await textOf(path, () => readFile(path), errors);
    // Repositories are full of other JSON, some of it with comments (tsconfig.json).
    if (text === undefined || (!named && JSON_FILE.test(path) && !text.includes('"apiVersion"'))) continue;
    builder.add(path, text);
  }
  return builder.build();
}

/** The pure part of `loadFiles`: texts in, facts out. */
export function parseBundle(
  documents: readonly { readonly file: string; readonly text: string }[],
  options: BundleOptions = {},
): Bundle {
  const builder = new BundleBuilder([], options);
  for (const { file, text } of documents) builder.add(file, text);
  return builder.build();
}

async function addStdin(
  stdin: NodeJS.ReadableStream | undefined,
  builder: BundleBuilder,
  errors: InputError[],
): Promise<void> {
  const text = await textOf(STDIN, () => bytesOf(stdin), errors);
  if (text === undefined) return;
  if (text.trim() === "") {
    errors.push(fileError(STDIN, "standard input is empty: did the command before the pipe fail?"));
    return;
  }
  builder.add(STDIN, text);
}

async function bytesOf(stream: NodeJS.ReadableStream | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream ?? []) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  return Buffer.concat(chunks);
}

async function textOf(
  file: string,
  read: () => Promise<Uint8Array>,
  errors: InputError[],
): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await read();
  } catch (error) {
    errors.push(fileError(file, accessProblem(error)));
    return undefined;
  }
  const decoded = decode(bytes);
  if ("text" in decoded) return decoded.text;
  errors.push(fileError(file, decoded.problem));
  return undefined;
}
