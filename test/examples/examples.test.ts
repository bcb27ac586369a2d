import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Ajv } from "ajv";
import t from "tap";
import { run } from "../cli/run.ts";
import { creationOf, manifestsIn, post, verdictIn } from "../demo/review.ts";
import { startServer } from "../demo/server.ts";
import { EXAMPLES_FOLDER, type Outcome, readExamples } from "./outcomes.ts";

const examples = readExamples();
const ROOT = join(import.meta.dirname, "../..");
const schema = JSON.parse(readFileSync(join(ROOT, "docs/report.schema.json"), "utf8"));
const validate = new Ajv({ allowUnionTypes: true }).compile(schema);

const nameOf = ({ kind, namespace, name }: Outcome) => `${kind} ${namespace}/${name}`;
const isWorkload = ({ kind }: Outcome) => kind !== "HorizontalPodAutoscaler";

/** What check says of the objects of some folders, in the form of the documented outcomes. */
async function checked(...folders: readonly string[]): Promise<readonly Outcome[]> {
  const { out } = await run(["check", "--format", "json", ...folders]);
  const report = JSON.parse(out);
  t.ok(validate(report), JSON.stringify(validate.errors));
  return report.workloads.map(({ kind, namespace, name, verdict }: Outcome) => ({
    kind,
    namespace,
    name,
    verdict,
    rules: report.findings
      .filter(
        ({ workload }: { workload: Outcome }) => workload.name === name && workload.namespace === namespace,
      )
      .map(({ rule }: { rule: string }) => rule),
  }));
}

t.test("check says of each example what its README documents", async (t) => {
  for (const { id, folder, outcomes } of examples)
    t.same(await checked(folder), outcomes.filter(isWorkload), id);
});

t.test("check says the same of all examples together", async (t) => {
  const all = examples.flatMap(({ outcomes }) => outcomes.filter(isWorkload));
  const byName = (a: Outcome, b: Outcome) => (nameOf(a) < nameOf(b) ? -1 : 1);
  t.same((await checked(EXAMPLES_FOLDER)).toSorted(byName), all.toSorted(byName));
});

t.test(
  "the server says the same, with the example as its cluster, and of all examples together",
  async (t) => {
    for (const cluster of [[EXAMPLES_FOLDER], ...examples.map(({ folder }) => [folder])]) {
      const server = await startServer(cluster);
      const served = examples.filter(({ folder }) => folder.startsWith(cluster[0] ?? ""));
      for (const { folder, outcomes } of served) {
        for (const outcome of outcomes) {
          const object = manifestsIn(folder).find(
            ({ kind, metadata }) => kind === outcome.kind && metadata.name === outcome.name,
          );
          if (object === undefined) throw new Error(`no ${nameOf(outcome)} in ${folder}`);
          const uid = randomUUID();
          const response = await post(server.url, server.ca, uid, creationOf(object, uid));
          t.equal(verdictIn(response), outcome.verdict, nameOf(outcome));
          t.equal(response.auditAnnotations?.rule ?? "", outcome.rules.join(","), nameOf(outcome));
        }
      }
      t.equal(await server.stop(), 0);
    }
  },
);

t.test("the demo ends well, and tells every outcome", async (t) => {
  const child = spawn(process.execPath, [join(ROOT, "test/demo/demo.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
  });
  t.equal(await new Promise((resolve) => child.on("close", resolve)), 0, out);
  const words = { deny: "DENIED", warn: "WARNED", allow: "ALLOWED" };
  for (const outcome of examples.flatMap(({ outcomes }) => outcomes)) {
    t.match(out, `${words[outcome.verdict]}  create ${nameOf(outcome)}`);
  }
});

t.test("a demo that is ended from outside leaves no server behind", async (t) => {
  const child = spawn(process.execPath, [join(ROOT, "test/demo/demo.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  // The pipe stays open: the demo also ends when its reader goes away, which is another way out than a signal.
  let out = "";
  await new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      out += text;
      if (out.includes("It listens on")) resolve();
    });
  });
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(out)?.[1]);
  const closed = once(child, "close");
  child.kill("SIGTERM");
  await closed;
  // The demo is gone before the kernel has taken down the server that it killed.
  for (let attempt = 0; attempt < 200 && (await isOpen(port)); attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  t.notOk(await isOpen(port), "nothing listens any more");
});

/** True where a connection is taken. Refused is the only other answer: anything else is an error. */
function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise((resolve, reject) => {
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") resolve(false);
      // A server that is being taken down resets what it had taken.
      else if (error.code === "ECONNRESET") resolve(true);
      else reject(error);
    });
  });
}
