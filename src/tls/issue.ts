import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { AttachguardError, messageOf } from "../errors.ts";
import type { CertificateAndKey } from "./pair.ts";

export const DAY = 24 * 60 * 60 * 1000;

/** Clocks differ a little between machines; a certificate made now has to be good on all of them. */
const BACKDATE = 5 * 60 * 1000;

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface CaRequest {
  /** The common name; several CAs may have the same, their key identifiers differ. */
  readonly name: string;
  readonly days: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Makes a CA (ECDSA P-256) that signs serving certificates and no further CAs. */
export async function issueCa(request: CaRequest): Promise<CertificateAndKey> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [request.name] }],
      notBefore: new Date(request.now - BACKDATE),
      notAfter: new Date(request.now + request.days * DAY),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificate: `${certificate.toString("pem")}\n`, key: privatePem(keys.privateKey) };
}

export interface ServingRequest {
  readonly ca: CertificateAndKey;
  /** DNS names (the first label may be `*`) and IP addresses; at least one. */
  readonly hosts: readonly string[];
  readonly days: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Makes a serving certificate (ECDSA P-256) that ends no later than its CA.
 *
 * @throws AttachguardError AG_ERR_USAGE for a host that is neither a DNS name nor an IP address.
 */
export async function issueServing(request: ServingRequest): Promise<CertificateAndKey> {
  const names = request.hosts.map(generalName);
  const x509 = await loadX509();
  const keys = await generateKeys();
  const ca = new x509.X509Certificate(request.ca.certificate);
  const end = Math.min(request.now + request.days * DAY, ca.notAfter.getTime());
  const commonName = request.hosts.find((host) => host.length <= MAX_COMMON_NAME);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: commonName === undefined ? [] : [{ CN: [commonName] }],
      issuer: ca.subjectName,
      notBefore: new Date(Math.max(request.now - BACKDATE, ca.notBefore.getTime())),
      notAfter: new Date(end),
      publicKey: keys.publicKey,
      signingKey: signingKey(request.ca.key),
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names),
        await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey, false, webcrypto),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificate: `${certificate.toString("pem")}\n`, key: privatePem(keys.privateKey) };
}

/** X.520 ends a common name there (`ub-common-name`). Clients look at the alternative names, however long. */
const MAX_COMMON_NAME = 64;

const DNS_NAME = /^(\*\.)?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/i;

function generalName(host: string): { type: "dns" | "ip"; value: string } {
  if (isIP(host) !== 0) return { type: "ip", value: host };
  // Only digits and dots is an invalid IP address: it would never match.
  if (DNS_NAME.test(host) && host.length <= 253 && !/^[\d.]+$/.test(host))
    return { type: "dns", value: host };
  throw new AttachguardError(
    "AG_ERR_USAGE",
    `${JSON.stringify(host)} is neither a host name nor an IP address; a certificate can be issued for names such as example.com and addresses such as 127.0.0.1 or ::1`,
  );
}

/** The library is large and only issuing needs it; its dependency injection needs the reflection API to be there first. */
async function loadX509(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function privatePem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ format: "pem", type: "pkcs8" }).toString();
}

function signingKey(pem: string): webcrypto.CryptoKey {
  try {
    return createPrivateKey(pem).toCryptoKey(ALGORITHM, false, ["sign"]);
  } catch (cause) {
    throw new AttachguardError(
      "AG_ERR_TLS",
      `the key of the CA cannot be used (${messageOf(cause)}); expected an ECDSA P-256 key in PEM`,
      { cause },
    );
  }
}
