import type {
  Claim,
  PodCount,
  RolloutRevisions,
  RolloutStatus,
  TemplateSource,
  UpdateStrategy,
} from "../../policy/model.ts";
import type { Raw } from "../raw.ts";

/** What is specific to one kind of workload; `workload.ts` adds what all kinds have in common. */
export interface WorkloadParts {
  readonly pods: PodCount;
  readonly strategy: UpdateStrategy;
  /** The raw pod template; an empty object where there is none. */
  readonly template: Raw;
  readonly status?: RolloutStatus | undefined;
  readonly revisions?: RolloutRevisions | undefined;
  /** A StatefulSet's claim templates: each pod has its own claim for these (semantics S35). */
  readonly claimTemplates?: readonly Claim[];
  /** The number of the first pod of a StatefulSet. */
  readonly firstOrdinal?: number;
  readonly templateFrom?: TemplateSource | undefined;
}

/**
 * Reads one kind, with the API server's defaults applied. Never throws: what cannot be read is replaced by its
 * default and named in `notes`, one sentence each.
 *
 * @param spec `raw.spec`, an empty object where there is none
 */
export type WorkloadReader = (raw: Raw, spec: Raw, notes: string[]) => WorkloadParts;
