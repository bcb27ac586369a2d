import type { ClusterIndex } from "../../cluster/cluster-index.ts";
import type { InputError } from "../../cluster/files/input-error.ts";
import { loadFiles } from "../../cluster/files.ts";
import { loadConfig } from "../../config/config.ts";
import type { Config } from "../../config/model.ts";
import { AttachguardError, messageOf } from "../../errors.ts";
import { isKnownKind, KINDS } from "../../kube/kinds.ts";
import { parseLabelQuery } from "../../kube/label-query.ts";
import type { Unjudged } from "../../kube/unjudged.ts";
import type { LabelSelector, Labels, ObjectRef } from "../../policy/model.ts";
import { selects } from "../../policy/selectors.ts";
import { knownValue } from "../../policy/view.ts";
import type { AuditedCluster, AuditFacts, AuditReading } from "../../report/audit-facts.ts";
import { allStored } from "../../report/commands.ts";
import { withAudit } from "../../report/from-log.ts";
import { mergedReport, type Report } from "../../report/report.ts";
import { since } from "../../report/since.ts";
import { emit, type ReportOptions } from "../emit.ts";
import { worldNote, worldOf } from "../file-options.ts";
import { readInput } from "../input-file.ts";
import { judgedReport } from "../judged-report.ts";
import { readLiveFacts } from "../live.ts";
import { type Tell, withProgress } from "../progress.ts";
import type { Terminal } from "../terminal.ts";
import type { AuditDiagnosis } from "./diagnosed.ts";
import { DumpDiagnosis, diagnoseLive } from "./diagnosis.ts";
import { asksCluster, emitLog, type FromLogOptions, fromLogs, refuseWithLogs } from "./from-log.ts";
import { clusterTarget, type IntoClusterOptions, writeIntoCluster } from "./into-cluster.ts";

export interface AuditOptions extends ReportOptions, IntoClusterOptions, FromLogOptions {
  readonly selector?: string;
  readonly closed?: true;
  readonly open?: true;
  /** RFC 3339: the time of a dump. */
  readonly at?: string;
  readonly since?: string;
  readonly config?: string;
}

/**
 * Judges everything in one or several clusters, or in files that were dumped from one, and prints the report.
 *
 * @returns the exit code of the contract; 2 where one of several clusters could not be read
 * @throws AttachguardError AG_ERR_CONFIG, AG_ERR_USAGE (options that contradict each other), AG_ERR_API_SERVER
 * (one cluster, without `--from`) or AG_ERR_INPUT (an output, or the report for `--since`).
 */
export async function audit(options: AuditOptions, terminal: Terminal): Promise<number> {
  refuseWithLogs(options);
  const config = await loadConfig(options.config);
  const selector = options.selector === undefined ? undefined : parseLabelQuery(options.selector);
  const time = timeOf(options);
  const log = options.fromLog === undefined ? null : await fromLogs(options.fromLog, options, terminal);
  if (log !== null && !asksCluster(options)) return emitLog(log, config.docsUrl, options, terminal);
  const target = await clusterTarget(options, terminal);
  try {
    const contexts = options.context ?? [];
    const audits = await withProgress(terminal, (tell) =>
      Promise.all(
        (contexts.length === 0 ? [undefined] : contexts).map(async (context) => {
          const audited = await auditOne({ options, context, selector, time, config, terminal, tell }).catch(
            (error: unknown) => {
              if (contexts.length < 2) throw error;
              return { report: unreachable(context ?? "", error), uidOf: () => undefined };
            },
          );
          return { context: contexts.length < 2 ? null : (context ?? null), ...audited };
        }),
      ),
    );
    const report = mergedReport(audits);
    const fromLog = log && withAudit(log, report);
    const code = await emit({ ...(await compared(report, options)), fromLog }, options, terminal);
    if (target === undefined) return code;
    const { uidOf = () => undefined } = audits[0] ?? {};
    return Math.max(code, await writeIntoCluster(target, report, uidOf, options, terminal));
  } finally {
    target?.client.close();
  }
}

function uidIn(
  index: ClusterIndex,
  diagnosis: AuditDiagnosis | undefined,
  { kind, namespace, name }: ObjectRef,
): string | undefined {
  if (kind === "VolumeAttachment") return diagnosis?.attachmentUids.get(name);
  const object = isKnownKind(kind) ? index.get(kind, namespace, name) : undefined;
  return object !== undefined && "uid" in object ? object.uid : undefined;
}

interface Auditing {
  readonly options: AuditOptions;
  readonly context: string | undefined;
  readonly selector: LabelSelector | undefined;
  readonly time: string;
  readonly config: Config;
  readonly terminal: Terminal;
  readonly tell: Tell;
}

interface Audited {
  readonly report: Report;
  /** The uid of a judged object; undefined where it is not known. */
  readonly uidOf: (object: ObjectRef) => string | undefined;
}

async function auditOne(auditing: Auditing): Promise<Audited> {
  const { options, context, selector, time, config, terminal, tell } = auditing;
  tell(options.from === undefined ? "reading the cluster" : "reading files");
  const dump = options.from === undefined ? undefined : await DumpDiagnosis.of(options.from);
  const facts = await factsFrom(options, context, terminal, dump);
  const { index } = facts;
  refuseUnknownNamespace(options.namespace, facts);
  const diagnosis = facts.isDump ? await diagnosisFor(auditing, dump) : undefined;
  const uidOf = (object: ObjectRef) => uidIn(index, diagnosis, object);
  const report = await judgedReport({
    ...(diagnosis === undefined ? {} : { diagnosis }),
    subjects: {
      view: index,
      workloads: within(options.namespace, selector, index.workloads()),
      claims: selector === undefined ? within(options.namespace, undefined, index.claims()) : [],
      onWorkload: (done) => tell("judging workloads", done),
    },
    problems: facts.errors,
    notJudged: [...within(options.namespace, undefined, facts.notJudged)],
    config,
    isStored: allStored,
    aimAt: (object) => ({ context: facts.context, uid: uidOf(object) ?? null }),
    audit: {
      cluster: { uid: facts.uid, context: context ?? facts.context },
      scope: { namespace: options.namespace ?? null, selector: options.selector ?? null },
      time,
      read: diagnosis?.sawAllAttachments === true ? [...facts.read, ATTACHMENTS_READ] : facts.read,
    } satisfies AuditFacts,
  });
  return { report, uidOf };
}

const ATTACHMENTS_READ: AuditReading = {
  kind: "VolumeAttachment",
  namespace: null,
  state: "complete",
  why: null,
};

function diagnosisFor(
  { options, context, time, terminal }: Auditing,
  dump: DumpDiagnosis | undefined,
): Promise<AuditDiagnosis> {
  const { closed = false, at, kubeconfig, namespace } = options;
  if (dump !== undefined)
    return dump.diagnose({ closed, at: at === undefined ? undefined : Date.parse(time) }, namespace);
  return diagnoseLive({ kubeconfig, context, env: terminal.env }, namespace);
}

/** A namespace that certainly does not exist was mistyped; finding nothing in it would look like good news. */
function refuseUnknownNamespace(namespace: string | undefined, { index, read }: Facts): void {
  if (namespace === undefined || namespace === "default") return;
  const complete = read.some(({ kind, state }) => kind === "Namespace" && state === "complete");
  if (complete && index.count("Namespace") > 0 && index.namespace(namespace).state === "absent") {
    throw new AttachguardError("AG_ERR_USAGE", `there is no namespace ${namespace}: correct -n`);
  }
}

/** A cluster that cannot be reached is reported, and does not affect the others. */
function unreachable(context: string, error: unknown): AuditedCluster & { readonly problem: string } {
  const first = messageOf(error).split("\n", 1)[0] ?? "";
  return { uid: null, context, problem: `context ${context}: ${first}` };
}

async function compared(report: Report, options: AuditOptions): Promise<Report> {
  if (options.since === undefined) return report;
  if (report.audit === null || report.clusters.length > 1) {
    throw new AttachguardError("AG_ERR_USAGE", "--since compares one cluster: give one --context");
  }
  const text = await readInput(options.since);
  return { ...report, since: since(options.since, text, report, report.audit) };
}

function timeOf({ at, from }: AuditOptions): string {
  if (at === undefined) return new Date().toISOString();
  const given = Date.parse(at);
  if (from === undefined || Number.isNaN(given)) {
    const why = from === undefined ? "it needs --from" : "give RFC 3339, e.g. 2026-11-26T08:00:00Z";
    throw new AttachguardError("AG_ERR_USAGE", `--at ${at}: ${why}`);
  }
  return new Date(given).toISOString();
}

interface Facts {
  readonly index: ClusterIndex;
  /** The context of the kubeconfig; null for files, and in a pod. */
  readonly context: string | null;
  readonly errors: readonly InputError[];
  readonly notJudged: readonly Unjudged[];
  readonly read: readonly AuditReading[];
  readonly uid: string | null;
  /** True for a cluster, and for a dump of one: what runs there can be stuck. */
  readonly isDump: boolean;
}

async function factsFrom(
  options: AuditOptions,
  context: string | undefined,
  terminal: Terminal,
  dump: DumpDiagnosis | undefined,
): Promise<Facts> {
  const world = worldOf(options);
  if (options.from === undefined) {
    const { kubeconfig } = options;
    const access = {
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    };
    const live = await readLiveFacts(access, terminal);
    return { ...live, notJudged: [], uid: clusterUid(live.index), isDump: true };
  }
  const bundle = await loadFiles(options.from, {
    stdin: terminal.stdin,
    ...world,
    onJson: (path, value) => dump?.take(path, value),
  });
  const { index, notJudged, closed } = bundle;
  const read = Object.keys(KINDS).map(
    (kind): AuditReading => ({
      kind,
      namespace: null,
      state: closed ? "complete" : "unread",
      why: closed ? null : "files are an open world",
    }),
  );
  return {
    index,
    context: null,
    errors: [...bundle.errors, ...worldNote(bundle, options)],
    notJudged: notJudged.objects,
    read: closed ? read : [],
    uid: clusterUid(index),
    isDump: bundle.isDump,
  };
}

/** The namespace `kube-system` lives as long as its cluster. */
function clusterUid(index: ClusterIndex): string | null {
  return knownValue(index.namespace("kube-system"))?.uid ?? null;
}

/** The objects of one namespace; those without one are reported as `default`, so they are found there. */
function* within<T extends { readonly namespace: string; readonly labels?: Labels }>(
  namespace: string | undefined,
  selector: LabelSelector | undefined,
  objects: Iterable<T>,
): Generator<T> {
  for (const object of objects) {
    if (namespace !== undefined && namespace !== (object.namespace || "default")) continue;
    if (selector === undefined || selects(selector, object.labels ?? {})) yield object;
  }
}
