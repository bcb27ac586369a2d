import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Returns to the system the memory that listing a large cluster has taken. V8 keeps the pages that its heap once needed
 * (a server that is idle from then on never collects them), which is more than the picture itself. Blocks for about a
 * tenth of a second with 100,000 objects, so it is for the moment before the server is ready.
 */
export function releaseMemory(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof collect === "function") collect({ type: "major", execution: "sync", flavor: "last-resort" });
}
