import { clusterFacts, judgeReview } from "attachguard";

/**
 * What the webhook would answer to a request.
 *
 * @param request `request.Request` of Pepr: the AdmissionRequest
 * @param lists of the namespace's claims and autoscalers and the cluster's classes and volumes, as the API server
 * returns them
 */
export async function answerTo(request, lists) {
  const cluster = clusterFacts(lists);
  const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
  const { response } = (await judgeReview(review, { cluster })).review;
  return { allowed: response.allowed, message: response.status?.message, warnings: response.warnings ?? [] };
}
