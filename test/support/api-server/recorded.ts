import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What an API server answered, word for word. Of a watch: what it sent while it was recorded. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** An API server's answers by request, in the order in which they were given. */
export type Answers = Readonly<Record<string, readonly Answer[]>>;

/** A request without what differs from run to run: from which version on, and for how long. */
export function requestOf(url: string): string {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  for (const name of ["resourceVersion", "timeoutSeconds", "continue"]) searchParams.delete(name);
  searchParams.sort();
  return searchParams.size === 0 ? pathname : `${pathname}?${searchParams}`;
}

/**
 * A server that gives recorded answers; where there are several to a request, one after the other, then the last one
 * again. A watch sends what was recorded and stays open. What was never asked is answered with 501.
 */
export async function replay(
  answers: Answers,
): Promise<{ readonly url: string; readonly asked: readonly string[]; stop(): Promise<void> }> {
  const asked: string[] = [];
  const times = new Map<string, number>();
  const server: Server = createServer((request, response) => {
    const key = requestOf(request.url ?? "/");
    asked.push(key);
    const time = times.get(key) ?? 0;
    times.set(key, time + 1);
    const known = answers[key] ?? [];
    const watched = key.includes("watch=1");
    const answer = known[watched ? time : Math.min(time, known.length - 1)];
    if (answer === undefined && !watched) {
      response.writeHead(501).end();
      return;
    }
    response.writeHead(answer?.status ?? 200, { "content-type": answer?.type ?? "application/json" });
    if (watched) response.write(answer?.body ?? "");
    else response.end(answer?.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
