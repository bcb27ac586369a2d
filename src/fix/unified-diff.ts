import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import type { FixedFile } from "./fix-files.ts";

/**
 * What `git apply` takes: one unified diff of all files.
 *
 * @param inRepository a file's path from the root of its repository
 */
export function unifiedDiff(
  { file, text, fixed, hasMark }: FixedFile,
  inRepository: (file: string) => string,
): string {
  const path = inRepository(file).replace(/^\.\//, "");
  const mark = hasMark ? "\uFEFF" : "";
  return createTwoFilesPatch(`a/${path}`, `b/${path}`, mark + text, mark + fixed, undefined, undefined, {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
  });
}
