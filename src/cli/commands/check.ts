import { type Command, InvalidArgumentError, Option } from "commander";
import { AttachguardError } from "../../errors.ts";
import type { FixId } from "../../policy/fixes.ts";
import { fixArgument } from "../check/fix-argument.ts";
import type { Terminal } from "../terminal.ts";
import { addClusterAccessOptions, addReportOptions, several } from "./options.ts";
import { type Done, subcommand } from "./subcommand.ts";

export function addCheck(program: Command, terminal: Terminal, done: Done): Command {
  const command = subcommand(program, "check", "judge manifests, all together, before they reach a cluster")
    .argument(
      "[PATH...]",
      "YAML or JSON files, folders of them, or - for standard input (default: what attachguard.yaml says)",
    )
    .option("--no-config", "use no configuration, not even an attachguard.yaml that is found automatically")
    .option("--baseline <FILE>", "findings that are accepted for now, as --write-baseline wrote them")
    .option("--write-baseline <FILE>", "accept what is found now, and exit with 0")
    .option("--base <REF>", "judge what changed since the merge base with REF, as the webhook will")
    .option("--all", "with --base or --baseline: also report what was known before")
    .option("--allow-unrendered", "with --base: accept changes that cannot be rendered")
    .option(
      "--fix",
      "fix in the files what a rollout strategy can fix; --fix=ID: apply another fix (repeatable)",
    )
    .addOption(new Option("--fix-by <ID>").argParser(addFixId).hideHelp())
    .option("--diff", "print what --fix would write as a diff, and write nothing")
    .option("--live", "judge them together with what is in the cluster");
  addFileOptions(command);
  addReportOptions(command);
  addClusterAccessOptions(command);
  command.action(async (paths: string[], { fix, fixBy, ...rest }) => {
    const fixes = [...(fix === undefined ? [] : [true]), ...(fixBy ?? [])];
    const options = fixes.length === 0 ? rest : { ...rest, fix: fixes };
    if (options.base === undefined) refuseWithoutBase(options);
    const judge = options.base === undefined ? await checker() : await changeChecker();
    done(await judge(paths, options, terminal));
  });
  return command;
}

function addFixId(id: string, before: readonly FixId[] = []): readonly FixId[] {
  return [...before, fixArgument(id)];
}

/** As `helm --set` takes them; helm itself would say so only where there is a chart. */
function settingArgument(word: string, before: readonly string[] = []): readonly string[] {
  if (!/^[^=]+=/.test(word)) throw new InvalidArgumentError("Give KEY=VALUE.");
  return [...before, word];
}

function refuseWithoutBase(options: Readonly<Record<string, unknown>>): void {
  if (options.allowUnrendered) throw new AttachguardError("AG_ERR_USAGE", "--allow-unrendered needs --base");
  if (options.all && options.baseline === undefined)
    throw new AttachguardError("AG_ERR_USAGE", "--all needs --base or --baseline");
}

async function checker() {
  return (await import("../check/check.ts")).check;
}

async function changeChecker() {
  return (await import("../check/base.ts")).checkBase;
}

function addFileOptions(command: Command): void {
  command
    .addOption(
      new Option("--render <WHEN>", "render kustomizations and charts (default: auto)").choices([
        "auto",
        "never",
        "always",
      ]),
    )
    .option("--values <FILE>", "values for charts (repeatable)", several)
    .option("--set <KEY=VALUE>", "one value for charts (repeatable)", settingArgument)
    .option("--exclude <GLOB>", "skip what matches, below the paths named (repeatable)", several)
    .option("--include <GLOB>", "read what would otherwise be skipped (repeatable)", several)
    .option("--cluster-facts <DUMP>", "a dump of the cluster that the files are applied to")
    .option("--nodes <N|FILE>", "the cluster's nodes: how many, or a file with them")
    .option("--closed", "objects that are not in the files do not exist (default: only for dumps)")
    .option("--open", "objects that are not in the files may exist, even for a dump")
    .option("--strict", "exit with 2 if templates, charts or kustomizations were not rendered");
}
