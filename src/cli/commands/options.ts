import { type Command, InvalidArgumentError, Option } from "commander";
import { FORMATS } from "../../report/formats.ts";
import { FAIL_ON } from "../../report/report.ts";
import type { Output } from "../outputs.ts";

/** One more value of an option that may be given several times. */
export function several(word: string, before: readonly string[] = []): readonly string[] {
  return [...before, word];
}

export function addReportOptions(command: Command): void {
  command
    .addOption(
      new Option(
        "--format <FORMAT[=FILE]>",
        `print the report as ${FORMATS.join(", ")} (to FILE); may be given several times`,
      )
        .argParser(outputArgument(FORMATS))
        .default([], "text"),
    )
    .option("--include-exempted", "report exempted findings even in formats that leave them out")
    .option("--summary", "only an overview and the last line")
    .option("--quiet", "only errors and the last line")
    .addOption(
      new Option(
        "--fail-on <SEVERITY>",
        "exit with 1 on findings at or above this severity (default: error)",
      ).choices(FAIL_ON),
    )
    .addOption(configOption())
    .addHelpText("after", EXIT_CODES);
}

const EXIT_CODES = `
Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above it
  2  the input or the command line is wrong, or not everything could be judged`;

/** Takes one more `FORMAT` or `FORMAT=FILE`, of these formats. */
export function outputArgument<F extends string>(formats: readonly F[]) {
  return (text: string, before: readonly Output<F>[]): readonly Output<F>[] => {
    const [name, ...rest] = text.split("=");
    const format = formats.find((each) => each === name);
    if (format === undefined) {
      throw new InvalidArgumentError(`Allowed choices are ${formats.join(", ")}, each also with =FILE.`);
    }
    if (rest.length > 0 && rest.join("=") === "") throw new InvalidArgumentError("Name a file after the =.");
    return [...before, rest.length === 0 ? { format } : { format, file: rest.join("=") }];
  };
}

export function addClusterAccessOptions(command: Command): void {
  command.addOption(kubeconfigOption()).addOption(contextOption());
}

export function configOption(): Option {
  return new Option("--config <FILE>", "configuration file (docs/configuration.md)");
}

export function kubeconfigOption(): Option {
  return new Option("--kubeconfig <FILE>", "how to reach the cluster (default: as kubectl does)");
}

export function contextOption(): Option {
  return new Option("--context <NAME>", "which context of the kubeconfig");
}
