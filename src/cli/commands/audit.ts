import { type Command, InvalidArgumentError, Option } from "commander";
import type { Terminal } from "../terminal.ts";
import { addReportOptions, contextOption, kubeconfigOption } from "./options.ts";
import { type Done, subcommand } from "./subcommand.ts";

export function addAudit(program: Command, terminal: Terminal, done: Done): Command {
  const command = subcommand(program, "audit", "judge everything in a cluster, or in a dump of one")
    .option("-n, --namespace <NS>", "only this namespace")
    .option("--selector <SELECTOR>", "only workloads with these labels, as kubectl takes them")
    .option("--from <PATH...>", "files instead of the cluster, e.g. a `kubectl get ... -A -o json` dump")
    .option("--closed", "objects that are not in the files do not exist (default: only for dumps)")
    .option("--open", "objects that are not in the files may exist, even for a dump")
    .option("--at <TIME>", "when the dump was taken (RFC 3339; default: now)")
    .option("--since <REPORT>", "compare with an earlier report, written with --format json")
    .option("--write-reports", "write the findings into the cluster, as OpenReports or PolicyReports")
    .addOption(
      new Option("--max-reports <N>", "at most this many reports (default: 1000)").argParser(countArgument),
    )
    .option(
      "--from-log <FILE...>",
      "what mode enforce would have denied, from logs of the API server or of serve",
    )
    .option("--users", "with --from-log: also show who sent the requests")
    .option("--events", "record an Event for each stuck workload in its namespace")
    .addOption(kubeconfigOption())
    .addOption(
      contextOption()
        .argParser((name: string, before: readonly string[]) => [...before, name])
        .default([], "the current one"),
    );
  addReportOptions(command);
  command.action(async (options) => {
    const { audit } = await import("../audit/audit.ts");
    done(await audit(options, terminal));
  });
  return command;
}

function countArgument(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("Give a number from 1.");
  return Number(text);
}
