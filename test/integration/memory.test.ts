/** The server within the memory that the manifests give it, under bodies that take as much as they can. */
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import t, { type Test } from "tap";
import { SHAPES } from "../admission/support/hostile-reviews.ts";
import { type ServerProcess, startProcess, writePair } from "../admission/support/process.ts";
import { at, CLASSES, objectOf, reviewOf } from "../admission/support/reviews.ts";
import { CA, exchange, responseOf, serving, verdictSeen } from "../admission/support/server.ts";

t.setTimeout(0);

const MIB = 1024 * 1024;
/** `resources.limits.memory` of the base. */
const LIMIT = 768 * MIB;

interface Group {
  /** Runs a command within the limit; empty where this machine lets nobody set one. */
  readonly under: readonly string[];
  /** The most that was used of it, in bytes. */
  peak(): number | undefined;
}

/** A control group with a limit of memory, of whichever version this machine has. */
function groupOf(t: Test, limit: number): Group {
  const versions = [
    { root: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", peak: "memory.max_usage_in_bytes" },
    { root: "/sys/fs/cgroup", limit: "memory.max", peak: "memory.peak" },
  ];
  for (const version of versions) {
    const folder = join(version.root, `attachguard-test-${process.pid}`);
    try {
      mkdirSync(folder);
    } catch {
      continue;
    }
    t.teardown(() => removeSoon(folder));
    try {
      writeFileSync(join(folder, version.limit), String(limit));
    } catch {
      continue;
    }
    const peak = join(folder, version.peak);
    return {
      under: ["sh", "-c", `echo $$ > ${join(folder, "cgroup.procs")} && exec "$@"`, "sh"],
      peak: () => (existsSync(peak) ? Number(readFileSync(peak, "utf8")) : undefined),
    };
  }
  return { under: [], peak: () => undefined };
}

/** A group can be removed once its processes have ended. */
async function removeSoon(folder: string): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) {
    try {
      rmdirSync(folder);
      return;
    } catch {
      await sleep(100);
    }
  }
}

const TLS = { host: "127.0.0.1", ca: CA.certificate, servername: "localhost" };

async function post(server: ServerProcess, body: string) {
  const path = "/validate?timeout=10s";
  const headers = { "content-type": "application/json" };
  return exchange({ ...TLS, port: server.port, method: "POST", path, headers, agent: false }, body);
}

/** Sends all of a review but its last byte. @returns sends that too, and resolves to the status line */
async function holdBack(t: Test, { port }: ServerProcess, text: string): Promise<() => Promise<string>> {
  const socket = connect({ ...TLS, port });
  t.teardown(() => socket.destroy());
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  socket.setEncoding("utf8");
  const heard = once(socket, "data").then(([said]) => String(said).split("\r\n")[0] ?? "");
  socket.write(
    `POST /validate?timeout=10s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text.slice(0, -1)}`,
  );
  return () => {
    socket.write(text.slice(-1));
    return heard;
  };
}

t.test("within its memory the server outlives every body, and answers each", async (t) => {
  const group = groupOf(t, LIMIT);
  if (group.under.length === 0) t.comment("no control group can be made here: only the heap is limited");
  const folder = t.testdir({
    "cluster.json": JSON.stringify({ apiVersion: "v1", kind: "List", items: [...CLASSES, objectOf("004")] }),
  });
  writePair(folder, await serving());
  const server = await startProcess(
    t,
    [
      ...["--tls-cert", join(folder, "tls.crt"), "--tls-key", join(folder, "tls.key")],
      ...["--cluster", join(folder, "cluster.json")],
    ],
    group.under,
    group.under.length === 0 ? ["--max-old-space-size=384"] : ["--max-old-space-size-percentage=50"],
  );
  const ordinary = reviewOf("005");
  const judged = async (when: string) => {
    const answer = responseOf(t, await post(server, JSON.stringify(ordinary)), ordinary);
    t.equal(verdictSeen(answer), "deny", `an ordinary review is judged ${when}`);
  };
  const head = JSON.stringify(ordinary).replace(/\}\}$/, "");
  const annotated = (bytes: number, namespace: string) =>
    JSON.stringify(
      reviewOf("042", (request) => {
        request.namespace = namespace;
        at(request, "object", "metadata").annotations = { note: "x".repeat(bytes) };
      }),
    );
  await judged("at first");

  const held = await Promise.all(
    Array.from({ length: 60 }, (_, index) => holdBack(t, server, annotated(MIB, `team-${index}`))),
  );
  await judged("while 60 connections hold back their last byte");
  const heard = await Promise.all(held.map((finish) => finish()));
  t.ok(
    heard.every((line) => line === "HTTP/1.1 200 OK"),
    "and each of those is answered",
  );

  const lists = `${head},"x":[${"[],".repeat(2_200_000)}1]}}`;
  const large = SHAPES["characters of six bytes"]?.[0]() ?? "";
  for (const [name, body] of Object.entries({ "6.6 MB of empty lists": lists, "18 MB of text": large })) {
    const replies = await Promise.all(Array.from({ length: 8 }, () => post(server, body)));
    t.ok(
      replies.every(({ status, body: { response } }) => status === 200 && response !== undefined),
      `eight bodies of ${name} are answered`,
    );
    await judged(`after eight bodies of ${name}`);
  }
  const small = `${head},"x":[${"[],".repeat(330_000)}1]}}`;
  const replies = await Promise.all(Array.from({ length: 32 }, () => post(server, small)));
  t.ok(
    replies.every(({ status }) => status === 200),
    "32 bodies of 1 MB of empty lists are answered",
  );
  await judged("at last");
  t.equal(server.child.exitCode, null, "the process that began is the one that is there");
  const peak = group.peak();
  if (peak !== undefined) {
    t.comment(`at most ${(peak / MIB).toFixed(0)} MiB were used of ${LIMIT / MIB}`);
    t.ok(peak <= LIMIT, "within the limit");
  }
});
