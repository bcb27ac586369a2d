import type { ObjectClient } from "../../cluster/live/object-client.ts";
import type { Resource } from "../../cluster/live/source.ts";
import { messageOf } from "../../errors.ts";
import type { ObjectRef } from "../../policy/model.ts";
import { plural } from "../../policy/phrasing.ts";
import { microTime, type StuckEvent, stuckEvents } from "../../report/cluster-events.ts";
import type { Report } from "../../report/report.ts";

/** People and controllers watch events; where more workloads than this are stuck, the cluster has one cause. */
export const MAX_EVENTS = 100;

const EVENTS: Resource = { group: "events.k8s.io", version: "v1", plural: "events" };

/** The outcome of writing events, in numbers of events. */
export interface EventsWritten {
  readonly created: number;
  readonly repeated: number;
  /** More than one run writes. */
  readonly beyond: number;
  /** Those whose namespace was deleted in the meantime. */
  readonly passedOver: number;
  readonly problems: readonly string[];
}

/**
 * Writes one Event in the namespace of each workload that is stuck. An existing one is continued as a series.
 *
 * @param now milliseconds since the epoch
 */
export async function writeEvents(
  { workloads }: Pick<Report, "workloads">,
  client: ObjectClient,
  uidOf: (object: ObjectRef) => string | undefined,
  now: number,
): Promise<EventsWritten> {
  const all = stuckEvents(workloads, uidOf, now);
  const count = { created: 0, repeated: 0, passedOver: 0 };
  const problems = new Set<string>();
  for (const event of all.slice(0, MAX_EVENTS)) {
    try {
      count[await writeOne(event, client, now)] += 1;
    } catch (error) {
      problems.add(`${event.metadata.namespace}/${event.metadata.name}: ${messageOf(error)}`);
    }
  }
  return { ...count, beyond: Math.max(0, all.length - MAX_EVENTS), problems: [...problems] };
}

/** One line for people. */
export function eventsWrittenLine({ created, repeated, beyond, passedOver }: EventsWritten): string {
  const more = [
    ...(beyond > 0 ? [`${plural(beyond, "more stuck workload")} left out: one run writes no more`] : []),
    ...(passedOver > 0 ? [`${plural(passedOver, "workload")} skipped: deleted in the meantime`] : []),
  ];
  return `events in the cluster: ${[`${created} created, ${repeated} repeated`, ...more].join("; ")}`;
}

async function writeOne(
  event: StuckEvent,
  client: ObjectClient,
  now: number,
): Promise<"created" | "repeated" | "passedOver"> {
  const outcome = await client.create(EVENTS, event);
  if (outcome === "written") return "created";
  if (outcome === "gone") return "passedOver";
  // An empty patch returns the event, so that no right to read events is needed.
  const before = await client.patch(EVENTS, event.metadata, {});
  const series = { count: countOf(before) + 1, lastObservedTime: microTime(now) };
  if ((await client.patch(EVENTS, event.metadata, { series })) !== undefined) return "repeated";
  // It expired between the two calls.
  return (await client.create(EVENTS, event)) === "gone" ? "passedOver" : "created";
}

function countOf(event: unknown): number {
  const count = (event as { series?: { count?: unknown } } | undefined)?.series?.count;
  return typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : 1;
}
