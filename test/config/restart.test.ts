import t from "tap";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import type { Config } from "../../src/config/model.ts";
import { heldUntilRestart } from "../../src/config/restart.ts";
import { CONFIG_SCHEMA, type Schema } from "../../src/config/schema.ts";

const { limits, cluster, tls } = DEFAULT_CONFIG;
const clientAuth = { caFile: "/a.crt", subjects: [] };

t.test("the keys that are read at the start are named when they change, and no others", async (t) => {
  const rows: readonly (readonly [string, Partial<Config>, Partial<Config>, readonly string[]])[] = [
    ["nothing changes", {}, {}, []],
    ["the same, recreated", {}, { tls: { ...tls }, limits: { ...limits } }, []],
    [
      "what is read for every request",
      {},
      { mode: "warn", ratchet: "never", limits: { ...limits, maxConcurrent: 1, onFault: "deny" } },
      [],
    ],
    ["the body limit", {}, { limits: { ...limits, bodyBytes: 65_536 } }, ["limits.bodyBytes"]],
    ["Nodes", {}, { cluster: { ...cluster, watchNodes: false } }, ["cluster.watchNodes"]],
    ["other settings of the cluster", {}, { cluster: { ...cluster, staleAfterSeconds: 60 } }, []],
    [
      "a label of metrics",
      {},
      { metrics: { ...DEFAULT_CONFIG.metrics, namespaceLabel: true } },
      ["metrics.namespaceLabel"],
    ],
    [
      "where the certificate comes from",
      {},
      { tls: { files: { certFile: "a", keyFile: "b" }, selfManaged: null } },
      ["tls"],
    ],
    ["client certificates are asked for", {}, { clientAuth }, ["clientAuth"]],
    [
      "of another CA",
      { clientAuth },
      { clientAuth: { ...clientAuth, caFile: "/b.crt" } },
      ["clientAuth.caFile"],
    ],
    ["of other subjects", { clientAuth }, { clientAuth: { ...clientAuth, subjects: ["x"] } }, []],
    ["or no longer", { clientAuth }, { clientAuth: null }, []],
  ];
  for (const [name, before, after, keys] of rows) {
    t.same(heldUntilRestart({ ...DEFAULT_CONFIG, ...before }, { ...DEFAULT_CONFIG, ...after }), keys, name);
  }
});

t.test("the documentation says it of the same keys", async (t) => {
  const said: string[] = [];
  const walk = ({ properties = {} }: Schema, path: string): void => {
    for (const [key, schema] of Object.entries(properties)) {
      if (schema.description.includes("Read at start")) said.push(`${path}${key}`);
      walk(schema, `${path}${key}.`);
    }
  };
  walk(CONFIG_SCHEMA, "");
  const changed: Config = {
    ...DEFAULT_CONFIG,
    clientAuth,
    limits: { ...limits, bodyBytes: 65_536 },
    cluster: { ...cluster, watchNodes: false },
    metrics: { ...DEFAULT_CONFIG.metrics, namespaceLabel: true },
    tls: { files: { certFile: "a", keyFile: "b" }, selfManaged: null },
  };
  t.same([...heldUntilRestart(DEFAULT_CONFIG, changed)].sort(), said.sort());
});
