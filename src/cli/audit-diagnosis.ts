import type { ConfigSource } from "../cluster/live/kube-config.ts";
import { diagnose } from "../diagnose/diagnose.ts";
import { readDump } from "../diagnose/dump.ts";
import { NO_OPTIONS } from "../diagnose/options.ts";
import { messageOf } from "../errors.ts";
import { detachingOf } from "../policy/catalogue/capabilities.ts";
import { type AuditDiagnosis, diagnosisKey } from "./diagnosed.ts";
import { readDumpFiles } from "./dump-files.ts";
import { confirmedLook, type FactsLook, liveLooks, sleep } from "./live-look.ts";

const OPTIONS = { ...NO_OPTIONS, driver: detachingOf };

/**
 * Diagnoses a live cluster, with the looks that may be reported. Never rejects: an audit carries on without a
 * diagnosis.
 */
export async function diagnoseLive(
  source: ConfigSource,
  namespace: string | undefined,
  wait: (milliseconds: number) => Promise<void> = sleep,
): Promise<AuditDiagnosis> {
  try {
    const looks = await liveLooks(source, namespace ?? null);
    try {
      const { look, seenBefore } = await confirmedLook(looks.look, OPTIONS, wait);
      return told(look, namespace, seenBefore);
    } finally {
      looks.close();
    }
  } catch (thrown) {
    return without(messageOf(thrown));
  }
}

/**
 * Diagnoses a dump of JSON files. What is not in it counts as absent only where the caller says that it is complete.
 *
 * @param closed `--closed`
 */
export async function diagnoseDump(
  paths: readonly string[],
  { closed, at }: { readonly closed: boolean; readonly at: number | undefined },
  namespace: string | undefined,
): Promise<AuditDiagnosis> {
  // Standard input can be read only once, and the audit has read it.
  if (paths.includes("-"))
    return without("standard input can be read only once, so pods in it were not checked");
  const { files, errors } = await readDumpFiles(paths, process.stdin);
  if (errors.length > 0 || files.length === 0) return without("the files are not a dump in JSON");
  const dump = readDump(files, { closed, at });
  const hasPods = dump.readings.some(
    ({ kind, items, state }) => kind === "Pod" && (items.length > 0 || (state === "complete" && !closed)),
  );
  if (!hasPods) return without("the dump has no pods");
  return told(dump, namespace, null);
}

function told(
  { facts }: FactsLook,
  namespace: string | undefined,
  dangersSeenBefore: ReadonlySet<string> | null,
): AuditDiagnosis {
  const asked = { all: true, namespace: namespace ?? null } as const;
  const { diagnoses, findings, errors } = diagnose(facts, asked, { ...OPTIONS, dangersSeenBefore });
  const stuck = new Map<string, string>();
  for (const { subject, state, cause } of diagnoses) {
    if (state !== "stuck" && state !== "endangered") continue;
    const ref = { ...subject, namespace: subject.namespace ?? "" };
    stuck.set(diagnosisKey(ref), `${cause.id}: ${cause.text.replaceAll(/\s+/g, " ")}`);
  }
  const unread = errors[0]?.message;
  const isPodRead = facts.readings.some(({ kind, state }) => kind === "Pod" && state !== "unread");
  return {
    stuck,
    attachments: findings,
    attachmentUids: new Map(
      facts.objects.VolumeAttachment.flatMap(({ name, uid }) => (uid === undefined ? [] : [[name, uid]])),
    ),
    sawAllAttachments:
      errors.length === 0 &&
      namespace === undefined &&
      facts.readings.every(({ state }) => state !== "unread") &&
      facts.readings.some(({ kind, state }) => kind === "VolumeAttachment" && state === "complete"),
    note: unread === undefined || isPodRead ? unread : noteOf(unread),
  };
}

function without(why: string): AuditDiagnosis {
  return {
    stuck: new Map(),
    attachments: [],
    attachmentUids: new Map(),
    sawAllAttachments: false,
    note: noteOf(why),
  };
}

function noteOf(why: string): string {
  return `only what would get stuck (latent) is reported, not what is stuck now: ${why}`;
}
