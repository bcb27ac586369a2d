import { ApiSource } from "./api-source.ts";
import { SYSTEM_CLOCK } from "./clock.ts";
import { Credentials } from "./credentials.ts";
import { type ConfigSource, loadKubeConfig } from "./kube-config.ts";
import { LiveCluster, type LiveClusterOptions } from "./live-cluster.ts";
import { ObjectClient } from "./object-client.ts";
import { DEFAULT_TIMINGS } from "./timings.ts";
import { Transport } from "./transport.ts";

/** How to reach the cluster, and how to watch it. */
export type ConnectOptions = ConfigSource & Omit<LiveClusterOptions, "source">;

/**
 * The live view of the cluster that the configuration names; no request has been sent to the API server yet.
 *
 * @throws AttachguardError AG_ERR_CONFIG where there is no usable configuration.
 */
export async function connectLiveCluster(options: ConnectOptions): Promise<LiveCluster> {
  const source = new ApiSource(await transportTo(options));
  return new LiveCluster({ ...options, source });
}

/**
 * The client that reads and writes single objects of the cluster that the configuration names.
 *
 * @throws AttachguardError AG_ERR_CONFIG where there is no usable configuration.
 */
export async function connectObjectClient(source: ConfigSource): Promise<ObjectClient> {
  return new ObjectClient(await transportTo(source));
}

async function transportTo(
  options: ConfigSource & Pick<LiveClusterOptions, "clock" | "timings">,
): Promise<Transport> {
  const { clock = SYSTEM_CLOCK } = options;
  const timings = { ...DEFAULT_TIMINGS, ...options.timings };
  const config = await loadKubeConfig(options);
  const credentials = new Credentials(config, () => loadKubeConfig(options), clock, timings.renewMs);
  return new Transport(credentials, timings);
}
