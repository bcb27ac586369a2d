import { fieldPlacesIn } from "../cluster/files/field-places.ts";
import type { Finding } from "../policy/finding.ts";
import type { SourcePosition } from "../policy/model.ts";
import type { FindingPlaces, Place } from "../report/report.ts";

/**
 * The line that decides each finding. Only files with findings are read, one at a time, so that memory holds only one
 * of them; where the text is gone, the place is where the object began.
 *
 * @param textOf the text of a file as positions name it
 */
export async function findingPlaces(
  findings: readonly Finding[],
  textOf: (file: string) => Promise<string | undefined>,
): Promise<(finding: Finding) => FindingPlaces> {
  const places = new Map<Finding, Place>();
  const byFile = Map.groupBy(findings, ({ decidedBy }) => decidedBy.source?.file);
  for (const [file, group] of byFile) {
    const text = file === undefined ? undefined : await textOf(file);
    if (text === undefined) continue;
    const placeOf = fieldPlacesIn(text);
    for (const finding of group) {
      const { source, path } = finding.decidedBy;
      const elsewhere = patchedElsewhere(finding);
      if (elsewhere !== undefined) {
        places.set(finding, elsewhere);
        continue;
      }
      const place = source === null ? undefined : placeOf(source, path);
      if (place !== undefined) places.set(finding, place);
    }
  }
  return (finding) => ({
    place: places.get(finding) ?? beginning(finding.decidedBy.source ?? finding.source),
    relatedPlaces: relatedPlaces(finding),
  });
}

/** A value that a kustomization overrides is not decided by its line in the object's own file. */
function patchedElsewhere({ decidedBy: { source, path } }: Finding): Place | undefined {
  const [, field] = path;
  const { by, fields } = source?.patched ?? {};
  if (by === undefined || typeof field !== "string" || fields?.includes(field) !== true) return undefined;
  return { file: by, line: 1, column: 1, endColumn: null, text: null };
}

function beginning(source: SourcePosition | null): Place | null {
  return source && { ...source, endColumn: null, text: null };
}

/** The finding's own object too, where another one's field decides. */
function relatedPlaces({ workload, source, decidedBy, related }: Finding): FindingPlaces["relatedPlaces"] {
  const isElsewhere = decidedBy.object.kind !== workload.kind || decidedBy.object.name !== workload.name;
  const own = isElsewhere ? [{ object: workload, source }] : [];
  const others = related.filter(
    ({ object }) => object.kind !== decidedBy.object.kind || object.name !== decidedBy.object.name,
  );
  return [...own, ...others].flatMap(({ object, source: place }) => (place ? [{ object, place }] : []));
}
