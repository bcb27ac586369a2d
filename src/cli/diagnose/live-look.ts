import type { ConfigSource } from "../../cluster/live/kube-config.ts";
import { dangersIn } from "../../diagnose/diagnose.ts";
import type { Facts } from "../../diagnose/facts.ts";
import type { DiagnoseOptions } from "../../diagnose/options.ts";
import type { RawReading } from "../../diagnose/project.ts";

/** One look at a cluster or a dump: what was read, and the facts in it. */
export interface FactsLook {
  readonly facts: Facts;
  readonly readings: readonly RawReading[];
}

/** Bounds of one look at a live cluster. */
const LIMITS = { bytes: 512 * 1024 * 1024, patience: 20_000 } as const;

/** R3 and R14 to R16 pass within seconds: they are reported only where a second look sees them too. */
const SECOND_LOOK = 15_000;

/** A cluster that can be looked at several times. */
export interface LiveLooks {
  look(): Promise<FactsLook>;
  close(): void;
}

/**
 * @param namespace workloads of this namespace only; null: of all
 * @throws AttachguardError AG_ERR_CONFIG where there is no usable configuration
 */
export async function liveLooks(source: ConfigSource, namespace: string | null): Promise<LiveLooks> {
  const [{ connectDirectly }, { lookLive }] = await Promise.all([
    import("../../cluster/live/direct-reader.ts"),
    import("../../diagnose/live/live-facts.ts"),
  ]);
  const reader = await connectDirectly(source, LIMITS);
  return {
    look: () => lookLive(reader, { namespace, patience: LIMITS.patience }),
    close: () => reader.close(),
  };
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A look whose dangers a second one has confirmed. */
export interface ConfirmedLook {
  readonly look: FactsLook;
  /** What may be reported, for `DiagnoseOptions.dangersSeenBefore`. */
  readonly seenBefore: ReadonlySet<string>;
  /** What there is now, for the next look. */
  readonly dangers: ReadonlySet<string>;
}

/**
 * Looks, and where there is a danger that could be a race, looks again after 15 s.
 *
 * @param seen the dangers of an earlier look, at least 15 s ago
 */
export async function confirmedLook(
  look: () => Promise<FactsLook>,
  options: DiagnoseOptions,
  wait: (milliseconds: number) => Promise<void>,
  seen?: ReadonlySet<string>,
): Promise<ConfirmedLook> {
  const first = await look();
  const dangers = dangersIn(first.facts, options);
  const isNew = [...dangers].some((danger) => !(seen?.has(danger) ?? false));
  if (!isNew) return { look: first, seenBefore: seen ?? dangers, dangers };
  await wait(SECOND_LOOK);
  const second = await look();
  return { look: second, seenBefore: dangers, dangers: dangersIn(second.facts, options) };
}
