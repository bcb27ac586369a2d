import { readFile } from "node:fs/promises";
import { decode } from "../cluster/files/decode.ts";
import type { InputError } from "../cluster/files/input-error.ts";
import type { Config } from "../config/model.ts";
import { planFor } from "../fix/plan.ts";
import { type Judged, judgeAll, type Subjects } from "../judge/all.ts";
import { type JudgeSettings, waiverCheck } from "../judge/context.ts";
import { findingPlaces } from "../judge/finding-places.ts";
import { problemsFound } from "../judge/problems.ts";
import type { Unjudged } from "../kube/unjudged.ts";
import { ATTACHMENT_RULES } from "../policy/rules/index.ts";
import type { AuditFacts } from "../report/audit-facts.ts";
import type { AimAt, IsStored } from "../report/commands.ts";
import {
  buildReport,
  type ChangeFacts,
  type Report,
  type ReportedAttachment,
  type ReportParts,
} from "../report/report.ts";
import { version } from "../version.ts";
import { type AuditDiagnosis, diagnosisKey } from "./audit/diagnosed.ts";
import { pathsInRepository } from "./repository.ts";

/** What goes into one report of `check` or `audit`. */
export interface ToJudge extends ToReport {
  readonly subjects: Subjects;
}

/** What a report holds besides the judgements. */
export interface ToReport {
  /** What was wrong with, or worth knowing of, the input. */
  readonly problems: readonly InputError[];
  readonly config: Config;
  /** Which objects are in a cluster already, so that a command can change them. */
  readonly isStored: IsStored;
  readonly aimAt?: AimAt;
  /** Objects that mount a claim and are of a kind that is not judged. */
  readonly notJudged?: readonly Unjudged[];
  /** Tells which findings were there before. */
  readonly isKnown?: ReportParts["isKnown"];
  readonly audit?: AuditFacts;
  readonly change?: ChangeFacts;
  /** Reads a file as it was judged; by default, from the disk. */
  readonly readFile?: ((path: string) => Promise<Uint8Array>) | undefined;
  /** What is stuck now, and attachments, where that was diagnosed. */
  readonly diagnosis?: AuditDiagnosis;
}

/** Judges everything, and makes a report of it. */
export async function judgedReport(toJudge: ToJudge): Promise<Report> {
  return reportOf(await judgeAll(toJudge.subjects, settingsOf(toJudge.config), planFor), toJudge);
}

/** The settings with which files and clusters are judged. */
export function settingsOf(config: Config): JudgeSettings {
  return { config, verifyWaiver: waiverCheck(() => config), dryRun: false, now: Date.now() };
}

/** Makes a report of what was judged. */
export async function reportOf(judged: Judged, toReport: ToReport): Promise<Report> {
  const { problems, config, isStored, aimAt, notJudged = [], isKnown, diagnosis } = toReport;
  const { audit = null, change = null } = toReport;
  const { errors, notes } = problemsFound(problems);
  return buildReport({
    findings: judged.findings,
    placesOf: await findingPlaces(judged.findings, (file) => textOf(file, toReport.readFile)),
    workloads: judged.workloads.map((row) => {
      const stuck = diagnosis?.stuck.get(diagnosisKey(row.workload));
      return stuck === undefined ? row : { ...row, state: "stuck", reason: stuck };
    }),
    attachments: bySeverity(diagnosis?.attachments ?? [], config),
    notJudged: notJudged.map(({ source, ...object }) => ({
      object: { ...object, namespace: object.namespace || "default" },
      source: source ?? null,
    })),
    audit,
    change,
    errors,
    notes: [
      ...notes,
      ...judged.notes,
      ...(diagnosis?.note === undefined ? [] : [{ source: null, message: diagnosis.note }]),
    ],
    ...(isKnown === undefined ? {} : { isKnown }),
    toolVersion: version(),
    telling: { docsUrl: config.docsUrl, isStored, ...(aimAt === undefined ? {} : { aimAt }) },
    inRepository: pathsInRepository(process.cwd()),
  });
}

/** As for workloads: the configuration never makes a finding more severe where the rule itself lowered it. */
function bySeverity(
  findings: readonly ReportedAttachment[],
  { severities }: Config,
): readonly ReportedAttachment[] {
  return findings.flatMap((finding) => {
    const configured = severities[finding.rule];
    if (configured === undefined) return finding;
    if (configured === "off") return [];
    const own = ATTACHMENT_RULES.find(({ id }) => id === finding.rule)?.severity;
    return own === "error" && finding.severity === "warning" ? finding : { ...finding, severity: configured };
  });
}

async function textOf(
  file: string,
  read: (path: string) => Promise<Uint8Array> = readFile,
): Promise<string | undefined> {
  if (file === "-") return undefined;
  try {
    const decoded = decode(await read(file));
    return "text" in decoded ? decoded.text : undefined;
  } catch {
    // It was read a moment ago; only a line number is lost.
    return undefined;
  }
}
