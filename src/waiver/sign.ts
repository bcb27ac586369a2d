import { AttachguardError } from "../errors.ts";
import { RULES, ruleById } from "../policy/rules/index.ts";
import { MAX_WAIVER_LENGTH, WAIVER_TYPE, type WaiverClaims, type WaiverObject } from "./claims.ts";
import type { SigningKey } from "./keys.ts";

export interface WaiverRequest {
  readonly object: WaiverObject;
  /** Rule ids, or `*` for all. */
  readonly rules: readonly string[];
  /** Who signs: the `issuer` of the key in the configuration. */
  readonly issuer: string;
  /** Why; shown with every use. */
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** Milliseconds since the epoch; undefined: at once. */
  readonly notBefore: number | undefined;
}

/**
 * Signs a waiver. What could never be accepted is not signed.
 *
 * @param now milliseconds since the epoch.
 * @returns a compact JWS, the value of the annotation `attachguard.dev/waiver`.
 * @throws AttachguardError AG_ERR_WAIVER that names what is missing or wrong.
 */
export async function signWaiver(request: WaiverRequest, key: SigningKey, now: number): Promise<string> {
  check(request, now);
  const claims: WaiverClaims = {
    iss: request.issuer,
    iat: seconds(now),
    ...(request.notBefore === undefined ? {} : { nbf: seconds(request.notBefore) }),
    exp: seconds(request.expires),
    object: request.object,
    rules: [...new Set(request.rules)],
    reason: request.reason.trim(),
  };
  const { CompactSign } = await import("jose");
  const jws = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.algorithm, kid: key.id, typ: WAIVER_TYPE })
    .sign(key.key);
  if (jws.length > MAX_WAIVER_LENGTH) throw unsignable("the reason is too long; keep it to one line");
  return jws;
}

function check({ object, rules, issuer, reason, expires, notBefore }: WaiverRequest, now: number): void {
  for (const part of ["kind", "namespace", "name"] as const) {
    if (object[part] === "") throw unsignable(`the ${part} of the object is missing`);
  }
  if (rules.length === 0) throw unsignable("no rule is named; name some, or * for all");
  const unknown = rules.find((rule) => rule !== "*" && ruleById(rule) === undefined);
  if (unknown !== undefined) {
    throw unsignable(
      `there is no rule ${JSON.stringify(unknown)}; expected * or some of ${RULES.map((rule) => rule.id).join(", ")}`,
    );
  }
  if (issuer.trim() === "")
    throw unsignable("the issuer is missing; it must be the key's issuer in the configuration");
  if (reason.trim() === "")
    throw unsignable("the reason is missing; it is shown whenever the waiver is used");
  if (/\p{Cc}/u.test(reason + issuer)) {
    throw unsignable("the reason and the issuer must be one line each, without control characters");
  }
  for (const [what, time] of [
    ["end", expires],
    ["beginning", notBefore ?? now],
  ] as const) {
    if (Number.isNaN(new Date(time).getTime())) throw unsignable(`the ${what} is not a time`);
  }
  if (expires <= now) throw unsignable(`the expiry, ${timeText(expires)}, is in the past`);
  if (notBefore !== undefined && !(notBefore < expires)) {
    throw unsignable(`it would expire at ${timeText(expires)}, before it begins`);
  }
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}

function seconds(time: number): number {
  return Math.floor(time / 1000);
}

function unsignable(why: string): AttachguardError {
  return new AttachguardError("AG_ERR_WAIVER", `the waiver cannot be signed: ${why}`);
}
