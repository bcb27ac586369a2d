import "reflect-metadata";
import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { CertificateAndKey } from "../../../src/tls/pair.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A client certificate, as the API server may be given one for its calls to webhooks. */
export async function clientCertificate(
  ca: CertificateAndKey,
  commonName: string,
): Promise<CertificateAndKey> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create(
    {
      subject: [{ CN: [commonName] }],
      issuer: new X509Certificate(ca.certificate).subjectName,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
      publicKey: keys.publicKey,
      signingKey: createPrivateKey(ca.key).toCryptoKey(ALGORITHM, false, ["sign"]),
      signingAlgorithm: ALGORITHM,
      extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
    },
    webcrypto,
  );
  return {
    certificate: certificate.toString("pem"),
    key: KeyObject.from(keys.privateKey).export({ format: "pem", type: "pkcs8" }).toString(),
  };
}
