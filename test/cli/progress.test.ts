import { stripVTControlCharacters } from "node:util";
import t from "tap";
import { withProgress } from "../../src/cli/progress.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

function screen(env: Terminal["env"] = {}, stream: { isTTY?: boolean; columns?: number } = { isTTY: true }) {
  let text = "";
  const stderr = {
    ...stream,
    write: (part: string) => {
      text += part;
    },
  };
  const terminal: Terminal = { argv: [], env, stdin: process.stdin, stdout: stderr, stderr };
  return { terminal, lines: () => text.split("\r").map(stripVTControlCharacters).slice(1), all: () => text };
}

/** Work of 4 steps, each of so many milliseconds. */
function steps(milliseconds: number) {
  let time = 0;
  return {
    now: () => time,
    work: async (tell: (what: string, done?: number, total?: number) => void) => {
      for (let done = 0; done < 4; done++) {
        tell("reading files", done, 4);
        time += milliseconds;
      }
      return "result";
    },
  };
}

t.test("after a second one line tells how far it is, and goes", async (t) => {
  // Some terminals do not know their width, and say 0.
  const { terminal, lines } = screen({}, { isTTY: true, columns: 0 });
  const { work, now } = steps(600);
  t.equal(await withProgress(terminal, work, now), "result");
  t.strictSame(lines(), ["reading files: 2 of 4", "reading files: 3 of 4", ""]);
});

t.test("what takes less says nothing", async (t) => {
  const { terminal, all } = screen();
  const { work, now } = steps(200);
  await withProgress(terminal, work, now);
  t.equal(all(), "");
});

t.test("nothing in logs, pipes and CI systems", async (t) => {
  const quiet = [
    screen({}, {}),
    screen({}, { isTTY: false }),
    screen({ TERM: "dumb" }),
    screen({ CI: "true" }),
  ];
  for (const { terminal, all } of quiet) {
    const { work, now } = steps(600);
    await withProgress(terminal, work, now);
    t.equal(all(), "");
  }
});

t.test("work that waits for something else is told of, and the line goes when it fails", async (t) => {
  const { terminal, lines } = screen();
  let time = 0;
  const failing = withProgress(
    terminal,
    async (tell) => {
      tell("reading the cluster");
      time = 5_000;
      await new Promise((resolve) => setTimeout(resolve, 250));
      throw new Error("gone");
    },
    () => time,
  );
  await t.rejects(failing, { message: "gone" });
  t.strictSame(lines(), ["reading the cluster", ""]);
});

t.test("the line fits the terminal and cannot act", async (t) => {
  const { terminal, lines } = screen({}, { isTTY: true, columns: 20 });
  let time = 0;
  await withProgress(
    terminal,
    async (tell) => {
      time = 2_000;
      tell("##[error]a long name of a step");
    },
    () => time,
  );
  t.strictSame(lines(), ["# #[error]a long na", ""]);
});
