/** What nobody can do without: fastify over TLS that parses the body and answers that it is allowed. Says its port. */
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import fastify from "fastify";

const [, , cert = "", key = ""] = process.argv;
const app = fastify({
  https: { cert: readFileSync(cert), key: readFileSync(key), minVersion: "TLSv1.2" },
  keepAliveTimeout: 95_000,
  bodyLimit: 20 * 1024 * 1024,
});
app.post<{ Body: { request: { uid: string } } }>("/validate", async ({ body }) => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  response: { uid: body.request.uid, allowed: true },
}));
await app.listen({ host: "127.0.0.1", port: 0 });
process.send?.({ port: (app.server.address() as AddressInfo).port });
/** Asked `delay`, it says how late its event loop was since it was asked last, in seconds as Prometheus has them. */
const delays = monitorEventLoopDelay({ resolution: 10 });
delays.enable();
process.on("message", () => {
  process.send?.({ p99: delays.percentile(99) / 1e9, max: delays.max / 1e9 });
  delays.reset();
});
process.once("disconnect", () => process.exit());
