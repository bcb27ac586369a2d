import { ApiError } from "../../cluster/live/api-error.ts";
import { type DirectReader, TooMuchError } from "../../cluster/live/direct-reader.ts";
import type { Resource } from "../../cluster/live/source.ts";
import { AttachguardError, messageOf } from "../../errors.ts";
import { nonEmpty, record } from "../../kube/raw.ts";
import { DIAGNOSED_KINDS, type DiagnosedKind, type Facts } from "../facts.ts";
import { factsFrom, PROJECTED, type RawReading } from "../project.ts";

/** One look at a live cluster: what a dump is, as it is now. */
export interface LiveLook {
  readonly facts: Facts;
  /** The same before projection, for `--save` and for the rules of `check`. */
  readonly readings: readonly RawReading[];
}

export interface LiveScope {
  /** Workloads, claims and events of this namespace only; null: of all. */
  readonly namespace: string | null;
  /** Milliseconds after which what has not come counts as unread. */
  readonly patience: number;
}

/** Leases only tell the time of a dump; live the server does. */
const READ = DIAGNOSED_KINDS.filter((kind) => kind !== "Lease");

/**
 * Kinds that are read in the whole cluster even where one namespace is asked about: the pods of every namespace can
 * hold a disk, and the claim on the other side of a second PersistentVolume can be anywhere.
 */
const EVERYWHERE: ReadonlySet<DiagnosedKind> = new Set<DiagnosedKind>(["Pod", "PersistentVolumeClaim"]);

/** Finished pods hold nothing (A6), and a cluster can have more of them than of all others. */
const UNFINISHED = "status.phase!=Succeeded,status.phase!=Failed";

interface Wanted {
  readonly kind: DiagnosedKind;
  readonly namespace: string | null;
  readonly fieldSelector: string | undefined;
}

/**
 * Everything that a diagnosis reads, in parallel. A kind that may not be read in the whole cluster is read in the
 * namespace asked about; what cannot be read is unread, with the reason.
 *
 * @throws AttachguardError AG_ERR_API_SERVER where no kind could be read and the API server did not answer
 */
export async function lookLive(reader: DirectReader, { namespace, patience }: LiveScope): Promise<LiveLook> {
  reader.nextLook();
  const timeout = AbortSignal.timeout(patience);
  const [clusterUid, ...read] = await Promise.all([
    uidOf(reader, timeout),
    ...wantedOf(namespace).map((wanted) => readOne(wanted, namespace, reader, timeout)),
  ]);
  const outcomes = read.flat();
  const time = reader.serverTime;
  const failures = outcomes.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  if (time === undefined || failures.length === outcomes.length) throw unreachable(failures);
  const readings = outcomes.map(({ reading }) => reading);
  return {
    readings,
    facts: factsFrom(readings, {
      source: "live",
      time,
      timeIsLeast: false,
      context: reader.context,
      clusterUid: clusterUid ?? null,
    }),
  };
}

function wantedOf(namespace: string | null): readonly Wanted[] {
  return READ.flatMap((kind): Wanted[] => {
    const inNamespace = namespace !== null && PROJECTED[kind].namespaced;
    if (kind === "Pod" && inNamespace)
      return [
        { kind, namespace, fieldSelector: undefined },
        { kind, namespace: null, fieldSelector: UNFINISHED },
      ];
    const one = inNamespace && !EVERYWHERE.has(kind);
    return [{ kind, namespace: one ? namespace : null, fieldSelector: undefined }];
  });
}

interface Outcome {
  readonly reading: RawReading;
  /** Set where the server did not answer at all, so that nothing can be said about rights. */
  readonly failure: string | undefined;
}

async function readOne(
  wanted: Wanted,
  asked: string | null,
  reader: DirectReader,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcome = await tried(wanted, reader, signal);
  const { kind, namespace } = wanted;
  const isRefused = outcome.reading.state === "unread" && outcome.failure === undefined;
  // The pods of the namespace are a list of their own already.
  if (!isRefused || namespace !== null || asked === null || kind === "Pod" || !PROJECTED[kind].namespaced)
    return [outcome];
  return [outcome, await tried({ ...wanted, namespace: asked }, reader, signal)];
}

async function tried(
  { kind, namespace, fieldSelector }: Wanted,
  reader: DirectReader,
  signal: AbortSignal,
): Promise<Outcome> {
  const made = (
    state: RawReading["state"],
    why: string | null,
    items: readonly unknown[],
    failure?: string,
  ) => ({
    reading: { kind, namespace, state, why, items },
    failure,
  });
  try {
    const list = { resource: resourceOf(kind), namespace: namespace ?? undefined, fieldSelector };
    return made("complete", null, await reader.list(list, signal));
  } catch (thrown) {
    if (thrown instanceof TooMuchError) return made("unread", "more than this command reads", []);
    if (thrown instanceof ApiError && thrown.status !== undefined) {
      const { status } = thrown;
      if (status === 404) return made("absent", null, []);
      if (status === 403) return made("unread", "forbidden", []);
      const failure = status === 401 ? "the API server does not accept our credentials" : thrown.message;
      return made("unread", `HTTP ${status}`, [], failure);
    }
    const why = signal.aborted ? "no answer in time" : "no answer";
    return made("unread", why, [], signal.aborted ? why : messageOf(thrown));
  }
}

/** The uid of namespace kube-system stands for the cluster; not to be allowed to read it costs nothing else. */
async function uidOf(reader: DirectReader, signal: AbortSignal): Promise<string | undefined> {
  try {
    const namespace = await reader.get(
      { group: "", version: "v1", plural: "namespaces" },
      "kube-system",
      signal,
    );
    return nonEmpty(record(record(namespace).metadata).uid);
  } catch {
    return undefined;
  }
}

/** Where the API server has a kind. */
export function resourceOf(kind: DiagnosedKind): Resource {
  const { groups, version, plural } = PROJECTED[kind];
  const [group = ""] = groups;
  return { group, version, plural };
}

function unreachable(failures: readonly string[]): AttachguardError {
  return new AttachguardError(
    "AG_ERR_API_SERVER",
    `the cluster does not answer (${[...new Set(failures)].join("; ")}); check it with \`kubectl get pods\`, or choose another one with --context or --kubeconfig`,
  );
}
