/**
 * A command as nobody watches it: what runs the tests adds hooks to each process that they start, by `NODE_OPTIONS`, and
 * every Node below it would load them, listen for signals and compile modules in a way of its own.
 */
export function withoutHooks(command: string, words: readonly string[]): [file: string, args: string[]] {
  return ["/usr/bin/env", ["-u", "NODE_OPTIONS", command, ...words]];
}
