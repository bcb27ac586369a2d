import type { ObjectRef } from "../../policy/model.ts";
import type { ReportedAttachment } from "../../report/report.ts";

/** What diagnosis adds to an audit. */
export interface AuditDiagnosis {
  /** What is stuck now, by `diagnosisKey`, each with its diagnosis in one line. */
  readonly stuck: ReadonlyMap<string, string>;
  /** Attachments that nobody uses, or that are in danger. */
  readonly attachments: readonly ReportedAttachment[];
  /** The uid of each VolumeAttachment that was seen, by its name. */
  readonly attachmentUids: ReadonlyMap<string, string>;
  /** True where every attachment of the cluster was looked at, with all that its state depends on. */
  readonly sawAllAttachments: boolean;
  /** Why nothing is reported about what is stuck now; undefined where it is. */
  readonly note: string | undefined;
}

export function diagnosisKey({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace}/${name}`;
}
