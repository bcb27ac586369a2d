import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { type ConnectOptions, connectLiveCluster } from "../../../src/cluster/live/connect.ts";
import type { LiveCluster } from "../../../src/cluster/live/live-cluster.ts";
import type { Timings } from "../../../src/cluster/live/timings.ts";
import { ApiServerDouble, type DoubleOptions } from "./api-server.ts";
import type { Authority } from "./certificates.ts";
import { pictureOf, truthOf } from "./picture.ts";

/** Everything that is waited for, short enough for a test; the watchdog is off unless a test wants it. */
export const QUICK: Partial<Timings> = {
  backoffMs: [2, 40],
  shortWatchMs: 5,
  refusedMs: 40,
  notServedMs: 40,
  renewMs: 0,
};

export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface Live {
  readonly double: ApiServerDouble;
  readonly cluster: LiveCluster;
  readonly log: LogLine[];
  readonly misses: string[];
  /** The kubeconfig file that the live view was made from. */
  readonly kubeconfig: string;
}

/** Writes a kubeconfig for the double; `ca` and `user` as they would stand in the file. */
export function writeKubeConfig(
  file: string,
  server: string,
  options: { ca?: string | undefined; user?: Record<string, unknown>; proxy?: string | undefined } = {},
): void {
  const cluster: Record<string, unknown> = { server };
  if (options.ca !== undefined) cluster["certificate-authority"] = options.ca;
  if (options.proxy !== undefined) cluster["proxy-url"] = options.proxy;
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "double", cluster }],
      users: [{ name: "me", user: options.user ?? {} }],
      contexts: [{ name: "double", context: { cluster: "double", user: "me" } }],
      "current-context": "double",
    }),
  );
}

/** A double with objects in it and a live view on it, started unless `start` is false; both are closed with the test. */
export async function live(
  t: Test,
  options: {
    readonly fill?: (double: ApiServerDouble) => void;
    readonly double?: DoubleOptions;
    readonly timings?: Partial<Timings>;
    readonly connect?: Partial<ConnectOptions>;
    readonly authority?: Authority;
    readonly user?: Record<string, unknown>;
    readonly proxy?: string;
    readonly start?: boolean;
  } = {},
): Promise<Live> {
  const tls = options.authority === undefined ? {} : { tls: await options.authority.issue() };
  const double = await ApiServerDouble.start({ ...tls, ...options.double });
  options.fill?.(double);
  const folder = t.testdir(options.authority === undefined ? {} : { "ca.crt": options.authority.pem });
  const kubeconfig = join(folder, "kubeconfig");
  const ca = options.authority === undefined ? undefined : "ca.crt";
  writeKubeConfig(kubeconfig, double.url, {
    ca,
    proxy: options.proxy,
    ...(options.user === undefined ? {} : { user: options.user }),
  });
  const log: LogLine[] = [];
  const misses: string[] = [];
  const say = (level: LogLine["level"]) => (fields: object, message: string) => {
    log.push({ level, message, ...fields });
  };
  const cluster = await connectLiveCluster({
    kubeconfig,
    env: {},
    log: { info: say("info"), warn: say("warn"), error: say("error") },
    onLookupMiss: (kind) => misses.push(kind),
    timings: { ...QUICK, ...options.timings },
    ...options.connect,
  });
  t.teardown(async () => {
    await cluster.close();
    await double.stop();
  });
  if (options.start !== false) await cluster.start();
  return { double, cluster, log, misses, kubeconfig };
}

/** Waits until the index has caught up with the double, then compares all of it. */
export async function agrees(t: Test, { double, cluster }: Pick<Live, "double" | "cluster">): Promise<void> {
  const expected = truthOf(double);
  const text = JSON.stringify(expected);
  const deadline = Date.now() + 10_000;
  while (JSON.stringify(pictureOf(cluster.index)) !== text && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  t.strictSame(pictureOf(cluster.index), expected, "the picture is the server's truth");
}
