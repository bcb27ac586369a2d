import type { ConfigurationOptions, ObservableMiddleware } from "@kubernetes/client-node";
import { AttachguardError, messageOf } from "../errors.ts";

/** An API server that does not answer must not hold up other work. */
export const CALL_MILLISECONDS = 10_000;

type CallOptions = ConfigurationOptions<ObservableMiddleware>;

/**
 * Options for one call of the typed client that gives up after that time.
 *
 * @returns a function of the body's patch type; undefined for anything that is not a patch.
 */
export async function callOptions(milliseconds: number): Promise<(patch?: string) => CallOptions> {
  const { Observable } = await import("@kubernetes/client-node");
  return (patch) => ({
    middlewareMergeStrategy: "append",
    middleware: [
      {
        pre(request) {
          request.setSignal(AbortSignal.timeout(milliseconds));
          if (patch !== undefined) request.setHeaderParam("Content-Type", patch);
          return new Observable(Promise.resolve(request));
        },
        post: (response) => new Observable(Promise.resolve(response)),
      },
    ],
  });
}

/** The result of the call; undefined where the object does not exist. @throws AttachguardError AG_ERR_API_SERVER. */
export async function unlessAbsent<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw described(error);
  }
}

/** The HTTP status of the client's ApiException; undefined for any other error. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  // A DOMException, such as a timeout, has a number there too.
  return typeof error.code === "number" && error.code >= 400 ? error.code : undefined;
}

/** The part of a `metav1.Status` that is looked at. */
interface StatusBody {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly unknown[] };
}

export function bodyOf(error: unknown): StatusBody {
  const body = (error as { readonly body?: unknown }).body;
  if (typeof body !== "string") return (body ?? {}) as StatusBody;
  try {
    return (JSON.parse(body) ?? {}) as StatusBody;
  } catch {
    // A proxy in between answers with a page of its own.
    return {};
  }
}

/** The client's own message holds the headers and the whole body; people need the API server's sentence. */
export function described(error: unknown): AttachguardError {
  const status = statusOf(error);
  const sentence =
    status === undefined ? rootOf(error) : `${status}: ${bodyOf(error).message ?? "no reason given"}`;
  return new AttachguardError("AG_ERR_API_SERVER", sentence, { cause: error });
}

/**
 * Without an answer the client says "fetch failed"; the reason is in the cause's message, or in its code where that is
 * empty.
 */
function rootOf(error: unknown): string {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(root) || String((root as NodeJS.ErrnoException).code);
}
