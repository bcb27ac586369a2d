import type { FastifyInstance } from "fastify";
import type { KindStatus } from "../cluster/cluster.ts";
import type { CertificateStatus } from "../tls/certificate-source.ts";

/** Whether the server is ready, and what is wrong nevertheless. */
export interface Readiness {
  readonly ready: boolean;
  /** One line each, the ones that make it unready first. */
  readonly problems: readonly string[];
}

export interface HealthState {
  readonly kinds: readonly KindStatus[];
  readonly draining: boolean;
  readonly certificate: CertificateStatus;
  /** Why the current configuration file is not, or not entirely, in force. */
  readonly configProblems: readonly string[];
  /** Facts older than this are named. */
  readonly staleAfterSeconds: number;
}

/**
 * Ready once every kind has been listed or refused, with a usable certificate, until the server drains. A kind that may
 * not be read, facts that are stale and a broken configuration are problems to report, not a reason to stop answering.
 */
function readinessOf(state: HealthState): Readiness {
  const { certificate } = state;
  const certificateProblem = certificate.problem && `certificate: ${certificate.problem}`;
  const waiting = state.kinds.filter((kind) => kind.state === "waiting");
  const blocking = [
    ...(state.draining ? ["the server is shutting down"] : []),
    ...(certificate.usable ? [] : [certificateProblem ?? "certificate: it cannot be used"]),
    ...waiting.map(
      ({ kind, problem }) => `${kind}: not listed yet${problem === undefined ? "" : ` (${problem})`}`,
    ),
  ];
  const others = [
    ...(certificate.usable && certificateProblem !== undefined ? [certificateProblem] : []),
    ...state.configProblems.map((problem) => `configuration: ${problem}`),
    ...state.kinds.flatMap(({ kind, state: how, problem, ageSeconds }) => {
      if (how === "waiting") return [];
      if (how === "held") {
        return [`${kind}: ${problem ?? how} (facts of ${Math.round(ageSeconds ?? 0)} s ago)`];
      }
      if (problem !== undefined) return [`${kind}: ${problem}`];
      if (how !== "synced") return [`${kind}: ${how}`];
      return ageSeconds !== undefined && ageSeconds > state.staleAfterSeconds
        ? [`${kind}: facts of ${Math.round(ageSeconds)} s ago`]
        : [];
    }),
  ];
  return { ready: blocking.length === 0, problems: [...blocking, ...others] };
}

/** `GET /healthz` (the process answers) and `GET /readyz` (it can judge). */
export async function healthPlugin(
  app: FastifyInstance,
  { state }: { readonly state: () => HealthState },
): Promise<void> {
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const { ready, problems } = readinessOf(state());
    reply.code(ready ? 200 : 503);
    return { status: ready ? "ok" : "not ready", problems };
  });
}
