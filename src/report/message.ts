import { storagePageOf } from "../policy/catalogue/capabilities.ts";
import type { Exemption, Finding, FindingClaim } from "../policy/finding.ts";
import { FIXES, type Fix } from "../policy/fixes.ts";
import type { ObjectRef } from "../policy/model.ts";
import { nameOf } from "../policy/phrasing.ts";
import { stepsOf } from "./commands.ts";
import type { Telling } from "./report.ts";

/** API reviewers' advice for the length of a warning, and where the API server cuts (`endpoints/filters/warning.go`). */
const WARNING_ADVISED = 120;
const WARNING_MAX = 256;
/** How much of it the prefix of a warning may take; the rest is the finding's. */
const LEAD_MAX = 160;

/**
 * What a person reads: what will go wrong and on which objects, why, the cheapest way out with what to type or to
 * write, the other ways out, and where to read more. Several lines.
 */
export function explainFinding(finding: AnyFinding, telling: Telling): string {
  return [...bodyOf(finding, telling), lastLine(finding, telling)].join("\n");
}

/**
 * One denial for all errors of a request: the first finding in full, every other one folded into a line before the
 * last. `""` without errors.
 */
export function denialMessage(errors: readonly Finding[], telling: Telling): string {
  const [lead, ...others] = errors;
  if (!lead) return "";
  return [
    ...bodyOf(lead, telling),
    ...others.map((other) => `Also: ${sentenceOf(other)} [${other.rule}]`),
    lastLine(lead, telling),
  ].join("\n");
}

/** The finding as one sentence: `Deployment shop/web can get stuck …` */
export function sentenceOf({ workload, problem }: Finding): string {
  return `${nameOf(workload)} ${problem}.`;
}

/** The evidence of a finding, one sentence each: the facts, the other moment, what qualifies it. */
export function groundsOf(finding: Finding): readonly string[] {
  return [...factsOf(finding), ...finding.notes];
}

function factsOf({ evidence, also }: Finding): readonly string[] {
  return [...evidence, ...also.map((problem) => `it also ${problem}`)];
}

/**
 * The finding in one line: at most 256 characters, at most 120 where that can be. It begins with who let it through
 * or what it was inferred from, and ends with the rule's id, whatever has to be cut.
 */
export function warningOf(finding: Finding): string {
  const tag = ` [${finding.rule}]`;
  const lead = cut(leadOf(finding), LEAD_MAX);
  const { kind, name }: ObjectRef = finding.workload;
  const core = `${lead === "" ? "" : `${lead} `}${kind} ${name}: ${finding.brief}`;
  const fix = finding.fixes[0] ? `; fix: ${FIXES[finding.fixes[0].id].short}` : "";
  if (core.length + fix.length + tag.length <= WARNING_ADVISED) return core + fix + tag;
  return cut(core, WARNING_MAX - tag.length) + tag;
}

/** The address of a rule's page; null where none is configured. */
export function rulePage(rule: string, { docsUrl }: Telling): string | null {
  return docsUrl === null ? null : `${docsUrl}${rule}`;
}

/**
 * The address of the page about a claim's storage, where the whole of docs/ is served: beside `rules/` stands
 * `storage/`. Null where no such address is configured, or there is no page.
 */
export function storagePage(
  { provisioner }: Pick<FindingClaim, "provisioner">,
  { docsUrl }: Telling,
): string | null {
  const page = provisioner === null ? undefined : storagePageOf(provisioner);
  if (page === undefined || docsUrl === null || !/\/rules\/$/.test(docsUrl)) return null;
  return `${docsUrl.slice(0, -"rules/".length)}storage/${page}`;
}

/** The addresses of the pages about a finding's storage, each once. */
export function storagePages({ claims }: Finding, telling: Telling): readonly string[] {
  // There may be tens of thousands of claims, of a few provisioners.
  const provisioners = new Set(claims.map(({ provisioner }) => provisioner));
  const pages = [...provisioners].map((provisioner) => storagePage({ provisioner }, telling));
  return [...new Set(pages)].filter((page) => page !== null);
}

/** Where to read more about a finding. */
export function moreOf(finding: Finding, telling: Telling): string {
  const page = rulePage(finding.rule, telling);
  const storage = storagePages(finding, telling);
  const about = storage.length === 0 ? "" : `; its storage: ${storage.join(", ")}`;
  return `More: attachguard explain ${finding.rule}${page === null ? "" : ` or ${page}`}${about}`;
}

/** An exemption on one line: who let it through and until when. */
export function exemptionText({ by, until, reason }: Exemption): string {
  return `exempted by ${by}${until === null ? "" : ` until ${until}`}: ${reason}`;
}

function leadOf({ exempted, inferred }: Finding): string {
  if (exempted !== null) return `(${exemptionText(exempted)})`;
  return inferred ? "inferred from your earlier dry run:" : "";
}

/** A finding as it was judged, or as it stands in a report. */
type AnyFinding = Finding & { readonly cluster?: string | null };

function bodyOf(finding: AnyFinding, telling: Telling): readonly string[] {
  const [first, ...others] = finding.fixes;
  const { cluster = null } = finding;
  return [
    sentenceOf(finding),
    ...factsOf(finding).map((line) => `  - ${line}`),
    ...(first ? [`Fix: ${first.summary}. Cost: ${first.cost}.`] : []),
    ...(first
      ? stepsOf(first, telling, { workload: finding.workload, cluster })
          .filter(({ precaution }) => precaution !== true)
          .map((step) => `  ${step.where}: ${step.what}`)
      : []),
    ...(others.length > 0 ? [`Or: ${others.map(alternative).join("; ")}.`] : []),
    ...finding.notes.map((note) => `Note: ${note}.`),
  ];
}

function alternative({ id }: Fix): string {
  const { short, price } = FIXES[id];
  return price === "" ? short : `${short} (${price})`;
}

function lastLine(finding: Finding, telling: Telling): string {
  return `[${finding.rule}] ${moreOf(finding, telling)}`;
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const kept = text
    .slice(0, length - 1)
    .toWellFormed()
    .replace(/\ufffd$/, "");
  return `${kept}…`;
}
