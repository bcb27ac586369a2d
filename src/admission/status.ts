import { AttachguardError } from "../errors.ts";

/** The body that the API server shows its user when a webhook refuses to answer (`metav1.Status`). */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Record<string, never>;
  readonly status: "Failure";
  readonly message: string;
  readonly reason: string;
  readonly code: number;
}

/** `metav1.StatusReason` by HTTP status (`apimachinery/pkg/apis/meta/v1/types.go`). */
const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  408: "Timeout",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  417: "ExpectationFailed",
  431: "RequestHeaderFieldsTooLarge",
  500: "InternalError",
  503: "ServiceUnavailable",
};

export function statusOf(code: number, message: string): Status {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: REASONS[code] ?? (code < 500 ? "BadRequest" : "InternalError"),
    code,
  };
}

/** A request that is not an admission review that can be judged: answered with a Status, never with a review. */
export class RequestRefused extends AttachguardError {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super("AG_ERR_REVIEW", message);
    this.name = "RequestRefused";
    this.statusCode = statusCode;
  }
}
