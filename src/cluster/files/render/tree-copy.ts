import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Closure } from "./closure-model.ts";
import { fromTree } from "./paths.ts";
import type { TreeFiles } from "./tree-files.ts";

/**
 * Writes the files of a closure below `folder`, as they lie in their tree, and nothing else: what was not scanned is
 * not there to be read. In a kustomization links stay links (kustomize tests where they lead); in a chart they become
 * what they lead to, as Helm has it. Answers with the copy of the closure's root.
 */
export async function copyClosure(files: TreeFiles, closure: Closure, folder: string): Promise<string> {
  const copyOf = (path: string): string => join(folder, fromTree(closure.tree, path));
  const written = new Set<string>();
  const root = copyOf(closure.root);
  await mkdir(root, { recursive: true, mode: 0o700 });
  for (const file of closure.files) {
    const target = copyOf(closure.kind === "chart" ? file.path : file.real);
    if (written.has(target)) continue;
    written.add(target);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await writeFile(target, await files.readFile(file.real), { mode: 0o600, flag: "wx" });
  }
  if (closure.kind === "kustomization") {
    for (const link of closure.links) {
      await mkdir(dirname(copyOf(link.path)), { recursive: true, mode: 0o700 });
      await symlink(copyOf(link.real), copyOf(link.path));
    }
  }
  return root;
}
