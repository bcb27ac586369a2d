import { Argument, type Command } from "commander";
import { RUNBOOKS, type RunbookId } from "../../diagnose/runbooks/runbook.ts";
import type { Terminal } from "../terminal.ts";
import { configOption, contextOption, kubeconfigOption } from "./options.ts";
import { type Done, subcommand } from "./subcommand.ts";

export function addRunbook(program: Command, terminal: Terminal, done: Done): Command {
  return subcommand(program, "runbook", "print what to do, step by step; nothing is executed")
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
      const { runbook } = await import("../runbook.ts");
      done(await runbook(id, name, options, terminal));
    });
}
