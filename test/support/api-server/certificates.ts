import { issueCa, issueServing } from "../../../src/tls/issue.ts";

export interface Authority {
  readonly pem: string;
  /** A serving certificate for 127.0.0.1 and localhost. */
  issue(): Promise<{ readonly cert: string; readonly key: string }>;
}

/** A certificate authority that lives as long as the test. */
export async function createAuthority(name = "double"): Promise<Authority> {
  const ca = await issueCa({ name, days: 1, now: Date.now() });
  return {
    pem: ca.certificate,
    async issue() {
      const hosts = ["127.0.0.1", "localhost"];
      const { certificate, key } = await issueServing({ ca, hosts, days: 1, now: Date.now() });
      return { cert: certificate, key };
    },
  };
}
