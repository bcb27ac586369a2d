import type { InputError } from "../cluster/files/input-error.ts";
import type { Config } from "../config/model.ts";
import { judgeAll, type Subjects } from "../judge/all.ts";
import { waiverCheck } from "../judge/context.ts";
import type { IsStored } from "../report/commands.ts";
import { buildReport, type Report, type ReportParts } from "../report/report.ts";
import { findingPlaces } from "./finding-places.ts";
import { pathsInRepository } from "./repository.ts";
import { version } from "./version.ts";

/**
 * Everything that is judged in one run of `check` or `audit`, as a report.
 *
 * @param problems what was wrong with, or worth knowing of, the input
 * @param isKnown tells which findings were there before
 * @param isStored which objects are in a cluster already, so that a command can change them
 */
export async function judgedReport(
  subjects: Subjects,
  problems: readonly InputError[],
  config: Config,
  isStored: IsStored,
  isKnown?: ReportParts["isKnown"],
): Promise<Report> {
  const judged = await judgeAll(subjects, {
    config,
    verifyWaiver: waiverCheck(() => config),
    dryRun: false,
    now: Date.now(),
  });
  return buildReport({
    findings: judged.findings,
    placesOf: await findingPlaces(judged.findings),
    workloads: judged.workloads,
    errors: problems
      .filter(({ fatal }) => fatal)
      .map(({ file, line, column, message }) => ({ file, line, column, message, code: "AG_ERR_INPUT" })),
    notes: [
      ...problems
        .filter(({ fatal }) => !fatal)
        .map(({ file, line, column, message }) => ({
          source: file === "" ? null : { file, line, column },
          message,
        })),
      ...judged.notes,
    ],
    ...(isKnown === undefined ? {} : { isKnown }),
    toolVersion: version(),
    telling: { docsUrl: config.docsUrl, isStored },
    inRepository: pathsInRepository(process.cwd()),
  });
}
