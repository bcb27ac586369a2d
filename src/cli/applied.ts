import type { ClusterIndex } from "../cluster/cluster-index.ts";
import type { Bundle } from "../cluster/files.ts";
import { overlay } from "../cluster/overlay.ts";
import type { Subjects } from "../judge/all.ts";
import type { Fact } from "../kube/fact.ts";
import { FACT_KINDS } from "../kube/kinds.ts";

/** The cluster as it would be once the files had been applied, with what the files hold to be judged in it. */
export function applied(bundle: Bundle, cluster: ClusterIndex): Subjects {
  const facts = FACT_KINDS.flatMap((kind) => [...bundle.index.facts(kind)].map(inDefaultNamespace));
  return {
    view: overlay(cluster, facts),
    workloads: bundle.workloads.map(settled),
    claims: bundle.claims.map(settled),
  };
}

/** Where `kubectl apply` puts an object whose file does not say a namespace. */
function settled<T extends { readonly namespace: string }>(object: T): T {
  return object.namespace === "" ? { ...object, namespace: "default" } : object;
}

function inDefaultNamespace(fact: Fact): Fact {
  return "namespace" in fact.object ? ({ ...fact, object: settled(fact.object) } as Fact) : fact;
}
