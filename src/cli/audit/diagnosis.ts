import type { ConfigSource } from "../../cluster/live/kube-config.ts";
import { diagnose } from "../../diagnose/diagnose.ts";
import type { DiagnosisError } from "../../diagnose/diagnosis.ts";
import { DumpReader } from "../../diagnose/dump.ts";
import type { Facts } from "../../diagnose/facts.ts";
import { NO_OPTIONS } from "../../diagnose/options.ts";
import { messageOf } from "../../errors.ts";
import { detachingOf } from "../../policy/catalogue/capabilities.ts";
import { dumpPaths, readEach } from "../diagnose/dump-files.ts";
import { confirmedLook, liveLooks, sleep } from "../diagnose/live-look.ts";
import { type AuditDiagnosis, diagnosisKey } from "./diagnosed.ts";

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
      return told(look.facts, namespace, seenBefore);
    } finally {
      looks.close();
    }
  } catch (thrown) {
    return without(messageOf(thrown));
  }
}

/**
 * Diagnoses a dump of JSON files while the audit reads them, so that each is parsed once and let go.
 */
export class DumpDiagnosis {
  readonly #paths: readonly string[];
  readonly #reader = new DumpReader({ keepsItems: false });
  /** The files of the dump that nobody has handed over. */
  readonly #missing: Set<string>;
  readonly #errors: DiagnosisError[];

  /** @param paths what `--from` names */
  static async of(paths: readonly string[]): Promise<DumpDiagnosis> {
    const errors: DiagnosisError[] = [];
    return new DumpDiagnosis(paths, await dumpPaths(paths, errors), errors);
  }

  private constructor(paths: readonly string[], files: readonly string[], errors: DiagnosisError[]) {
    this.#paths = paths;
    this.#missing = new Set(files);
    this.#errors = errors;
  }

  /** Takes what a file holds that the audit has read. */
  take(file: string, value: unknown): void {
    if (this.#missing.delete(file)) this.#reader.add({ file, values: [value] });
  }

  /**
   * The diagnosis, once the audit has read everything; what it has not handed over is read now. What is not in the dump
   * counts as absent only where the caller says that it is complete.
   *
   * @param closed `--closed`
   */
  async diagnose(
    { closed, at }: { readonly closed: boolean; readonly at: number | undefined },
    namespace: string | undefined,
  ): Promise<AuditDiagnosis> {
    // Standard input can be read only once, and the audit has read it.
    if (this.#paths.includes("-"))
      return without("standard input can be read only once, so pods in it were not checked");
    const { files, errors } = await readEach(this.#missing, process.stdin, this.#errors);
    for (const file of files) this.#reader.add(file);
    if (errors.length > 0) return without("the files are not a dump in JSON");
    const { facts } = this.#reader.dump({ closed, at });
    const hasPods =
      facts.objects.Pod.length > 0 ||
      (!closed && facts.readings.some(({ kind, state }) => kind === "Pod" && state === "complete"));
    if (!hasPods) return without("the dump has no pods");
    return told(facts, namespace, null);
  }
}

function told(
  facts: Facts,
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
