import { isDeepStrictEqual } from "node:util";
import type { Config } from "./model.ts";

/** What is read once, when the ports and the connection to the cluster are opened; the schema says so for each. */
const READ_AT_START: readonly (readonly [key: string, value: (config: Config) => unknown])[] = [
  ["limits.bodyBytes", ({ limits }) => limits.bodyBytes],
  ["tls", ({ tls }) => tls],
  ["cluster.watchNodes", ({ cluster }) => cluster.watchNodes],
  ["metrics.namespaceLabel", ({ metrics }) => metrics.namespaceLabel],
];

/**
 * The keys whose current values are not in force before a restart.
 *
 * @param atStart the configuration that the process began with
 */
export function heldUntilRestart(atStart: Config, now: Config): readonly string[] {
  return [
    ...READ_AT_START.filter(([, value]) => !isDeepStrictEqual(value(atStart), value(now))).map(
      ([key]) => key,
    ),
    ...clientAuthKeys(atStart, now),
  ];
}

/**
 * Who may call is checked at every request, and the check can be switched off; the CA is given to TLS when the port
 * opens.
 */
function clientAuthKeys(atStart: Config, now: Config): readonly string[] {
  if (now.clientAuth === null) return [];
  if (atStart.clientAuth === null) return ["clientAuth"];
  return now.clientAuth.caFile === atStart.clientAuth.caFile ? [] : ["clientAuth.caFile"];
}
