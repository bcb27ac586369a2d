/**
 * The little of a file system that rendering needs. The working tree is read from the disk (`disk-tree.ts`); the tree of
 * a commit is in memory and answers the same questions. Paths are absolute and use the separator of the system.
 */
export interface TreeFiles {
  /**
   * The path with every symbolic link resolved, or `undefined` where nothing is there, a link leads nowhere or back to
   * itself, or the tree does not follow links.
   */
  realpath(path: string): Promise<string | undefined>;
  /** What is there, links followed; `undefined` where nothing is. `size` is in bytes. */
  stat(
    path: string,
  ): Promise<{ readonly kind: "file" | "folder" | "other"; readonly size: number } | undefined>;
  /** The names in a folder, in any order; throws where it cannot be read. */
  readdir(folder: string): Promise<readonly string[]>;
  /** The bytes of a file; throws where it cannot be read. */
  readFile(path: string): Promise<Uint8Array>;
}
