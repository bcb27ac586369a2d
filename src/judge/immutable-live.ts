import type { PlacedFact } from "../cluster/files/file-index.ts";
import { claimFact, workloadFact } from "../kube/fact.ts";
import { type ClusterView, knownValue } from "../policy/view.ts";
import type { ReportNote } from "../report/report.ts";
import { immutableNotes, type SnapshotClasses, type Version } from "./immutable.ts";

/**
 * What files ask of objects that are in the cluster already and cannot be changed there.
 *
 * @param cluster as it is; of what it does not know nothing is said
 */
export function immutableInCluster(
  facts: readonly PlacedFact[],
  cluster: ClusterView,
  snapshots?: SnapshotClasses,
): readonly ReportNote[] {
  return facts.flatMap((fact) => {
    const before = storedVersion(fact, cluster);
    return before === undefined ? [] : immutableNotes(before, fact, cluster, snapshots);
  });
}

function storedVersion(fact: PlacedFact, cluster: ClusterView): Version | undefined {
  if (fact.kind === "PersistentVolumeClaim") {
    const { namespace, name } = fact.object;
    const claim = knownValue(cluster.claim(namespace || "default", name));
    return claim && claimFact(claim);
  }
  if (fact.kind !== "StatefulSet") return undefined;
  const { namespace, name } = fact.object;
  const set = knownValue(cluster.workload("StatefulSet", namespace || "default", name));
  return set && workloadFact(set);
}
