import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, test } from "node:test";
import { build } from "esbuild";

const folder = mkdtempSync(join(import.meta.dirname, "bundle-"));
after(() => rmSync(folder, { recursive: true }));

const MANIFESTS = `apiVersion: apps/v1
kind: Deployment
metadata: {name: "<b>web</b>", namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`;

test("findings for what was uploaded, from the bundled portal", async () => {
  const outfile = join(folder, "portal.cjs");
  await build({ entryPoints: ["portal.js"], outfile, bundle: true, platform: "node", format: "cjs" });
  const { portal } = createRequire(import.meta.url)(outfile);
  const server = portal().listen(0, "127.0.0.1");
  after(() => server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  const send = async (body, accept) => {
    const response = await fetch(url, { method: "POST", body, headers: { accept } });
    return { status: response.status, text: await response.text() };
  };

  const json = await send(MANIFESTS, "application/json");
  assert.equal(json.status, 200);
  const { findings } = JSON.parse(json.text);
  assert.deepEqual(
    findings.map(({ rule }) => rule),
    ["rwo-replicas", "rwo-rolling-update"],
  );

  const page = await send(MANIFESTS, "text/html");
  assert.match(page.text, /rwo-replicas/);
  assert.ok(!page.text.includes("<b>web</b>"), "what was uploaded is text");

  assert.equal(JSON.parse((await send("hello", "application/json")).text).errors.length, 1);
  assert.equal((await send("a".repeat(6 * 1024 * 1024), "text/html")).status, 413);
});
