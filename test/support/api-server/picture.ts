import { type ClusterIndex, namespaceOf } from "../../../src/cluster/cluster-index.ts";
import { type Fact, type FactKind, factFrom } from "../../../src/kube/fact.ts";
import type { ApiServerDouble } from "./api-server.ts";
import { SERVED } from "./resources.ts";

type Picture = Record<string, Fact["object"]>;

/** What the server has, converted in one go, without any of the machinery that is tested. */
export function truthOf(double: ApiServerDouble): Picture {
  return pictureFrom(SERVED.flatMap(({ kind }) => double.objects(kind)).map((raw) => factFrom(raw)));
}

/** Everything that the index holds. */
export function pictureOf(index: ClusterIndex): Picture {
  return pictureFrom(SERVED.flatMap(({ kind }) => [...index.facts(kind as FactKind)]));
}

function pictureFrom(facts: readonly (Fact | undefined)[]): Picture {
  const entries = facts
    .filter((fact) => fact !== undefined)
    .map((fact) => [`${fact.kind}/${namespaceOf(fact)}/${fact.object.name}`, fact.object] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether the index holds as many objects as the server; cheap enough to be asked often. */
export function sameCounts(double: ApiServerDouble, index: ClusterIndex): boolean {
  return SERVED.every(({ kind }) => index.count(kind as FactKind) === double.objects(kind).length);
}
