import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ClusterIndex } from "../src/cluster/cluster-index.ts";
import { DumpReader } from "../src/diagnose/dump.ts";
import { factFrom } from "../src/kube/fact.ts";

/**
 * The least that an audit of a dump has to do: read and parse one list after the other, and keep what the policy and the
 * diagnosis read of every object. `audit-dump.ts` runs it for comparison.
 */
const [, , folder = "."] = process.argv;

const index = new ClusterIndex();
const dump = new DumpReader({ keepsItems: false });
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const list = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
    kind: string;
    apiVersion: string;
    items: object[];
  };
  const type = { kind: list.kind.slice(0, -"List".length), apiVersion: list.apiVersion };
  for (const item of list.items) {
    const fact = factFrom(item, undefined, type);
    if (fact !== undefined) index.put(fact);
  }
  dump.add({ file, values: [list] });
}
const { facts } = dump.dump({ closed: false, at: undefined });
console.log(`${[...index.workloads()].length} workloads, ${facts.objects.Pod.length} pods`);
