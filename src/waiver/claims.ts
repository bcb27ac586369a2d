/** The algorithms of waivers. Shared secrets are not among them: a verifier of waivers must not be able to make one. */
const WAIVER_ALGORITHMS = ["EdDSA", "ES256"] as const;
export type WaiverAlgorithm = (typeof WAIVER_ALGORITHMS)[number];

/** The `typ` of a waiver, so that a token made for something else is never taken for one (RFC 8725, 3.11). */
export const WAIVER_TYPE = "attachguard-waiver+jwt";

/** An annotation may be 256 KiB; a waiver is well below one. Longer ones are not looked at. */
export const MAX_WAIVER_LENGTH = 8_192;

/** What a waiver says, under its signature. Times are seconds since the epoch, as in RFC 7519. */
export interface WaiverClaims {
  readonly iss: string;
  readonly iat: number;
  readonly nbf?: number;
  readonly exp: number;
  readonly object: WaiverObject;
  /** Rule ids, or `*` for all. */
  readonly rules: readonly string[];
  readonly reason: string;
}

/** The one object that a waiver is for. */
export interface WaiverObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}
