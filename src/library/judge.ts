import type { Bundle } from "../cluster/files/bundle.ts";
import { type Judged, judgeAll } from "../judge/all.ts";
import { judgeVersions } from "../judge/compared.ts";
import { type JudgeSettings, waiverCheck } from "../judge/context.ts";
import { findingPlaces } from "../judge/finding-places.ts";
import { problemsFound } from "../judge/problems.ts";
import { noneStored } from "../report/commands.ts";
import { buildReport, type ReportParts } from "../report/report.ts";
import { version } from "../version.ts";
import { type Configuration, configOf } from "./config.ts";
import { type ClusterFacts, clusterOf } from "./facts.ts";
import { type Manifests, type ReadManifests, readManifests } from "./manifests.ts";
import { handedOut, type Report } from "./report.ts";

export interface JudgeOptions {
  /** As `parseConfig` returns it; without one, the defaults. */
  readonly config?: Configuration;
  /** What the manifests would be applied to. */
  readonly cluster?: ClusterFacts;
  /** True: what is not given does not exist. If left out: only for a dump of a cluster. */
  readonly closed?: boolean;
  /** The time for whatever expires, such as waivers; by default, now. */
  readonly now?: Date;
}

/**
 * Judges manifests together, as if all of them were applied at once: what `attachguard check` does.
 *
 * @returns a report; what could not be read is in its `errors`, and everything else is still judged
 * @throws AttachguardError AG_ERR_INPUT where one is neither text nor an object
 */
export async function judge(manifests: Manifests, options: JudgeOptions = {}): Promise<Report> {
  const read = readManifests(manifests, options);
  const { bundle } = read;
  const surroundings = surroundingsOf(options);
  const settings = settingsOf(options);
  const { workloads, claims } = bundle;
  const subjects = {
    workloads,
    claims,
    view: bundle.viewFor(undefined, surroundings),
    viewFor: (object: Parameters<Bundle["viewFor"]>[0]) => bundle.viewFor(object, surroundings),
  };
  return reportOf(await judgeAll(subjects, settings), read, settings);
}

/**
 * Judges a change of manifests, each changed object as the update that it is: what `attachguard check --base` does.
 *
 * @returns a report in which `known` findings are those that the change does not introduce; they are not counted
 * @throws AttachguardError AG_ERR_INPUT where one is neither text nor an object
 */
export async function judgeChange(
  before: Manifests,
  after: Manifests,
  options: JudgeOptions = {},
): Promise<Report> {
  const read = readManifests(after, options);
  const settings = settingsOf(options);
  const versions = {
    before: readManifests(before, options).bundle,
    after: read.bundle,
    surroundings: surroundingsOf(options),
  };
  const compared = await judgeVersions(versions, settings, { all: false });
  return reportOf(compared, read, settings, {
    isKnown: (_, finding) => compared.known.has(finding),
    change: { reservation: null },
  });
}

function surroundingsOf({ cluster }: JudgeOptions) {
  return cluster === undefined ? undefined : clusterOf(cluster).view;
}

/** The settings for judging, from the options. */
export function settingsOf({ config: configuration, now = new Date() }: JudgeOptions): JudgeSettings {
  const config = configOf(configuration);
  return { config, verifyWaiver: waiverCheck(() => config), dryRun: false, now: now.getTime() };
}

async function reportOf(
  judged: Judged,
  { bundle, textOf }: ReadManifests,
  { config }: JudgeSettings,
  change: Partial<ReportParts> = {},
): Promise<Report> {
  const { errors, notes } = problemsFound(bundle.errors);
  const report = buildReport({
    ...change,
    findings: judged.findings,
    placesOf: await findingPlaces(judged.findings, async (file) => textOf(file)),
    workloads: judged.workloads,
    notJudged: bundle.notJudged.objects.map(({ source, ...object }) => ({
      object: { ...object, namespace: object.namespace || "default" },
      source: source ?? null,
    })),
    errors,
    notes: [...notes, ...judged.notes],
    toolVersion: version(),
    telling: { docsUrl: config.docsUrl, isStored: noneStored },
    inRepository: (file) => file.replaceAll("\\", "/"),
  });
  return handedOut(report);
}
