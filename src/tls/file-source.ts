import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { AttachguardError, messageOf } from "../errors.ts";
import { type CertificateSource, MemorySource } from "./certificate-source.ts";
import { type ServingCertificate, servingCertificate } from "./pair.ts";

/** Calls back whenever files may have changed, symbolic-link swaps included. */
export type WatchFiles = (
  paths: readonly string[],
  changed: () => void,
) => Promise<{ close(): Promise<void> }>;

export interface FileSourceOptions {
  /** PEM: the certificate, then its intermediates. */
  readonly certFile: string;
  /** PEM, not encrypted. */
  readonly keyFile: string;
  readonly watch: WatchFiles;
  /**
   * Called with each new problem, and with undefined when it is over. `usable`: what is presented can still be verified.
   */
  readonly onProblem?: (problem: AttachguardError | undefined, usable: boolean) => void;
}

/**
 * Follows a certificate and key in two files. A pair that cannot be used changes nothing: the last good pair is still
 * presented, and `status` says what is wrong.
 *
 * @throws AttachguardError AG_ERR_TLS where the files cannot be used at the start.
 */
export async function fileSource(options: FileSourceOptions): Promise<CertificateSource> {
  const source = new MemorySource(await readPair(options));
  let problem: string | undefined;
  let reading: Promise<void> = Promise.resolve();
  let closed = false;

  const tell = (error: AttachguardError | undefined) => {
    if (error?.message === problem || closed) return;
    problem = error?.message;
    source.report(problem === undefined ? undefined : `${problem}; still serving the previous certificate`);
    options.onProblem?.(error, source.status(Date.now()).usable);
  };
  const reread = async () => {
    try {
      const pair = await readPair(options);
      if (closed) return;
      source.replace(pair);
      tell(undefined);
    } catch (error) {
      if (!(error instanceof AttachguardError)) throw error;
      tell(error);
    }
  };
  const files = await options.watch([options.certFile, options.keyFile], () => {
    reading = reading.then(reread);
  });
  return {
    get current() {
      return source.current;
    },
    status: (now) => source.status(now),
    subscribe: (listener) => source.subscribe(listener),
    async close() {
      closed = true;
      await files.close();
      await reading;
      await source.close();
    },
  };
}

/** Two files cannot be read in one step: a pair read halfway through its replacement is read again. */
const ATTEMPTS = 3;
const BETWEEN_ATTEMPTS_MILLISECONDS = 100;

async function readPair({ certFile, keyFile }: FileSourceOptions): Promise<ServingCertificate> {
  for (let attempt = 1; ; attempt++) {
    const certificate = await readPem(certFile);
    const key = await readPem(keyFile);
    try {
      return servingCertificate({ certificate, key });
    } catch (cause) {
      if (attempt === ATTEMPTS) {
        throw new AttachguardError("AG_ERR_TLS", `${certFile}, ${keyFile}: ${messageOf(cause)}`, { cause });
      }
    }
    await sleep(BETWEEN_ATTEMPTS_MILLISECONDS);
  }
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new AttachguardError(
      "AG_ERR_TLS",
      `${path}: cannot be read (${messageOf(cause)}); a PEM file is needed there (attachguard certs creates one for development)`,
      { cause },
    );
  }
}
