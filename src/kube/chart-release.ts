import type { ObjectRef, SourcePosition } from "../policy/model.ts";
import { groupOf } from "./kinds.ts";
import { metadataOf, type TypeMeta, typeOf } from "./metadata.ts";
import { isRecord, list, nonEmpty, type Raw, record } from "./raw.ts";

/** An object that tells a controller to install a chart. */
export interface ChartRelease extends ObjectRef {
  readonly source: SourcePosition;
}

/** By kind, and by the group that it has: Flux, k3s and RKE2, Argo CD. */
const INSTALLS: Readonly<Record<string, { readonly group: string; readonly chart: (spec: Raw) => boolean }>> =
  {
    HelmRelease: { group: "helm.toolkit.fluxcd.io", chart: () => true },
    HelmChart: { group: "helm.cattle.io", chart: () => true },
    Application: { group: "argoproj.io", chart: hasChart },
    ApplicationSet: { group: "argoproj.io", chart: (spec) => hasChart(record(record(spec.template).spec)) },
  };

/** Argo CD's other sources are folders of a repository, which is often the one that is read. */
function hasChart({ source, sources }: Raw): boolean {
  return [source, ...list(sources)].some((each) => nonEmpty(record(each).chart) !== undefined);
}

/**
 * The object where a controller installs a chart because of it: what the chart makes is neither in the object nor
 * beside it.
 */
export function chartReleaseFrom(
  raw: unknown,
  source: SourcePosition,
  inherited?: TypeMeta,
): ChartRelease | undefined {
  if (!isRecord(raw)) return undefined;
  const type = typeOf(raw, inherited);
  if (type === undefined || !Object.hasOwn(INSTALLS, type.kind)) return undefined;
  const installs = INSTALLS[type.kind];
  if (installs?.group !== groupOf(type.apiVersion) || !installs.chart(record(raw.spec))) return undefined;
  const { namespace, name } = metadataOf(raw);
  return { ...type, namespace, name, source };
}
