import type { KindStatus } from "../cluster/cluster.ts";
import type { ClusterIndex } from "../cluster/cluster-index.ts";
import type { InputError } from "../cluster/files/input-error.ts";
import type { LiveCluster } from "../cluster/live/live-cluster.ts";
import { AttachguardError } from "../errors.ts";
import { KINDS } from "../kube/kinds.ts";
import type { AuditReading } from "../report/audit-facts.ts";
import type { Terminal } from "./terminal.ts";

/** Which cluster; both as in kubectl. */
export interface ClusterAccess {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** What a cluster held at one moment. */
export interface LiveFacts {
  readonly index: ClusterIndex;
  /** What could not be read of it. */
  readonly errors: readonly InputError[];
  /** The context of the kubeconfig; null in a pod. */
  readonly context: string | null;
  /** How completely each kind was read. */
  readonly read: readonly AuditReading[];
}

/** For how long a cluster may fail to answer at all before a command gives up. */
const PATIENCE_MS = 5_000;
const GLANCE_MS = 50;

/**
 * Lists everything that verdicts need, once.
 *
 * @param patience milliseconds without an answer after which the cluster is given up.
 * @throws AttachguardError AG_ERR_CONFIG without a usable kubeconfig; AG_ERR_API_SERVER where the API server does
 * not answer.
 */
export async function readLiveFacts(
  access: ClusterAccess,
  terminal: Terminal,
  patience = PATIENCE_MS,
): Promise<LiveFacts> {
  const [{ connectLiveCluster }, { contextOf, loadKubeConfig }] = await Promise.all([
    import("../cluster/live/connect.ts"),
    import("../cluster/live/kube-config.ts"),
  ]);
  const source = { kubeconfig: access.kubeconfig, context: access.context, env: terminal.env };
  const cluster = await connectLiveCluster({
    ...source,
    // Permanent errors are in the status; transient ones need no message.
    log: { info() {}, warn() {}, error() {} },
  });
  try {
    await listed(cluster, patience);
    return {
      index: cluster.index,
      context: contextOf(await loadKubeConfig(source)),
      errors: cluster.status().flatMap(errorOf),
      read: cluster.status().map(readingOf),
    };
  } finally {
    await cluster.close();
  }
}

/** Waits for every kind as long as any of them makes progress. */
async function listed(cluster: LiveCluster, patience: number): Promise<void> {
  let done = false;
  const starting = cluster.start().then(() => {
    done = true;
  });
  let lastGood = Date.now();
  while (!done) {
    await Promise.race([starting, new Promise((resolve) => setTimeout(resolve, GLANCE_MS))]);
    const waiting = cluster.status().filter(({ state }) => state === "waiting");
    const failing = waiting.filter(({ problem }) => problem !== undefined);
    if (failing.length < waiting.length || failing.length === 0) lastGood = Date.now();
    else if (Date.now() - lastGood > patience) throw unreachable(failing);
  }
}

function unreachable(failing: readonly KindStatus[]): AttachguardError {
  const problems = [...new Set(failing.map(({ problem }) => problem))];
  return new AttachguardError(
    "AG_ERR_API_SERVER",
    `the cluster does not answer (${problems.join("; ")}); check it with \`kubectl get nodes\`, or choose another one with --context or --kubeconfig`,
  );
}

function errorOf({ kind, state, problem }: KindStatus): readonly InputError[] {
  if (state === "synced") return [];
  const message = `${kind} could not be read: ${problem ?? state}`;
  return [{ file: "", line: 1, column: 1, message, fatal: KINDS[kind].neededFor !== "nothing" }];
}

function readingOf({ kind, state, problem }: KindStatus): AuditReading {
  if (state === "synced") return { kind, namespace: null, state: "complete", why: null };
  if (state === "not-served") return { kind, namespace: null, state: "absent", why: null };
  return { kind, namespace: null, state: "unread", why: problem ?? state };
}
