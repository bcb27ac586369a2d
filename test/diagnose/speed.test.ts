import t from "tap";
import { diagnose } from "../../src/diagnose/diagnose.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { NO_OPTIONS } from "../../src/diagnose/options.ts";
import { ATTACHMENTS, largeDump } from "./large-dump.ts";

/** Milliseconds, the best of a few tries: the machine may be busy, and the first try is compiled on the way. */
function best(tries: number, run: () => void): number {
  const times = Array.from({ length: tries }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return Math.min(...times);
}

t.test("-A on 5,000 pods and 2,000 attachments takes about twice as long as parsing them", async (t) => {
  const text = largeDump();
  let value: unknown;
  const parsing = best(9, () => {
    value = JSON.parse(text);
  });
  let count = 0;
  const diagnosing = best(9, () => {
    const { facts } = readDump([{ file: "dump.json", values: [value] }], { closed: true, at: undefined });
    count = diagnose(facts, { all: true, namespace: null }, NO_OPTIONS).attachments.length;
  });
  t.equal(count, ATTACHMENTS);
  // About twice is what it takes; the rest is for a machine that does other things too. Work that grows with pods
  // times attachments would take hundreds of times as long.
  t.ok(
    diagnosing < 4 * parsing,
    `${(diagnosing / parsing).toFixed(1)} times as long as parsing (${parsing.toFixed(0)} ms)`,
  );
});
