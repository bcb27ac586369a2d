import { writeFile } from "node:fs/promises";
import { AttachguardError, messageOf } from "../errors.ts";
import { renderJson } from "../report/json.ts";
import { exitCodeOf, type FailOn, type Report } from "../report/report.ts";
import { renderErrors, renderText } from "../report/text.ts";
import { hasColour, print, type Terminal } from "./terminal.ts";

export const FORMATS = ["text", "json"] as const;
export type Format = (typeof FORMATS)[number];

/** What `check` and `audit` have in common. */
export interface ReportOptions {
  readonly format: Format;
  readonly output?: string;
  readonly failOn: FailOn;
}

/**
 * Prints a report to standard output or to the file asked for. The input errors go to standard error, except where
 * standard output has them already, as JSON.
 *
 * @returns the exit code of the contract.
 * @throws AttachguardError AG_ERR_INPUT where the file cannot be written.
 */
export async function emit(report: Report, options: ReportOptions, terminal: Terminal): Promise<number> {
  if (options.format === "text" || options.output !== undefined) {
    await print(terminal.stderr, renderErrors(report.errors, hasColour(terminal, terminal.stderr)));
  }
  const colour = options.output === undefined && hasColour(terminal, terminal.stdout);
  const text = options.format === "json" ? renderJson(report) : renderText(report, colour);
  if (options.output === undefined) await print(terminal.stdout, text);
  else await writeReport(options.output, text);
  return exitCodeOf(report, options.failOn);
}

async function writeReport(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new AttachguardError(
      "AG_ERR_INPUT",
      `${file || "--output"}: the report cannot be written (${writeProblem(file, cause)})`,
      { cause },
    );
  }
}

/** What the operating system said, in words, with the way out. */
function writeProblem(file: string, error: unknown): string {
  if (file === "") return "it is empty: name a file";
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
    case "ENOTDIR":
      return "there is no such folder: make it, or name another file";
    case "EISDIR":
      return "it is a folder: name a file in it";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "it may not be written: change the permissions, or name another file";
    default:
      return messageOf(error);
  }
}
