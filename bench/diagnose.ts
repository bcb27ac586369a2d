import { diagnose } from "../src/diagnose/diagnose.ts";
import { readDump } from "../src/diagnose/dump.ts";
import { NO_OPTIONS } from "../src/diagnose/options.ts";
import { ATTACHMENTS, largeDump } from "../test/diagnose/large-dump.ts";

/**
 * What `attachguard diagnose -A --from` of 5,000 pods and 2,000 attachments costs beside reading the file, in multiples
 * of parsing it. Both take turns; processor time counts, and the least of all rounds, since other work on the machine
 * only adds to it. Exits 1 where the limit is passed.
 */
const ROUNDS = Number(process.env.ROUNDS ?? 30);
const LIMIT = 2;

/** Of all threads, those that collect garbage too. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const text = largeDump();
const parsing: number[] = [];
const diagnosing: number[] = [];

for (let round = 0; round < ROUNDS; round += 1) {
  const start = processorTime();
  const value: unknown = JSON.parse(text);
  const middle = processorTime();
  const { facts } = readDump([{ file: "dump.json", values: [value] }], { closed: true, at: undefined });
  const { attachments } = diagnose(facts, { all: true, namespace: null }, NO_OPTIONS);
  const end = processorTime();
  if (attachments.length !== ATTACHMENTS) throw new Error(`${attachments.length} attachments`);
  parsing.push(middle - start);
  diagnosing.push(end - middle);
}

const ratio = Math.min(...diagnosing) / Math.min(...parsing);
console.log(
  `parse ${Math.min(...parsing).toFixed(0)} ms, diagnose ${Math.min(...diagnosing).toFixed(0)} ms: ${ratio.toFixed(2)} times as long, ${LIMIT} are allowed`,
);
if (ratio > LIMIT) process.exitCode = 1;
