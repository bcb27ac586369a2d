// The package `attachguard/fastify`.

import type { FastifyError, FastifyInstance } from "fastify";
import { decide } from "../admission/decide.ts";
import { DryRunMemory } from "../admission/dry-run-memory.ts";
import { RequestRefused, statusOf } from "../admission/status.ts";
import { validatePlugin } from "../admission/validate-plugin.ts";
import { waiverCheck } from "../judge/context.ts";
import { createMetrics } from "../metrics.ts";
import type { Mode } from "../policy/verdict.ts";
import { type Configuration, configOf } from "./config.ts";
import { type ClusterFacts, clusterOf } from "./facts.ts";

export interface ValidateOptions {
  /** What is known about the cluster; called for every request, so that it can be replaced. */
  readonly cluster?: () => ClusterFacts;
  /** As `parseConfig` returns it; called for every request. Without it, the defaults. */
  readonly config?: () => Configuration;
  /** Bytes that the bodies of requests may hold at once, where the configuration does not set it; 128 MiB. */
  readonly bodyMemoryBytes?: number;
}

/**
 * `POST /validate` for your own fastify server: `app.register(validate, options)`, with a `prefix` where another path
 * is wanted. TLS and access control are up to the server. Refused requests are answered with a `metav1.Status`, inside
 * this plugin only.
 */
export async function validate(app: FastifyInstance, options: ValidateOptions = {}): Promise<void> {
  const config = () => configOf(options.config?.());
  const memory = new DryRunMemory(() => config().dryRunMemory);
  const verifyWaiver = waiverCheck(config);
  app.removeAllContentTypeParsers();
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const code = error.statusCode !== undefined && error.statusCode >= 400 ? error.statusCode : 500;
    if (code >= 500 && !(error instanceof RequestRefused)) {
      request.log.error({ error: error.message, stack: error.stack }, "fault");
      return reply.code(code).send(statusOf(code, "an internal fault"));
    }
    request.log.warn({ code, error: error.message }, "refused");
    return reply.code(code).send(statusOf(code, error.message));
  });
  await validatePlugin(app, {
    decide: (request, signal) =>
      decide(
        request,
        {
          cluster: clusterOf(options.cluster?.()),
          config,
          memory,
          verifyWaiver,
          now: Date.now,
          answersOnly: true,
        },
        signal,
      ),
    config,
    metrics: createMetrics({ process: false }),
    bodyLimit: config().limits.bodyBytes,
    bodyMemory: options.bodyMemoryBytes ?? BODY_MEMORY,
    callers: () => null,
  });
}

export type { ClusterFacts, Configuration, Mode };

const BODY_MEMORY = 128 * 1024 * 1024;
