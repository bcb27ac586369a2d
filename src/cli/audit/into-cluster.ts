import type { ObjectClient } from "../../cluster/live/object-client.ts";
import { AttachguardError } from "../../errors.ts";
import type { ObjectRef } from "../../policy/model.ts";
import type { ReportApi } from "../../report/cluster-reports/apis.ts";
import { harmless } from "../../report/harmless.ts";
import type { Report } from "../../report/report.ts";
import { visible } from "../../report/visible.ts";
import { print, type Terminal } from "../terminal.ts";
import { eventsWrittenLine, writeEvents } from "./write-events.ts";
import { MAX_REPORTS, reportApiOf, reportsWrittenLine, writeReports } from "./write-reports.ts";

/** What an audit may write into the cluster that it audits. */
export interface IntoClusterOptions {
  readonly writeReports?: true;
  readonly maxReports?: number;
  readonly events?: true;
  readonly kubeconfig?: string;
  /** Several are audited side by side. */
  readonly context?: readonly string[];
  readonly from?: readonly string[];
}

/** The cluster to write into, ready for use. */
export interface ClusterTarget {
  readonly client: ObjectClient;
  readonly api: ReportApi | undefined;
}

/**
 * Where an audit is to write; undefined where it is not to.
 *
 * @throws AttachguardError AG_ERR_USAGE where it is not clear into which cluster; AG_ERR_API_SERVER where that cluster
 * keeps no reports or does not answer; AG_ERR_CONFIG without a usable kubeconfig
 */
export async function clusterTarget(
  options: IntoClusterOptions,
  { env }: Terminal,
): Promise<ClusterTarget | undefined> {
  const { writeReports: reports, maxReports, events, context = [], from, kubeconfig } = options;
  if (maxReports !== undefined && !reports) {
    throw new AttachguardError("AG_ERR_USAGE", "--max-reports: it needs --write-reports");
  }
  const flag = reports ? "--write-reports" : "--events";
  if (!reports && !events) return undefined;
  if (from !== undefined) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      `${flag}: with --from the objects of a dump would go to whichever cluster is current: audit the cluster itself`,
    );
  }
  if (context.length > 1) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      `${flag}: with several contexts each cluster needs a run of its own: give one --context`,
    );
  }
  const { connectObjectClient } = await import("../../cluster/live/connect.ts");
  const client = await connectObjectClient({ kubeconfig, context: context[0], env });
  try {
    return { client, api: reports ? await reportApiOf(client) : undefined };
  } catch (error) {
    client.close();
    throw error;
  }
}

/**
 * Writes into the cluster, and reports the outcome on standard error.
 *
 * @param uidOf the uid of a judged object
 * @returns 2 where the API server refused a part, else 0
 */
export async function writeIntoCluster(
  { client, api }: ClusterTarget,
  report: Report,
  uidOf: (object: ObjectRef) => string | undefined,
  options: IntoClusterOptions,
  terminal: Terminal,
): Promise<0 | 2> {
  const lines: string[] = [];
  const problems: string[] = [];
  const now = Date.now();
  if (api !== undefined) {
    const { maxReports: max = MAX_REPORTS } = options;
    const written = await writeReports(report, client, {
      api,
      max,
      uidOf,
      now: Math.floor(now / 1000),
    });
    lines.push(reportsWrittenLine(written));
    problems.push(...written.problems.map((problem) => `error: report ${problem}`));
  }
  if (options.events) {
    const written = await writeEvents(report, client, uidOf, now);
    lines.push(eventsWrittenLine(written));
    problems.push(...written.problems.map((problem) => `error: event ${problem}`));
  }
  const shown = problems.slice(0, PROBLEMS_SHOWN);
  if (problems.length > shown.length) shown.push(`error: and ${problems.length - shown.length} more`);
  await print(terminal.stderr, [...shown, ...lines].map((line) => `${harmless(visible(line))}\n`).join(""));
  return problems.length > 0 ? 2 : 0;
}

/** Usually all have the same reason. */
const PROBLEMS_SHOWN = 10;
