import type { Config } from "../config/model.ts";
import type { Finding } from "../policy/finding.ts";
import type { Autoscaler, Claim, SourcePosition, Workload } from "../policy/model.ts";
import { nameOf } from "../policy/phrasing.ts";
import type { ClusterView } from "../policy/view.ts";
import type { ReportNote } from "../report/report.ts";
import { namespaceMode } from "./mode.ts";
import type { Fate, Versions } from "./pairing.ts";

interface Named {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
}

/** In files, an object that is renamed or moved to another namespace is gone; in a cluster it stays. */
export function replacedNote(
  old: Named,
  { source, ...now }: (Workload | Claim | Autoscaler) & { readonly source: SourcePosition | undefined },
): ReportNote {
  const named = (object: Named) =>
    nameOf({ kind: "PersistentVolumeClaim", namespace: "", ...object, name: object.name });
  return {
    source: source ?? null,
    message: `${named(now)} replaces ${named(old)} in the files: it is judged as new, beside the old one, which stays unless it is pruned`,
  };
}

/** What a verdict rests on that files do not show. */
export function withDoubts(finding: Finding, fate: Fate, isNewClaim: (name: string) => boolean): Finding {
  if (finding.severity !== "error") return finding;
  const notes = [
    ...(startsRollout(finding, fate)
      ? [
          "if a rollout of it is unfinished in the cluster, the webhook lets this pass with a warning: files do not show that",
        ]
      : []),
    ...(fate.state === "same" && finding.claims.some(({ name, inline }) => !inline && isNewClaim(name))
      ? [
          "the webhook denies the new claim only if the workload is younger than 10 minutes, and warns otherwise: files do not show that",
        ]
      : []),
  ];
  return notes.length === 0 ? finding : { ...finding, notes: [...finding.notes, ...notes] };
}

function startsRollout({ factors }: Finding, fate: Fate): boolean {
  if (fate.state !== "changed" || !fate.templateChanged || factors?.moment !== "rollout") return false;
  const old = fate.before.object;
  return "strategy" in old && old.status === undefined && old.strategy.kind !== "recreate";
}

/** An exemption that a change adds counts, as it would at admission, and is reported. */
export function exemptionNote({ exempted, rule, workload, source }: Finding): readonly ReportNote[] {
  if (exempted === null) return [];
  const { by, reason } = exempted;
  return [{ source, message: `this change exempts ${nameOf(workload)} from ${rule} (${by}: ${reason})` }];
}

/** Namespaces whose mode a change alters. */
export function modeNotes({ before, after, surroundings }: Versions, config: Config): readonly ReportNote[] {
  const [old, now] = [before, after].map((bundle) => bundle.viewFor(undefined, surroundings)) as [
    ClusterView,
    ClusterView,
  ];
  const names = new Set(
    [...before.facts, ...after.facts].flatMap(({ kind, object }) =>
      kind === "Namespace" ? [object.name] : [],
    ),
  );
  return [...names].sort().flatMap((name): readonly ReportNote[] => {
    const [was, is] = [namespaceMode(config, old, name).mode, namespaceMode(config, now, name).mode];
    if (was === is) return [];
    return [
      { source: null, message: `this change sets the mode of namespace ${name} to ${is}: it was ${was}` },
    ];
  });
}

/** It is not known who applies a change; another mode may hold for them. */
export function callersNote(brought: readonly Finding[], { callers }: Config): readonly ReportNote[] {
  if (callers.length === 0 || !brought.some(({ severity }) => severity === "error")) return [];
  const message =
    "the configuration gives some callers another mode: who will apply this is not known, so the errors hold for everybody else";
  return [{ source: null, message }];
}
