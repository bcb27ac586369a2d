import type { SourcePosition, Workload } from "../policy/model.ts";
import { apiVersionOf, isGone, isWorkloadKind, KINDS, kindOf, type WorkloadKind } from "./kinds.ts";
import { managedBy } from "./managed-by.ts";
import { hasController, metadataOf, type TypeMeta, typeOf } from "./metadata.ts";
import { podTemplateOf } from "./pod-template.ts";
import { isRecord, NOTHING, type Raw, record } from "./raw.ts";

/**
 * True for a workload that another object controls, where its kind is one that controllers make (ReplicaSet, Job,
 * Pod and so on): it is judged as part of its owner, and admission sees the owner first.
 */
export function isOwned(kind: WorkloadKind, raw: Raw): boolean {
  return KINDS[kind].owned && hasController(raw, ONLY_MADE_BY[kind]);
}

/** Whoever writes a ReplicationController may name any object that is there as its controller; one kind makes them. */
const ONLY_MADE_BY: Readonly<Partial<Record<WorkloadKind, string>>> = {
  ReplicationController: "DeploymentConfig",
};

const NO_VOLUMES: ReadonlySet<unknown> = new Set();

function versionNote(apiVersion: string, kind: WorkloadKind, notes: string[]): void {
  const served = apiVersionOf(kind);
  if (isGone(apiVersion, kind)) {
    notes.push(`apiVersion ${apiVersion} is gone from Kubernetes: judged as ${served}, which replaced it`);
  } else if (!KINDS[kind].versions.includes(apiVersion.slice(apiVersion.indexOf("/") + 1))) {
    notes.push(`apiVersion ${apiVersion} is not known for ${kind}: judged as ${served}`);
  }
}

/**
 * A workload with the API server's defaults applied. `undefined` for a value that is not a workload, and for one that
 * another object controls (see `isOwned`). Whatever cannot be read is replaced by its default and named in `notes`.
 * `inherited` is the type of an item whose list does not repeat it.
 */
export function workloadFrom(
  raw: unknown,
  source?: SourcePosition,
  inherited?: TypeMeta,
): Workload | undefined {
  if (!isRecord(raw)) return undefined;
  const type = typeOf(raw, inherited);
  if (type === undefined) return undefined;
  const { apiVersion } = type;
  const kind = kindOf(apiVersion, type.kind);
  if (kind === undefined || !isWorkloadKind(kind) || isOwned(kind, raw)) return undefined;
  const read = KINDS[kind].reads;
  if (read === undefined) return undefined;
  const { namespace, name, uid, labels, annotations, createdAt } = metadataOf(raw);
  const spec = record(raw.spec);
  const notes: string[] = [];
  versionNote(apiVersion, kind, notes);
  const parts = read(raw, spec, notes);
  const { claimTemplates = NOTHING } = parts;
  const ownVolumes =
    claimTemplates.length === 0 ? NO_VOLUMES : new Set<unknown>(claimTemplates.map((own) => own.name));
  return {
    apiVersion,
    kind,
    namespace,
    name,
    uid,
    labels,
    annotations,
    pods: parts.pods,
    strategy: parts.strategy,
    paused: spec.paused === true,
    template: podTemplateOf(parts.template, ownVolumes),
    status: parts.status,
    revisions: parts.revisions,
    templateFrom: parts.templateFrom,
    claimTemplates,
    firstOrdinal: parts.firstOrdinal ?? 0,
    managedBy: managedBy(raw),
    createdAt,
    source,
    notes: notes.length === 0 ? NOTHING : notes,
  };
}
