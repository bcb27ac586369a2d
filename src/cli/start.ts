import { main } from "./program.ts";
import { terminalOf } from "./standard-streams.ts";

/**
 * Runs the command line of a process, and prints the outcome on its streams.
 *
 * @returns the exit code
 */
export function start(process: NodeJS.Process): Promise<number> {
  return main(terminalOf(process));
}
