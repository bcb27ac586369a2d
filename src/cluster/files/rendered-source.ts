import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Raw, record, text } from "../../kube/raw.ts";
import type { SourcePosition } from "../../policy/model.ts";
import { decode } from "./decode.ts";
import { parseJson } from "./json.ts";
import { listMember } from "./parsed-document.ts";
import { KUSTOMIZATION_NAMES } from "./render/kustomization-names.ts";
import type { TreeFiles } from "./render/tree-files.ts";
import { sourceComments } from "./source-comments.ts";
import { type RenderedUnit, shownPath } from "./units.ts";
import { parseYaml } from "./yaml.ts";

/** An object as it is written in a file. */
interface Written {
  readonly source: SourcePosition;
  readonly spec: Raw;
}

/** Objects of one kind in the files that a kustomization is made of, by name. */
type Places = Map<string, Map<string, Written>>;

/** Parts of a spec that hold names and labels, which kustomizations change everywhere. No single one of them decides. */
const NOT_COMPARED: ReadonlySet<string> = new Set([
  "template",
  "jobTemplate",
  "jobTargetRef",
  "selector",
  "scaleTargetRef",
  "workloadRef",
]);

/**
 * Where an object of a rendered unit comes from: for a chart the template that its comment names, for a kustomization
 * the resource of the same kind and name, or of the longest name that the rendered one holds (prefixes and suffixes
 * are added to it), with the fields that are not as it says. What cannot be found has the place of the unit itself.
 */
export async function sourceFinder(
  unit: RenderedUnit,
  tree: TreeFiles,
): Promise<(object: Raw, at: SourcePosition) => SourcePosition> {
  const { root, kind } = unit;
  const own = (file: string): SourcePosition => ({ file, line: 1, column: 1 });
  if (kind === "chart") {
    const comments = sourceComments(unit.text);
    return (_, at) => {
      const [, below] = /^[^/]+\/(.+)$/.exec(comments(at)?.file ?? "") ?? [];
      return own(join(root.path, below ?? "Chart.yaml"));
    };
  }
  const places = await placesIn(unit, tree);
  const file = await kustomizationFile(root.real, tree);
  return (object) => {
    const name = text(record(object.metadata).name) ?? "";
    const written = nearestName(places.get(text(object.kind) ?? ""), name);
    if (written === undefined) return own(join(root.path, file));
    const fields = changedFields(written.spec, record(object.spec));
    return fields.length === 0
      ? written.source
      : { ...written.source, patched: { by: join(root.path, file), fields } };
  };
}

/** Whichever of the names kustomize found there. */
async function kustomizationFile(folder: string, tree: TreeFiles): Promise<string> {
  const names = await tree.readdir(folder);
  return KUSTOMIZATION_NAMES.find((name) => names.includes(name)) ?? "kustomization.yaml";
}

function changedFields(written: Raw, rendered: Raw): readonly string[] {
  return [...new Set([...Object.keys(written), ...Object.keys(rendered)])].filter(
    (field) => !NOT_COMPARED.has(field) && !isDeepStrictEqual(written[field], rendered[field]),
  );
}

function nearestName(places: ReadonlyMap<string, Written> | undefined, name: string): Written | undefined {
  const exact = places?.get(name);
  if (exact !== undefined || places === undefined) return exact;
  let best: string | undefined;
  for (const candidate of places.keys()) {
    if (name.includes(candidate) && candidate.length > (best?.length ?? 0)) best = candidate;
  }
  return best === undefined ? undefined : places.get(best);
}

async function placesIn({ root, resources }: RenderedUnit, tree: TreeFiles): Promise<Places> {
  const places: Places = new Map();
  for (const real of resources) {
    const decoded = decode(await tree.readFile(real).catch(() => new Uint8Array()));
    if (!("text" in decoded)) continue;
    const file = shownPath(root, real);
    const { documents } = parseJson(file, decoded.text) ?? parseYaml(file, decoded.text);
    for (const { value, source, items } of documents) {
      const member = listMember(value);
      const held = member === undefined ? undefined : (record(value)[member] as readonly unknown[]);
      if (held === undefined) addPlace(places, record(value), source);
      else for (const [at, item] of held.entries()) addPlace(places, record(item), items[at] ?? source);
    }
  }
  return places;
}

function addPlace(places: Places, object: Raw, source: SourcePosition): void {
  const kind = text(object.kind);
  const name = text(record(object.metadata).name);
  if (kind === undefined || name === undefined || name === "") return;
  const names = places.get(kind) ?? new Map<string, Written>();
  if (!names.has(name)) names.set(name, { source, spec: record(object.spec) });
  places.set(kind, names);
}
