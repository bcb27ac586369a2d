import { relative, sep } from "node:path";

/** True where `path` is `folder` or lies below it; both absolute and without links. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** A path as a person would name it: from the tree, with `/`. */
export function fromTree(tree: string, path: string): string {
  const name = relative(tree, path).split(sep).join("/");
  return name === "" ? "." : name;
}

/**
 * What kustomize or Helm would fetch instead of looking for a file (kustomize api/internal/git/repospec.go, and what
 * earlier versions took): an address, `user@host`, GitHub's short forms, a reference. A folder of such a name counts too.
 */
const REMOTE =
  /:\/\/|::|\?ref=|^\s*(?:https?|oci|gh|git|ssh|file|s3|gs):|^\s*[a-z][\w.-]*@|^\s*(?:www\.)?github\.com(?:[/:]|$)/i;

export function isRemote(name: string): boolean {
  return REMOTE.test(name);
}
