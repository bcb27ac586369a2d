import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { InputError } from "../cluster/files/input-error.ts";
import { readStream, readText } from "../cluster/files/read-text.ts";
import { DISK_TREE } from "../cluster/files/render/disk-tree.ts";
import { parseYaml } from "../cluster/files/yaml.ts";
import type { DiagnosisError } from "../diagnose/diagnosis.ts";
import type { DumpFile } from "../diagnose/dump.ts";
import { documentsIn } from "../diagnose/dump-text.ts";
import { messageOf } from "../errors.ts";

/** The files of a dump, and the ones that could not be read. */
export interface DumpFiles {
  readonly files: readonly DumpFile[];
  readonly errors: readonly DiagnosisError[];
}

/** The path that means standard input. */
const STDIN = "-";

/** What `kubectl get -o yaml` writes, and `oc adm inspect`. */
const YAML = /\.ya?ml$/;

/**
 * Reads what `--from` names: files, folders of *.json, `-`. A file that cannot be used is an error; the others are read
 * nevertheless. An empty file beside one with kubectl's own error (`pods.json`, `pods.err`) is a refusal.
 *
 * @param yaml whether YAML is read as well, which takes ten times as long
 */
export async function readDumpFiles(
  paths: readonly string[],
  stdin: NodeJS.ReadableStream,
  { yaml = false }: { readonly yaml?: boolean } = {},
): Promise<DumpFiles> {
  const files: DumpFile[] = [];
  const problems: InputError[] = [];
  const errors: DiagnosisError[] = [];
  const isRead = (name: string) => name.endsWith(".json") || (yaml && YAML.test(name));
  for (const path of await withFolders(paths, isRead, errors)) {
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

async function withFolders(
  paths: readonly string[],
  isRead: (name: string) => boolean,
  errors: DiagnosisError[],
): Promise<readonly string[]> {
  const all: string[] = [];
  for (const path of paths) {
    const entries = path === STDIN ? undefined : await readdir(path).catch(() => undefined);
    if (entries === undefined) all.push(path);
    else {
      const found = entries.filter(isRead).toSorted();
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
