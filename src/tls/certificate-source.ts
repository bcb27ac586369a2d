import type { ServingCertificate } from "./pair.ts";

export interface CertificateStatus {
  /** False: nobody can verify what is presented (expired, or a makeshift one to be able to listen at all). */
  readonly usable: boolean;
  /** What is wrong and what to do about it, in one line; undefined where nothing is. */
  readonly problem: string | undefined;
}

/** Where a server's certificate comes from. A certificate and its key always belong together. */
export interface CertificateSource {
  /** What to present now. */
  readonly current: ServingCertificate;
  /** @param now milliseconds since the epoch. */
  status(now: number): CertificateStatus;
  /** Calls back with every certificate that replaces the current one; returns a function that ends that. */
  subscribe(listener: (certificate: ServingCertificate) => void): () => void;
  close(): Promise<void>;
}

/** A source whose certificate is set by its owner: the core of the other sources, and a source for tests. */
export class MemorySource implements CertificateSource {
  #current: ServingCertificate;
  #problem: string | undefined;
  readonly #listeners = new Set<(certificate: ServingCertificate) => void>();

  constructor(initial: ServingCertificate) {
    this.#current = initial;
  }

  get current(): ServingCertificate {
    return this.#current;
  }

  status(now: number): CertificateStatus {
    const expired = now >= this.#current.notAfter;
    const at = new Date(this.#current.notAfter).toISOString();
    const expiry = expired ? `the serving certificate expired at ${at}` : undefined;
    const problem = [expiry, this.#problem].filter((text) => text !== undefined).join("; ");
    return { usable: !expired, problem: problem === "" ? undefined : problem };
  }

  subscribe(listener: (certificate: ServingCertificate) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Presents another certificate from now on; a byte-identical one is not a change. */
  replace(certificate: ServingCertificate): void {
    if (certificate.certificate === this.#current.certificate && certificate.key === this.#current.key)
      return;
    this.#current = certificate;
    for (const listener of this.#listeners) listener(certificate);
  }

  /** What is wrong with the place that the certificate comes from; undefined once it is right again. */
  report(problem: string | undefined): void {
    this.#problem = problem;
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }
}
