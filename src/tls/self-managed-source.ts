import { AttachguardError, messageOf } from "../errors.ts";
import { type CertificateSource, type CertificateStatus, MemorySource } from "./certificate-source.ts";
import type { SecretStore, StoredSecret, StoredWebhooks, WebhookStore } from "./cluster-store.ts";
import { issueCa, issueServing } from "./issue.ts";
import {
  type FoundMaterial,
  type Material,
  type RenewalRules,
  renewedMaterial,
  withFreshServing,
} from "./material.ts";
import { type ServingCertificate, servingCertificate } from "./pair.ts";

export interface SelfManagedOptions {
  readonly secret: SecretStore;
  readonly webhooks: WebhookStore;
  readonly serviceName: string;
  readonly namespace: string;
  readonly servingDays: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /**
   * Called with each new problem, and with undefined when it is over. `usable`: what is presented can still be verified.
   */
  readonly onProblem?: (problem: AttachguardError | undefined, usable: boolean) => void;
  /** Milliseconds between looks at the Secret and the webhook configuration; 0: only when `check` is called. */
  readonly every?: number;
}

const CA_DAYS = 365;

/** An API server applies a changed webhook configuration in seconds; a replica that lags behind has an hour. */
const SETTLE = 60 * 60 * 1000;

const EVERY = 60_000;

/** After a problem, the next look comes sooner. */
const EVERY_WHEN_WRONG = 10_000;

/** Each lost race means that another replica has won one; more than this in a row is not a race. */
const ATTEMPTS = 20;

/** The keys of the Secret. */
const CA = "ca.crt";
const CA_KEY = "ca.key";
const PREVIOUS_CA = "previous-ca.crt";
const SERVING = "tls.crt";
const SERVING_KEY = "tls.key";

/**
 * A certificate that the server makes itself: the CA and the certificate live in a Secret that all replicas share, and
 * the CA in the `caBundle` of every entry of the webhook configuration. Every replica looks after both, and does only
 * what is still to be done; every write succeeds only if nobody has written since it was planned.
 *
 * Resolves once the Secret has been looked at. Where that failed, a makeshift certificate is presented, so that
 * probes are answered; nobody can verify it, and `status` says so until the Secret can be used.
 */
export async function selfManagedSource(options: SelfManagedOptions): Promise<SelfManagedSource> {
  const source = new SelfManagedSource(options, await makeshift(options));
  await source.check();
  source.start();
  return source;
}

/** See `selfManagedSource`. */
export class SelfManagedSource implements CertificateSource {
  readonly #options: SelfManagedOptions;
  readonly #rules: RenewalRules;
  readonly #source: MemorySource;
  #memory: Material | undefined;
  #problem: string | undefined;
  #checking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SelfManagedOptions, initial: ServingCertificate) {
    this.#options = options;
    this.#rules = {
      hosts: hostsOf(options),
      caName: `${options.serviceName}.${options.namespace} CA`,
      caDays: CA_DAYS,
      servingDays: options.servingDays,
      settle: SETTLE,
    };
    this.#source = new MemorySource(initial);
  }

  get current(): ServingCertificate {
    return this.#source.current;
  }

  status(now: number): CertificateStatus {
    const status = this.#source.status(now);
    return this.#memory === undefined ? { ...status, usable: false } : status;
  }

  subscribe(listener: (certificate: ServingCertificate) => void): () => void {
    return this.#source.subscribe(listener);
  }

  /** Looks at the Secret and the webhook configuration and does what is to be done. Never rejects. */
  check(): Promise<void> {
    this.#checking = this.#checking.then(() => this.#look());
    return this.#checking;
  }

  /** Keeps checking until `close`. */
  start(): void {
    const every = this.#options.every ?? EVERY;
    if (this.#closed || every === 0) return;
    const wait = this.#problem === undefined ? every : Math.min(every, EVERY_WHEN_WRONG);
    this.#timer = setTimeout(() => this.check().then(() => this.start()), wait);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#checking;
    await this.#source.close();
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    let problem: AttachguardError | undefined;
    try {
      for (let attempt = 1; !(await this.#reconcile()); attempt++) {
        if (attempt === ATTEMPTS)
          throw wrong(`${this.#options.secret.label} changes each time it is about to be written`);
      }
    } catch (error) {
      problem = error instanceof AttachguardError ? error : wrong(messageOf(error), error);
      await this.#carryOn();
    }
    this.#tell(problem);
  }

  #tell(problem: AttachguardError | undefined): void {
    if (problem?.message === this.#problem || this.#closed) return;
    this.#problem = problem?.message;
    const consequence =
      this.#memory === undefined
        ? "callers cannot verify the makeshift certificate that is presented until then"
        : "still serving the previous certificate";
    this.#source.report(problem === undefined ? undefined : `${problem.message}; ${consequence}`);
    this.#options.onProblem?.(problem, this.status(this.#options.now()).usable);
  }

  /** One round. False: someone else wrote in between, and everything has to be read again. */
  async #reconcile(): Promise<boolean> {
    const { secret, webhooks, now } = this.#options;
    // The webhook configuration first: what is written into it below follows from a Secret at least as new, and the
    // write fails if a replica that knows a newer one has written since.
    const seen = await attempt(() => webhooks.read());
    const stored = await this.#readSecret();
    const material = await renewedMaterial(
      {
        stored: found(stored.data),
        memory: this.#memory,
        isTrusted: (ca) => isInEvery(seen.value, ca),
        now: now(),
      },
      this.#rules,
    );
    const changes = differences(stored.data, material);
    if (Object.keys(changes).length > 0) {
      const outcome = await attempt(() => secret.write(changes, stored.resourceVersion));
      if (outcome.value === undefined) throw wrong(`${secret.label} cannot be written (${outcome.error})`);
      if (outcome.value === "absent") throw this.#gone();
      // Not used before it is stored: the loser of a race must present what the winner has stored.
      if (outcome.value === "conflict") return false;
    }
    this.#memory = material;
    this.#source.replace(servingCertificate(material.serving));
    return this.#keepInStep(seen, bundleOf(material));
  }

  /** Where nothing can be stored, certificates are renewed in memory, as long as the CA that callers trust is good. */
  async #carryOn(): Promise<void> {
    if (this.#memory === undefined) return;
    this.#memory = await withFreshServing(this.#memory, this.#rules, this.#options.now());
    this.#source.replace(servingCertificate(this.#memory.serving));
  }

  async #readSecret(): Promise<StoredSecret> {
    const { secret } = this.#options;
    const read = await attempt(() => secret.read());
    if (read.error !== undefined) throw wrong(`${secret.label} cannot be read (${read.error})`);
    if (read.value === undefined) throw this.#gone();
    return read.value;
  }

  async #keepInStep(seen: Attempt<StoredWebhooks | undefined>, bundle: string): Promise<boolean> {
    const { webhooks } = this.#options;
    if (seen.error !== undefined) throw wrong(`${webhooks.label} cannot be read (${seen.error})`);
    if (seen.value === undefined) throw wrong(`${webhooks.label} does not exist; apply the manifests`);
    if (seen.value.caBundles.every((present) => present === bundle)) return true;
    const before = seen.value;
    const outcome = await attempt(() => webhooks.write(bundle, before));
    if (outcome.value === undefined) throw wrong(`${webhooks.label} cannot be written (${outcome.error})`);
    if (outcome.value === "absent") throw wrong(`${webhooks.label} does not exist; apply the manifests`);
    return outcome.value === "written";
  }

  #gone(): AttachguardError {
    return wrong(
      `${this.#options.secret.label} does not exist; apply the manifests, or create an empty one of that name, and it is filled within seconds`,
    );
  }
}

interface Attempt<T> {
  readonly value: T | undefined;
  /** Undefined: it worked. */
  readonly error: string | undefined;
}

async function attempt<T>(call: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await call(), error: undefined };
  } catch (error) {
    return { value: undefined, error: messageOf(error) };
  }
}

function wrong(message: string, cause?: unknown): AttachguardError {
  return new AttachguardError("AG_ERR_TLS", message, { cause });
}

function hostsOf({ serviceName, namespace }: SelfManagedOptions): readonly string[] {
  // The API server calls SERVICE.NAMESPACE.svc (`apiserver/pkg/util/webhook/client.go`); the others are for people.
  const name = `${serviceName}.${namespace}.svc`;
  return [name, `${name}.cluster.local`, "localhost"];
}

async function makeshift(options: SelfManagedOptions): Promise<ServingCertificate> {
  const now = options.now();
  const ca = await issueCa({ name: "makeshift", days: CA_DAYS, now });
  return servingCertificate(await issueServing({ ca, hosts: hostsOf(options), days: CA_DAYS, now }));
}

function found(data: StoredSecret["data"]): FoundMaterial {
  return {
    ca: { certificate: data[CA] ?? "", key: data[CA_KEY] ?? "" },
    previousCa: data[PREVIOUS_CA] ?? "",
    serving: { certificate: data[SERVING] ?? "", key: data[SERVING_KEY] ?? "" },
  };
}

function differences(
  data: StoredSecret["data"],
  { ca, previousCa, serving }: Material,
): Record<string, string | undefined> {
  const wanted = {
    [CA]: ca.certificate,
    [CA_KEY]: ca.key,
    [PREVIOUS_CA]: previousCa,
    [SERVING]: serving.certificate,
    [SERVING_KEY]: serving.key,
  };
  return Object.fromEntries(Object.entries(wanted).filter(([key, value]) => data[key] !== value));
}

/** The newer one first. */
function bundleOf({ ca, previousCa = "" }: Material): string {
  return ca.certificate + previousCa;
}

function isInEvery(webhooks: StoredWebhooks | undefined, ca: string): boolean {
  return webhooks?.caBundles.every((bundle) => bundle.includes(ca.trim())) === true;
}
