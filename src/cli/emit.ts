import { writeFile } from "node:fs/promises";
import { AttachguardError, messageOf } from "../errors.ts";
import { type Format, rendererOf } from "../report/formats.ts";
import { exitCodeOf, type FailOn, type Report } from "../report/report.ts";
import { renderProblems } from "../report/text.ts";
import { hasColour, print, type Terminal } from "./terminal.ts";

/** What `check` and `audit` have in common. */
export interface ReportOptions {
  readonly format: Format;
  readonly output?: string;
  readonly failOn: FailOn;
}

/**
 * Prints a report to standard output or to the file asked for. Input errors and notes go to standard error, except
 * where standard output has them already.
 *
 * @returns the exit code of the contract.
 * @throws AttachguardError AG_ERR_INPUT where the file cannot be written.
 */
export async function emit(
  report: Report,
  options: Omit<ReportOptions, "failOn"> & { readonly failOn?: FailOn },
  terminal: Terminal,
): Promise<number> {
  const renderer = await rendererOf(options.format);
  if (!renderer.holdsProblems || options.output !== undefined) {
    const colour = hasColour(terminal, terminal.stderr);
    await print(terminal.stderr, renderProblems(report, { colour }));
  }
  const colour = options.output === undefined && hasColour(terminal, terminal.stdout);
  const text = renderer.render(report, { colour });
  if (options.output === undefined) await print(terminal.stdout, text);
  else await writeReport(options.output, text);
  return exitCodeOf(report, options.failOn ?? "error");
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
