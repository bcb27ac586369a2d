/**
 * Median time of what one review looks up, in a cluster of 100 objects and in one of 100,000; answers through IPC. The
 * same number of workloads is asked about in both, so that the size of the index is the only difference. Asked about
 * everywhere in the large one, each lookup waits for memory that no cache holds, which is told too.
 */
import { ClusterIndex } from "../src/cluster/cluster-index.ts";
import { factFrom } from "../src/kube/fact.ts";
import { GENERATED } from "./cluster-objects.ts";

const BATCH = 50;
const ROUNDS = 2_000;

interface Question {
  readonly namespace: string;
  readonly claim: string;
  readonly workload: string;
}

/** Of 100 objects, 20 are Deployments; two claims and two volumes belong to each. */
function indexOf(objects: number): { index: ClusterIndex; questions: Question[] } {
  const index = new ClusterIndex();
  const questions: Question[] = [];
  for (const { kind, apiVersion, count, make } of GENERATED) {
    for (let i = 0; i < (count * objects) / 105_000; i++) {
      const raw = make(i) as { metadata: { namespace: string; name: string } };
      const fact = factFrom({ kind, apiVersion, ...raw });
      if (fact !== undefined) index.put(fact);
      const { namespace, name } = raw.metadata;
      if (kind === "Deployment")
        questions.push({ namespace, claim: name.replace("app", "data"), workload: name });
    }
  }
  return { index, questions };
}

function ask(index: ClusterIndex, { namespace, claim, workload }: Question): number {
  const found = index.claim(namespace, claim);
  if (found.state !== "known" || index.volumeOf(found.value).state !== "known") throw new Error("not found");
  const mounting = index.workloadsMounting(namespace, claim);
  const scaling = index.autoscalersOf({
    apiVersion: "apps/v1",
    kind: "Deployment",
    namespace,
    name: workload,
  });
  return (
    (mounting.state === "known" ? mounting.value.length : 0) +
    (scaling.state === "known" ? scaling.value.length : 0)
  );
}

/** Nanoseconds for one question, of so many that are asked in turn. */
function median({ index, questions }: ReturnType<typeof indexOf>, different: number): number {
  const step = Math.max(1, Math.floor(questions.length / different));
  const asked = questions.filter((_, i) => i % step === 0).slice(0, different);
  const times: number[] = [];
  let at = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < BATCH; i++) {
      at = (at + 7919) % asked.length;
      ask(index, asked[at] as Question);
    }
    times.push(Number(process.hrtime.bigint() - start) / BATCH);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1] as number;
}

const small = indexOf(100);
const large = indexOf(100_000);
const few = small.questions.length;
// Once for V8 to compile.
median(small, few);
median(large, few);
process.send?.({ small: median(small, few), large: median(large, few), everywhere: median(large, 20_000) });
process.disconnect?.();
