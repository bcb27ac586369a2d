import type { PlacedFact } from "../cluster/files/file-index.ts";
import { overlay } from "../cluster/overlay.ts";
import { workloadFact } from "../kube/fact.ts";
import { inForce } from "../policy/borrowed-template.ts";
import type { Judgement } from "../policy/evaluate.ts";
import type { Finding } from "../policy/finding.ts";
import type { Autoscaler, Claim, Workload } from "../policy/model.ts";
import { verdictOf } from "../policy/verdict.ts";
import { type ClusterView, knownValue } from "../policy/view.ts";
import type { ReportNote } from "../report/report.ts";
import type { Judged, PlanMaker } from "./all.ts";
import {
  type ChangeJudgement,
  judgeAutoscalerChange,
  judgeWorkloadChange,
  type Pictures,
  targetOf,
} from "./change.ts";
import { callersNote, exemptionNote, modeNotes, replacedNote, withDoubts } from "./compared-notes.ts";
import type { JudgeSettings } from "./context.ts";
import { immutableNotes } from "./immutable.ts";
import { type NamespaceMode, NamespaceModes } from "./mode.ts";
import {
  annotationNotes,
  asObject,
  inDefaultNamespace,
  judgeAsItStands,
  judgeClaimAsItStands,
  mountsAnything,
  namespaceOf,
  notesOn,
  rowOf,
} from "./one.ts";
import { type Fate, type Pairing, pairingOf, type Versions } from "./pairing.ts";
import type { Grounds } from "./why-allowed.ts";

export interface Compared extends Judged {
  /** The findings that the change does not add. */
  readonly known: ReadonlySet<Finding>;
}

/**
 * Judges the change from one state of files to another as the webhook would: each changed object as that UPDATE, each
 * new one as CREATE. An unchanged object is judged in both states; what is new or worse comes from its neighbours, the
 * rest was known.
 *
 * @param all also list the workloads that the change does not concern
 */
export async function judgeVersions(
  versions: Versions,
  settings: JudgeSettings,
  { all, planFor }: { readonly all: boolean; readonly planFor?: PlanMaker },
): Promise<Compared> {
  const comparing = new Comparing(versions, settings);
  for (const workload of versions.after.workloads) await comparing.judgeWorkload(workload);
  for (const { object } of versions.after.facts) {
    if ("target" in object) await comparing.judgeAutoscaler(object);
  }
  for (const claim of versions.after.claims) await comparing.judgeClaim(claim);
  for (const fact of versions.after.facts) comparing.tellImmutable(fact);
  return comparing.result(all, planFor);
}

/** A finding, and whether it was there before. */
interface Told {
  readonly finding: Finding;
  readonly known: boolean;
}

/** What was found for one workload, by rule. */
interface Found {
  readonly judged: ChangeJudgement;
  readonly mode: NamespaceMode;
  /** What the webhook would answer to writes of it or of its autoscalers; `undefined`: it is not called. */
  readonly answered: readonly Finding[] | undefined;
  readonly told: Map<string, Told>;
}

class Comparing {
  readonly #versions: Versions;
  readonly #settings: JudgeSettings;
  readonly #pairing: Pairing;
  readonly #modes: NamespaceModes;
  readonly #found = new Map<Workload, Found>();
  readonly #ofClaims: Told[] = [];
  readonly #notes: ReportNote[] = [];
  readonly #standing = new Map<Workload, Promise<readonly Finding[]>>();

  constructor(versions: Versions, settings: JudgeSettings) {
    this.#versions = versions;
    this.#settings = settings;
    this.#pairing = pairingOf(versions.before.facts, versions.after.facts);
    const { after, surroundings } = versions;
    this.#modes = new NamespaceModes(settings.config, after.viewFor(undefined, surroundings));
  }

  async judgeWorkload(written: Workload): Promise<void> {
    const fate = this.#fateOf(written);
    const after = this.#viewAfter(written);
    if (fate.state === "same") {
      await this.#take(
        written,
        await this.#compared(written, fate.before.object as Workload, after),
        fate,
        false,
      );
      return;
    }
    const { replaces } = fate.state === "new" ? fate : { replaces: undefined };
    if (replaces !== undefined) this.#notes.push(replacedNote(replaces.object, written));
    // It stands in the older files.
    const beside =
      replaces === undefined ? [] : [workloadFact({ ...(replaces.object as Workload), source: undefined })];
    const previous = fate.state === "changed" ? (fate.before.object as Workload) : null;
    const pictures: Pictures = {
      before: previous === null ? after : this.#viewBefore(previous),
      after: overlay(after, beside),
    };
    const changed = fate.state === "changed" ? fate : { specChanged: true, templateChanged: false };
    const [own, ...ofBorrowers] = await judgeWorkloadChange(
      { next: written, previous, specChanged: changed.specChanged, templateChanged: changed.templateChanged },
      pictures,
      this.#settings,
    );
    if (own === undefined) return;
    this.#notes.push(...notesOn(own.workload, after));
    await this.#take(written, own, fate, true);
    const borrowers = knownValue(after.borrowersOf(written)) ?? [];
    for (const [at, judged] of ofBorrowers.entries()) {
      const borrower = borrowers[at];
      if (borrower !== undefined) await this.#take(borrower, judged, this.#fateOf(borrower), true);
    }
  }

  /** An unchanged workload as it stands; what its neighbours added is judged in full. */
  async #compared(written: Workload, previous: Workload, after: ClusterView): Promise<ChangeJudgement> {
    const standing = await judgeAsItStands(written, after, this.#settings);
    const { findings } = standing.judgement;
    if (findings.length === 0) return standing;
    const old = await this.#standingBefore(previous);
    const known = findings.filter((finding) => wasThere(finding, old));
    if (known.length === findings.length) return standing;
    const full = await judgeAsItStands(written, after, this.#settings, true);
    const brought = full.judgement.findings.filter(({ rule }) => !known.some((other) => other.rule === rule));
    return { ...full, judgement: new WithFindings(full.judgement, [...brought, ...known]) };
  }

  async judgeAutoscaler(written: Autoscaler): Promise<void> {
    const fate = this.#fateOf(written);
    const target = targetOf(written);
    if (fate.state === "same" || target === undefined) return;
    const workload = knownValue(
      this.#viewAfter(written).workload(target.kind, target.namespace, target.name),
    );
    if (workload === undefined) return;
    const previous = fate.state === "changed" ? (fate.before.object as Autoscaler) : null;
    const after = this.#viewAfter(workload);
    const change = {
      next: written,
      previous: previous?.target.name === written.target.name ? previous : null,
    };
    const judged = await judgeAutoscalerChange(change, inForce(workload, after), after, this.#settings);
    if ("unjudged" in judged) return;
    await this.#take(workload, judged, this.#fateOf(workload), true);
  }

  async judgeClaim(claim: Claim): Promise<void> {
    const fate = this.#fateOf(claim);
    if (fate.state === "new" && fate.replaces !== undefined) {
      this.#notes.push(replacedNote(fate.replaces.object, claim));
    }
    if (fate.state !== "same") this.#notes.push(...annotationNotes(asObject(claim)));
    if (this.#modes.in(namespaceOf(claim)).mode === "off") return;
    const findings = await judgeClaimAsItStands(claim, this.#viewAfter(claim), this.#settings);
    if (findings.length === 0) return;
    const previous = fate.state === "new" ? undefined : (fate.before.object as Claim);
    const before =
      previous === undefined
        ? []
        : await judgeClaimAsItStands(previous, this.#viewBefore(previous), this.#settings);
    for (const finding of findings) {
      this.#ofClaims.push({ finding: inDefaultNamespace(finding), known: wasThere(finding, before) });
    }
  }

  tellImmutable(after: PlacedFact): void {
    const fate = this.#fateOf(after.object);
    if (fate.state !== "changed") return;
    this.#notes.push(...immutableNotes(fate.before, after, this.#viewBefore(fate.before.object)));
  }

  async result(all: boolean, planFor?: PlanMaker): Promise<Compared> {
    const { config } = this.#settings;
    const every: Told[] = [...this.#ofClaims];
    const workloads = [];
    for (const [written, { judged, mode, answered, told: ofOne }] of this.#found) {
      const each = [...ofOne.values()];
      if (mode.mode !== "off") every.push(...each);
      const findings = each.map(({ finding }) => finding);
      const fresh = each.filter(({ known }) => !known).map(({ finding }) => finding);
      const isConcerned = answered !== undefined || fresh.length > 0;
      if (!all && !isConcerned) continue;
      // What is not part of any request cannot be refused.
      const told = isConcerned ? [...(answered ?? []), ...fresh] : findings.map(asWarning);
      const why = told.length === 0 && findings.length > 0 ? NOTHING_BROUGHT : undefined;
      const row = rowOf(judged, findings, verdictOf(told, mode.mode), mode, why);
      const plan =
        mode.mode === "off"
          ? undefined
          : await planFor?.(written, findings, this.#viewAfter(written), this.#settings);
      workloads.push(plan == null ? row : { ...row, plan });
    }
    const brought = every.filter(({ known }) => !known).map(({ finding }) => finding);
    const judgedIn = new Set(workloads.map(({ workload }) => workload.namespace));
    return {
      findings: every.map(({ finding }) => finding),
      known: new Set(every.filter(({ known }) => known).map(({ finding }) => finding)),
      workloads,
      notes: [
        ...this.#notes,
        ...this.#modes.notesOn(judgedIn),
        ...modeNotes(this.#versions, config),
        ...brought.flatMap(exemptionNote),
        ...callersNote(brought, config),
      ],
    };
  }

  /**
   * Adds what was found for a workload; if a rule was found twice, the finding that the change adds wins, then the
   * worse.
   *
   * @param answered true where the webhook would say it to something that is written
   */
  async #take(written: Workload, judged: ChangeJudgement, fate: Fate, answered: boolean): Promise<void> {
    if (!mountsAnything(judged.workload) && judged.judgement.findings.length === 0) return;
    const before = this.#found.get(written);
    const found: Found = {
      judged: before?.judged ?? judged,
      mode: before?.mode ?? this.#modes.in(namespaceOf(judged.workload)),
      answered: answered ? [...(before?.answered ?? []), ...judged.judgement.findings] : before?.answered,
      told: before?.told ?? new Map(),
    };
    this.#found.set(written, found);
    if (judged.judgement.findings.length === 0) return;
    const old = fate.state === "new" ? [] : await this.#standingBefore(fate.before.object as Workload);
    for (const finding of judged.judgement.findings) {
      // An error in what is written is one that the change sets off: the ratchet has let through what was known.
      const known = wasThere(finding, old) && !(answered && finding.severity === "error");
      const doubted = known ? finding : withDoubts(finding, fate, (name) => this.#isNewClaim(written, name));
      const told = { finding: inDefaultNamespace(doubted), known };
      const other = found.told.get(finding.rule);
      if (other === undefined || rank(told) < rank(other)) found.told.set(finding.rule, told);
    }
  }

  #standingBefore(workload: Workload): Promise<readonly Finding[]> {
    let findings = this.#standing.get(workload);
    if (findings === undefined) {
      findings = judgeAsItStands(workload, this.#viewBefore(workload), this.#settings).then(
        ({ judgement }) => judgement.findings,
      );
      this.#standing.set(workload, findings);
    }
    return findings;
  }

  #isNewClaim(workload: Workload, name: string): boolean {
    const claim = knownValue(this.#viewAfter(workload).claim(workload.namespace, name));
    return claim !== undefined && this.#pairing.fates.get(claim)?.state === "new";
  }

  #fateOf(object: object): Fate {
    return this.#pairing.fates.get(object) ?? NEW;
  }

  #viewAfter(object: PlacedFact["object"]): ClusterView {
    return this.#versions.after.viewFor(object, this.#versions.surroundings);
  }

  #viewBefore(object: PlacedFact["object"]): ClusterView {
    return this.#versions.before.viewFor(object, this.#versions.surroundings);
  }
}

const NOTHING_BROUGHT: Grounds = {
  reason: "the change introduces nothing that was not there before",
  evidence: [],
};

function asWarning(finding: Finding): Finding {
  return { ...finding, severity: "warning" };
}

/** Factors and evidence stay those of the judgement. */
class WithFindings implements Judgement {
  readonly findings: readonly Finding[];
  readonly #judgement: Judgement;

  constructor(judgement: Judgement, findings: readonly Finding[]) {
    this.#judgement = judgement;
    this.findings = findings;
  }

  get factors(): Judgement["factors"] {
    return this.#judgement.factors;
  }

  get evidence(): readonly string[] {
    return this.#judgement.evidence;
  }
}

/** An object of the surroundings, not of the files. */
const NEW: Fate = { state: "new", replaces: undefined };

/** True where a rule was already broken as badly, and no new exemption lets it through now. */
function wasThere({ rule, severity, exempted }: Finding, before: readonly Finding[]): boolean {
  const old = before.find((finding) => finding.rule === rule);
  if (old === undefined || (exempted !== null && old.exempted === null)) return false;
  return (
    (exempted?.severity ?? severity) === "warning" || (old.exempted?.severity ?? old.severity) === "error"
  );
}

/** What the change adds comes first, errors before warnings. */
function rank({ finding, known }: Told): number {
  return (known ? 2 : 0) + (finding.severity === "error" ? 0 : 1);
}
