import { answerFor, verdictFor } from "../admission/answer.ts";
import { decide } from "../admission/decide.ts";
import { DryRunMemory } from "../admission/dry-run-memory.ts";
import { parseReview, type ReviewResponse, renderReview } from "../admission/review.ts";
import type { Finding } from "../policy/finding.ts";
import type { Mode, Verdict } from "../policy/verdict.ts";
import { clusterOf } from "./facts.ts";
import { type JudgeOptions, settingsOf } from "./judge.ts";
import { plain } from "./manifests.ts";

/** What was decided about an AdmissionReview. */
export interface ReviewJudgement {
  /** The AdmissionReview to send back. */
  readonly review: ReviewResponse;
  /** False where nothing was judged: another resource, a namespace that is excluded, mode `off`. */
  readonly judged: boolean;
  readonly verdict: Verdict;
  /** Of the namespace; null where nothing was judged. */
  readonly mode: Mode | null;
  readonly findings: readonly Finding[];
  /** What was assumed or left out. */
  readonly notes: readonly string[];
}

/**
 * Judges an AdmissionReview as the webhook does, with what is given about the cluster. Without `cluster` only the
 * request is known: claims, classes and autoscalers that it does not contain may exist.
 *
 * @param review an `admission.k8s.io/v1` AdmissionReview with a request
 * @throws AttachguardError AG_ERR_REVIEW where it is not one, naming the field
 */
export async function judgeReview(
  review: unknown,
  options: Omit<JudgeOptions, "closed"> = {},
): Promise<ReviewJudgement> {
  const request = parseReview(plain(review, "the review"));
  const { config, verifyWaiver, now } = settingsOf(options);
  const decision = await decide(
    request,
    {
      cluster: clusterOf(options.cluster),
      config: () => config,
      memory: new DryRunMemory(() => ({ ...config.dryRunMemory, enabled: false })),
      verifyWaiver,
      now: () => now,
    },
    new AbortController().signal,
  );
  const { judged, mode, findings, notes } = decision;
  return {
    review: renderReview(request.uid, answerFor(decision)),
    judged,
    verdict: verdictFor(decision),
    mode,
    findings,
    notes,
  };
}
