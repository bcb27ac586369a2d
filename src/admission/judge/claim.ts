import { setImmediate as nextTurn } from "node:timers/promises";
import { overlay } from "../../cluster/overlay.ts";
import { judgeClaimArrival } from "../../judge/change.ts";
import { contextOf } from "../../judge/context.ts";
import { claimFact } from "../../kube/fact.ts";
import { withBorrowers } from "../../policy/borrowed-template.ts";
import { evaluateClaim } from "../../policy/evaluate.ts";
import type { Finding } from "../../policy/finding.ts";
import type { Claim, Workload } from "../../policy/model.ts";
import { type ClusterView, knownValue } from "../../policy/view.ts";
import type { Subject } from "../subject.ts";
import { judgeWithMemory } from "./inferred.ts";
import { asItStands, lookUp, type Outcome, outcomeOf, type RequestContext } from "./request-context.ts";

/** A workload this young came with the claim, in one apply; if it is older, the claim is being restored. */
const SAME_APPLY_MS = 10 * 60 * 1000;

/** CREATE of a claim: judged as the workloads that mount it, with the claim laid over the cluster. */
export async function judgeClaim(
  request: RequestContext,
  { claim, bySet }: Extract<Subject, { type: "claim" }>,
): Promise<Outcome> {
  const mounting = mountingIn(
    overlay(request.cluster.view, [...request.remembered, claimFact(claim)]),
    claim,
  );
  const prepared =
    mounting.length === 0
      ? asItStands(request)
      : await lookUp(request, { workloads: mounting, autoscalersIn: claim.namespace });
  const outcome = await judgeWithMemory(request, prepared, (base) => judgeOver(request, claim, base));
  const ofSet = bySet || prepared.view.setWithClaim(claim.namespace, claim.name).state === "known";
  // A set without its claims has no pods, and its controller would only retry; the set itself was judged.
  return ofSet ? { ...outcome, findings: outcome.findings.map(asWarning) } : outcome;
}

async function judgeOver(request: RequestContext, claim: Claim, view: ClusterView): Promise<Outcome> {
  const laid = overlay(view, [claimFact(claim)]);
  const own = await contextOf(request, { apiVersion: "v1", kind: "PersistentVolumeClaim", ...claim });
  const findings: Finding[] = [...evaluateClaim(laid, claim, own)];
  const notes: string[] = [];
  let cutShort = false;
  // Those that can cause a denial first.
  const mounting = mountingIn(laid, claim).toSorted(
    (a, b) => Number(cameTogether(b, request.now)) - Number(cameTogether(a, request.now)),
  );
  for (const [at, workload] of mounting.entries()) {
    // Each one costs more the more there are; other requests, and the deadline's timer, must get their turn.
    if (at > 0) await nextTurn();
    if (at > 0 && request.signal.aborted) {
      cutShort = true;
      notes.push(
        `${mounting.length - at} more workloads that mount the claim were not judged before the deadline`,
      );
      break;
    }
    const pictures = { before: view, after: laid };
    const outcome = outcomeOf(await judgeClaimArrival(claim.name, workload, pictures, request));
    findings.push(
      ...(cameTogether(workload, request.now) ? outcome.findings : outcome.findings.map(asWarning)),
    );
    if (outcome.findings.length > 0) notes.push(...outcome.notes);
  }
  return { findings, notes, cutShort };
}

function mountingIn(view: ClusterView, claim: Claim): readonly Workload[] {
  const mounting = knownValue(view.workloadsMounting(claim.namespace, claim.name)) ?? [];
  return mounting.flatMap((workload) => withBorrowers(workload, view));
}

/** An unknown age is not young: a restore must never be blocked. */
function cameTogether({ createdAt }: Workload, now: number): boolean {
  return createdAt !== undefined && now - createdAt < SAME_APPLY_MS;
}

function asWarning(finding: Finding): Finding {
  return { ...finding, severity: "warning" };
}
