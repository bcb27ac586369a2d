import { timeOf } from "../kube/metadata.ts";
import { isRecord, list, nonEmpty, type Raw, record, text } from "../kube/raw.ts";
import { append } from "../policy/lists-by-key.ts";
import type { DiagnosisError } from "./diagnosis.ts";
import { newestTimeIn } from "./dump-time.ts";
import { DIAGNOSED_KINDS, type DiagnosedKind, type Facts, type ReadState } from "./facts.ts";
import { diagnosedKind, factsFrom, PROJECTED, type RawReading } from "./project.ts";

/** What `--save` writes; read back with `--from`. */
export const SAVED_API_VERSION = "attachguard.dev/v1";
export const SAVED_KIND = "SavedFacts";

/** One file of a dump, parsed; `values` are its JSON documents in order. */
export interface DumpFile {
  readonly file: string;
  readonly values: readonly unknown[];
}

export interface DumpOptions {
  /** The dump holds everything: what is not in it does not exist, unless it says itself that it was not read. */
  readonly closed: boolean;
  /** `--at TIME`; milliseconds since the epoch. */
  readonly at: number | undefined;
}

export interface Dump {
  readonly facts: Facts;
  /** The same before projection, for those who write it or judge it by the policy. */
  readonly readings: readonly RawReading[];
  /** What could not be used; the rest of the dump was read nevertheless. */
  readonly errors: readonly DiagnosisError[];
}

/** Kinds whose namespaces show which namespaces a dump covers; Events and Leases are everywhere. */
const SCOPING: ReadonlySet<DiagnosedKind> = new Set(
  DIAGNOSED_KINDS.filter((kind) => PROJECTED[kind].namespaced && kind !== "Event" && kind !== "Lease"),
);

/** What a dump is made of, before it is known which namespaces its lists cover. */
interface Piece {
  readonly kind: DiagnosedKind;
  /** `list`: a typed list, whose namespace is not said; `saved`: what says it. */
  readonly form: "list" | "saved";
  readonly namespace: string | null;
  readonly state: ReadState;
  readonly why: string | null;
  readonly items: readonly unknown[];
}

interface Collected {
  readonly pieces: Piece[];
  /** Objects of a kind: List, and single ones. */
  readonly loose: Map<DiagnosedKind, unknown[]>;
  readonly errors: DiagnosisError[];
  clusterUid: string | undefined;
  savedTime: number | undefined;
}

/**
 * Reads the files of a dump: typed lists (`PodList`, complete unless they end with `continue`), `kind: List`,
 * single objects, what `--save` wrote, and the Status that the API server answers with where a kind may not be read.
 */
export function readDump(files: readonly DumpFile[], { closed, at }: DumpOptions): Dump {
  const collected: Collected = {
    pieces: [],
    loose: new Map(),
    errors: [],
    clusterUid: undefined,
    savedTime: undefined,
  };
  for (const { file, values } of files) for (const value of values) collect(value, file, collected);
  const { pieces, loose, errors, clusterUid, savedTime } = collected;
  // A file that is not whole, or no object, may have held anything.
  const readings = readingsOf(pieces, loose, closed && errors.length === 0);
  const said = at ?? savedTime;
  const facts = factsFrom(readings, {
    source: "dump",
    time: said ?? newestTimeIn(readings) ?? 0,
    timeIsLeast: said === undefined,
    context: null,
    clusterUid: clusterUid ?? null,
  });
  return { facts, readings, errors };
}

function collect(value: unknown, file: string, collected: Collected): void {
  if (Array.isArray(value)) {
    for (const entry of value) collect(entry, file, collected);
    return;
  }
  if (!isRecord(value)) {
    collected.errors.push({ file, message: "no Kubernetes object: collect with kubectl get … -o json" });
    return;
  }
  const kind = text(value.kind) ?? "";
  const apiVersion = text(value.apiVersion) ?? "";
  if (kind === SAVED_KIND && apiVersion.startsWith("attachguard.dev/")) collectSaved(value, file, collected);
  else if (kind === "Status") collectStatus(value, file, collected);
  else if (kind === "List") collectList(value, file, collected);
  else if (isTypedList(value, kind))
    collectTypedList(value, apiVersion, kind.slice(0, -"List".length), file, collected);
  else if (kind === "Table")
    collected.errors.push({
      file,
      message: "a Table is for people: collect with -o json, without a Table header",
    });
  else if (kind === "" || !isRecord(value.metadata))
    collected.errors.push({
      file,
      message: "neither a Kubernetes object nor a list of them (kind or metadata is missing)",
    });
  else collectObject(value, collected);
}

/** An object may be of a kind whose name ends like that of a list. */
function isTypedList({ items, metadata }: Raw, kind: string): boolean {
  return kind.endsWith("List") && (items !== undefined || text(record(metadata).name) === undefined);
}

function itemsOf(value: Raw, file: string, { errors }: Collected): readonly unknown[] | undefined {
  if (Array.isArray(value.items)) return value.items;
  // A Go client writes an empty list as null.
  if (value.items === null) return [];
  errors.push({
    file,
    message: `${text(value.kind)} without items: the file is not whole, collect it again`,
  });
  return undefined;
}

function collectList(value: Raw, file: string, collected: Collected): void {
  for (const item of itemsOf(value, file, collected) ?? []) {
    if (isRecord(item)) collectItem(item, file, collected);
    else collected.errors.push({ file, message: "an item of the List is not an object" });
  }
}

/** Lists that were put together in a List are read like those that come one after the other. */
function collectItem(item: Raw, file: string, collected: Collected): void {
  const kind = text(item.kind) ?? "";
  if (kind === "List" || isTypedList(item, kind)) collect(item, file, collected);
  else collectObject(item, collected);
}

function collectTypedList(
  value: Raw,
  apiVersion: string,
  kind: string,
  file: string,
  collected: Collected,
): void {
  const items = itemsOf(value, file, collected);
  if (items === undefined) return;
  if (kind === "Namespace" && apiVersion === "v1")
    for (const item of items) noteCluster(record(item), "Namespace", collected);
  const diagnosed = diagnosedKind(apiVersion, kind);
  if (diagnosed === undefined) return;
  const more = nonEmpty(record(value.metadata).continue) !== undefined;
  collected.pieces.push({
    kind: diagnosed,
    form: "list",
    namespace: null,
    state: more ? "unread" : "complete",
    why: more ? "the list in the dump ends early (continue)" : null,
    items,
  });
}

function collectObject(value: Raw, collected: Collected): void {
  const kind = text(value.kind) ?? "";
  noteCluster(value, kind, collected);
  const diagnosed = diagnosedKind(text(value.apiVersion) ?? "", kind);
  if (diagnosed === undefined) return;
  append(collected.loose, diagnosed, value);
}

const LOOSE = "the dump does not say that it holds all of them; --closed does";

function noteCluster(value: Raw, kind: string, collected: Collected): void {
  const metadata = record(value.metadata);
  if (kind === "Namespace" && metadata.name === "kube-system") collected.clusterUid = nonEmpty(metadata.uid);
}

/** What `kubectl get --raw` or a script stored instead of a list: the API server's refusal. */
function collectStatus(value: Raw, file: string, { pieces, errors }: Collected): void {
  const details = record(value.details);
  const plural = text(details.kind);
  const kind = DIAGNOSED_KINDS.find((known) => PROJECTED[known].plural === plural);
  const reason = text(value.reason);
  if (kind === undefined || (reason !== "Forbidden" && reason !== "NotFound")) {
    errors.push({
      file,
      message: `the API server's answer is not a list: ${text(value.message) ?? "a Status"}`,
    });
    return;
  }
  pieces.push({
    kind,
    form: "saved",
    namespace: null,
    state: reason === "NotFound" ? "absent" : "unread",
    why: reason === "NotFound" ? null : "forbidden",
    items: [],
  });
}

function collectSaved(value: Raw, file: string, collected: Collected): void {
  const time = timeOf(value.time);
  if (!Array.isArray(value.readings) || time === undefined) {
    collected.errors.push({
      file,
      message: `${SAVED_KIND} without time or readings: the file is not whole, save again`,
    });
    return;
  }
  collected.savedTime = Math.max(time, collected.savedTime ?? 0);
  collected.clusterUid ??= nonEmpty(value.clusterUid);
  for (const entry of value.readings) {
    const reading = record(entry);
    const kind = DIAGNOSED_KINDS.find((known) => known === reading.kind);
    const { state } = reading;
    if (kind === undefined || (state !== "complete" && state !== "absent" && state !== "unread")) {
      collected.errors.push({
        file,
        message: "a reading of an unknown kind or state: made by another version?",
      });
      continue;
    }
    collected.pieces.push({
      kind,
      form: "saved",
      namespace: text(reading.namespace) ?? null,
      state,
      why: text(reading.why) ?? null,
      items: list(reading.items),
    });
  }
}

/**
 * One reading for each kind and namespace. The lists of one namespace look like those of a whole cluster, so a dump
 * in which no list has pods, claims or workloads of two namespaces proves what is absent in those namespaces only, and
 * so do several lists of one kind.
 */
function readingsOf(
  pieces: readonly Piece[],
  loose: ReadonlyMap<DiagnosedKind, readonly unknown[]>,
  closed: boolean,
): readonly RawReading[] {
  const scopes = closed ? new Map<Piece, Scope>() : scopesOf(pieces);
  const readings: RawReading[] = [];
  for (const kind of DIAGNOSED_KINDS) {
    const looseItems = loose.get(kind) ?? [];
    const said = pieces.filter((piece) => piece.kind === kind);
    for (const piece of said) {
      const { namespace, state, why, items } = piece;
      const scope = scopes.get(piece) ?? { namespace };
      if (scope === "unknown") readings.push({ kind, namespace: null, state: "unread", why: WHOSE, items });
      else readings.push({ kind, namespace: scope.namespace, state, why, items });
    }
    if (closed && said.length === 0)
      readings.push({ kind, namespace: null, state: "complete", why: null, items: looseItems });
    else if (looseItems.length > 0)
      readings.push({ kind, namespace: null, state: "unread", why: LOOSE, items: looseItems });
    else if (said.length === 0)
      readings.push({ kind, namespace: null, state: "unread", why: "not in the dump", items: [] });
  }
  return readings;
}

/** Which namespace a list is of, null for all; `unknown`: of one, and it does not say of which. */
type Scope = { readonly namespace: string | null } | "unknown";

const WHOSE = "an empty list of one namespace does not say which";

function scopesOf(pieces: readonly Piece[]): ReadonlyMap<Piece, Scope> {
  const lists = pieces.filter(({ kind, form }) => form === "list" && PROJECTED[kind].namespaced);
  const namespacesOf = new Map(lists.map((piece) => [piece, namespacesIn(piece)]));
  const isOfAll = (piece: Piece) => (namespacesOf.get(piece)?.size ?? 0) > 1;
  const scoping = lists.filter(({ kind }) => SCOPING.has(kind));
  const isCluster = scoping.some(isOfAll);
  const every = new Set(scoping.flatMap((piece) => [...(namespacesOf.get(piece) ?? [])]));
  const [only] = every;
  const byKind = Map.groupBy(lists, ({ kind }) => kind);
  return new Map(
    lists.map((piece): [Piece, Scope] => {
      const same = byKind.get(piece.kind) ?? [];
      const [own] = namespacesOf.get(piece) ?? [];
      const isOneOfSeveral = same.length > 1 && !same.some(isOfAll);
      if (isOfAll(piece) || (isCluster && !isOneOfSeveral)) return [piece, { namespace: null }];
      if (every.size <= 1 && same.length === 1) return [piece, { namespace: only ?? null }];
      return [piece, own === undefined ? "unknown" : { namespace: own }];
    }),
  );
}

function namespacesIn({ items }: Piece): ReadonlySet<string> {
  const namespaces = new Set<string>();
  for (const item of items) {
    const namespace = text(record(record(item).metadata).namespace);
    if (namespace !== undefined) namespaces.add(namespace);
    if (namespaces.size > 1) break;
  }
  return namespaces;
}
