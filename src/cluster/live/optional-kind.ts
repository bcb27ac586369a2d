import { ApiError } from "./api-error.ts";
import type { Source } from "./source.ts";
import type { Log } from "./standing.ts";

/**
 * A source for a kind of a third-party API (Argo, KEDA, OpenShift), which most clusters do not have: it asks first
 * whether the API is there, and answers 404 where it is not. Without the right to read it an API server would say 403
 * to that, which would look like a fault of the installation.
 */
export function optionally(source: Source): Source {
  return {
    async list(resource, query, onItem, signal) {
      if (query.continue === undefined && !(await source.serves(resource, signal))) {
        throw new ApiError(`the API server has no ${resource.plural}.${resource.group}`, { status: 404 });
      }
      return source.list(resource, query, onItem, signal);
    },
    get: (resource, namespace, name, signal) => source.get(resource, namespace, name, signal),
    serves: (resource, signal) => source.serves(resource, signal),
    watch: (resource, query, signal) => source.watch(resource, query, signal),
    close: () => source.close(),
  };
}

/** A log without lines about a kind that is not served. */
export function quietly(log: Log): Log {
  const isNews = (fields: object) => !("state" in fields) || fields.state !== "not-served";
  return {
    info: (fields, message) => isNews(fields) && log.info(fields, message),
    warn: (fields, message) => isNews(fields) && log.warn(fields, message),
    error: (fields, message) => isNews(fields) && log.error(fields, message),
  };
}
