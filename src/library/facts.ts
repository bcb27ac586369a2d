import type { Cluster } from "../cluster/cluster.ts";
import { AttachguardError } from "../errors.ts";
import { FACT_KINDS } from "../kube/kinds.ts";
import type { ClusterView } from "../policy/view.ts";
import { type Manifests, readManifests } from "./manifests.ts";

/** What is known about a cluster, read once and used for any number of judgements. Returned by `clusterFacts`. */
export interface ClusterFacts {
  /** What could not be read; everything else counts. */
  readonly problems: readonly string[];
}

export interface FactsOptions {
  /**
   * True: what is not given does not exist. If left out: only where every object has a uid and a
   * resourceVersion, as in a dump of a cluster.
   */
  readonly closed?: boolean;
}

const CLUSTERS = new WeakMap<ClusterFacts, Cluster>();

/**
 * Reads what a cluster holds: claims, volumes, classes, drivers, autoscalers, namespaces, nodes, workloads.
 *
 * @throws AttachguardError AG_ERR_INPUT where one is neither text nor an object
 */
export function clusterFacts(manifests: Manifests, options: FactsOptions = {}): ClusterFacts {
  const { bundle } = readManifests(manifests, options);
  const problems = bundle.errors.map(({ file, line, message }) => `${file}:${line}: ${message}`);
  const facts: ClusterFacts = Object.freeze({ problems });
  CLUSTERS.set(
    facts,
    standing(bundle.index, (kind) => bundle.index.count(kind)),
  );
  return facts;
}

/**
 * The cluster that facts describe; without any, one about which nothing is known.
 *
 * @throws AttachguardError AG_ERR_USAGE where they were not made by `clusterFacts`
 */
export function clusterOf(facts: ClusterFacts = NOTHING_KNOWN): Cluster {
  const cluster = CLUSTERS.get(facts);
  if (cluster !== undefined) return cluster;
  throw new AttachguardError("AG_ERR_USAGE", "these are not facts that clusterFacts returned");
}

const NOTHING_KNOWN: ClusterFacts = clusterFacts([]);

/** There is nothing else to look up. */
function standing(view: ClusterView, count: (kind: (typeof FACT_KINDS)[number]) => number): Cluster {
  return {
    view,
    prepare: async () => ({ view, cutShort: false }),
    status: () =>
      FACT_KINDS.map((kind) => ({
        kind,
        state: "synced",
        objects: count(kind),
        ageSeconds: undefined,
        problem: undefined,
      })),
    start: async () => {},
    close: async () => {},
  };
}
