import type { ReadObjects } from "./read-objects.ts";

/** What two trees have in common: the tree read first remembers, the other one recalls. */
export interface SharedReads {
  /** What a file of this path was read as; `undefined` where it has to be read. */
  recall(path: string): ReadObjects | undefined;
  /** True where the objects of a file, once its text has been read, are kept as they are written. */
  keepsWritten(path: string): boolean;
  remember(path: string, objects: ReadObjects): void;
  /** What a kustomization or chart in this folder rendered to, where it is the same text. */
  recallRendered(folder: string, text: string): ReadObjects | undefined;
  rememberRendered(folder: string, text: string, objects: ReadObjects): void;
}

/** A tree that is read alone. */
export const NOTHING_SHARED: SharedReads = {
  recall: () => undefined,
  keepsWritten: () => false,
  remember: () => {},
  recallRendered: () => undefined,
  rememberRendered: () => {},
};
