import type { Command } from "commander";

/** Takes the exit code of a command that has run. */
export type Done = (code: number) => void;

/** A command with its help; after a mistake it says where to look. */
export function subcommand(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description).helpOption("-h, --help", "print this help");
  return command.showHelpAfterError(`Run \`${fullName(command)} --help\` for usage.`);
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
