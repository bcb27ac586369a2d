/** What asks for help or the version, alone or behind a command. */
const HELP: ReadonlySet<string | undefined> = new Set(["--help", "-h", "--version", "-V", "help", undefined]);

/** Options of `diagnose` without a value, for which a word behind them could be taken. */
const FLAGS = /^(?:-A|--all-namespaces|--closed|--watch)$/;

/**
 * The command of a command line that is certain not to ask a cluster, whatever else it says; `undefined` where it
 * may. Commands that are seldom waited for are left out.
 *
 * @returns `help` for what only describes the commands
 */
export function commandWithoutCluster(words: readonly string[]): string | undefined {
  const [command, ...rest] = words;
  if (HELP.has(command)) return "help";
  switch (command) {
    case "check":
      return rest.includes("--live") ? undefined : isHelp(rest) ? "help" : command;
    case "diagnose":
      return isHelp(rest) ? "help" : readsDump(rest) ? command : undefined;
    case "explain":
    case "__complete":
      return command;
    default:
      return undefined;
  }
}

function isHelp([word, ...more]: readonly string[]): boolean {
  return (word === "--help" || word === "-h") && more.length === 0;
}

function readsDump(words: readonly string[]): boolean {
  const at = words.indexOf("--from");
  const before = words[at - 1] ?? "";
  return at !== -1 && (!before.startsWith("-") || FLAGS.test(before));
}
