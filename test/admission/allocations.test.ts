/** What a review costs in memory is counted in bytes, which are the same however busy the machine is. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { Allocated, Measured } from "./support/allocations.ts";

/** The young generation has to hold a batch: what is collected in between would not be counted. */
const EXEC_ARGV = ["--expose-gc", "--min-semi-space-size=64", "--max-semi-space-size=64"];

async function measured(t: Test, execArgv: string[]): Promise<Measured> {
  const child = fork(join(import.meta.dirname, "support/allocations.ts"), [], { execArgv });
  t.teardown(() => child.kill());
  const [message] = (await once(child, "message")) as [Measured];
  return message;
}

t.test("a review that brings no finding allocates at most twice what parsing its body does", async (t) => {
  const { told } = await measured(t, EXEC_ARGV);
  const byResource = new Map(told.map((one) => [one.resource, one]));
  const of = (resource: string): Allocated => {
    const found = byResource.get(resource);
    if (found === undefined) throw new Error(`no review of ${resource} was measured`);
    return found;
  };
  for (const resource of ["deployments", "horizontalpodautoscalers", "persistentvolumeclaims"]) {
    const { parsing, judging } = of(resource);
    t.ok(judging <= 2 * parsing, `${resource}: ${Math.round(judging)} bytes, parsing ${Math.round(parsing)}`);
    t.ok(parsing > 1_000, "parsing was counted");
  }
  // A Scale is small, and judged through a workload that it does not carry.
  const scale = of("deployments/scale");
  const { parsing } = of("deployments");
  t.ok(
    scale.judging <= 2 * parsing,
    `a scale: ${Math.round(scale.judging)} bytes, twice ${Math.round(parsing)}`,
  );
});

t.test("next to nothing of a review outlives it", async (t) => {
  // What is kept by the old generation until a full collection is copied there first, and costs more than judging.
  const { left } = await measured(t, ["--expose-gc", "--max-semi-space-size=2"]);
  t.ok(left < 200, `${Math.round(left)} bytes of a review`);
});
