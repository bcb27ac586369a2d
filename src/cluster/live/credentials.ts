import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import type { KubeConfig, User } from "@kubernetes/client-node";
import type { Clock } from "./clock.ts";

/** What one request needs: where to send it, and who we are. */
export interface Access {
  readonly server: URL;
  /** Headers, `auth`, and the TLS material; an `agent` only where the configuration names a proxy. */
  readonly options: RequestOptions;
}

/**
 * Who we are to the API server, asked again for every request: the client library reads the CA file and runs exec
 * plugins when their credential has expired; the token file is read here, because the library keeps it for a minute.
 */
export class Credentials {
  readonly #load: () => Promise<KubeConfig>;
  readonly #clock: Pick<Clock, "now">;
  readonly #renewMs: number;
  #config: KubeConfig;
  #loadedAt: number;
  /** Requests that come while an exec plugin runs wait for that run. */
  #applying: Promise<Access> | undefined;

  /** `load` reads the configuration afresh; `renewMs` is the shortest time between two such reads. */
  constructor(
    config: KubeConfig,
    load: () => Promise<KubeConfig>,
    clock: Pick<Clock, "now">,
    renewMs: number,
  ) {
    this.#config = config;
    this.#load = load;
    this.#clock = clock;
    this.#renewMs = renewMs;
    this.#loadedAt = clock.now();
  }

  access(): Promise<Access> {
    this.#applying ??= this.#apply().finally(() => {
      this.#applying = undefined;
    });
    return this.#applying;
  }

  /**
   * Forgets everything and loads the configuration again, for when the server refuses our credentials (401) or we do
   * not trust its certificate: a rotated client certificate, a new CA in the kubeconfig, an exec plugin to be run.
   *
   * @returns whether it did: not when it did so a moment ago.
   */
  async renew(): Promise<boolean> {
    if (this.#clock.now() - this.#loadedAt < this.#renewMs) return false;
    this.#loadedAt = this.#clock.now();
    // A file that is being rewritten may be unreadable for a moment: the old configuration stays until then.
    const fresh = await this.#load().catch(() => undefined);
    if (fresh === undefined) return false;
    this.#config = fresh;
    return true;
  }

  async #apply(): Promise<Access> {
    const config = this.#config;
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new TypeError("the kubeconfig was loaded without a cluster");
    const options: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    // The library's agent holds the CA of its first use forever; only its proxy agents cannot be done without.
    if (cluster.proxyUrl === undefined) delete options.agent;
    const token = await tokenFrom(config.getCurrentUser());
    if (token !== undefined) options.headers = { ...options.headers, Authorization: `Bearer ${token}` };
    return { server: new URL(cluster.server), options };
  }
}

async function tokenFrom(user: User | null): Promise<string | undefined> {
  const file: unknown = user?.authProvider?.config?.tokenFile;
  return typeof file === "string" ? (await readFile(file, "utf8")).trim() : undefined;
}
