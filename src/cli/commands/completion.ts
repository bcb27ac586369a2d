import { Argument, type Command } from "commander";
import { AttachguardError } from "../../errors.ts";
import type { Shell } from "../completion.ts";
import type { Terminal } from "../terminal.ts";
import { type Done, subcommand } from "./subcommand.ts";

export function addCompletion(program: Command, terminal: Terminal, done: Done): Command {
  const shells: readonly Shell[] = ["bash", "zsh", "fish", "powershell"];
  const command = subcommand(program, "completion", "print the completion script for a shell")
    .addArgument(new Argument("<SHELL>", "which shell").choices(shells))
    .action(async (shell: Shell) => {
      const { completion, PLUGIN_COMPLETION } = await import("../completion.ts");
      if (program.name() !== "attachguard") throw new AttachguardError("AG_ERR_USAGE", PLUGIN_COMPLETION);
      done(await completion(shell, terminal));
    });
  program
    .command("__complete [WORDS...]", { hidden: true })
    .helpOption(false)
    .action(async (words: string[]) => {
      const { printCompletion } = await import("../completion.ts");
      done(await printCompletion(program, words, terminal));
    });
  return command;
}
