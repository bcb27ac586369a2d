import { readFile as readFromDisk } from "node:fs/promises";
import { decode } from "../cluster/files/decode.ts";
import { placeOfField } from "../cluster/files/field-places.ts";
import type { Finding } from "../policy/finding.ts";
import type { SourcePosition } from "../policy/model.ts";
import type { FindingPlaces, Place } from "../report/report.ts";

/**
 * The line that decides each finding. Only files with findings are read again, one after the other, so that memory
 * holds one of them at a time; where a file cannot be read any more, the place is where its object began.
 */
export async function findingPlaces(
  findings: readonly Finding[],
  readFile: (path: string) => Promise<Uint8Array> = readFromDisk,
): Promise<(finding: Finding) => FindingPlaces> {
  const places = new Map<Finding, Place>();
  const byFile = Map.groupBy(findings, ({ decidedBy }) => decidedBy.source?.file);
  for (const [file, group] of byFile) {
    const text = file === undefined || file === "-" ? undefined : await textOf(file, readFile);
    if (text === undefined) continue;
    for (const finding of group) {
      const { source, path } = finding.decidedBy;
      const place = source === null ? undefined : placeOfField(text, source, path);
      if (place !== undefined) places.set(finding, place);
    }
  }
  return (finding) => ({
    place: places.get(finding) ?? beginning(finding.decidedBy.source ?? finding.source),
    relatedPlaces: relatedPlaces(finding),
  });
}

async function textOf(
  file: string,
  readFile: (path: string) => Promise<Uint8Array>,
): Promise<string | undefined> {
  try {
    const decoded = decode(await readFile(file));
    return "text" in decoded ? decoded.text : undefined;
  } catch {
    // It was read a moment ago; what is lost is a line number.
    return undefined;
  }
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
