import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { AttachguardError, messageOf } from "../errors.ts";

/** PEM text: a certificate (its intermediates may follow) and its private key (PKCS #8). */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

/** What a server presents, and until when. Times are milliseconds since the epoch. */
export interface ServingCertificate extends CertificateAndKey {
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * Reads a certificate and its key and makes sure that they belong together.
 *
 * @throws AttachguardError AG_ERR_TLS that says which of the two is wrong; key material never appears in it.
 */
export function servingCertificate(pair: CertificateAndKey): ServingCertificate {
  const certificate = parseCertificate(pair.certificate);
  if (!certificate.checkPrivateKey(parseKey(pair.key))) {
    throw new AttachguardError("AG_ERR_TLS", "the certificate and the key do not belong together");
  }
  return {
    certificate: pair.certificate,
    key: pair.key,
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
  };
}

/** The first certificate of a PEM text. @throws AttachguardError AG_ERR_TLS */
export function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new AttachguardError("AG_ERR_TLS", `not a PEM certificate (${messageOf(cause)})`, { cause });
  }
}

function parseKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const encrypted = /ENCRYPTED/.test(pem) ? "; it is encrypted: store it without a passphrase" : "";
    throw new AttachguardError("AG_ERR_TLS", `not a PEM private key (${messageOf(cause)})${encrypted}`, {
      cause,
    });
  }
}

/** True where a certificate is a CA's, of this key, and valid. @param now milliseconds since the epoch. */
export function isLiveCa(pair: CertificateAndKey, now: number): boolean {
  try {
    const { notBefore, notAfter } = servingCertificate(pair);
    return parseCertificate(pair.certificate).ca && notBefore <= now && now < notAfter;
  } catch (error) {
    if (error instanceof AttachguardError) return false;
    throw error;
  }
}

/**
 * True where a certificate and its key can be presented for every one of the hosts to clients that trust the CA.
 *
 * @param ca PEM of the CA's certificate.
 * @param now milliseconds since the epoch.
 */
export function isLiveServing(
  pair: CertificateAndKey,
  ca: string,
  hosts: readonly string[],
  now: number,
): boolean {
  try {
    const { notBefore, notAfter } = servingCertificate(pair);
    const certificate = parseCertificate(pair.certificate);
    return (
      notBefore <= now &&
      now < notAfter &&
      isIssuedBy(certificate, ca) &&
      hosts.every((host) => covers(certificate, host))
    );
  } catch (error) {
    if (error instanceof AttachguardError) return false;
    throw error;
  }
}

function isIssuedBy(certificate: X509Certificate, ca: string): boolean {
  const issuer = parseCertificate(ca);
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function covers(certificate: X509Certificate, host: string): boolean {
  const ip = host.includes(":") || /^[\d.]+$/.test(host);
  // A wildcard is covered by itself; checkHost looks for names, not for patterns.
  return ip
    ? certificate.checkIP(host) !== undefined
    : certificate.checkHost(host.replace(/^\*/, "any")) !== undefined;
}
