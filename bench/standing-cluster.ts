import type { Cluster } from "../src/cluster/cluster.ts";
import { ClusterIndex } from "../src/cluster/cluster-index.ts";
import { factFrom } from "../src/kube/fact.ts";
import { countOf, GENERATED } from "./cluster-objects.ts";

/** The generated cluster in this process, as it is once everything has been listed: nothing is looked up, or changes. */
export function standingCluster(scale: number, nodes: number): Cluster {
  const view = new ClusterIndex();
  for (const generated of GENERATED) {
    const { kind, apiVersion, make } = generated;
    for (let at = 0; at < countOf(generated, scale, nodes); at += 1) {
      const fact = factFrom({ kind, apiVersion, ...make(at) });
      if (fact !== undefined) view.put(fact);
    }
  }
  return {
    view,
    prepare: async () => ({ view, cutShort: false }),
    status: () => [],
    start: async () => {},
    close: async () => {},
  };
}
