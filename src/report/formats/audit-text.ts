import { nameOf } from "../../policy/phrasing.ts";
import { type AuditOverview, auditOverview, statesText, type Tally, whyWorst } from "../audit-overview.ts";
import { stepsOf } from "../commands.ts";
import { type Painter, painter } from "../paint.ts";
import type { Report } from "../report.ts";
import { visible } from "../visible.ts";
import { wrapped } from "../wrap.ts";

/** Rows of a table and commands that are shown; the rest is counted. */
const SHOWN = 10;

/** The first screen of an audit: the overview, as blocks for a terminal. */
export function auditBlocks(report: Report, options: { colour: boolean; width: number }): readonly string[] {
  const { audit } = report;
  if (audit === null) return [];
  const paint = painter(options.colour);
  const overview = auditOverview(report, Date.parse(audit.time));
  return [
    headline(report, options.width, paint),
    ...sinceBlock(report, options.width),
    ...worstBlock(overview, options.width, paint),
    ...attachmentBlock(report, options.width, paint),
    ...tableBlock(overview),
    ...recreateBlock(overview, report, options.width, paint),
    ...storageBlock(overview, options.width, paint),
    ...exemptedBlock(overview, paint),
    ...readBlock(report, options.width),
  ];
}

function headline(report: Report, width: number, paint: Painter): string {
  const { audit, clusters } = report;
  const names = clusters.map(({ context, uid }) => context ?? uid ?? "a dump").map(visible);
  const scope = audit?.scope.namespace == null ? "" : `, namespace ${visible(audit.scope.namespace)}`;
  const lines = wrapped(statesText(report), "", width);
  return [paint("bold", `Audit of ${names.join(", ")}${scope} at ${audit?.time ?? ""}`), ...lines].join("\n");
}

function sinceBlock({ since }: Report, width: number): readonly string[] {
  if (since === null) return [];
  const { time, fixed, graver, unchanged, notComparable, reasons } = since;
  const text = `Since ${visible(time)}: ${since.new} new, ${fixed} fixed, ${graver} worse, ${unchanged} unchanged, ${notComparable} not comparable.`;
  return [
    [...wrapped(text, "", width), ...reasons.flatMap((each) => wrapped(visible(each), "  - ", width))].join(
      "\n",
    ),
  ];
}

function worstBlock({ worst, beyondWorst }: AuditOverview, width: number, paint: Painter): readonly string[] {
  if (worst.length === 0) return [];
  const rows = worst.flatMap((each) => {
    const { workload, state, cluster } = each;
    const label = `  ${state.padEnd("healthy".length)}  `;
    const why = whyWorst(each);
    const text = `${inCluster(cluster)}${visible(nameOf(workload))}${why === null ? "" : `: ${visible(why)}`}`;
    const [first = "", ...rest] = wrapped(text, label, width);
    return [paint(state === "stuck" ? "red" : "yellow", label) + first.slice(label.length), ...rest];
  });
  const more = beyondWorst > 0 ? [`  and ${beyondWorst} more with findings`] : [];
  return [[paint("bold", "Worst first"), ...rows, ...more].join("\n")];
}

function attachmentBlock({ attachments }: Report, width: number, paint: Painter): readonly string[] {
  if (attachments.length === 0) return [];
  const rows = attachments.flatMap(({ severity, warning }) => {
    const label = `  ${severity.padEnd("healthy".length)}  `;
    const [first = "", ...rest] = wrapped(visible(warning), label, width);
    return [paint(severity === "error" ? "red" : "yellow", label) + first.slice(label.length), ...rest];
  });
  return [[paint("bold", "Attachments"), ...rows].join("\n")];
}

function tableBlock({ byNamespace, byRule, byDriver, byClass }: AuditOverview): readonly string[] {
  return [
    ...tallyBlock("namespace", byNamespace),
    ...tallyBlock("rule", byRule),
    ...tallyBlock("driver", byDriver),
    ...tallyBlock("class", byClass),
  ];
}

function tallyBlock(title: string, rows: Tally): readonly string[] {
  if (rows.length === 0) return [];
  const shown = rows
    .slice(0, SHOWN)
    .map(([name, errors, warnings]) => [visible(name), errors, warnings] as const);
  const width = Math.max(title.length, ...shown.map(([name]) => name.length));
  const more = rows.length - shown.length;
  return [
    [
      `${title.padEnd(width)}  errors  warnings`,
      ...shown.map(
        ([name, errors, warnings]) =>
          `${name.padEnd(width)}  ${String(errors).padStart(6)}  ${String(warnings).padStart(8)}`,
      ),
      ...(more > 0 ? [`and ${more} more`] : []),
    ].join("\n"),
  ];
}

const REPLACED =
  'If another object has taken the name since, a command with a uid is refused: "metadata.uid … field is immutable".';

function recreateBlock(
  { fixedByRecreate }: AuditOverview,
  { telling }: Report,
  width: number,
  paint: Painter,
): readonly string[] {
  if (fixedByRecreate.length === 0) return [];
  const steps = fixedByRecreate
    .slice(0, SHOWN)
    .flatMap(({ workload, fix }) => stepsOf(fix, telling, workload))
    .map(({ what }) => `  ${visible(what)}`);
  const more = fixedByRecreate.length - SHOWN;
  return [
    [
      paint(
        "bold",
        `Fixed by strategy Recreate alone (${fixedByRecreate.length}; brief downtime at each rollout)`,
      ),
      ...steps,
      ...(more > 0 ? [`  and ${more} more; --format json has all commands`] : []),
      ...(telling.aimAt === undefined ? [] : wrapped(REPLACED, "  ", width)),
    ].join("\n"),
  ];
}

function storageBlock({ needStorage }: AuditOverview, width: number, paint: Painter): readonly string[] {
  if (needStorage.length === 0) return [];
  const names = needStorage.slice(0, SHOWN).map(({ workload }) => visible(nameOf(workload)));
  const more = needStorage.length - names.length;
  const text = names.join(", ") + (more > 0 ? ` and ${more} more` : "");
  return [
    [paint("bold", `Need other storage (${needStorage.length})`), ...wrapped(text, "  ", width)].join("\n"),
  ];
}

function exemptedBlock({ exempted, expiring }: AuditOverview, paint: Painter): readonly string[] {
  if (exempted.length === 0) return [];
  const soon = new Set(expiring.map(({ finding }) => finding));
  const rows = exempted.slice(0, SHOWN).map((finding) => {
    const { by, reason, until } = finding.exempted ?? { by: "", reason: "", until: null };
    const end = until === null ? "no expiry" : `until ${visible(until)}`;
    const mark = soon.has(finding) ? paint("yellow", "  expires soon") : "";
    return `  ${visible(nameOf(finding.workload))} [${finding.rule}] by ${by}, ${end}: ${visible(reason)}${mark}`;
  });
  const more = exempted.length - rows.length;
  return [
    [
      paint("bold", `Exempted (${exempted.length}, ${expiring.length} of them expire within 14 days)`),
      ...rows,
      ...(more > 0 ? [`  and ${more} more`] : []),
    ].join("\n"),
  ];
}

function readBlock({ audit }: Report, width: number): readonly string[] {
  const unread = (audit?.read ?? []).filter(({ state }) => state === "unread");
  if (unread.length === 0) return [];
  const names = unread.map(({ kind, why }) => `${kind}${why === null ? "" : ` (${visible(why)})`}`);
  return [wrapped(`Not read, so not judged or only in part: ${names.join(", ")}`, "", width).join("\n")];
}

function inCluster(cluster: string | null): string {
  return cluster === null ? "" : `${visible(cluster)}  `;
}
