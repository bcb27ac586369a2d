import type { ListHead } from "./list-reader.ts";

/** Which collection of the API server is meant, e.g. `{ group: "apps", version: "v1", plural: "deployments" }`. */
export interface Resource {
  /** `""` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** E.g. `apps/v1`, or `v1` for the core group. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === "" ? version : `${group}/${version}`;
}

export interface ListQuery {
  readonly limit: number;
  /** The token that the page before gave; it expires on the server after some minutes (410). */
  readonly continue?: string | undefined;
  /** Only this namespace; left out: all of them. */
  readonly namespace?: string | undefined;
  /** As kubectl takes it; left out: whatever their labels. */
  readonly labelSelector?: string | undefined;
}

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: unknown }
  /** No change, but everything up to `resourceVersion` has been sent. */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

export interface WatchQuery {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
}

/**
 * The four questions that the live view asks the API server. Every call rejects with an `ApiError` when it does
 * not succeed, and promptly when the signal aborts.
 */
export interface Source {
  /**
   * One page. `onItem` gets its raw objects while they come in, also those of a page that breaks off later. The API
   * server leaves `kind` and `apiVersion` out of them. A watch may start from the version of the list.
   */
  list(
    resource: Resource,
    query: ListQuery,
    onItem: (raw: unknown) => void,
    signal: AbortSignal,
  ): Promise<ListHead>;
  /** One object; `undefined` where the server says that it is not there. `namespace` is `""` for cluster scope. */
  get(resource: Resource, namespace: string, name: string, signal: AbortSignal): Promise<unknown>;
  /**
   * Whether the server has the resource at all; true also where it does not let itself be asked. The rights to the
   * objects do not matter for this: without them a server refuses (403) what it does not have, too.
   */
  serves(resource: Resource, signal: AbortSignal): Promise<boolean>;
  /**
   * Resolves when the server has accepted the watch. Each batch is what one read from the connection completed;
   * an empty one says only that the server is alive. Ends when the server closes the stream properly; throws an
   * `ApiError` when it breaks, falls silent, or carries an ERROR event (with that event's code as `status`).
   */
  watch(
    resource: Resource,
    query: WatchQuery,
    signal: AbortSignal,
  ): Promise<AsyncIterable<readonly WatchEvent[]>>;
  /** Closes what is kept open between calls. */
  close(): void;
}
