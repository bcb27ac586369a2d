import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { type Done, subcommand } from "./subcommand.ts";

export function addCerts(program: Command, terminal: Terminal, done: Done): Command {
  return subcommand(program, "certs", "create development certificates in certs/")
    .option("--dir <FOLDER>", "the folder to create them in", "certs")
    .option("--host <NAME...>", "DNS names and IP addresses besides localhost and the Service's")
    .option("--force", "regenerate everything, the CA too")
    .action(async (options) => {
      const { certs } = await import("../certs.ts");
      done(await certs(options, terminal));
    });
}
