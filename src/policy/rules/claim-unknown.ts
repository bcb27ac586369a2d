import type { ClaimReach } from "../factors.ts";
import { claimNameField } from "../field.ts";
import { deployment } from "./example.ts";
import { contested, nameClaims, workloadRule } from "./rule.ts";

export const claimUnknown = workloadRule({
  id: "claim-unknown",
  title: "The verdict depends on a claim that is not there",
  severity: "warning",
  subject: "workload",
  moments: ["steady", "rollout"],
  provisional: true,
  when: "A mounted claim does not exist yet (or cannot be read), two pods may exist at once on two nodes, and no other claim gives an error.",
  meaning:
    "Whether the pods can share the volume is not known. The claim is judged when it is created; until then the pods wait for it.",
  cause:
    "The access modes are set on the claim and its volume, not on the workload that mounts it. In a server-side dry run nothing is stored, so a claim from the same command cannot be seen.",
  fixes: ["provide-claim", "recreate"],
  sources: ["docs/semantics.md S2, S7, S15"],
  examples: {
    fail: deployment({ claim: "not-in-these-files" }),
    pass: deployment({
      claim: "not-in-these-files",
      spec: ["# the verdict is the same whatever the claim turns out to be", "strategy: {type: Recreate}"],
    }),
  },

  judge(situation, moment) {
    const claims = contested(situation, moment, "unknown");
    if (claims.length === 0) return null;
    const missing = claims.every((claim) => claim.missing);
    const were = claims.length === 1 ? "was" : "were";
    return {
      // A claim that may only be out of sight is no ground for a denial, however the rule is configured.
      soft: !claims.every(({ missing }) => missing),
      claims,
      decidedBy: claimNameField(situation.workload, claims[0]?.name ?? ""),
      problem: missing
        ? `cannot be judged yet: ${nameClaims(claims)} ${were} not found, and ${DEPENDS[moment]}`
        : `cannot be judged: ${unknownOf(claims)}, and ${DEPENDS[moment]}`,
      brief: missing ? `${nameClaims(claims)} ${were} not found, judged when created` : unknownOf(claims),
      evidence: [],
      degree: 0,
      byAutoscaler: moment === "steady" && situation.steady.overlap.byAutoscalers.length > 0,
    };
  },
});

/** A claim that could not be looked up may exist nevertheless: it is not reported as missing. */
function unknownOf(claims: readonly ClaimReach[]): string {
  return claims.every(({ unread }) => unread !== undefined)
    ? `${nameClaims(claims)} could not be looked up`
    : `the access modes of ${nameClaims(claims)} are not known`;
}

const DEPENDS = {
  steady: "several pods would need it at once",
  rollout: "in a rollout the old and the new pod would need it at once",
} as const;
