import { timeOf } from "../../kube/metadata.ts";
import { nodeFrom as placementNodeFrom } from "../../kube/node.ts";
import { list, nonEmpty, type Raw, record, shared, text, texts } from "../../kube/raw.ts";
import type { Event, Lease, Node } from "../facts.ts";
import { conditionsOf, metaOf } from "./meta.ts";

export function nodeFrom(raw: Raw): Node {
  const status = record(raw.status);
  const ready = conditionsOf(status).find(({ type }) => type === "Ready");
  const taints = list(record(raw.spec).taints).map(record);
  const writtenAt = taints.length === 0 ? undefined : taintsWrittenAt(record(raw.metadata));
  return {
    ...metaOf(raw, "Node", "v1"),
    ready: ready?.status === "True",
    readyStatus: shared(ready?.status ?? "Unknown"),
    readySince: ready?.since,
    unschedulable: record(raw.spec).unschedulable === true,
    taints: taints.map((taint) => ({
      key: shared(text(taint.key) ?? ""),
      value: shared(text(taint.value) ?? ""),
      effect: shared(text(taint.effect) ?? ""),
      addedAt: timeOf(taint.timeAdded) ?? writtenAt,
    })),
    labels: placementNodeFrom(raw)?.labels ?? {},
    volumesAttached: new Set(list(status.volumesAttached).map((volume) => text(record(volume).name) ?? "")),
    volumesInUse: new Set(texts(status.volumesInUse)),
  };
}

/**
 * When a manager that owns the list of taints last wrote to the node: every taint is at least as old. Whoever changes
 * the list owns it alone (it is atomic), so of several owners the oldest counts.
 */
function taintsWrittenAt({ managedFields }: Raw): number | undefined {
  const times = list(managedFields).flatMap((entry) => {
    const { time, fieldsV1 } = record(entry);
    const at = record(record(fieldsV1)["f:spec"])["f:taints"] === undefined ? undefined : timeOf(time);
    return at === undefined ? [] : [at];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

export function eventFrom(raw: Raw): Event {
  const about = record(raw.involvedObject ?? raw.regarding);
  const series = record(raw.series);
  const at = timeOf(raw.eventTime);
  return {
    ...metaOf(raw, "Event", "v1"),
    about: {
      kind: shared(text(about.kind) ?? ""),
      namespace: shared(text(about.namespace) ?? ""),
      name: text(about.name) ?? "",
      uid: nonEmpty(about.uid),
    },
    type: shared(text(raw.type) ?? ""),
    reason: shared(text(raw.reason) ?? ""),
    message: text(raw.message) ?? text(raw.note) ?? "",
    from: shared(
      nonEmpty(record(raw.source).component) ??
        nonEmpty(raw.reportingComponent) ??
        text(raw.reportingController) ??
        "",
    ),
    first: timeOf(raw.firstTimestamp) ?? at,
    last: timeOf(series.lastObservedTime) ?? timeOf(raw.lastTimestamp) ?? at,
  };
}

export function leaseFrom(raw: Raw): Lease {
  return { ...metaOf(raw, "Lease", "coordination.k8s.io/v1"), renewedAt: timeOf(record(raw.spec).renewTime) };
}
