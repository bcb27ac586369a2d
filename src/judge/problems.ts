import type { InputError } from "../cluster/files/input-error.ts";
import type { ReportParts } from "../report/report.ts";

/** The input's errors and notes, as a report lists them. */
export function problemsFound(
  problems: readonly InputError[],
): Required<Pick<ReportParts, "errors" | "notes">> {
  return {
    errors: problems
      .filter(({ fatal }) => fatal)
      .map(({ file, line, column, message }) => ({ file, line, column, message, code: "AG_ERR_INPUT" })),
    notes: problems
      .filter(({ fatal }) => !fatal)
      .map(({ file, line, column, message, unrendered }) => ({
        source: file === "" ? null : { file, line, column },
        message,
        ...(unrendered === true ? { unrendered } : {}),
      })),
  };
}
