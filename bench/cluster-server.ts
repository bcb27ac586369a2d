/**
 * Serves the generated cluster from pages that are made beforehand, so that a client is measured and not this. Says
 * its ports on stdout: `/full` and `/empty` are two API servers in one.
 */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { countOf, GENERATED, type GeneratedKind, namespaceOf } from "./cluster-objects.ts";

const PAGE = 500;
const VERSION = "2000000";

const scale = Number(process.argv[2] ?? 1);
const nodes = Number(process.argv[3] ?? 0);
/** Requests for one object or one namespace: what reviews ask for beyond the lists and watches. */
let lookups = 0;
const watches = new Map<string, http.ServerResponse>();
const pages = new Map(GENERATED.map((kind) => [pathOf(kind), pagesOf(kind)]));
const bytes = [...pages.values()].flat().reduce((sum, page) => sum + page.length, 0);

function pathOf({ apiVersion, plural }: GeneratedKind): string {
  return `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}/${plural}`;
}

function pagesOf(generated: GeneratedKind): Buffer[] {
  const { kind, apiVersion, make } = generated;
  const total = totalOf(generated);
  const made: Buffer[] = [];
  for (let start = 0; start === 0 || start < total; start += PAGE) {
    const end = Math.min(start + PAGE, total);
    const metadata = { resourceVersion: VERSION, ...(end < total && { continue: String(made.length + 1) }) };
    const items = Array.from({ length: end - start }, (_, i) => make(start + i));
    made.push(Buffer.from(JSON.stringify({ kind: `${kind}List`, apiVersion, metadata, items })));
  }
  return made;
}

function totalOf(kind: GeneratedKind): number {
  return countOf(kind, scale, nodes);
}

/** The answer to a lookup of one object, or of the objects of one namespace; undefined: there is none. */
function lookedUp(path: string): unknown {
  const found = /^(\/apis?\/.+?)\/(?:namespaces\/([^/]+)\/)?([a-z]+)(?:\/([^/]+))?$/.exec(path);
  const [, api, namespace, plural, name] = found ?? [];
  const kind = GENERATED.find((each) => pathOf(each) === `${api}/${plural}`);
  if (kind === undefined) return undefined;
  const own = { kind: kind.kind, apiVersion: kind.apiVersion };
  if (name === undefined) {
    const items = Array.from({ length: totalOf(kind) }, (_, index) => index)
      .filter((index) => namespaceOf(index) === namespace)
      .map((index) => kind.make(index));
    return { ...own, kind: `${kind.kind}List`, metadata: { resourceVersion: VERSION }, items };
  }
  const index = Number(/\d+$/.exec(name)?.[0] ?? Number.NaN) * (name.startsWith("data-") ? 2 : 1);
  const made = index < totalOf(kind) ? kind.make(index) : undefined;
  return made !== undefined && (made.metadata as { name: string }).name === name
    ? { ...own, ...made }
    : undefined;
}

/** Sends so many changes over the open watches, then one object called `bench-done` to each. */
async function burst(events: number): Promise<void> {
  const changing = GENERATED.filter(({ count }) => count > 0);
  let version = Number(VERSION);
  const send = async (kind: GeneratedKind, type: string, object: Record<string, unknown>) => {
    const { metadata } = object as { metadata: Record<string, unknown> };
    metadata.resourceVersion = String(++version);
    metadata.uid = `uid-${version}`;
    const line = `${JSON.stringify({ type, object: { kind: kind.kind, apiVersion: kind.apiVersion, ...object } })}\n`;
    const response = watches.get(pathOf(kind));
    if (response?.write(line) === false) await new Promise((resolve) => response.once("drain", resolve));
  };
  for (let i = 0; i < events; i++) {
    const kind = changing[i % changing.length] as GeneratedKind;
    const object = kind.make(Math.floor(i / changing.length) % Math.max(1, Math.round(kind.count * scale)));
    const labels = (object.metadata as { labels: Record<string, string> }).labels;
    labels.changed = `in-event-${i}`;
    await send(kind, "MODIFIED", object);
  }
  for (const kind of changing) {
    const object = kind.make(0);
    Object.assign(object.metadata as object, { name: "bench-done" });
    await send(kind, "ADDED", object);
  }
}

let streaming: NodeJS.Timeout | undefined;

/** Sends so many changes a second over the open watches, a hundredth of them every ten milliseconds; 0 ends that. */
function stream(perSecond: number): void {
  clearInterval(streaming);
  if (perSecond === 0) return;
  const changing = GENERATED.filter((kind) => totalOf(kind) > 0 && watches.has(pathOf(kind)));
  let [version, sent] = [Number(VERSION) * 2, 0];
  const began = performance.now();
  streaming = setInterval(() => {
    for (const due = ((performance.now() - began) / 1000) * perSecond; sent < due; sent += 1) {
      const kind = changing[sent % changing.length] as GeneratedKind;
      const object = kind.make(Math.floor(sent / changing.length) % totalOf(kind));
      Object.assign(object.metadata as object, { resourceVersion: String(++version) });
      const event = { type: "MODIFIED", object: { kind: kind.kind, apiVersion: kind.apiVersion, ...object } };
      watches.get(pathOf(kind))?.write(`${JSON.stringify(event)}\n`);
    }
  }, 10);
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://server");
  if (url.pathname === "/burst") {
    void burst(Number(url.searchParams.get("events"))).then(() => response.end());
    return;
  }
  if (url.pathname === "/stream") {
    stream(Number(url.searchParams.get("perSecond")));
    response.end();
    return;
  }
  if (url.pathname === "/lookups") {
    response.end(String(lookups));
    return;
  }
  const [, side, ...rest] = url.pathname.split("/");
  const path = `/${rest.join("/")}`;
  if (url.searchParams.get("watch") === "1") {
    response.writeHead(200).flushHeaders();
    watches.set(path, response);
    return;
  }
  if (!pages.has(path)) {
    lookups += 1;
    const answer = lookedUp(path);
    const status = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404 };
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? status));
    return;
  }
  const all = pages.get(path) ?? [];
  const page =
    side === "empty"
      ? Buffer.from(JSON.stringify({ metadata: { resourceVersion: VERSION }, items: [] }))
      : all[Number(url.searchParams.get("continue") ?? 0)];
  response.writeHead(page === undefined ? 404 : 200, { "content-length": page?.length ?? 0 }).end(page);
});

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ url: `http://127.0.0.1:${port}`, bytes });
});
process.once("disconnect", () => process.exit());
