import { join } from "node:path";
import type { ChartRelease } from "../../kube/chart-release.ts";
import { nameOf } from "../../policy/phrasing.ts";
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

/** How many of them are named. */
const RELEASES_NAMED = 3;

/**
 * One note for everything that has a chart installed: what these charts make is not among the files.
 *
 * @param fatal true where the caller wants everything rendered
 */
export function chartReleaseNotes(releases: readonly ChartRelease[], fatal: boolean): readonly InputError[] {
  const [first] = releases;
  if (first === undefined) return [];
  const [which, what] =
    releases.length === 1
      ? [`${nameOf(first)} has a chart installed`, "the chart"]
      : [`${releases.length} objects have charts installed (${named(releases)})`, "a chart"];
  const message = `${which}, and what ${what} makes is not among the files: it was not judged; render it with these values (helm template), and pass the output to \`attachguard check -\``;
  return [{ ...first.source, message, fatal, unrendered: true }];
}

function named(releases: readonly ChartRelease[]): string {
  const rest = releases.length - RELEASES_NAMED;
  const names = releases.slice(0, RELEASES_NAMED).map(nameOf);
  const last = rest > 0 ? `${rest} more` : names.pop();
  return `${names.join(", ")} and ${last}`;
}
