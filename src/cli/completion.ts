import type { Argument, Command, Option } from "commander";
import { EXPLAINED_RULES } from "../policy/rules/index.ts";
import { FORMATS } from "../report/formats.ts";
import { WRITTEN } from "./check/fix-argument.ts";
import { DIAGNOSIS_FORMATS } from "./diagnose/diagnosis-output.ts";
import { print, type Terminal } from "./terminal.ts";

export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof SHELLS)[number];

/** `--fix` takes an id behind `=` only, where it is another option. */
const FIX = "--fix";
const FIX_BY = "--fix-by";

/** A placeholder for a word that is being typed. */
export interface Candidate {
  readonly word: string;
  readonly text: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Where a file or folder may be given as well. */
  readonly files: boolean;
}

/**
 * The completions of the last word, taken from the program's own commands and options.
 *
 * @param words what was typed after the program's name; the last one is still being typed, and may be empty.
 */
export function complete(program: Command, words: readonly string[]): Completion {
  const typed = joined(words);
  const last = typed.pop() ?? "";
  const { command, pending, position } = walked(program, typed);
  const { candidates, files } = offered(command, pending, position, last);
  return { candidates: candidates.filter(({ word }) => word.startsWith(last)), files };
}

/** Some shells take `--format=json` apart at the sign. */
function joined(words: readonly string[]): string[] {
  const typed: string[] = [];
  for (const [index, word] of words.entries()) {
    if (word !== "=" || index === 0) {
      typed.push(word);
      continue;
    }
    if (typed.at(-1) === FIX) typed[typed.length - 1] = FIX_BY;
    if (index === words.length - 1) typed.push("");
  }
  return typed;
}

interface Walked {
  readonly command: Command;
  /** The option whose value is expected next. */
  readonly pending: Option | undefined;
  /** How many operands the command has so far. */
  readonly position: number;
}

function walked(program: Command, words: readonly string[]): Walked {
  let command = program;
  let pending: Option | undefined;
  let position = 0;
  for (const word of words) {
    if (pending !== undefined) {
      pending = undefined;
    } else if (word.startsWith("-")) {
      const option = command.options.find(({ long, short }) => word === long || word === short);
      pending = option?.required || option?.optional ? option : undefined;
    } else {
      const next = command.commands.find((candidate) => candidate.name() === word);
      if (next === undefined) position++;
      else [command, position] = [next, 0];
    }
  }
  return { command, pending, position };
}

function offered(command: Command, pending: Option | undefined, position: number, last: string): Completion {
  if (pending !== undefined) return valuesOf(command, pending, "");
  const [name = "", value] = last.split("=", 2);
  if (value !== undefined && name.startsWith("--")) {
    const option = command.options.find(({ long }) => long === (name === FIX ? FIX_BY : name));
    return option === undefined ? NOTHING : valuesOf(command, option, `${name}=`);
  }
  if (last.startsWith("-")) {
    const options = command.createHelp().visibleOptions(command);
    const candidates = options.map(({ long, short, description }) => ({
      word: long ?? short ?? "",
      text: firstLine(description),
    }));
    return { candidates, files: false };
  }
  const commands = command
    .createHelp()
    .visibleCommands(command)
    .map((its) => ({ word: its.name(), text: firstLine(its.description()) }));
  if (commands.length > 0 && position === 0) return { candidates: commands, files: false };
  const operands = command.registeredArguments;
  const operand = operands[position] ?? operands.findLast(({ variadic }) => variadic);
  return operand === undefined ? NOTHING : operandValues(command, operand);
}

const NOTHING: Completion = { candidates: [], files: false };

function valuesOf(command: Command, option: Option, prefix: string): Completion {
  const candidates = choicesOf(command, option).map((word) => ({ word: prefix + word, text: "" }));
  return { candidates, files: candidates.length === 0 && /FILE|FOLDER|PATH|SOURCE/.test(option.flags) };
}

/** Options that parse their own value list their choices only in their description. */
function choicesOf(command: Command, { long, argChoices }: Option): readonly string[] {
  if (long === FIX_BY) return WRITTEN;
  if (long === "--format") return command.name() === "diagnose" ? DIAGNOSIS_FORMATS : FORMATS;
  return argChoices ?? [];
}

function operandValues(command: Command, operand: Argument): Completion {
  if (command.name() === "explain") {
    return {
      candidates: EXPLAINED_RULES.map(({ id, title }) => ({ word: id, text: firstLine(title) })),
      files: false,
    };
  }
  const candidates = (operand.argChoices ?? []).map((word) => ({ word, text: "" }));
  return { candidates, files: candidates.length === 0 && /FILE|PATH/.test(operand.name()) };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.replaceAll("\t", " ") ?? "";
}

/** Cobra's directives (`kubectl/pkg/cmd/plugin/plugin_completion.go`): 4 is "no files". */
const FILES_TOO = ":0";
const NO_FILES = ":4";

/**
 * Prints what the shells' functions and kubectl read: a candidate per line, its description after a tab, and a last
 * line that says whether files are candidates too.
 */
export async function printCompletion(
  program: Command,
  words: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { candidates, files } = complete(program, words);
  const lines = candidates.map(({ word, text }) => (text === "" ? word : `${word}\t${text}`));
  await print(terminal.stdout, `${[...lines, files ? FILES_TOO : NO_FILES].join("\n")}\n`);
  return 0;
}

/** Prints the function by which a shell asks for completions of `attachguard`. */
export async function completion(shell: Shell, terminal: Terminal): Promise<number> {
  await print(terminal.stdout, SCRIPTS[shell]);
  return 0;
}

/** What people who call it as a kubectl plugin do instead: kubectl completes its plugins itself. */
export const PLUGIN_COMPLETION =
  "kubectl completes its plugins itself: put kubectl_complete-attachguard, which is beside kubectl-attachguard, into a folder on your PATH, and set up kubectl's own completion (kubectl completion --help)";

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# attachguard completion for bash: source <(attachguard completion bash)
_attachguard() {
  local line files=
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :0) files=yes ;;
      :*) ;;
      *) line="\${line%%$'\\t'*}"
         COMPREPLY+=("$line") ;;
    esac
  done < <(attachguard __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
  if [ -n "$files" ]; then compopt -o default 2> /dev/null; fi
}
complete -F _attachguard attachguard
`,
  zsh: `#compdef attachguard
# attachguard completion for zsh: source <(attachguard completion zsh), after compinit
_attachguard() {
  local line name files=
  local -a found
  for line in "\${(@f)$(attachguard __complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}"; do
    case "$line" in
      :0) files=yes ;;
      :*|'') ;;
      *$'\\t'*) name="\${line%%$'\\t'*}"; found+=("\${name//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) found+=("\${line//:/\\\\:}") ;;
    esac
  done
  if (( $#found )); then _describe attachguard found; fi
  if [[ -n "$files" ]]; then _files; fi
}
compdef _attachguard attachguard
`,
  fish: `# attachguard completion for fish: attachguard completion fish | source
function __attachguard_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    test (count $token) -eq 0; and set token ''
    for line in (attachguard __complete -- $words[2..-1] $token 2> /dev/null)
        switch $line
            case ':0'
                __fish_complete_path $token
            case ':*'
            case '*'
                echo $line
        end
    end
end
complete -c attachguard -f -a '(__attachguard_complete)'
`,
  powershell: `# attachguard completion for PowerShell 7.3 or newer: attachguard completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName attachguard -ScriptBlock {
    param($word, $ast, $cursor)
    $words = @($ast.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { "$_" }) + "$word"
    foreach ($line in (attachguard __complete -- @words 2> $null)) {
        if ($line -eq ':0') { [System.Management.Automation.CompletionCompleters]::CompleteFilename($word) }
        elseif ($line -and -not $line.StartsWith(':')) {
            $name, $text = $line -split "\`t", 2
            [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $(if ($text) { $text } else { $name }))
        }
    }
}
`,
};
