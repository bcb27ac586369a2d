import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const folder = mkdtempSync(join(import.meta.dirname, "bundle-"));
after(() => rmSync(folder, { recursive: true }));

/** Pepr bundles a module into one CommonJS file and keeps it, compressed, in a Secret. */
async function bundled(entry, settings = {}) {
  const outfile = join(folder, `${entry}.cjs`);
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "cjs", ...settings });
  assert.ok(gzipSync(readFileSync(outfile)).length < 1024 * 1024, "it fits into a Secret");
  return createRequire(import.meta.url)(outfile);
}

const deployment = (strategy) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop" },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    strategy: { type: strategy },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        containers: [{ name: "web", image: "web", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
      },
    },
  },
});
const CLAIMS = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaimList",
  items: [{ metadata: { name: "data", namespace: "shop" }, spec: { accessModes: ["ReadWriteOnce"] } }],
};
const create = (object) => ({
  uid: "3f0ad9b0-5c1c-4a50-8a3c-0f6b8a3f0c11",
  kind: { group: "apps", version: "v1", kind: "Deployment" },
  resource: { group: "apps", version: "v1", resource: "deployments" },
  operation: "CREATE",
  name: "web",
  namespace: "shop",
  userInfo: { username: "somebody", groups: [] },
  dryRun: false,
  object,
  oldObject: null,
});

test("the bundled policy answers as the webhook does", async () => {
  const { answerTo } = await bundled("policy.js");
  const denied = await answerTo(create(deployment("RollingUpdate")), [CLAIMS]);
  assert.equal(denied.allowed, false);
  assert.match(denied.message, /rwo-rolling-update/);
  assert.deepEqual(await answerTo(create(deployment("Recreate")), [CLAIMS]), {
    allowed: true,
    message: undefined,
    warnings: [],
  });
});

test("the capability asks for what the policy needs, and passes the answer on", async () => {
  const asked = [];
  let callback;
  // Stands for Pepr, which is not installed here.
  globalThis.pepr = {
    a: { Deployment: "Deployment" },
    kind: { PersistentVolumeClaim: "PersistentVolumeClaim" },
    K8s: (name) => {
      const reading = {
        InNamespace: () => reading,
        Get: async () => {
          asked.push(name);
          return name === "PersistentVolumeClaim" ? CLAIMS : { kind: "List", apiVersion: "v1", items: [] };
        },
      };
      return reading;
    },
    Capability: class {
      When = () => ({ IsCreatedOrUpdated: () => ({ Validate: (given) => (callback = given) }) });
    },
  };
  await bundled("capability.ts", {
    plugins: [
      {
        name: "pepr",
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^pepr$/ }, ({ path }) => ({ path, namespace: "pepr" }));
          onLoad({ filter: /.*/, namespace: "pepr" }, () => ({
            contents: "module.exports = globalThis.pepr",
          }));
        },
      },
    ],
  });
  const request = {
    Request: create(deployment("RollingUpdate")),
    Approve: (warnings) => ({ allowed: true, warnings }),
    Deny: (message, code, warnings) => ({ allowed: false, message, code, warnings }),
  };
  const answer = await callback(request);
  assert.equal(answer.allowed, false);
  assert.equal(answer.code, 403);
  assert.equal(asked.length, 4);
});
