import { timeOf } from "../../kube/metadata.ts";
import { nodeFrom as placementNodeFrom } from "../../kube/node.ts";
import { list, nonEmpty, type Raw, record, shared, text, texts } from "../../kube/raw.ts";
import type { Event, Lease, Node } from "../facts.ts";
import { conditionsOf, metaOf } from "./meta.ts";

export function nodeFrom(raw: Raw): Node {
  const status = record(raw.status);
  const ready = conditionsOf(status).find(({ type }) => type === "Ready");
  const taints = list(record(raw.spec).taints).map(record);
  return {
    ...metaOf(raw, "Node", "v1"),
    ready: ready?.status === "True",
    readyReason: ready?.reason ?? "",
    readySince: ready?.since,
    unschedulable: record(raw.spec).unschedulable === true,
    taints: taints.map((taint) => ({
      key: shared(text(taint.key) ?? ""),
      value: shared(text(taint.value) ?? ""),
      effect: shared(text(taint.effect) ?? ""),
      addedAt: timeOf(taint.timeAdded),
    })),
    labels: placementNodeFrom(raw)?.labels ?? {},
    volumesAttached: new Set(list(status.volumesAttached).map((volume) => text(record(volume).name) ?? "")),
    volumesInUse: new Set(texts(status.volumesInUse)),
  };
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
