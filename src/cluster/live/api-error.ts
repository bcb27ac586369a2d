import { AttachguardError } from "../../errors.ts";

/**
 * A request to the Kubernetes API server that did not succeed. `status` is the HTTP status, or the code of an
 * ERROR event in a watch; `undefined` where no answer came at all.
 */
export class ApiError extends AttachguardError {
  readonly status: number | undefined;
  /** Milliseconds that the server asked us to wait (`Retry-After`). */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: { status?: number | undefined; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super("AG_ERR_API_SERVER", message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ApiError";
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The text of a `metav1.Status`, which the API server sends as the body of a refusal and as an ERROR event. */
export function statusText(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("message" in body)) return undefined;
  return typeof body.message === "string" && body.message !== "" ? body.message : undefined;
}
