import { type Command, Option } from "commander";
import { DIAGNOSIS_FORMATS } from "../diagnose/diagnosis-output.ts";
import { DUMP_HELP } from "../diagnose/help.ts";
import type { Terminal } from "../terminal.ts";
import { addClusterAccessOptions, outputArgument, several } from "./options.ts";
import { type Done, subcommand } from "./subcommand.ts";

export function addDiagnose(program: Command, terminal: Terminal, done: Done): Command {
  const command = subcommand(
    program,
    "diagnose",
    "why a pod is stuck, who holds its volume, what frees it, and whether that is safe",
  )
    .argument(
      "[KIND/NAME]",
      "what is stuck, e.g. pod/web-0 or pvc/data; all (default): whatever is not healthy",
    )
    .option("-n, --namespace <NS>", "its namespace")
    .option("-A, --all-namespaces", "whatever is not healthy in the whole cluster")
    .option(
      "--from <PATH...>",
      "a dump instead of the cluster: *.json or *.yaml files, folders of them, or -",
    )
    .option("--closed", "the dump holds everything: what is not in it does not exist")
    .option("--at <TIME>", "when the dump was taken (RFC 3339; default: the newest time in it)")
    .option("--since <FILE>", "what --save wrote earlier: what has not changed in ten minutes is left over")
    .addOption(
      new Option(
        "--format <FORMAT[=FILE]>",
        `print it as ${DIAGNOSIS_FORMATS.join(", ")} (to FILE); may be given several times`,
      )
        .argParser(outputArgument(DIAGNOSIS_FORMATS))
        .default([], "text"),
    )
    .option(
      "--machine-is-off <NODE>",
      "you know that this node's machine is off and stays off (repeatable)",
      several,
    )
    .option("--watch", "look again until it is healthy; a new screen when the answer changes")
    .option("--save <FILE>", "write what was read, without secrets, for a ticket, --from or --since");
  addClusterAccessOptions(command);
  command.addHelpText("after", () => `\n${DUMP_HELP}`);
  command.action(async (what: string | undefined, options) => {
    const { diagnose } = await import("../diagnose/diagnose.ts");
    done(await diagnose(what, options, terminal));
  });
  return command;
}
