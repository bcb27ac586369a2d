import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { BIN } from "./run.ts";

const { NODE_OPTIONS: _hooks, ...env } = process.env;

/** More than a pipe holds. */
const LONG = "x".repeat(300_000);

/** A program that prints through the terminal of its process. */
function printing(script: string): readonly string[] {
  const module = (name: string) => JSON.stringify(join(import.meta.dirname, "../../src/cli", name));
  return [
    "--input-type=module",
    "--eval",
    `import { terminalOf } from ${module("standard-streams.ts")};
     import { print } from ${module("terminal.ts")};
     const terminal = terminalOf(process);
     const long = "x".repeat(${LONG.length});
     ${script}`,
  ];
}

t.test("a slow reader gets everything, in order", async (t) => {
  const child = spawn(
    process.execPath,
    printing(
      `await print(terminal.stdout, "first" + long + "last\\n"); await print(terminal.stdout, "end");`,
    ),
    { env, stdio: ["ignore", "pipe", "inherit"] },
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  let out = "";
  for await (const part of child.stdout.setEncoding("utf8")) out += part;
  t.equal(out, `first${LONG}last\nend`);
});

t.test("a pipe that does not wait for its reader loses nothing", async (t) => {
  // Who shares the pipe has made it so: Node does, once it has built a stream on its other end.
  const child = spawn(
    "/bin/sh",
    ["-c", '"$0" "$@" | (sleep 0.3; cat)', process.execPath].concat(
      printing(`process.stdout._handle.setBlocking(false);
        await Promise.all(["1", "2", "3"].map((each) => print(terminal.stdout, each + long)));`),
    ),
    { env, stdio: ["ignore", "pipe", "inherit"] },
  );
  let out = "";
  for await (const part of child.stdout.setEncoding("utf8")) out += part;
  t.equal(out, ["1", "2", "3"].map((each) => each + LONG).join(""));
});

t.test("files and both streams", async (t) => {
  const file = join(t.testdir(), "out.txt");
  const descriptor = openSync(file, "w");
  const { status } = spawnSync(
    process.execPath,
    printing('await print(terminal.stdout, "eins\\n"); await print(terminal.stderr, "zwei – 2\\n");'),
    { env, stdio: ["ignore", descriptor, descriptor] },
  );
  closeSync(descriptor);
  t.equal(status, 0);
  t.equal(readFileSync(file, "utf8"), "eins\nzwei – 2\n");
});

t.test("a full disk is a failure, a reader that has gone is none", async (t) => {
  const full = openSync("/dev/full", "w");
  const ran = spawnSync(process.execPath, [BIN, "explain", "rwo-replicas"], {
    env,
    stdio: ["ignore", full, "pipe"],
    encoding: "utf8",
  });
  closeSync(full);
  t.equal(ran.status, 2);
  t.match(ran.stderr, "error: the output cannot be written: ");
  const head = spawnSync(
    "/bin/sh",
    [
      "-c",
      `"$0" "$@" | true`,
      process.execPath,
      ...printing(
        `await new Promise((resolve) => setTimeout(resolve, 200)); await print(terminal.stdout, long); console.error("written")`,
      ),
    ],
    { env, encoding: "utf8" },
  );
  t.equal(head.stderr, "written\n");
});

t.test("streams that are closed, or are no stream that this system knows, are Node's own", async (t) => {
  const { status, stderr } = spawnSync(
    "/bin/sh",
    [
      "-c",
      `"$0" "$@" >&-`,
      process.execPath,
      ...printing('await print(terminal.stdout, "nobody"); console.error("written")'),
    ],
    { env, encoding: "utf8" },
  );
  t.equal(status, 0);
  t.equal(stderr, "written\n");
});
