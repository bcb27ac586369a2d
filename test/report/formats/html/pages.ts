import type { Finding } from "../../../../src/policy/finding.ts";
import type { Fix } from "../../../../src/policy/fixes.ts";
import type { AuditFacts } from "../../../../src/report/audit-facts.ts";
import type { Plan } from "../../../../src/report/plan.ts";
import type { Report } from "../../../../src/report/report.ts";
import { findingWith, judgedWith, reportWith } from "../../sample.ts";

export const TIME = "2026-11-26T08:00:00Z";

export const AUDIT: AuditFacts = {
  cluster: { uid: "0b5d", context: "prod-eu" },
  scope: { namespace: null, selector: null },
  time: TIME,
  read: [{ kind: "StorageClass", namespace: null, state: "unread", why: "forbidden" }],
};

const NAMESPACES = [
  "shop",
  "payments",
  "search",
  "monitoring",
  "ci",
  "media",
  "team-of-the-very-long-name-of-things",
];

/** One of the kinds of findings, each with numbers of its own. */
export function findingAt(at: number): Finding {
  const namespace = NAMESPACES[(at * at) % NAMESPACES.length] ?? "shop";
  const workload = { apiVersion: "apps/v1", kind: "Deployment", namespace, name: `web-${at}` };
  const fixes = findingWith().fixes.map((fix) => ({
    ...fix,
    targets: fix.targets.map((target) => ({ ...target, object: workload })),
  }));
  const of = { workload, source: null, fixes };
  switch (at % 5) {
    case 0:
      return findingWith({
        ...of,
        problem:
          'can get stuck in a rollout with a Multi-Attach error: the new pod waits for claim "data", which only one node at a time can hold, and which the old pod keeps',
      });
    case 1:
      return findingWith({
        ...of,
        rule: "rwo-autoscaling",
        factors: { moment: "steady", reach: "node", overlap: "always", spread: "free" },
        numbers: {
          replicas: 1,
          most: 5,
          surge: 1,
          unavailable: 0,
          autoscaler: { kind: "HorizontalPodAutoscaler", name: "web", maximum: 5 },
        },
      });
    case 2:
      return findingWith({
        ...of,
        severity: "warning",
        factors: { moment: "rollout", reach: "node", overlap: "briefly", spread: "free" },
        numbers: { replicas: 1, most: 1, surge: 0, unavailable: 1, autoscaler: null },
      });
    case 3:
      return findingWith({
        ...of,
        rule: "rwo-replicas",
        factors: { moment: "steady", reach: "node", overlap: "always", spread: "apart" },
        numbers: { replicas: 3, most: 3, surge: 1, unavailable: 0, autoscaler: null },
        fixes: fixes.slice(1),
      });
    default:
      return findingWith({
        ...of,
        exempted: {
          by: "waiver",
          until: "2026-12-01T00:00:00Z",
          reason: "moves in December",
          severity: "error",
        },
      });
  }
}

/** Recreate where that is offered, as it would be enough; else nothing. */
function planOf(fixes: readonly Fix[]): Plan | null {
  const recreate = fixes.filter(({ id }) => id === "recreate");
  return recreate.length === 0 ? null : { fixes: recreate, steps: recreate.map(({ targets }) => targets) };
}

/** An audit with that many findings. */
export function auditOf(count: number): Report {
  const findings = Array.from({ length: count }, (_, at) => findingAt(at));
  return {
    ...reportWith({
      findings,
      workloads: [
        judgedWith(),
        ...findings.map(({ workload, factors, severity, fixes }, at) =>
          judgedWith({
            workload,
            verdict: "deny",
            state: at === 0 ? "stuck" : severity === "error" ? "latent" : "healthy",
            ...(factors === null ? {} : { factors }),
            plan: planOf(fixes),
            reason: "its new pod waits for a volume that the old one holds",
          }),
        ),
      ],
      audit: AUDIT,
      telling: { docsUrl: "https://docs.example.com/rules/", isStored: () => true },
    }),
    since: {
      time: "2026-11-19T08:00:00Z",
      new: 2,
      fixed: 3,
      graver: 1,
      unchanged: 9,
      notComparable: 0,
      reasons: [],
    },
  };
}
