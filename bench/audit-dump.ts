import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { costOf } from "./child-cost.ts";
import { GENERATED } from "./cluster-objects.ts";

/**
 * What `attachguard audit --from` of a dump of 100,000 objects costs, pods included, in multiples of listing and
 * projecting the same files (`list-and-project.ts`): CPU time, and the most memory that was resident. Runs take turns.
 * Exits 1 where a limit is passed. `npm run build` first. `OBJECTS` makes it smaller.
 */
const OBJECTS = Number(process.env.OBJECTS ?? 100_000);
const RUNS = Number(process.env.RUNS ?? 3);
const LIMITS = { time: 3, memory: 1.5 } as const;

const BIN = join(import.meta.dirname, "../dist/cli/main.js");
const BARE = join(import.meta.dirname, "list-and-project.ts");
const FOLDER = mkdtempSync(join(tmpdir(), "attachguard-bench-"));

/** A third of the objects are pods, each of a workload; the rest are workloads, claims and volumes. */
const PODS = Math.round(OBJECTS / 3);

interface Made {
  readonly kind: string;
  readonly apiVersion: string;
  readonly items: object[];
}

function podOf(workload: Record<string, unknown>, at: number): object {
  const { metadata, spec } = workload as {
    metadata: { name: string; namespace: string; uid?: string };
    spec: { template: { metadata: object; spec: object } };
  };
  const owner = { apiVersion: "apps/v1", kind: "Deployment", name: metadata.name, uid: `uid-${at}` };
  return {
    metadata: {
      ...spec.template.metadata,
      name: `${metadata.name}-${at}`,
      namespace: metadata.namespace,
      uid: `pod-${at}`,
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ownerReferences: [{ ...owner, controller: true }],
    },
    spec: { ...spec.template.spec, nodeName: `node-${at % 50}` },
    status: {
      phase: "Running",
      conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map((type) => ({
        type,
        status: "True",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      })),
      containerStatuses: [
        {
          name: "app",
          ready: true,
          restartCount: 0,
          state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
        },
      ],
    },
  };
}

function generated(): readonly Made[] {
  const whole = GENERATED.reduce((sum, { count }) => sum + count, 0);
  const lists: Made[] = [];
  const pods: object[] = [];
  for (const { kind, apiVersion, count, fixed = 0, make } of GENERATED) {
    const total = Math.max(Math.round((count * (OBJECTS - PODS)) / whole), fixed);
    const items = Array.from({ length: total }, (_, at) => make(at));
    lists.push({ kind, apiVersion, items });
    if (kind === "Deployment")
      for (let at = 0; at < PODS; at += 1) pods.push(podOf(items[at % items.length] as never, at));
  }
  return [...lists, { kind: "Pod", apiVersion: "v1", items: pods }];
}

function writeDump(): number {
  mkdirSync(FOLDER, { recursive: true });
  let objects = 0;
  for (const { kind, apiVersion, items } of generated()) {
    const list = { kind: `${kind}List`, apiVersion, metadata: { resourceVersion: "1" }, items };
    writeFileSync(join(FOLDER, `${kind.toLowerCase()}s.json`), JSON.stringify(list));
    objects += items.length;
  }
  return objects;
}

const middle = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

try {
  console.log(`${writeDump()} objects in ${FOLDER}`);
  const time: number[] = [];
  const memory: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const bare = costOf(BARE, [FOLDER]);
    const audit = costOf(BIN, ["audit", "--from", FOLDER, "--format", `json=${join(FOLDER, "report")}`]);
    time.push(audit.seconds / bare.seconds);
    memory.push(audit.megabytes / bare.megabytes);
    console.log(
      `list and project ${bare.seconds.toFixed(1)} s, ${bare.megabytes.toFixed(0)} MiB; audit ${audit.seconds.toFixed(1)} s, ${audit.megabytes.toFixed(0)} MiB`,
    );
  }
  const ratios = { time: middle(time), memory: middle(memory) };
  for (const [what, limit] of Object.entries(LIMITS)) {
    const ratio = ratios[what as keyof typeof LIMITS];
    console.log(`${what}: ${ratio.toFixed(2)} times as much, ${limit} are allowed`);
    if (ratio > limit) process.exitCode = 1;
  }
} finally {
  rmSync(FOLDER, { recursive: true });
}
