import { dirname, sep } from "node:path";
import type { TreeFiles } from "../../src/cluster/files/render/tree-files.ts";

/** A tree that is nowhere on a disk, from absolute paths to content, as a commit's is; it knows no links. */
export function memoryTree(contents: Readonly<Record<string, string | Uint8Array>>): TreeFiles {
  const files = new Map(Object.entries(contents).map(([path, content]) => [path, Buffer.from(content)]));
  const folders = new Set<string>([sep]);
  for (const path of files.keys()) {
    for (let folder = dirname(path); !folders.has(folder); folder = dirname(folder)) folders.add(folder);
  }
  const isThere = (path: string): boolean => files.has(path) || folders.has(path);
  return {
    realpath: async (path) => (isThere(path) ? path : undefined),
    async stat(path) {
      if (!isThere(path)) return undefined;
      return { kind: files.has(path) ? "file" : "folder", size: files.get(path)?.length ?? 0 };
    },
    async readdir(folder) {
      return [...files.keys(), ...folders]
        .filter((path) => path !== folder && dirname(path) === folder)
        .map((path) => path.slice(dirname(path) === sep ? 1 : folder.length + 1));
    },
    async readFile(path) {
      const content = files.get(path);
      if (content === undefined) throw new Error(`there is no ${path}`);
      return content;
    },
  };
}
