import { messageOf } from "../../../errors.ts";
import { chartClosure } from "./chart-closure.ts";
import { ClosureBuilder } from "./closure-builder.ts";
import type { Closure } from "./closure-model.ts";
import { kustomizationClosure } from "./kustomization-closure.ts";
import { isInside } from "./paths.ts";
import type { RenderRequest } from "./renderer.ts";
import type { TreeFiles } from "./tree-files.ts";

export type { Closure } from "./closure-model.ts";

/**
 * Everything that a kustomization or chart is made of, and whatever rules rendering it out: something remote, outside
 * the tree, that runs a program, missing or unreadable. Never throws for what the tree holds.
 */
export async function closureOf(
  files: TreeFiles,
  request: Pick<RenderRequest, "kind" | "root" | "tree">,
): Promise<Closure> {
  const tree = (await files.realpath(request.tree)) ?? request.tree;
  const builder = new ClosureBuilder(files, tree);
  const root = await files.realpath(request.root);
  if (root === undefined || !isInside(tree, root)) {
    builder.problem("outside", `${request.root} is not in the tree that is checked (${request.tree})`);
    return builder.build(request.kind, root ?? request.root);
  }
  try {
    if (request.kind === "chart") await chartClosure(builder, root);
    else await kustomizationClosure(builder, root);
  } catch (error) {
    builder.problem("unreadable", `it cannot be read (${messageOf(error)})`);
  }
  return builder.build(request.kind, root);
}
