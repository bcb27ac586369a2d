import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { AttachguardError } from "../../errors.ts";
import { decode } from "./decode.ts";
import { accessProblem } from "./discover.ts";
import { fileError, type InputError } from "./input-error.ts";
import type { TreeFiles } from "./render/tree-files.ts";

/** More than the dump of a very large cluster, and less than what a string can hold. */
const MOST_BYTES = 480 * 1024 * 1024;

/**
 * The text of a file of a tree; `undefined` where it cannot be read, which is reported.
 *
 * @throws AttachguardError AG_ERR_GIT where the tree is a commit's and its repository cannot be read
 */
export async function readText(
  path: string,
  tree: TreeFiles,
  errors: InputError[],
): Promise<string | undefined> {
  return textOf(path, errors, async () => {
    const found = await tree.stat(path);
    if (found?.kind === "other") return readSpecial(path);
    if ((found?.size ?? 0) > MOST_BYTES) throw new UnreadableFile(TOO_LARGE);
    return tree.readFile(path);
  });
}

/** The text of a stream, of which no more is held than of a file. */
export function readStream(
  name: string,
  stream: NodeJS.ReadableStream | undefined,
  errors: InputError[],
): Promise<string | undefined> {
  return textOf(name, errors, () => bytesOf(stream));
}

class UnreadableFile extends Error {}

const TOO_LARGE = `it is larger than ${MOST_BYTES / 1024 / 1024} MiB: split it`;

/** A pipe (process substitution) is read to its end; an endless one is not read at all. */
async function readSpecial(path: string): Promise<Uint8Array> {
  const found = await stat(path);
  if (found.isFIFO()) return bytesOf(createReadStream(path));
  const what = found.isSocket() ? "a socket" : "a device";
  throw new UnreadableFile(`it is ${what}, not a file: name a file, or - for standard input`);
}

async function bytesOf(stream: NodeJS.ReadableStream | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > MOST_BYTES) throw new UnreadableFile(TOO_LARGE);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

async function textOf(
  file: string,
  errors: InputError[],
  read: () => Promise<Uint8Array>,
): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await read();
  } catch (error) {
    // A repository that cannot be read is not a problem of one file.
    if (error instanceof AttachguardError) throw error;
    const problem = error instanceof UnreadableFile ? error.message : accessProblem(error);
    errors.push(fileError(file, problem));
    return undefined;
  }
  const decoded = decode(bytes);
  if ("text" in decoded) return decoded.text;
  errors.push(fileError(file, decoded.problem));
  return undefined;
}
