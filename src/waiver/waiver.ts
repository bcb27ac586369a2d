import { createPublicKey, type JsonWebKeyInput, type webcrypto } from "node:crypto";
import type { Waiver } from "../policy/exemptions.ts";
import type { ObjectRef } from "../policy/model.ts";
import {
  MAX_WAIVER_LENGTH,
  WAIVER_TYPE,
  type WaiverAlgorithm,
  type WaiverClaims,
  type WaiverObject,
} from "./claims.ts";

/** A public key that waivers may be signed with. */
export interface WaiverKey {
  /** The `kid` of its waivers. */
  readonly id: string;
  /** The `iss` of its waivers. */
  readonly issuer: string;
  /** The only algorithm that its waivers may name. */
  readonly algorithm: WaiverAlgorithm;
  /** PEM text or a JWK. */
  readonly publicKey: string | Readonly<Record<string, unknown>>;
}

/** Why a waiver is refused, and what to do about it. Thrown within this file only. */
class Refusal extends Error {}

/**
 * Checks a waiver: a compact JWS whose claims name the object, the rules, its end, the issuer and a reason. Nothing
 * that it says is believed, or reported, before its signature has been checked; keys in its header are never used. It
 * is up to the caller to check whether `rules` covers a finding.
 *
 * @param jws the value of the annotation.
 * @param subject the object that carries it; a namespace of `""` fits any, as everywhere in files.
 * @param now milliseconds since the epoch.
 * @returns never rejects for anything in the waiver; a refusal tells its reader what to do.
 */
export async function verifyWaiver(
  jws: string,
  subject: Pick<ObjectRef, "kind" | "namespace" | "name">,
  keys: readonly WaiverKey[],
  now: number,
): Promise<Waiver> {
  try {
    const compact = jws.trim();
    const key = keyFor(readHeader(compact), keys);
    const claims = readClaims(await signedPayload(compact, key));
    checkIssuer(claims, key);
    checkTime(claims, now);
    checkObject(claims.object, subject);
    return {
      state: "valid",
      rules: claims.rules,
      until: timeText(claims.exp),
      issuer: claims.iss,
      reason: claims.reason,
    };
  } catch (error) {
    if (error instanceof Refusal) return { state: "refused", reason: error.message };
    throw error;
  }
}

type Members = Readonly<Record<string, unknown>>;

function readHeader(jws: string): Members {
  if (jws.length > MAX_WAIVER_LENGTH) {
    throw new Refusal(
      `it is longer than ${MAX_WAIVER_LENGTH} characters; paste just what \`attachguard waiver sign\` printed`,
    );
  }
  const [header = "", , ...rest] = jws.split(".");
  // Two dots, also where the signature is left out: a token without one is refused for what it is.
  const parsed = rest.length === 1 ? parseObject(Buffer.from(header, "base64url")) : undefined;
  if (parsed === undefined) {
    throw new Refusal("it is not a waiver; paste the whole text that `attachguard waiver sign` printed");
  }
  return parsed;
}

function keyFor(header: Members, keys: readonly WaiverKey[]): WaiverKey {
  const { alg, kid, typ } = header;
  if (typeof alg === "string" && alg.toLowerCase() === "none") {
    throw new Refusal("it is not signed (alg none); sign it with a key that the configuration names");
  }
  if (typ !== WAIVER_TYPE) {
    throw new Refusal(
      `it is a token for something else (typ ${quoted(typ)}); create one with \`attachguard waiver sign\``,
    );
  }
  if (typeof kid !== "string") {
    throw new Refusal("it does not say which key signed it (kid); create it with `attachguard waiver sign`");
  }
  const key = keys.find((candidate) => candidate.id === kid);
  if (key === undefined) {
    throw new Refusal(
      `its key ${quoted(kid)} is not known here; have it signed with a key in waivers.keys of the configuration`,
    );
  }
  if (alg !== key.algorithm) {
    throw new Refusal(
      `it names the algorithm ${quoted(alg)}, which is not that of key ${quoted(kid)}; sign it again with that key`,
    );
  }
  if (header.crit !== undefined) {
    throw new Refusal(
      "it demands an extension (crit) that is not known here; create it with `attachguard waiver sign`",
    );
  }
  return key;
}

async function signedPayload(jws: string, key: WaiverKey): Promise<Uint8Array> {
  // Loaded here: most objects carry no waiver.
  const { compactVerify, errors } = await import("jose");
  try {
    const { payload } = await compactVerify(jws, publicKeyOf(key), { algorithms: [key.algorithm] });
    return payload;
  } catch (error) {
    // Every other way in which a signature can be wrong looks the same from outside.
    if (error instanceof errors.JOSEError) {
      throw new Refusal(
        `its signature is not one of key ${quoted(key.id)}; it was changed after it was signed, or signed with another key: have it signed again`,
      );
    }
    throw error;
  }
}

const KEY_KINDS = {
  EdDSA: { name: "Ed25519" },
  ES256: { name: "ECDSA", namedCurve: "P-256" },
} as const satisfies Record<WaiverAlgorithm, object>;

/** The conversion fails for a key of a kind other than the algorithm's. */
function publicKeyOf({ id, algorithm, publicKey }: WaiverKey): webcrypto.CryptoKey {
  try {
    const key =
      typeof publicKey === "string"
        ? createPublicKey(publicKey)
        : createPublicKey({ key: publicKey as JsonWebKeyInput["key"], format: "jwk" });
    return key.toCryptoKey(KEY_KINDS[algorithm], false, ["verify"]);
  } catch {
    throw new Refusal(`key ${quoted(id)} cannot be used; correct waivers.keys in the configuration`);
  }
}

function readClaims(payload: Uint8Array): WaiverClaims {
  const claims = parseObject(payload);
  if (claims === undefined)
    throw new Refusal("its content cannot be read; create it with `attachguard waiver sign`");
  const { iss, iat, nbf, exp, object, rules, reason } = claims;
  if (!isTime(exp)) throw new Refusal("it has no expiry (exp); sign it again with one");
  if (nbf !== undefined && !isTime(nbf))
    throw new Refusal("its beginning (nbf) is not a time; sign it again");
  if (typeof reason !== "string" || reason.trim() === "") {
    throw new Refusal("it gives no reason; sign it again with one");
  }
  if (typeof iss !== "string" || iss === "") throw new Refusal("it names no issuer (iss); sign it again");
  if (!Array.isArray(rules) || rules.length === 0 || !rules.every((rule) => typeof rule === "string")) {
    throw new Refusal("it names no rules; sign it again with the rules it is for, or * for all");
  }
  if (!isObject(object)) {
    throw new Refusal("it does not say which object it is for (kind, namespace, name); sign it again");
  }
  const { kind, namespace, name } = object;
  // These are shown in logs and warnings, one line each.
  if ([iss, reason, kind, namespace, name, ...rules].some((text) => /\p{Cc}/u.test(text))) {
    throw new Refusal("it contains control characters; sign it again without them");
  }
  return {
    iss,
    iat: isTime(iat) ? iat : 0,
    ...(nbf === undefined ? {} : { nbf }),
    exp,
    object,
    rules,
    reason,
  };
}

function checkIssuer(claims: WaiverClaims, key: WaiverKey): void {
  if (claims.iss !== key.issuer) {
    throw new Refusal(
      `its issuer ${quoted(claims.iss)} is not the one of key ${quoted(key.id)}; sign it again as that issuer`,
    );
  }
}

function checkTime(claims: WaiverClaims, now: number): void {
  if (now >= claims.exp * 1000) {
    throw new Refusal(`it expired at ${timeText(claims.exp)}; ask ${claims.iss} for a new one`);
  }
  if (claims.nbf !== undefined && now < claims.nbf * 1000) {
    throw new Refusal(
      `it is not valid before ${timeText(claims.nbf)}; wait, or ask ${claims.iss} for another`,
    );
  }
}

function checkObject(object: WaiverObject, subject: Pick<ObjectRef, "kind" | "namespace" | "name">): void {
  const isSame =
    object.kind === subject.kind &&
    object.name === subject.name &&
    (subject.namespace === "" || object.namespace === subject.namespace);
  if (!isSame) {
    throw new Refusal(
      `it is for ${object.kind} ${object.namespace}/${object.name}, not for ${subject.kind} ${subject.namespace}/${subject.name}; a waiver cannot be copied: ask for one for this object`,
    );
  }
}

function isObject(value: unknown): value is WaiverObject {
  if (typeof value !== "object" || value === null) return false;
  const { kind, namespace, name } = value as Members;
  return [kind, namespace, name].every((part) => typeof part === "string" && part !== "");
}

/** A NumericDate within the range of dates. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value < 253_402_300_800;
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function parseObject(bytes: Uint8Array): Members | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Members)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A header's value, which anybody may have written, made safe to show on one line. */
function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  const printable = text.replaceAll(/[^\x20-\x7e]/g, "?");
  return printable.length > 48 ? `${printable.slice(0, 45)}…` : printable;
}
