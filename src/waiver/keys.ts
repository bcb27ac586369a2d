import { createPrivateKey, generateKeyPairSync, type JsonWebKeyInput, type KeyObject } from "node:crypto";
import { AttachguardError, messageOf } from "../errors.ts";
import type { WaiverAlgorithm } from "./claims.ts";

/** A new pair, in both notations. The private half belongs to the signer and nobody else. */
export interface WaiverKeyPair {
  readonly id: string;
  readonly algorithm: WaiverAlgorithm;
  /** PEM (PKCS #8 and SPKI). */
  readonly privatePem: string;
  readonly publicPem: string;
  /** JWKs with `kid` and `alg`. */
  readonly privateJwk: Readonly<Record<string, unknown>>;
  readonly publicJwk: Readonly<Record<string, unknown>>;
}

/**
 * Makes a key pair for waivers: Ed25519 for EdDSA, P-256 for ES256.
 *
 * @throws AttachguardError AG_ERR_WAIVER for an id that the configuration would not take.
 */
export function generateWaiverKeys(id: string, algorithm: WaiverAlgorithm): WaiverKeyPair {
  checkId(id);
  const { privateKey, publicKey } =
    algorithm === "EdDSA"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const named = { kid: id, alg: algorithm, use: "sig" };
  return {
    id,
    algorithm,
    privatePem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    publicPem: publicKey.export({ format: "pem", type: "spki" }).toString(),
    privateJwk: { ...privateKey.export({ format: "jwk" }), ...named },
    publicJwk: { ...publicKey.export({ format: "jwk" }), ...named },
  };
}

/** A private key that is ready to sign. */
export interface SigningKey {
  readonly id: string;
  readonly algorithm: WaiverAlgorithm;
  readonly key: KeyObject;
}

/**
 * Reads a private key: PEM text or a JWK in JSON. The algorithm follows from the kind of key.
 *
 * @param id the key's id where the text has none (PEM), or to override it.
 * @throws AttachguardError AG_ERR_WAIVER that never repeats the text.
 */
export function parseSigningKey(text: string, id?: string): SigningKey {
  const isJwk = text.trimStart().startsWith("{");
  const { key, kid } = isJwk ? fromJwk(text) : { key: privateKeyOf(text), kid: undefined };
  const algorithm = ALGORITHM_OF_CURVE[String(key.export({ format: "jwk" }).crv)];
  if (algorithm === undefined) {
    throw unusable("it is neither an Ed25519 nor a P-256 key; create one with attachguard waiver keygen");
  }
  const known = id ?? kid;
  if (known === undefined)
    throw unusable("it has no id; give one with --key-id, the same as in the configuration");
  checkId(known);
  return { id: known, algorithm, key };
}

const ALGORITHM_OF_CURVE: Readonly<Record<string, WaiverAlgorithm>> = { Ed25519: "EdDSA", "P-256": "ES256" };

function fromJwk(text: string): { key: KeyObject; kid: string | undefined } {
  let jwk: Readonly<Record<string, unknown>>;
  try {
    jwk = JSON.parse(text);
  } catch {
    // The parser's own message would quote the key.
    throw unusable("it is not JSON; expected a JWK or PEM text, as attachguard waiver keygen writes it");
  }
  if (!("d" in jwk)) throw unusable("it is a public key; signing needs the private one");
  const key = privateKeyOf({ key: jwk as JsonWebKeyInput["key"], format: "jwk" });
  return { key, kid: typeof jwk.kid === "string" ? jwk.kid : undefined };
}

function privateKeyOf(input: string | JsonWebKeyInput): KeyObject {
  if (typeof input === "string" && /PUBLIC KEY/.test(input)) {
    throw unusable("it is a public key; signing needs the private one");
  }
  try {
    return createPrivateKey(input);
  } catch (cause) {
    throw unusable(
      `${messageOf(cause)}; expected PEM text or a JWK, not encrypted, as attachguard waiver keygen writes it`,
    );
  }
}

function checkId(id: string): void {
  if (/^[A-Za-z0-9._-]{1,128}$/.test(id)) return;
  throw new AttachguardError(
    "AG_ERR_WAIVER",
    `${JSON.stringify(id.slice(0, 64))} cannot be a key's id; expected up to 128 letters, digits, dots, hyphens and underscores`,
  );
}

function unusable(why: string): AttachguardError {
  return new AttachguardError("AG_ERR_WAIVER", `the signing key cannot be used: ${why}`);
}
