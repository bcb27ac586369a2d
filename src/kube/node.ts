import type { Node } from "../policy/model.ts";
import { metadataOf } from "./metadata.ts";
import { isRecord, list, NOTHING, record, shared, text } from "./raw.ts";

/** What the kubelet always sets, and a Node written by hand may lack (`pkg/kubelet/kubelet_node_status.go`). */
const HOSTNAME = "kubernetes.io/hostname";

/** A Node. `undefined` for a value that is not an object. */
export function nodeFrom(raw: unknown): Node | undefined {
  if (!isRecord(raw)) return undefined;
  const { name, labels } = metadataOf(raw);
  const spec = record(raw.spec);
  const taints = list(spec.taints);
  return {
    name,
    labels: Object.hasOwn(labels, HOSTNAME) ? labels : { ...labels, [HOSTNAME]: name },
    taints:
      taints.length === 0
        ? NOTHING
        : taints.map((entry) => {
            const taint = record(entry);
            return {
              key: shared(text(taint.key) ?? ""),
              value: shared(text(taint.value) ?? ""),
              effect: shared(text(taint.effect) ?? ""),
            };
          }),
    unschedulable: spec.unschedulable === true,
  };
}
