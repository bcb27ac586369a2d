/**
 * Posts bodies from a process of its own, so that what the server's thread is held by can be told from what its
 * client does. `process.argv`: port, the CA's file and the deadline in milliseconds; each message `{paths, connections}` is answered by the replies.
 */
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { exchange } from "./exchange.ts";

const [, , port = "0", ca = "", timeoutMs = ""] = process.argv;
const agent = new Agent({ keepAlive: true, ca: readFileSync(ca), servername: "localhost" });

export interface Sent {
  readonly status: number;
  /** `true` or `false` where the answer was a review. */
  readonly allowed: unknown;
  readonly unjudged: boolean;
  readonly warnings: readonly string[];
  /** Milliseconds. */
  readonly duration: number;
}

interface Answered {
  readonly allowed?: unknown;
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: object;
}

async function post(body: Buffer): Promise<Sent> {
  const began = performance.now();
  const { status, body: answer } = await exchange(
    {
      host: "127.0.0.1",
      port: Number(port),
      path: `/validate?timeout=${timeoutMs}ms`,
      method: "POST",
      agent,
      headers: { "content-type": "application/json", "content-length": body.length },
    },
    body,
  );
  const response = answer.response as Answered | undefined;
  return {
    status,
    allowed: response?.allowed,
    unjudged: "unjudged" in (response?.auditAnnotations ?? {}),
    warnings: response?.warnings ?? [],
    duration: performance.now() - began,
  };
}

process.on("message", async (asked: { readonly paths: readonly string[]; readonly connections: number }) => {
  const bodies = new Map(asked.paths.map((path) => [path, readFileSync(path)]));
  const queue = [...asked.paths];
  const sent: Sent[] = [];
  const work = async () => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      sent.push(await post(bodies.get(path) ?? Buffer.alloc(0)));
    }
  };
  await Promise.all(Array.from({ length: asked.connections }, work));
  process.send?.(sent);
});
process.once("disconnect", () => process.exit());
