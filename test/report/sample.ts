import type { Finding } from "../../src/policy/finding.ts";
import type { JudgedWorkload, ReportError } from "../../src/report/report.ts";

const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

/** A finding as the policy makes them, with what a test needs to be different. */
export function findingWith(changes: Partial<Finding> = {}): Finding {
  return {
    rule: "rwo-rolling-update",
    severity: "error",
    workload: deployment,
    source: { file: "web.yaml", line: 3, column: 1 },
    claims: [
      {
        name: "data",
        reach: "node",
        accessModes: ["ReadWriteOnce"],
        volume: null,
        storageClass: "gp3",
        provisioner: "ebs.csi.aws.com",
      },
    ],
    factors: { moment: "rollout", reach: "node", overlap: "stuck", spread: "free" },
    message:
      "Deployment shop/web can get stuck.\n  - why\n[rwo-rolling-update] More: attachguard explain rwo-rolling-update",
    warning: "Deployment web: can get stuck [rwo-rolling-update]",
    evidence: ["one pod more and none fewer", "the claim is ReadWriteOnce"],
    fixes: [
      {
        id: "recreate",
        summary: "Use strategy Recreate",
        cost: "a brief downtime",
        patch: { spec: { strategy: { type: "Recreate", rollingUpdate: null } } },
        command: "kubectl patch deployment web -n shop --type merge -p '{}'",
      },
      {
        id: "rwx-claim",
        summary: "Use a ReadWriteMany claim",
        cost: "a new claim",
        patch: null,
        command: null,
      },
    ],
    exempted: null,
    ...changes,
  };
}

/** A judged workload, allowed unless told otherwise. */
export function judgedWith(changes: Partial<JudgedWorkload> = {}): JudgedWorkload {
  return {
    workload: { ...deployment, name: "api" },
    source: { file: "api.yaml", line: 1, column: 1 },
    verdict: "allow",
    factors: { moment: "steady", reach: "node", overlap: "never", spread: "free" },
    reason: "it never has two pods at once",
    evidence: ["strategy Recreate ends the old pod first"],
    ...changes,
  };
}

export function errorWith(changes: Partial<ReportError> = {}): ReportError {
  return { file: "bad.yaml", line: 2, column: 5, message: "not YAML", fatal: true, ...changes };
}
