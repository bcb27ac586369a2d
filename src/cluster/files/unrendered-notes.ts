import { join } from "node:path";
import type { Discovered } from "./discover.ts";
import { fileNote, type InputError } from "./input-error.ts";
import { isInside } from "./render/paths.ts";
import type { Units, UnrenderedUnit } from "./units.ts";

/**
 * One note for each kustomization and chart that was not rendered: why, what came of it, and the way out.
 *
 * @param fatal true where the caller wants everything rendered
 */
export function unrenderedNotes(units: Units, { files }: Discovered, fatal: boolean): readonly InputError[] {
  return units.unrendered.map((unit) => {
    const { root, why } = unit;
    const note = fileNote(root.path, `${told(unit, files)}: ${why.remedy}`);
    return { ...note, fatal, unrendered: true };
  });
}

function told({ root, kind, why }: UnrenderedUnit, files: Discovered["files"]): string {
  if (kind === "kustomization") {
    return `the kustomization was not rendered (${why.reason}), so its objects were judged as they are, with warnings at most`;
  }
  const templates = join(root.real, "templates");
  const count = files.filter(({ real }) => isInside(templates, real)).length;
  const what = count === 1 ? "its template was" : `its ${count} templates were`;
  return `the chart was not rendered (${why.reason}), so ${what} not judged`;
}
