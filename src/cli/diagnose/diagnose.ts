import type { ConfigSource } from "../../cluster/live/kube-config.ts";
import { diagnose as diagnoseFacts, documentOf, exitCodeOf, sightingsIn } from "../../diagnose/diagnose.ts";
import type { DiagnosisError } from "../../diagnose/diagnosis.ts";
import { readDump } from "../../diagnose/dump.ts";
import type { Facts, Sighting } from "../../diagnose/facts.ts";
import type { Circumstances } from "../../diagnose/formats/phrasing.ts";
import { type Asked, type DiagnoseOptions, NO_OPTIONS } from "../../diagnose/options.ts";
import { preventionFrom } from "../../diagnose/prevention.ts";
import { savedFacts, savedSightings } from "../../diagnose/save.ts";
import { parseSubject, SUBJECT_KINDS } from "../../diagnose/subject.ts";
import { AttachguardError } from "../../errors.ts";
import { detachingOf } from "../../policy/catalogue/capabilities.ts";
import { version } from "../../version.ts";
import { type Output, writeOutput } from "../outputs.ts";
import type { Terminal } from "../terminal.ts";
import { type DiagnosisFormat, emitDiagnosis } from "./diagnosis-output.ts";
import { readDumpFiles } from "./dump-files.ts";
import { confirmedLook, type FactsLook, type LiveLooks, liveLooks, sleep } from "./live-look.ts";
import type { Told } from "./watch.ts";

export interface DiagnoseCommand {
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly from?: readonly string[];
  readonly closed?: true;
  readonly since?: string;
  readonly format: readonly Output<DiagnosisFormat>[];
  readonly machineIsOff?: readonly string[];
  readonly at?: string;
  readonly watch?: true;
  readonly save?: string;
}

/** One look at the cluster or the dump, with what it was made from. */
interface Look extends FactsLook {
  readonly errors: readonly DiagnosisError[];
}

/**
 * Tells why something is stuck, who holds its volume, and what frees it.
 *
 * @param wait waits some milliseconds; tests need not
 * @returns 0 where all is healthy or clears by itself, 1 where something does not, 2 where something asked about does
 * not exist or cannot be read
 * @throws AttachguardError AG_ERR_USAGE, AG_ERR_CONFIG, AG_ERR_API_SERVER or AG_ERR_INPUT
 */
export async function diagnose(
  what: string | undefined,
  command: DiagnoseCommand,
  terminal: Terminal,
  wait: (milliseconds: number) => Promise<void> = sleep,
): Promise<number> {
  const asked = askedIn(what, command);
  refuseContradictions(command);
  const since = command.since === undefined ? [] : await sightingsOf(command.since, terminal);
  const options: DiagnoseOptions = {
    ...NO_OPTIONS,
    machinesOff: new Set(command.machineIsOff ?? []),
    sightings: new Map(since.map((sighting) => [sighting.uid, sighting])),
    driver: detachingOf,
  };
  const circumstances = (facts: Facts): Circumstances => ({
    timeIsLeast: facts.timeIsLeast,
    kubeconfig: command.kubeconfig ?? null,
  });
  const finish = async (told: Told): Promise<number> => {
    if (command.save !== undefined)
      await writeOutput(command.save, savedFacts(told.readings, told.facts, told.sightings));
    await emitDiagnosis(told.document, circumstances(told.facts), command.format, terminal);
    return told.code;
  };
  if (command.from !== undefined) {
    const look = await lookAtDump(command.from, command, terminal);
    return finish(tell(look, asked, options));
  }
  const looks = await liveLooks(
    accessOf(command, terminal),
    asked.all ? asked.namespace : asked.subject.namespace,
  );
  const look = () => looks.look();
  try {
    if (command.watch) {
      const { watchDiagnosis } = await import("./watch.ts");
      const told = await watchDiagnosis({
        look: (sightings, seen) =>
          lookTwice(
            look,
            asked,
            { ...options, sightings: new Map([...options.sightings, ...sightings]) },
            wait,
            seen,
          ),
        show: (document, facts) => emitDiagnosis(document, circumstances(facts), command.format, terminal),
        terminal,
        wait,
      });
      if (command.save !== undefined)
        await writeOutput(command.save, savedFacts(told.readings, told.facts, told.sightings));
      return told.code;
    }
    return await finish(await lookTwice(look, asked, options, wait));
  } finally {
    looks.close();
  }
}

/** What is asked about; an unknown kind, or a missing namespace, is a usage error. */
function askedIn(what: string | undefined, { namespace, allNamespaces }: DiagnoseCommand): Asked {
  if (namespace !== undefined && allNamespaces)
    throw usage("-n and -A contradict each other: leave one of them out");
  if (namespace === undefined && !allNamespaces)
    throw usage("say where: -n NAMESPACE, or -A for the whole cluster");
  if (what === undefined || what === "all") return { all: true, namespace: namespace ?? null };
  if (namespace === undefined) throw usage(`${what} is in one namespace: name it with -n instead of -A`);
  const subject = parseSubject(what, namespace);
  if (subject === undefined)
    throw usage(
      `${what} is not KIND/NAME: give one of ${SUBJECT_KINDS.join(", ")} with a name, e.g. deployment/web, or all`,
    );
  return { all: false, subject };
}

function refuseContradictions(command: DiagnoseCommand): void {
  const { from, closed, at, watch, context, kubeconfig, format } = command;
  if (watch && format.some((output) => output.format !== "text" && output.file === undefined))
    throw usage("--watch prints screens: give the other formats a file, as in --format json=FILE");
  if (from === undefined) {
    if (closed) throw usage("--closed needs --from: a live cluster itself says what it holds");
    if (at !== undefined) throw usage("--at needs --from: a live cluster itself says what time it is");
    return;
  }
  if (watch) throw usage("--watch needs a live cluster: a dump does not change");
  if (context !== undefined || kubeconfig !== undefined)
    throw usage("--from reads files: leave --context and --kubeconfig out");
}

function accessOf({ kubeconfig, context }: DiagnoseCommand, { env }: Terminal): ConfigSource {
  return { kubeconfig, context, env };
}

async function lookAtDump(
  paths: readonly string[],
  { closed = false, at }: { readonly closed?: boolean; readonly at?: string },
  terminal: Terminal,
): Promise<Look> {
  const time = at === undefined ? undefined : Date.parse(at);
  if (Number.isNaN(time)) throw usage(`--at ${at}: give RFC 3339, e.g. 2026-11-26T08:00:00Z`);
  const { files, errors } = await readDumpFiles(paths, terminal.stdin, { yaml: true });
  // A file that cannot be read may have held anything.
  const dump = readDump(files, { closed: closed && errors.length === 0, at: time });
  return { ...dump, errors: [...errors, ...dump.errors] };
}

async function sightingsOf(file: string, terminal: Terminal): Promise<readonly Sighting[]> {
  const { files, errors } = await readDumpFiles([file], terminal.stdin);
  const dump = readDump(files, { closed: false, at: undefined });
  const [problem] = [...errors, ...dump.errors];
  const saved = files.flatMap(({ values }) => savedSightings(values));
  if (problem !== undefined || saved.length + dump.readings.length === 0)
    throw new AttachguardError(
      "AG_ERR_INPUT",
      `--since ${file}: ${problem?.message ?? "it holds nothing"}; name a file that --save wrote`,
    );
  const options = { ...NO_OPTIONS, sightings: new Map(saved.map((sighting) => [sighting.uid, sighting])) };
  return sightingsIn(dump.facts, options);
}

async function lookTwice(
  look: LiveLooks["look"],
  asked: Asked,
  options: DiagnoseOptions,
  wait: (milliseconds: number) => Promise<void>,
  seen?: ReadonlySet<string>,
): Promise<Told & { readonly dangers: ReadonlySet<string> }> {
  const { look: last, seenBefore, dangers } = await confirmedLook(look, options, wait, seen);
  return { ...tell({ ...last, errors: [] }, asked, { ...options, dangersSeenBefore: seenBefore }), dangers };
}

function tell({ facts, readings, errors }: Look, asked: Asked, options: DiagnoseOptions): Told {
  refuseReadyMachines(facts, options.machinesOff);
  const diagnosed = diagnoseFacts(facts, asked, { ...options, ...preventionFrom(readings) });
  const all = { ...diagnosed, errors: [...errors, ...diagnosed.errors] };
  return {
    document: documentOf(facts, all, version()),
    code: exitCodeOf(all),
    sightings: sightingsIn(facts, options),
    readings,
    facts,
  };
}

/** A machine whose kubelet answers is not off, whatever the user thinks. */
function refuseReadyMachines({ objects, readings }: Facts, machinesOff: ReadonlySet<string>): void {
  for (const name of machinesOff) {
    const node = objects.Node.find((known) => known.name === name);
    if (node?.ready)
      throw usage(
        `--machine-is-off ${name}: the node is Ready, so its machine is on: give the name of the right node`,
      );
    const isRead = readings.some(({ kind, state }) => kind === "Node" && state !== "unread");
    if (node === undefined && !isRead)
      throw usage(
        `--machine-is-off ${name}: nodes were not read, so it is not known whether it is Ready; ask somebody who may read them`,
      );
    // A node that is gone is still named by the objects that were on it.
    const isNamed = [...objects.VolumeAttachment, ...objects.Pod].some(({ nodeName }) => nodeName === name);
    if (node === undefined && !isNamed)
      throw usage(`--machine-is-off ${name}: there is no such node here: correct the name`);
  }
}

function usage(message: string): AttachguardError {
  return new AttachguardError("AG_ERR_USAGE", message);
}
