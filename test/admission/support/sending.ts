import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import type { Sent } from "./sender.ts";
import { CA } from "./server.ts";

const SENDER = join(import.meta.dirname, "sender.ts");

/** Sends bodies from so many connections and resolves with the answers, in no order. */
export type Send = (bodies: readonly string[], connections: number) => Promise<readonly Sent[]>;

/** A process that sends to a server of this one, with the deadline of an API server; it ends with the test. */
export function senderTo(t: Test, port: number, timeoutMs = 10_000): Send {
  const folder = mkdtempSync(join(tmpdir(), "attachguard-sender-"));
  const ca = join(folder, "ca.crt");
  writeFileSync(ca, CA.certificate);
  const child: ChildProcess = fork(SENDER, [String(port), ca, String(timeoutMs)]);
  t.teardown(() => {
    child.kill();
    rmSync(folder, { recursive: true });
  });
  const paths = new Map<string, string>();
  return async (bodies, connections) => {
    for (const body of bodies) {
      if (paths.has(body)) continue;
      paths.set(body, join(folder, String(paths.size)));
      writeFileSync(paths.get(body) ?? "", body);
    }
    child.send({ paths: bodies.map((body) => paths.get(body)), connections });
    const [sent] = (await once(child, "message")) as [readonly Sent[]];
    return sent;
  };
}
