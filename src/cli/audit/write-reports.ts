import type { ObjectClient } from "../../cluster/live/object-client.ts";
import type { Resource } from "../../cluster/live/source.ts";
import { AttachguardError, messageOf } from "../../errors.ts";
import type { ObjectRef } from "../../policy/model.ts";
import { plural } from "../../policy/phrasing.ts";
import { kindFor, REPORT_APIS, type ReportApi, type ReportKind } from "../../report/cluster-reports/apis.ts";
import { bodyOf, isWritten, MANAGED_BY, reportName, uidInName } from "../../report/cluster-reports/body.ts";
import { type ExistingReport, existingFrom } from "../../report/cluster-reports/existing.ts";
import { isOurs, obsolescence } from "../../report/cluster-reports/obsolete.ts";
import { PRODUCER, type WantedReport, wantedReports } from "../../report/cluster-reports/wanted.ts";
import type { Report } from "../../report/report.ts";
import { eachOf } from "./each-of.ts";

export const MAX_REPORTS = 1_000;

/** Requests at once: enough to be quick, too few to be a burden. */
const AT_ONCE = 4;
/** Others may write at the same time, a few times in a row at most. */
const ATTEMPTS = 5;

/** The outcome of writing reports, in numbers of reports. */
export interface ReportsWritten {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly deleted: number;
  /** Our reports in the older API, deleted once the new one is written. */
  readonly moved: number;
  /** Of those created or changed: how many had someone else's content under our name. */
  readonly takenBack: number;
  /** More than `--max-reports`. */
  readonly beyond: number;
  /** Objects whose namespace was deleted in the meantime, or whose uid is not known. */
  readonly passedOver: number;
  /** What the API server refused, one sentence each. */
  readonly problems: readonly string[];
}

export interface WriteReportsOptions {
  readonly api: ReportApi;
  readonly max: number;
  /** The uid of a judged object; undefined where it is not known. */
  readonly uidOf: (object: ObjectRef) => string | undefined;
  /** Seconds since the epoch. */
  readonly now: number;
}

/**
 * The API that this cluster keeps reports in.
 *
 * @throws AttachguardError AG_ERR_API_SERVER where there is none, with the way to get one
 */
export async function reportApiOf(client: ObjectClient): Promise<ReportApi> {
  for (const api of REPORT_APIS) {
    if (await client.serves(resourceOf(api, api.namespaced))) return api;
  }
  throw new AttachguardError(
    "AG_ERR_API_SERVER",
    "--write-reports: this cluster serves neither openreports.io/v1alpha1 nor wgpolicyk8s.io/v1alpha2. " +
      "Install the definitions of one, e.g. `kubectl apply -f` the files of config/crd in github.com/openreports/reports-api " +
      "(Kyverno and Policy Reporter include them); docs/audit-in-cluster.md has more",
  );
}

/**
 * Makes the reports in the cluster say what this report says: those of objects with findings are written, those of
 * objects without are deleted where that is known for certain. Reports under other names are never touched.
 *
 * @throws AttachguardError AG_ERR_API_SERVER where the existing reports cannot be read
 */
export async function writeReports(
  report: Report,
  client: ObjectClient,
  { api, max, uidOf, now }: WriteReportsOptions,
): Promise<ReportsWritten> {
  const wanted = wantedReports(report, uidOf, max);
  const count = { created: 0, changed: 0, unchanged: 0, deleted: 0, moved: 0, takenBack: 0, passedOver: 0 };
  const problems = new Set<string>();
  const trying = async (name: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      problems.add(`${name}: ${messageOf(error)}`);
    }
  };

  const existing = await ownReports(client, api, report.audit?.scope.namespace ?? null);
  const byName = new Map(existing.map((each) => [`${each.namespace}/${each.name}`, each]));
  const done = new Set<string>();
  await eachOf(wanted.reports, AT_ONCE, async (one) => {
    const { namespace, uid } = one.subject;
    await trying(`${namespace}/${reportName(uid)}`, async () => {
      const outcome = await writeOne(one, byName.get(`${namespace}/${reportName(uid)}`), client, api, now);
      count[outcome.did] += 1;
      if (outcome.takenBack) count.takenBack += 1;
      if (outcome.did !== "passedOver") done.add(uid);
    });
  });

  const isObsolete = obsolescence(report, wanted.found);
  await eachOf(existing.filter(isObsolete), AT_ONCE, async (old) => {
    await trying(`${old.namespace}/${old.name}`, async () => {
      if (await deleteOne(old, client, api, isObsolete)) count.deleted += 1;
    });
  });
  for (const older of REPORT_APIS.slice(REPORT_APIS.findIndex(({ group }) => group === api.group) + 1)) {
    if (!(await client.serves(resourceOf(older, older.namespaced)))) continue;
    const hasMoved = (old: ExistingReport) =>
      isOurs(old) && (done.has(uidInName(old.name) ?? "") || isObsolete(old));
    const left = await ownReports(client, older, report.audit?.scope.namespace ?? null);
    await eachOf(left.filter(hasMoved), AT_ONCE, async (old) => {
      await trying(`${old.namespace}/${old.name}`, async () => {
        if (await deleteOne(old, client, older, hasMoved)) count.moved += 1;
      });
    });
  }
  return {
    ...count,
    passedOver: count.passedOver + wanted.withoutUid,
    beyond: wanted.beyond,
    problems: [...problems],
  };
}

/** One line for people. */
export function reportsWrittenLine(written: ReportsWritten): string {
  const { created, changed, unchanged, deleted, moved, takenBack, beyond, passedOver } = written;
  const parts = [`${created} created`, `${changed} changed`, `${unchanged} unchanged`, `${deleted} deleted`];
  if (moved > 0) parts.push(`${moved} of the older API deleted`);
  const more = [
    ...(takenBack > 0
      ? [`${plural(takenBack, "report")} under our name, written by somebody else: replaced`]
      : []),
    ...(beyond > 0 ? [`${plural(beyond, "more object")} with findings left out by --max-reports`] : []),
    ...(passedOver > 0 ? [`${plural(passedOver, "object")} skipped: deleted in the meantime`] : []),
  ];
  return `reports in the cluster: ${[parts.join(", "), ...more].join("; ")}`;
}

interface Outcome {
  readonly did: "created" | "changed" | "unchanged" | "passedOver";
  readonly takenBack: boolean;
}

/** @param known the report as it was listed; undefined where none of ours was */
async function writeOne(
  wanted: WantedReport,
  known: ExistingReport | undefined,
  client: ObjectClient,
  api: ReportApi,
  now: number,
): Promise<Outcome> {
  const { namespace, uid } = wanted.subject;
  const resource = resourceOf(api, kindFor(api, namespace));
  let existing = known;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const own = existing !== undefined && isOwnWork(existing, wanted) ? existing : undefined;
    if (existing === undefined) {
      const outcome = await client.create(resource, bodyOf(wanted, api, now));
      if (outcome === "written") return { did: "created", takenBack: false };
      if (outcome === "gone") return { did: "passedOver", takenBack: false };
    } else {
      const { uid, resourceVersion } = existing;
      const body = bodyOf(wanted, api, now, own);
      if (own !== undefined && isWritten(own, body)) return { did: "unchanged", takenBack: false };
      const metadata = { ...body.metadata, uid, resourceVersion };
      const outcome = await client.replace(resource, { ...body, metadata });
      if (outcome === "written") return { did: "changed", takenBack: own === undefined };
    }
    existing = existingFrom(await client.get(resource, namespace, reportName(uid)));
  }
  throw new Error(`others changed it ${ATTEMPTS} times while it was being written: run it again`);
}

/** Has our label and belongs to the object: anything else under the name is not ours. */
function isOwnWork(existing: ExistingReport, { subject }: WantedReport): boolean {
  return isOurs(existing) && existing.subjectKind === subject.kind;
}

/** @returns whether it was deleted; also false where it has changed and is to stay */
async function deleteOne(
  old: ExistingReport,
  client: ObjectClient,
  api: ReportApi,
  isToGo: (existing: ExistingReport) => boolean,
): Promise<boolean> {
  const resource = resourceOf(api, kindFor(api, old.namespace));
  let existing: ExistingReport | undefined = old;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (existing === undefined || !isToGo(existing)) return false;
    const outcome = await client.delete(resource, existing);
    if (outcome !== "conflict") return outcome === "written";
    existing = existingFrom(await client.get(resource, old.namespace, old.name));
  }
  throw new Error(`others changed it ${ATTEMPTS} times while it was being deleted: run it again`);
}

/** All reports with our label: in one namespace, or in all of them and outside. */
async function ownReports(
  client: ObjectClient,
  api: ReportApi,
  namespace: string | null,
): Promise<readonly ExistingReport[]> {
  const labelSelector = `${MANAGED_BY}=${PRODUCER}`;
  const kinds = namespace === null ? [api.namespaced, api.cluster] : [api.namespaced];
  const lists = await Promise.all(
    kinds.map((kind) =>
      client.list(resourceOf(api, kind), { namespace: namespace ?? "", labelSelector }, existingFrom),
    ),
  );
  return lists.flat();
}

function resourceOf({ group, version }: ReportApi, { plural }: ReportKind): Resource {
  return { group, version, plural };
}
