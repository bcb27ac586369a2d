import type { Finding } from "../../src/policy/finding.ts";
import {
  buildReport,
  type JudgedWorkload,
  type Report,
  type ReportError,
  type ReportNote,
  type ReportParts,
} from "../../src/report/report.ts";
import { STORED } from "../support/telling.ts";

const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

/** A finding as the policy makes them, with what a test needs to be different. */
export function findingWith(changes: Partial<Finding> = {}): Finding {
  return {
    rule: "rwo-rolling-update",
    severity: "error",
    workload: deployment,
    source: { file: "web.yaml", line: 3, column: 1 },
    decidedBy: {
      object: deployment,
      source: { file: "web.yaml", line: 3, column: 1 },
      path: ["spec", "strategy"],
    },
    related: [],
    claims: [
      {
        name: "data",
        inline: false,
        reach: "node",
        accessModes: ["ReadWriteOnce"],
        volume: null,
        storageClass: "gp3",
        provisioner: "ebs.csi.aws.com",
      },
    ],
    factors: { moment: "rollout", reach: "node", overlap: "stuck", spread: "free" },
    numbers: { replicas: 1, most: 1, surge: 1, unavailable: 0, autoscaler: null },
    problem: "can get stuck",
    brief: "can get stuck",
    also: [],
    evidence: ["one pod more and none fewer", "the claim is ReadWriteOnce"],
    notes: [],
    inferred: false,
    fixes: [
      {
        id: "recreate",
        summary: "Use strategy Recreate",
        cost: "brief downtime",
        targets: [
          { object: deployment, patch: { spec: { strategy: { type: "Recreate", rollingUpdate: null } } } },
        ],
      },
      { id: "rwx-claim", summary: "Use a ReadWriteMany claim", cost: "a new claim", targets: [] },
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
    state: "healthy",
    cluster: null,
    factors: { moment: "steady", reach: "node", overlap: "never", spread: "free" },
    reason: "it never has two pods at once",
    evidence: ["strategy Recreate ends the old pod first"],
    ...changes,
  };
}

export function errorWith(changes: Partial<ReportError> = {}): ReportError {
  return { file: "bad.yaml", line: 2, column: 5, message: "not YAML", code: "AG_ERR_INPUT", ...changes };
}

export function noteWith(changes: Partial<ReportNote> = {}): ReportNote {
  return { source: { file: "bad.yaml", line: 2, column: 5 }, message: "not YAML", ...changes };
}

/** A report of these, about objects in a cluster unless told otherwise. */
export function reportWith(found: Partial<ReportParts> = {}): Report {
  return buildReport({ toolVersion: "1.2.3", telling: STORED, inRepository: (file) => file, ...found });
}
