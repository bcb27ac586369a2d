import type { FastifyInstance } from "fastify";
import type { Metrics } from "../metrics.ts";

/** `GET /metrics` in the text format of Prometheus. */
export async function metricsPlugin(
  app: FastifyInstance,
  { metrics }: { readonly metrics: Metrics },
): Promise<void> {
  app.get("/metrics", async (_request, reply) => {
    reply.header("content-type", metrics.registry.contentType);
    return metrics.registry.metrics();
  });
}
