import { AttachguardError } from "../errors.ts";
import { DAY, issueCa, issueServing } from "./issue.ts";
import {
  type CertificateAndKey,
  isLiveCa,
  isLiveServing,
  parseCertificate,
  servingCertificate,
} from "./pair.ts";

/** Everything that the replicas of a server share: the CA that callers trust and what it has signed. */
export interface Material {
  readonly ca: CertificateAndKey;
  /** PEM of the previous CA, as long as what it has signed may still be presented somewhere. */
  readonly previousCa: string | undefined;
  readonly serving: CertificateAndKey;
}

/** Material as found in the store: any part may be missing or damaged. */
export interface FoundMaterial {
  readonly ca: CertificateAndKey;
  readonly previousCa: string;
  readonly serving: CertificateAndKey;
}

export interface RenewalRules {
  /** Names of the server that callers use. */
  readonly hosts: readonly string[];
  readonly caName: string;
  readonly caDays: number;
  readonly servingDays: number;
  /** Milliseconds that callers are given to learn of a new CA before they meet anything that it has signed. */
  readonly settle: number;
}

export interface RenewalFacts {
  /** What is stored now. */
  readonly stored: FoundMaterial;
  /** What this replica has been using; it repairs what is damaged in the store. */
  readonly memory: Material | undefined;
  /** True where callers have been given this CA (PEM), so that they accept what it signs. */
  readonly isTrusted: (ca: string) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * What should be stored from now on: the same parts wherever they are still good, so that a second call changes
 * nothing. A CA is replaced, and a certificate renewed, at two thirds of its life. A new CA is trusted together with
 * the previous one until nothing signed by that one can be valid.
 */
export async function renewedMaterial(facts: RenewalFacts, rules: RenewalRules): Promise<Material> {
  const { stored, memory, now } = facts;
  const found = [stored.ca, memory?.ca].find((ca) => ca !== undefined && isLiveCa(ca, now));
  const isDue = found === undefined || isPastTwoThirds(found, now);
  const ca = isDue ? await issueCa({ name: rules.caName, days: rules.caDays, now }) : found;
  // A CA that has lost its key signs nothing more, but what it has signed is still good.
  const before = isDue
    ? [found?.certificate, stored.ca.certificate, memory?.ca.certificate, stored.previousCa]
    : [stored.previousCa, memory?.previousCa];
  const previousCa = before.find(
    (pem) => pem !== undefined && pem !== ca.certificate && isLiveCertificate(pem, now),
  );
  const serving = await renewedServing(facts, rules, ca, previousCa);
  return { ca, previousCa: isStillNeeded(serving, ca, facts, rules) ? previousCa : undefined, serving };
}

/**
 * The same CA with a certificate that is not near its end: what can be done where nothing can be stored. A new CA could
 * not be made known to callers and replicas, so none is created; `material` itself where nothing can be done.
 *
 * @param now milliseconds since the epoch.
 */
export async function withFreshServing(
  material: Material,
  rules: RenewalRules,
  now: number,
): Promise<Material> {
  const { ca, previousCa, serving } = material;
  if (!isPastTwoThirds(serving, now) || !isLiveCa(ca, now)) return material;
  // Callers may not have been given the new CA yet.
  if (previousCa !== undefined && isLiveServing(serving, previousCa, rules.hosts, now)) return material;
  return {
    ...material,
    serving: await issueServing({ ca, hosts: rules.hosts, days: rules.servingDays, now }),
  };
}

async function renewedServing(
  { stored, memory, isTrusted, now }: RenewalFacts,
  rules: RenewalRules,
  ca: CertificateAndKey,
  previousCa: string | undefined,
): Promise<CertificateAndKey> {
  const candidates = [stored.serving, memory?.serving].filter((pair) => pair !== undefined);
  const byCa = candidates.find((pair) => isLiveServing(pair, ca.certificate, rules.hosts, now));
  if (byCa !== undefined && !isPastTwoThirds(byCa, now)) return byCa;
  if (byCa === undefined && previousCa !== undefined) {
    const byPrevious = candidates.find((pair) => isLiveServing(pair, previousCa, rules.hosts, now));
    const isSettled = isTrusted(ca.certificate) && now - servingCertificate(ca).notBefore >= rules.settle;
    if (byPrevious !== undefined && !isSettled) return byPrevious;
  }
  return issueServing({ ca, hosts: rules.hosts, days: rules.servingDays, now });
}

/** Its key is gone, so what it has signed has ended once a new CA is as old as such a certificate can get. */
function isStillNeeded(
  serving: CertificateAndKey,
  ca: CertificateAndKey,
  { now }: RenewalFacts,
  rules: RenewalRules,
): boolean {
  const isByCa = isLiveServing(serving, ca.certificate, rules.hosts, now);
  return !isByCa || now - servingCertificate(ca).notBefore < rules.settle + rules.servingDays * DAY;
}

function isPastTwoThirds(pair: CertificateAndKey, now: number): boolean {
  const { notBefore, notAfter } = servingCertificate(pair);
  return now >= notBefore + ((notAfter - notBefore) * 2) / 3;
}

function isLiveCertificate(pem: string, now: number): boolean {
  try {
    return now < parseCertificate(pem).validToDate.getTime();
  } catch (error) {
    if (error instanceof AttachguardError) return false;
    throw error;
  }
}
