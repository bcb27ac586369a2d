import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { RUNBOOKS, type RunbookId } from "../diagnose/runbooks/runbook.ts";
import { AttachguardError, type ErrorCode, messageOf } from "../errors.ts";
import type { FixId } from "../policy/fixes.ts";
import { noneStored } from "../report/commands.ts";
import { FORMATS, type Format, rendererOf } from "../report/formats.ts";
import { buildReport, FAIL_ON } from "../report/report.ts";
import { version } from "../version.ts";
import type { Shell } from "./completion.ts";
import { DUMP_HELP } from "./diagnose-help.ts";
import { DIAGNOSIS_FORMATS, type DiagnosisOutput } from "./diagnosis-output.ts";
import type { Output } from "./emit.ts";
import { fixArgument } from "./fix-argument.ts";
import { callName, speakingAs } from "./plugin-name.ts";
import { print, type Terminal } from "./terminal.ts";

/** The input or the call is wrong, or attachguard itself failed: 1 is kept for findings. */
const EXIT_FAILURE = 2;

/** Where the output is no terminal that knows its width. */
const HELP_WIDTH = 80;

/**
 * Runs one command line and prints what comes of it.
 *
 * @returns the exit code: 0, 1 (something at or above `--fail-on`) or 2 (the input or the call is wrong). Never
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

/** An id of `--fix` is taken only after `=`: what else follows it is a path. */
function withFixIds(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return argv.map((word, at) =>
    word.startsWith("--fix=") && (end === -1 || at < end) ? word.replace("--fix=", "--fix-by=") : word,
  );
}

interface Failure {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  /** What stands on stderr for people. */
  readonly text: string;
}

function failureOf(error: unknown): Failure {
  const message = messageOf(error);
  if (error instanceof AttachguardError) return { code: error.code, message, text: `error: ${message}\n` };
  // Not foreseen, so whoever reports it needs the place.
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
    const { logFailure } = await import("./serve-log.ts");
    logFailure(failure.code, failure.message);
    return EXIT_FAILURE;
  }
  await print(terminal.stderr, failure.text);
  if (command === "diagnose") {
    const { failedDiagnosis } = await import("./diagnosis-output.ts");
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

type Done = (code: number) => void;

/** The whole command line. Each command's own module is loaded when the command is run. */
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
    .showHelpAfterError(`Run \`${name} --help\` for the commands there are.`)
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
  addServe(program, terminal, done);
  for (const command of [addCheck(program, terminal, done), addAudit(program, terminal, done)]) {
    command.on("option:format", (text: string) => {
      if (!text.includes("=")) asked.format = text as Format;
    });
  }
  addDiagnose(program, terminal, done).on("option:format", (text: string) => {
    if (text === "json") asked.format = text;
  });
  addRunbook(program, terminal, done);
  addExplain(program, terminal, done);
  addWaiver(program, terminal, done);
  addCerts(program, terminal, done);
  addWebhooks(program, terminal, done);
  addCompletion(program, terminal, done);
  return program;
}

function addCheck(program: Command, terminal: Terminal, done: Done): Command {
  const command = subcommand(program, "check", "judge manifests, all together, before they reach a cluster")
    .argument("[PATH...]", "YAML or JSON files, folders of them, or - for standard input")
    .option("--no-config", "use no configuration, not even an attachguard.yaml that is found")
    .option("--baseline <FILE>", "findings that are accepted for now, as --write-baseline wrote them")
    .option("--write-baseline <FILE>", "accept what is found now, and exit with 0")
    .option("--base <REF>", "judge what changed since the merge base with REF, as the webhook will")
    .option("--all", "with --base or --baseline: also tell what was known before")
    .option("--allow-unrendered", "with --base: pass what is changed and cannot be rendered")
    .option(
      "--fix",
      "write into the files what a rollout strategy fixes; --fix=ID: another way out (repeatable)",
    )
    .addOption(new Option("--fix-by <ID>").argParser(addFixId).hideHelp())
    .option("--diff", "print what --fix would write as a diff, and write nothing")
    .option("--live", "judge them together with what is in the cluster");
  addFileOptions(command);
  addReportOptions(command);
  addClusterAccessOptions(command);
  command.action(async (paths: string[], { fix, fixBy, ...rest }) => {
    const fixes = [...(fix === undefined ? [] : [true]), ...(fixBy ?? [])];
    const options = fixes.length === 0 ? rest : { ...rest, fix: fixes };
    if (options.base === undefined) refuseWithoutBase(options);
    const judge = options.base === undefined ? await checker() : await changeChecker();
    done(await judge(paths, options, terminal));
  });
  return command;
}

function addFixId(id: string, before: readonly FixId[] = []): readonly FixId[] {
  return [...before, fixArgument(id)];
}

function refuseWithoutBase(options: Readonly<Record<string, unknown>>): void {
  if (options.allowUnrendered) throw new AttachguardError("AG_ERR_USAGE", "--allow-unrendered needs --base");
  if (options.all && options.baseline === undefined)
    throw new AttachguardError("AG_ERR_USAGE", "--all needs --base or --baseline");
}

async function checker() {
  return (await import("./check.ts")).check;
}

async function changeChecker() {
  return (await import("./check-base.ts")).checkBase;
}

function addAudit(program: Command, terminal: Terminal, done: Done): Command {
  const command = subcommand(program, "audit", "judge everything in a cluster, or in a dump of one")
    .option("-n, --namespace <NS>", "only this namespace")
    .option("--selector <SELECTOR>", "only workloads with these labels, as kubectl takes them")
    .option("--from <PATH...>", "files instead of the cluster, e.g. a `kubectl get ... -A -o json` dump")
    .option("--closed", "what the files do not hold does not exist (default: only for dumps)")
    .option("--open", "what the files do not hold may exist, even for a dump")
    .option("--at <TIME>", "the time of the dump (RFC 3339; default: now)")
    .option("--since <REPORT>", "compare with an earlier report of --format json")
    .option("--write-reports", "keep the findings in the cluster, as OpenReports or PolicyReports")
    .addOption(
      new Option("--max-reports <N>", "at most so many of them (default: 1000)").argParser(countArgument),
    )
    .option(
      "--from-log <FILE...>",
      "what mode enforce would have denied, by logs of the API server or of serve",
    )
    .option("--users", "with --from-log: who sent the requests")
    .option("--events", "tell of each stuck workload by an Event in its namespace")
    .addOption(kubeconfigOption())
    .addOption(
      contextOption()
        .argParser((name: string, before: readonly string[]) => [...before, name])
        .default([], "the current one"),
    );
  addReportOptions(command);
  command.action(async (options) => {
    const { audit } = await import("./audit.ts");
    done(await audit(options, terminal));
  });
  return command;
}

function addDiagnose(program: Command, terminal: Terminal, done: Done): Command {
  const several = (word: string, before: readonly string[] = []): readonly string[] => [...before, word];
  const command = subcommand(
    program,
    "diagnose",
    "why a pod is stuck, who holds its volume, what frees it, and is that safe",
  )
    .argument("[KIND/NAME]", "what is stuck, e.g. pod/web-0 or pvc/data; all (default): what is not healthy")
    .option("-n, --namespace <NS>", "its namespace")
    .option("-A, --all-namespaces", "what is not healthy in the whole cluster")
    .option("--from <PATH...>", "a dump instead of the cluster: *.json files, folders of them, or -")
    .option("--closed", "the dump holds everything: what is not in it does not exist")
    .option("--at <TIME>", "when the dump was taken (RFC 3339; default: the newest time in it)")
    .option("--since <FILE>", "what --save wrote earlier: what has not changed in ten minutes is left over")
    .addOption(
      new Option(
        "--format <FORMAT[=FILE]>",
        `print it as ${DIAGNOSIS_FORMATS.join(", ")} (to FILE); may be given several times`,
      )
        .argParser(addDiagnosisOutput)
        .default([], "text"),
    )
    .option(
      "--machine-is-off <NODE>",
      "you know that this node's machine is off and stays off (repeatable)",
      several,
    )
    .option("--watch", "look again until it is healthy; a new screen when the answer changes")
    .option("--save <FILE>", "write what was read, and nothing secret, for a ticket, --from or --since");
  addClusterAccessOptions(command);
  command.addHelpText("after", () => `\n${DUMP_HELP}`);
  command.action(async (what: string | undefined, options) => {
    const { diagnose } = await import("./diagnose.ts");
    done(await diagnose(what, options, terminal));
  });
  return command;
}

/** One more `FORMAT` or `FORMAT=FILE` of a diagnosis. */
function addDiagnosisOutput(text: string, before: readonly DiagnosisOutput[]): readonly DiagnosisOutput[] {
  const [name, ...rest] = text.split("=");
  const format = DIAGNOSIS_FORMATS.find((each) => each === name);
  if (format === undefined)
    throw new InvalidArgumentError(
      `Allowed choices are ${DIAGNOSIS_FORMATS.join(", ")}, each also with =FILE.`,
    );
  if (rest.length > 0 && rest.join("=") === "") throw new InvalidArgumentError("Name a file behind the =.");
  return [...before, rest.length === 0 ? { format } : { format, file: rest.join("=") }];
}

function addExplain(program: Command, terminal: Terminal, done: Done): void {
  subcommand(program, "explain", "explain a rule, or list all rules")
    .argument("[RULE]", "the rule's id, as findings show it")
    .action(async (rule: string | undefined) => {
      const { explain } = await import("./explain.ts");
      done(await explain(rule, terminal));
    });
}

function addRunbook(program: Command, terminal: Terminal, done: Done): void {
  subcommand(program, "runbook", "print what to do, step by step; nothing is executed")
    .addArgument(
      new Argument(
        "<RUNBOOK>",
        "switch-strategy (of a Deployment), share-storage or recreate-claim (of a claim)",
      ).choices(RUNBOOKS),
    )
    .argument("<NAME>", "the Deployment's or the claim's name")
    .requiredOption("-n, --namespace <NS>", "its namespace")
    .option("--from <PATH...>", "files instead of the cluster, e.g. a `kubectl get ... -A -o json` dump")
    .addOption(configOption())
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (id: RunbookId, name: string, options) => {
      const { runbook } = await import("./runbook.ts");
      done(await runbook(id, name, options, terminal));
    });
}

function addServe(program: Command, terminal: Terminal, done: Done): void {
  subcommand(program, "serve", "run the admission webhook")
    .addOption(configOption())
    .option("--cluster <SOURCE...>", "`live`, or YAML files and folders used as the cluster (default: live)")
    .option("--host <HOST>", "address to listen on (default: all)")
    .addOption(portOption("--port <PORT>", "port of /validate, /healthz and /readyz (TLS)", 8443))
    .addOption(portOption("--metrics-port <PORT>", "port of /metrics (plain HTTP)", 8080))
    .option("--tls-cert <FILE>", "serving certificate (PEM; default: certs/tls.crt)")
    .option("--tls-key <FILE>", "its private key (PEM; default: certs/tls.key)")
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (options) => {
      const { logNodeWarnings, serveLog } = await import("./serve-log.ts");
      const log = serveLog();
      // Before the rest is loaded, because loading may warn.
      logNodeWarnings(log);
      const { serve } = await import("./serve.ts");
      done(await serve(options, terminal, log));
    });
}

function addWaiver(program: Command, terminal: Terminal, done: Done): void {
  const waiver = subcommand(program, "waiver", "signed exemptions: make keys, sign, verify").helpCommand(
    false,
  );
  subcommand(waiver, "keygen", "make a key pair; prints the public half as the configuration takes it")
    .requiredOption("--id <ID>", "name of the key, e.g. storage-team-2026")
    .requiredOption("--issuer <NAME>", "who signs with it, e.g. storage-team@example.com")
    .addOption(new Option("--algorithm <NAME>", "kind of key").choices(["EdDSA", "ES256"]).default("EdDSA"))
    .requiredOption("--key <FILE>", "where to write the private key; a file that is there is kept")
    .action(async (options) => {
      const { waiverKeygen } = await import("./waiver.ts");
      done(await waiverKeygen(options, terminal));
    });
  subcommand(waiver, "sign", "sign a waiver; prints the value of the annotation attachguard.dev/waiver")
    .argument("<KIND/NAME>", "the object it is for, e.g. deployment/web")
    .requiredOption("-n, --namespace <NS>", "its namespace")
    .requiredOption("--rule <RULE...>", "the rules that it lifts, or '*'")
    .requiredOption("--reason <TEXT>", "why; shown whenever the waiver is used")
    .requiredOption(
      "--until <TIME>",
      "when it ends: a date (2027-01-31), a time (RFC 3339) or days from now (30d)",
    )
    .requiredOption("--issuer <NAME>", "the key's issuer in the configuration")
    .requiredOption("--key <FILE>", "the private key, PEM or JWK")
    .option("--key-id <ID>", "the key's id, where the file does not say it (PEM)")
    .action(async (object: string, options) => {
      const { waiverSign } = await import("./waiver.ts");
      done(await waiverSign(object, options, terminal));
    });
  subcommand(waiver, "verify", "verify a waiver; exits with 1 where it is refused")
    .argument("<KIND/NAME>", "the object that carries it, e.g. deployment/web")
    .argument("[WAIVER]", "the annotation's value, or - for standard input", "-")
    .requiredOption("-n, --namespace <NS>", "the object's namespace")
    .requiredOption("--config <FILE>", "configuration file with the keys (waivers.keys)")
    .action(async (object: string, jws: string, options) => {
      const { waiverVerify } = await import("./waiver.ts");
      done(await waiverVerify(object, jws, options, terminal));
    });
}

function addCerts(program: Command, terminal: Terminal, done: Done): void {
  subcommand(program, "certs", "make development certificates in certs/")
    .option("--dir <FOLDER>", "another folder to make them in", "certs")
    .option("--host <NAME...>", "DNS names and IP addresses besides localhost and the Service's")
    .option("--force", "regenerate everything, the CA too")
    .action(async (options) => {
      const { certs } = await import("./certs.ts");
      done(await certs(options, terminal));
    });
}

function addWebhooks(program: Command, terminal: Terminal, done: Done): void {
  const webhooks = subcommand(program, "webhooks", "the webhook configuration, for uninstalling").helpCommand(
    false,
  );
  subcommand(
    webhooks,
    "remove",
    "delete this installation's webhook configuration, so that nothing is called",
  )
    .argument("[NAME]", "the ValidatingWebhookConfiguration", "attachguard")
    .option("-n, --namespace <NS>", "where its servers are (default: this pod's, else attachguard-system)")
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (name: string, options) => {
      const { webhooksRemove } = await import("./webhooks.ts");
      done(await webhooksRemove(name, options, terminal));
    });
}

function addCompletion(program: Command, terminal: Terminal, done: Done): void {
  const shells: readonly Shell[] = ["bash", "zsh", "fish", "powershell"];
  subcommand(program, "completion", "print what a shell needs to complete command lines")
    .addArgument(new Argument("<SHELL>", "which shell").choices(shells))
    .action(async (shell: Shell) => {
      const { completion, PLUGIN_COMPLETION } = await import("./completion.ts");
      if (program.name() !== "attachguard") throw new AttachguardError("AG_ERR_USAGE", PLUGIN_COMPLETION);
      done(await completion(shell, terminal));
    });
  program
    .command("__complete [WORDS...]", { hidden: true })
    .helpOption(false)
    .action(async (words: string[]) => {
      const { printCompletion } = await import("./completion.ts");
      done(await printCompletion(program, words, terminal));
    });
}

function subcommand(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description).helpOption("-h, --help", "print this help");
  return command.showHelpAfterError(`Run \`${fullName(command)} --help\` for what it takes.`);
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function addFileOptions(command: Command): void {
  const several = (word: string, before: readonly string[] = []): readonly string[] => [...before, word];
  command
    .addOption(
      new Option("--render <WHEN>", "render kustomizations and charts (default: auto)").choices([
        "auto",
        "never",
        "always",
      ]),
    )
    .option("--values <FILE>", "values for charts (repeatable)", several)
    .option("--set <KEY=VALUE>", "one value for charts (repeatable)", several)
    .option("--exclude <GLOB>", "leave out what matches, below the paths named (repeatable)", several)
    .option("--include <GLOB>", "read what would be left out (repeatable)", several)
    .option("--cluster-facts <DUMP>", "a dump of the cluster that the files are applied to")
    .option("--nodes <N|FILE>", "the nodes that the cluster has: how many, or a file of them")
    .option("--closed", "what the files do not hold does not exist (default: only for dumps)")
    .option("--open", "what the files do not hold may exist, even for a dump")
    .option("--strict", "exit with 2 on templates, charts and kustomizations that were not rendered");
}

function addReportOptions(command: Command): void {
  command
    .addOption(
      new Option(
        "--format <FORMAT[=FILE]>",
        `print the report as ${FORMATS.join(", ")} (to FILE); may be given several times`,
      )
        .argParser(addOutput)
        .default([], "text"),
    )
    .option("--include-exempted", "tell exempted findings in the formats that leave them out")
    .option("--summary", "only an overview and the last line")
    .option("--quiet", "only errors and the last line")
    .addOption(
      new Option("--fail-on <SEVERITY>", "exit with 1 on findings at or above it (default: error)").choices(
        FAIL_ON,
      ),
    )
    .addOption(configOption())
    .addHelpText("after", EXIT_CODES);
}

const EXIT_CODES = `
Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above it
  2  the input or the call is wrong, or not everything could be judged`;

/** One more `FORMAT` or `FORMAT=FILE`. */
function addOutput(text: string, before: readonly Output[]): readonly Output[] {
  const [name, ...rest] = text.split("=");
  const format = FORMATS.find((each) => each === name);
  if (format === undefined) {
    throw new InvalidArgumentError(`Allowed choices are ${FORMATS.join(", ")}, each also with =FILE.`);
  }
  if (rest.length > 0 && rest.join("=") === "") throw new InvalidArgumentError("Name a file behind the =.");
  return [...before, rest.length === 0 ? { format } : { format, file: rest.join("=") }];
}

function addClusterAccessOptions(command: Command): void {
  command.addOption(kubeconfigOption()).addOption(contextOption());
}

function configOption(): Option {
  return new Option("--config <FILE>", "configuration file (docs/configuration.md)");
}

function kubeconfigOption(): Option {
  return new Option("--kubeconfig <FILE>", "how to reach the cluster (default: as kubectl does)");
}

function contextOption(): Option {
  return new Option("--context <NAME>", "which context of the kubeconfig");
}

function countArgument(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("Give a number from 1.");
  return Number(text);
}

function portOption(flags: string, description: string, port: number): Option {
  return new Option(flags, description).default(port).argParser((text: string) => {
    if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
      throw new InvalidArgumentError("Give a number from 0 (any free port) to 65535.");
    }
    return Number(text);
  });
}
