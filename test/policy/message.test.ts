import t from "tap";
import { denialMessage } from "../../src/policy/message.ts";
import { judge } from "../support/judge.ts";
import { autoscaler, claim, deployment, storageClass } from "../support/objects.ts";

const RWO = [claim(), storageClass];

t.test(
  "a message says what, on which objects, why with the rounding, and the cheapest way out",
  async (t) => {
    const [finding] = judge(deployment(), RWO).findings;
    const lines = finding?.message.split("\n") ?? [];
    t.match(
      lines[0],
      /^Deployment shop\/web can get stuck in a rollout with a Multi-Attach error: .*claim data/,
    );
    t.ok(
      lines.some((line) => /maxSurge 25% = 1, maxUnavailable 25% = 0 of 1 replica/.test(line)),
      "the rounding",
    );
    t.ok(
      lines.some((line) => /gp3 \(ebs\.csi\.aws\.com\)/.test(line)),
      "class and driver",
    );
    t.ok(
      lines.some((line) => /^Fix: Set spec.strategy.type to Recreate.*Cost: /.test(line)),
      "the cheapest fix with its cost",
    );
    t.ok(
      lines.some((line) =>
        line.includes(
          `kubectl patch deployment web -n shop --type merge -p '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'`,
        ),
      ),
      "a patch that the API server accepts on a live object",
    );
    t.equal(lines.at(-1), "[rwo-rolling-update] More: attachguard explain rwo-rolling-update");
  },
);

t.test("a denial leads with the steady finding and folds the others into a line each", async (t) => {
  const { findings } = judge(deployment({ workload: { replicas: 3 } }), [...RWO, autoscaler({ max: 5 })]);
  const message = denialMessage(findings.filter(({ severity }) => severity === "error"));
  t.match(message, /^Deployment shop\/web asks for 3 replicas/);
  t.match(message, /\nAlso: .*HorizontalPodAutoscaler web.*\[rwo-autoscaling\]\n/);
  t.match(message, /\nAlso: .*rollout.*\[rwo-rolling-update\]\n/);
  t.match(message, /\n\[rwo-replicas\] More: attachguard explain rwo-replicas$/);
});

t.test("a warning is one line of at most 256 characters, 120 where the names allow it", async (t) => {
  const long = "x".repeat(200);
  for (const [name, claimName, limit] of [
    ["web", "data", 120],
    [long, long, 256],
  ] as const) {
    const { findings } = judge(deployment({ name, claims: [claimName], workload: { replicas: 3 } }), [
      claim({ name: claimName }),
      storageClass,
      autoscaler({ max: 5, target: name }),
    ]);
    t.ok(findings.length >= 3);
    for (const { warning, rule } of findings) {
      t.ok(warning.length <= limit, `${warning.length}: ${warning}`);
      t.ok(warning.endsWith(`[${rule}]`), "ends with the rule");
      t.notOk(/\p{Cc}/u.test(warning), "no control characters");
    }
  }
});

t.test("StorageClasses that can share a volume are named", async (t) => {
  const efs = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "shared-files" },
    provisioner: "efs.csi.aws.com",
  };
  const [finding] = judge(deployment(), [...RWO, efs]).findings;
  t.match(finding?.fixes.find(({ id }) => id === "rwx-claim")?.summary, /StorageClass shared-files/);
});

t.test("fixes that would not help are left out", async (t) => {
  const ids = (workload: Readonly<Record<string, unknown>>): readonly string[] =>
    judge(deployment({ workload }), RWO).findings.flatMap(({ fixes }) => fixes.map(({ id }) => id));
  t.ok(ids({}).includes("recreate"));
  t.notOk(ids({ replicas: 3 }).includes("recreate"), "Recreate does not help several replicas");
  t.ok(ids({ replicas: 3 }).includes("one-replica"));
});

t.test("a command is safe to paste whatever a file calls its objects", async (t) => {
  const subject = deployment({ name: "web; rm -rf x", labels: { app: "it's" } });
  const [finding] = judge(subject, RWO).findings;
  const commands = finding?.fixes.map(({ command }) => command ?? "") ?? [];
  t.ok(commands.some((command) => command.includes("deployment 'web; rm -rf x' -n shop")));
  t.ok(commands.some((command) => command.includes(`"app":"it'\\''s"`)));
});
