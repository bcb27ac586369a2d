/**
 * Every error that attachguard itself raises. A code is stable: scripts and runbooks may match on it.
 * Expected absence (a claim that is not found, a cold cache) is a value, never one of these.
 */
export const ERRORS = {
  AG_ERR_USAGE: "The command line is wrong.",
  AG_ERR_INPUT: "A file could not be read or is not what it should be.",
  AG_ERR_CONFIG: "The configuration is not valid.",
  AG_ERR_GIT: "The repository could not be read through git.",
  AG_ERR_REVIEW: "The request is not an AdmissionReview that can be judged.",
  AG_ERR_API_SERVER: "The Kubernetes API server could not be reached or refused.",
  AG_ERR_TLS: "The serving certificate or its key cannot be used.",
  AG_ERR_WAIVER: "A waiver or its key cannot be used.",
  AG_ERR_INTERNAL: "attachguard itself failed; please report it with what was printed.",
  AG_ERR_LISTEN: "A port could not be opened.",
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** An error with a stable code. `message` names the place and the remedy; the cause is attached where there is one. */
export class AttachguardError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "AttachguardError";
    this.code = code;
  }
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
