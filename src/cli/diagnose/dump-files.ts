import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { InputError } from "../../cluster/files/input-error.ts";
import { readStream, readText } from "../../cluster/files/read-text.ts";
import { DISK_TREE } from "../../cluster/files/render/disk-tree.ts";
import { parseYaml } from "../../cluster/files/yaml.ts";
import type { DiagnosisError } from "../../diagnose/diagnosis.ts";
import type { DumpFile } from "../../diagnose/dump.ts";
import { documentsIn } from "../../diagnose/dump-text.ts";
import { messageOf } from "../../errors.ts";

/** The files of a dump, and the ones that could not be read. */
export interface DumpFiles {
  readonly files: readonly DumpFile[];
  readonly errors: readonly DiagnosisError[];
}

/** The path that means standard input. */
const STDIN = "-";

/** What `kubectl get -o yaml` writes, and `oc adm inspect`. */
const YAML = /\.ya?ml$/;

export interface WhatIsRead {
  /** Whether YAML is read as well, which takes ten times as long. */
  readonly yaml: boolean;
}

const JSON_ONLY: WhatIsRead = { yaml: false };

/**
 * Reads what `--from` names: files, folders of *.json, `-`. A file that cannot be used is an error; the others are read
 * nevertheless. An empty file beside one with kubectl's own error (`pods.json`, `pods.err`) is a refusal.
 */
export async function readDumpFiles(
  paths: readonly string[],
  stdin: NodeJS.ReadableStream,
  what: WhatIsRead = JSON_ONLY,
): Promise<DumpFiles> {
  const errors: DiagnosisError[] = [];
  return readEach(await dumpPaths(paths, errors, what), stdin, errors, what);
}

/**
 * Reads files of a dump; one that cannot be used is an error.
 *
 * @param before errors that were found already
 */
export async function readEach(
  paths: Iterable<string>,
  stdin: NodeJS.ReadableStream,
  before: readonly DiagnosisError[] = [],
  { yaml }: WhatIsRead = JSON_ONLY,
): Promise<DumpFiles> {
  const files: DumpFile[] = [];
  const problems: InputError[] = [];
  const errors: DiagnosisError[] = [...before];
  for (const path of paths) {
    const text =
      path === STDIN ? await readStream(STDIN, stdin, problems) : await readText(path, DISK_TREE, problems);
    if (text === undefined) continue;
    if (yaml && YAML.test(path)) {
      const { documents, errors: broken } = parseYaml(path, text);
      files.push({ file: path, values: documents.map(({ value }) => value) });
      problems.push(...broken);
      if (documents.length + broken.length === 0) errors.push({ file: path, message: "is empty" });
      continue;
    }
    try {
      const refusal = text.trim() === "" && path !== STDIN ? await refusalBeside(path) : undefined;
      files.push({ file: path, values: refusal === undefined ? documentsIn(path, text) : [refusal] });
    } catch (thrown) {
      const message = messageOf(thrown);
      const known = message.startsWith(`${path} `);
      errors.push({ file: path, message: known ? message.slice(path.length + 1) : message });
    }
  }
  return {
    files,
    errors: [...errors, ...problems.map(({ file, message }) => ({ file, message }))],
  };
}

/** The files that `--from` names, each once: those of a folder are its *.json, and its YAML where that is asked for. */
export async function dumpPaths(
  paths: readonly string[],
  errors: DiagnosisError[],
  { yaml }: WhatIsRead = JSON_ONLY,
): Promise<readonly string[]> {
  const all: string[] = [];
  for (const path of paths) {
    const entries = path === STDIN ? undefined : await readdir(path).catch(() => undefined);
    if (entries === undefined) all.push(path);
    else {
      const found = entries.filter((name) => name.endsWith(".json") || (yaml && YAML.test(name))).toSorted();
      if (found.length === 0)
        errors.push({ file: path, message: "the folder has no *.json: name the one with the dump" });
      all.push(...found.map((name) => join(path, name)));
    }
  }
  return [...new Set(all)];
}

/**
 * kubectl reports a refused kind on standard error only, not in the output file: `Error from server (Forbidden): …` on
 * standard error.
 */
async function refusalBeside(path: string): Promise<unknown> {
  const said = await readFile(path.replace(/\.json$/, ".err"), "utf8").catch(() => "");
  const reason = /^Error from server \((Forbidden|NotFound)\)/m.exec(said)?.[1];
  if (reason === undefined || !path.endsWith(".json")) return undefined;
  return { kind: "Status", apiVersion: "v1", reason, details: { kind: basename(path, ".json") } };
}
