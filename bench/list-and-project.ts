import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ClusterIndex } from "../src/cluster/cluster-index.ts";
import { readDump } from "../src/diagnose/dump.ts";
import { factFrom } from "../src/kube/fact.ts";

/**
 * The least that an audit of a dump has to do: read and parse each list, and keep what the policy and the diagnosis
 * read of every object. `audit-dump.ts` runs it for comparison.
 */
const [, , folder = "."] = process.argv;

const index = new ClusterIndex();
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => ({ file: name, values: [JSON.parse(readFileSync(join(folder, name), "utf8")) as unknown] }));
for (const { values } of files) {
  const list = values[0] as { kind: string; apiVersion: string; items: object[] };
  const type = { kind: list.kind.slice(0, -"List".length), apiVersion: list.apiVersion };
  for (const item of list.items) {
    const fact = factFrom(item, undefined, type);
    if (fact !== undefined) index.put(fact);
  }
}
const { facts } = readDump(files, { closed: false, at: undefined });
console.log(`${[...index.workloads()].length} workloads, ${facts.objects.Pod.length} pods`);
