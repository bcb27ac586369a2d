import { appendFile } from "node:fs/promises";
import { AttachguardError } from "../errors.ts";
import { renderMarkdown } from "../report/formats/markdown.ts";
import { renderProblems, renderText } from "../report/formats/text.ts";
import { type Format, rendererOf } from "../report/formats.ts";
import { logExitCode } from "../report/from-log.ts";
import { exitCodeOf, type FailOn, type RenderOptions, type Report } from "../report/report.ts";
import { type Output, routed, writeOutput, writeProblem } from "./outputs.ts";
import { hasColour, print, printCommands, type Terminal, widthOf } from "./terminal.ts";

/** What `check` and `audit` have in common. */
export interface ReportOptions {
  readonly format: readonly Output<Format>[];
  readonly failOn?: FailOn;
  readonly includeExempted?: true;
  readonly summary?: true;
  readonly quiet?: true;
  readonly all?: true;
}

/**
 * Prints a report in every format that was asked for: at most one to standard output, the others to files. People
 * get the text too: on standard output where nothing else goes there, else on standard error, with what was wrong
 * with the input.
 *
 * @returns the exit code of the contract.
 * @throws AttachguardError AG_ERR_USAGE where two formats go to standard output, AG_ERR_INPUT where a file cannot be
 * written.
 */
export async function emit(report: Report, options: ReportOptions, terminal: Terminal): Promise<number> {
  const { failOn = "error" } = options;
  const { outputs, onStdout: machine } = routed(options.format);
  const rendering: Omit<RenderOptions, "colour" | "width"> = {
    failOn,
    includeExempted: options.includeExempted ?? false,
    detail: options.quiet ? "quiet" : options.summary ? "summary" : "full",
    all: options.all ?? false,
  };
  const people = machine === undefined ? terminal.stdout : terminal.stderr;
  const colour = hasColour(terminal, people);
  await print(terminal.stderr, renderProblems(report, { colour: hasColour(terminal, terminal.stderr) }));
  await print(people, renderText(report, { ...rendering, colour, width: widthOf(people) }));
  for (const { format, file } of outputs) {
    const renderer = await rendererOf(format);
    const text = renderer.render(report, { ...rendering, colour: false, width: widthOf({}) });
    if (file !== undefined) await writeOutput(file, text);
    else if (renderer.holdsCommands) await printCommands(terminal.stdout, text);
    else await print(terminal.stdout, text);
  }
  if (outputs.some(({ format }) => format === "github")) await writeJobSummary(report, rendering, terminal);
  return exitCode(report, failOn);
}

/** With a log the question is what enforce would stop: a finding that no request in the log was about is shown only. */
function exitCode(report: Report, failOn: FailOn): number {
  const code = exitCodeOf(report, failOn);
  return report.fromLog === null || code === 2 ? code : logExitCode(report.fromLog, failOn);
}

/** GitHub shows this file's content below the run; it refuses more than a MiB, and a comment is far smaller. */
async function writeJobSummary(
  report: Report,
  rendering: Omit<RenderOptions, "colour" | "width">,
  { env }: Terminal,
): Promise<void> {
  const file = env.GITHUB_STEP_SUMMARY;
  if (file === undefined || file === "") return;
  try {
    await appendFile(file, renderMarkdown(report, { ...rendering, colour: false, width: widthOf({}) }));
  } catch (cause) {
    throw new AttachguardError(
      "AG_ERR_INPUT",
      `${file}: the job summary cannot be written (${writeProblem(file, cause)})`,
      {
        cause,
      },
    );
  }
}
