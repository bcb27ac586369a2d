import { loadFiles } from "../cluster/files.ts";
import { policyOptions } from "../config/config.ts";
import { Kubectl } from "../diagnose/kubectl.ts";
import type { RunbookId } from "../diagnose/runbooks/runbook.ts";
import { runbookText } from "../diagnose/runbooks/runbook-text.ts";
import { RUNBOOK_SOURCES } from "../diagnose/runbooks/runbooks.ts";
import { AttachguardError } from "../errors.ts";
import type { ClusterView } from "../policy/view.ts";
import { checkConfig } from "./check/config.ts";
import type { ClusterAccess } from "./live.ts";
import { print, type Terminal, widthOf } from "./terminal.ts";

export interface RunbookOptions extends ClusterAccess {
  readonly namespace: string;
  /** Files or a dump, instead of the cluster. */
  readonly from?: readonly string[];
  readonly config?: string | false;
}

/**
 * Prints the steps of a runbook with the names of one object filled in. Nothing is executed.
 *
 * @returns 0; 1 where there are no commands, since they would be guesses
 * @throws AttachguardError AG_ERR_INPUT where there is no such object or the files cannot be read, AG_ERR_API_SERVER
 */
export async function runbook(
  id: RunbookId,
  name: string,
  options: RunbookOptions,
  terminal: Terminal,
): Promise<number> {
  const { config } = await checkConfig(options.config, process.cwd());
  const source = RUNBOOK_SOURCES[id];
  const { namespace } = options;
  const { view, unread } = await factsOf(options, terminal);
  const filled = source.fill({
    view,
    options: policyOptions(config),
    kubectl: new Kubectl(options.from === undefined ? (options.context ?? null) : null),
    namespace,
    name,
  });
  if (filled === undefined) {
    throw new AttachguardError(
      "AG_ERR_INPUT",
      `there is no ${source.of} ${namespace}/${name} ${options.from === undefined ? "in the cluster" : "in these files"}: check the name, and the namespace of -n${unread.map((problem) => `; ${problem}`).join("")}`,
    );
  }
  await print(terminal.stdout, runbookText(filled, widthOf(terminal.stdout)));
  return filled.refused === null ? 0 : 1;
}

interface Facts {
  readonly view: ClusterView;
  /** What could not be read from the cluster. */
  readonly unread: readonly string[];
}

async function factsOf(options: RunbookOptions, terminal: Terminal): Promise<Facts> {
  if (options.from === undefined) {
    const { readLiveFacts } = await import("./live.ts");
    const { index, errors } = await readLiveFacts(options, terminal);
    return { view: index, unread: errors.map(({ message }) => message) };
  }
  const bundle = await loadFiles(options.from);
  const broken = bundle.errors.find(({ fatal }) => fatal);
  if (broken !== undefined) {
    throw new AttachguardError("AG_ERR_INPUT", `${broken.file}:${broken.line}: ${broken.message}`);
  }
  return { view: bundle.index, unread: [] };
}
