import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { type Done, subcommand } from "./subcommand.ts";

export function addExplain(program: Command, terminal: Terminal, done: Done): Command {
  return subcommand(program, "explain", "explain a rule, or list all rules")
    .argument("[RULE]", "the rule's id, as findings show it")
    .action(async (rule: string | undefined) => {
      const { explain } = await import("../explain.ts");
      done(await explain(rule, terminal));
    });
}
