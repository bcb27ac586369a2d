import { join } from "node:path";
import { type Raw, record, text } from "../../kube/raw.ts";
import type { SourcePosition } from "../../policy/model.ts";
import { decode } from "./decode.ts";
import { parseJson } from "./json.ts";
import { listMember } from "./parsed-document.ts";
import type { TreeFiles } from "./render/tree-files.ts";
import { sourceComments } from "./source-comments.ts";
import { type RenderedUnit, shownPath } from "./units.ts";
import { parseYaml } from "./yaml.ts";

/** Places of objects of one kind in the files that a kustomization is made of, by name. */
type Places = Map<string, Map<string, SourcePosition>>;

/**
 * Where an object of a rendered unit comes from: for a chart the template that its comment names, for a kustomization
 * the resource of the same kind and name, or of the longest name that the rendered one holds (prefixes and suffixes
 * are added to it). What cannot be found has the place of the unit itself.
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
  return (object) => {
    const name = text(record(object.metadata).name) ?? "";
    return (
      nearestName(places.get(text(object.kind) ?? ""), name) ?? own(join(root.path, "kustomization.yaml"))
    );
  };
}

function nearestName(
  places: ReadonlyMap<string, SourcePosition> | undefined,
  name: string,
): SourcePosition | undefined {
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
  const names = places.get(kind) ?? new Map<string, SourcePosition>();
  if (!names.has(name)) names.set(name, source);
  places.set(kind, names);
}
