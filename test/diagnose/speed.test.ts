import t from "tap";
import { diagnose } from "../../src/diagnose/diagnose.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { NO_OPTIONS } from "../../src/diagnose/options.ts";
import { ATTACHMENTS, largeDump } from "./large-dump.ts";

const ROUNDS = 9;

t.test("-A on 5,000 pods and 2,000 attachments takes about twice as long as parsing them", async (t) => {
  const text = largeDump();
  const parses: number[] = [];
  const diagnoses: number[] = [];
  let count = 0;
  // In turns, and the least of each: the machine may be busy, and the first round is compiled on the way.
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    const value: unknown = JSON.parse(text);
    const middle = performance.now();
    const { facts } = readDump([{ file: "dump.json", values: [value] }], { closed: true, at: undefined });
    count = diagnose(facts, { all: true, namespace: null }, NO_OPTIONS).attachments.length;
    parses.push(middle - start);
    diagnoses.push(performance.now() - middle);
  }
  t.equal(count, ATTACHMENTS);
  const parsing = Math.min(...parses);
  const diagnosing = Math.min(...diagnoses);
  // About twice is what it takes; the rest is for a machine that does other things too. Work that grows with pods
  // times attachments would take hundreds of times as long.
  t.ok(
    diagnosing < 4 * parsing,
    `${(diagnosing / parsing).toFixed(1)} times as long as parsing (${parsing.toFixed(0)} ms)`,
  );
});
