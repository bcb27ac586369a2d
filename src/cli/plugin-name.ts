import { basename } from "node:path";
import type { OutputStream, Terminal } from "./terminal.ts";

/** How users invoke the program: as a kubectl plugin it is kubectl's subcommand. */
export type CallName = "attachguard" | "kubectl attachguard";

/** kubectl finds a plugin by the name of its file; the link or launcher that was started keeps it. */
export function callName({ argv }: Terminal): CallName {
  return /^kubectl(-|_complete-)attachguard/.test(basename(argv[1] ?? ""))
    ? "kubectl attachguard"
    : "attachguard";
}

/** A command as messages and help name it, not part of a path, an image or an address. */
const COMMAND =
  /(?<![\w./:@-]|kubectl )attachguard(?=\s+(?:serve|check|audit|diagnose|runbook|explain|waiver|certs|webhooks|completion)\b)/g;

/** JSON, XML, and diffs, which hold lines of files. */
const FOR_PROGRAMS = /^(?:[{[<]|--- ["a])/;

/**
 * A terminal on which every command printed for people has the name that they use. What is printed for programs (JSON,
 * SARIF, XML, diffs, log lines) is left as it is.
 */
export function speakingAs(name: CallName, terminal: Terminal): Terminal {
  if (name === "attachguard") return terminal;
  const spoken = (stream: OutputStream): OutputStream => ({
    isTTY: stream.isTTY === true,
    ...(stream.columns === undefined ? {} : { columns: stream.columns }),
    write: (text, written) =>
      stream.write(FOR_PROGRAMS.test(text) ? text : text.replaceAll(COMMAND, name), written),
  });
  return {
    argv: terminal.argv,
    env: terminal.env,
    get stdin() {
      return terminal.stdin;
    },
    stdout: spoken(terminal.stdout),
    stderr: spoken(terminal.stderr),
  };
}
