import { Command, CommanderError } from "commander";
import { AttachguardError, type ErrorCode, messageOf } from "../errors.ts";
import { noneStored } from "../report/commands.ts";
import { type Format, rendererOf } from "../report/formats.ts";
import { buildReport } from "../report/report.ts";
import { version } from "../version.ts";
import { addAudit } from "./commands/audit.ts";
import { addCerts } from "./commands/certs.ts";
import { addCheck } from "./commands/check.ts";
import { addCompletion } from "./commands/completion.ts";
import { addDiagnose } from "./commands/diagnose.ts";
import { addExplain } from "./commands/explain.ts";
import { addRunbook } from "./commands/runbook.ts";
import { addServe } from "./commands/serve.ts";
import type { Done } from "./commands/subcommand.ts";
import { addWaiver } from "./commands/waiver.ts";
import { addWebhooks } from "./commands/webhooks.ts";
import { callName, speakingAs } from "./plugin-name.ts";
import { print, type Terminal } from "./terminal.ts";

/** The input or the command line is wrong, or attachguard itself failed: 1 is kept for findings. */
const EXIT_FAILURE = 2;

/** The width where the output is not a terminal that knows its own. */
const HELP_WIDTH = 80;

/**
 * Runs one command line and prints the outcome.
 *
 * @returns the exit code: 0, 1 (something at or above `--fail-on`) or 2 (the input or the command line is wrong). Never
 * rejects because of what the command line or the input says.
 */
export async function main(process: Terminal): Promise<number> {
  const terminal = speakingAs(callName(process), process);
  const printed = { out: "", err: "" };
  const asked: Asked = { command: undefined, format: "text" };
  let code = 0;
  const program = buildProgram(terminal, printed, asked, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(withFixIds(terminal.argv));
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(terminal, asked, failureOf(error));
    if (error.exitCode !== 0) {
      const message = error.message.replace(/^error: /, "");
      return fail(terminal, asked, { code: "AG_ERR_USAGE", message, text: printed.err });
    }
  }
  await print(terminal.stdout, printed.out);
  return code;
}

/** An id of `--fix` is taken only after `=`: anything else that follows it is a path. */
function withFixIds(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return argv.map((word, at) =>
    word.startsWith("--fix=") && (end === -1 || at < end) ? word.replace("--fix=", "--fix-by=") : word,
  );
}

interface Failure {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  /** The message on stderr for people. */
  readonly text: string;
}

function failureOf(error: unknown): Failure {
  const message = messageOf(error);
  if (error instanceof AttachguardError) return { code: error.code, message, text: `error: ${message}\n` };
  // Not foreseen, so a bug report needs the place.
  const detail = error instanceof Error ? (error.stack ?? message) : message;
  return { code: undefined, message, text: `error: attachguard failed unexpectedly: ${detail}\n` };
}

/** What the command line asked for, noted while it is read: it may be wrong further on. */
interface Asked {
  command: string | undefined;
  format: Format;
}

/** Prints a failure in the form that readers of this command expect: text, the report's format, or a JSON line. */
async function fail(terminal: Terminal, { command, format }: Asked, failure: Failure): Promise<number> {
  if (command === "serve") {
    const { logFailure } = await import("./serve/log.ts");
    logFailure(failure.code, failure.message);
    return EXIT_FAILURE;
  }
  await print(terminal.stderr, failure.text);
  if (command === "diagnose") {
    const { failedDiagnosis } = await import("./diagnose/diagnosis-output.ts");
    if (format === "json") await print(terminal.stdout, failedDiagnosis(failure.message, new Date()));
    return EXIT_FAILURE;
  }
  const renderer = await rendererOf(format);
  if (renderer.holdsProblems) {
    const code = failure.code ?? "AG_ERR_INTERNAL";
    const report = buildReport({
      errors: [{ file: "", line: 1, column: 1, message: failure.message, code }],
      toolVersion: version(),
      telling: { docsUrl: null, isStored: noneStored },
      inRepository: (file) => file,
    });
    await print(
      terminal.stdout,
      renderer.render(report, {
        colour: false,
        width: HELP_WIDTH,
        failOn: "error",
        includeExempted: false,
        detail: "full",
        all: false,
      }),
    );
  }
  return EXIT_FAILURE;
}

/** In the order of the help. */
const COMMANDS = {
  serve: addServe,
  check: addCheck,
  audit: addAudit,
  diagnose: addDiagnose,
  runbook: addRunbook,
  explain: addExplain,
  waiver: addWaiver,
  certs: addCerts,
  webhooks: addWebhooks,
  completion: addCompletion,
} as const;

/** The command line. Each command's own module is loaded when the command is run. */
function buildProgram(
  terminal: Terminal,
  printed: { out: string; err: string },
  asked: Asked,
  done: Done,
): Command {
  const name = callName(terminal);
  const program = new Command(name)
    .description("Stops Kubernetes Multi-Attach errors before they happen.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [COMMAND]", "print the help of a command")
    .exitOverride()
    .hook("preSubcommand", (_, command) => {
      asked.command = command.name();
    })
    .showHelpAfterError(`Run \`${name} --help\` for the list of commands.`)
    .configureOutput({
      writeOut: (text) => {
        printed.out += text;
      },
      writeErr: (text) => {
        printed.err += text;
      },
      getOutHelpWidth: () => terminal.stdout.columns ?? HELP_WIDTH,
      getErrHelpWidth: () => terminal.stderr.columns ?? HELP_WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  const [, , word = ""] = terminal.argv;
  // Naming a command loads only that one; any other word may need all of them.
  for (const add of Object.hasOwn(COMMANDS, word)
    ? [COMMANDS[word as keyof typeof COMMANDS]]
    : Object.values(COMMANDS)) {
    add(program, terminal, done).on("option:format", (text: string) => {
      if (!text.includes("=")) asked.format = text as Format;
    });
  }
  return program;
}
