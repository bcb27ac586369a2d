import t from "tap";
import { allStored, noneStored, patchCommand, stepsOf } from "../../src/report/commands.ts";
import { denialMessage, warningOf } from "../../src/report/message.ts";
import { judge } from "../support/judge.ts";
import { autoscaler, claim, deployment, sameNode, storageClass } from "../support/objects.ts";
import { messageOf, STORED } from "../support/telling.ts";

const RWO = [claim(), storageClass];

t.test(
  "a message says what, on which objects, why with the rounding, and the cheapest way out",
  async (t) => {
    const [finding] = judge(deployment(), RWO).findings;
    const lines = messageOf(finding).split("\n");
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
  const message = denialMessage(
    findings.filter(({ severity }) => severity === "error"),
    STORED,
  );
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
    for (const finding of findings) {
      const { rule } = finding;
      const warning = warningOf(finding);
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

t.test("a fix that is not enough by itself says what else it takes", async (t) => {
  const three = deployment({ workload: { replicas: 3 } });
  const fix = (id: string, subject: typeof three, others: readonly (typeof three)[]) =>
    judge(subject, others)
      .findings.flatMap(({ fixes }) => fixes)
      .find((candidate) => candidate.id === id);
  t.match(
    fix("one-replica", three, [...RWO, autoscaler({ max: 4 })])?.summary,
    /and maxReplicas of HorizontalPodAutoscaler web to 1/,
    "an autoscaler would add the pods again",
  );
  const rwop = [claim({ modes: ["ReadWriteOncePod"] })];
  t.match(fix("one-replica", three, rwop), {
    summary: /then set strategy Recreate/,
    targets: [
      { patch: { spec: { replicas: 1 } } },
      { patch: { spec: { strategy: { type: "Recreate", rollingUpdate: null } } } },
    ],
  });
});

t.test("Recreate is offered wherever it ends the trouble of a rollout", async (t) => {
  const kept = sameNode({ app: "web" }, { matchLabelKeys: ["pod-template-hash"] });
  const fixes = (modes: readonly string[]): readonly string[] =>
    judge(deployment({ workload: { replicas: 3 }, spec: kept }), [claim({ modes }), storageClass])
      .findings.flatMap((finding) => finding.fixes)
      .map(({ id }) => id);
  t.equal(
    fixes(["ReadWriteOnce"])[0],
    "recreate",
    "the replicas of one revision share a node (semantics S22)",
  );
  t.notOk(fixes(["ReadWriteOncePod"]).includes("recreate"), "three pods never share a volume of one pod");
});

t.test("a command is safe to paste whatever a file calls its objects", async (t) => {
  const commandsFor = (subject: Parameters<typeof judge>[0]): readonly string[] =>
    judge(subject, RWO).findings.flatMap(({ fixes }) =>
      fixes.flatMap(({ targets }) => targets.map((target) => patchCommand(target) ?? "none")),
    );
  const odd = commandsFor(deployment({ name: "web; rm -rf x" }));
  t.same([...new Set(odd)], ["none"], "a name that Kubernetes would refuse gets no command");
  const quoted = commandsFor(deployment({ labels: { app: "it's" } }));
  t.ok(quoted.some((command) => command.includes(`"app":"it'\\''s"`)));
});

t.test("a command names the context and the uid where they are known", async (t) => {
  const [finding] = judge(deployment(), RWO).findings;
  const [fix] = finding?.fixes ?? [];
  if (finding === undefined || fix === undefined) throw new Error("there is no way out");
  const commandIn = (cluster: string | null) =>
    stepsOf(
      fix,
      { isStored: allStored, aimAt: (_, context) => ({ context, uid: context && "u-1" }) },
      { workload: finding.workload, cluster },
    )[0]?.what;
  t.equal(
    commandIn("eu west"),
    `kubectl --context 'eu west' patch deployment web -n shop --type merge -p '{"metadata":{"uid":"u-1"},"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'`,
  );
  t.match(commandIn(null), /^kubectl patch deployment web -n shop --type merge -p '\{"spec"/);
});

t.test("for what is not in a cluster the way out is the YAML to edit", async (t) => {
  const [finding] = judge(deployment(), RWO).findings;
  const [fix] = finding?.fixes ?? [];
  t.same(
    fix && finding && stepsOf(fix, { isStored: noneStored }, { workload: finding.workload, cluster: null }),
    [
      {
        where: "in the manifest",
        what: "spec: {strategy: {type: Recreate}} (without rollingUpdate)",
      },
      {
        where: "before that, where it runs already and is applied server-side (Flux, Helm 4)",
        what: `kubectl patch deployment web -n shop --type merge -p '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'`,
        precaution: true,
      },
    ],
  );
  const denial = finding && denialMessage([finding], { docsUrl: null, isStored: noneStored });
  t.notMatch(denial, "server-side", "a denial speaks to one request, and of the object in it");
});

t.test("a custom kind is named with its group", async (t) => {
  const object = { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", namespace: "shop", name: "web" };
  t.match(patchCommand({ object, patch: {} }), /^kubectl patch rollout\.argoproj\.io web -n shop /);
});

t.test(
  "a warning begins with who let it through or what it was inferred from, and keeps its rule",
  async (t) => {
    const [finding] = judge(deployment({ name: "x".repeat(200) }), RWO).findings;
    if (finding === undefined) throw new Error("no finding");
    const exempted = { by: "waiver", until: null, reason: "r".repeat(300), severity: "error" } as const;
    for (const each of [
      { ...finding, exempted },
      { ...finding, inferred: true },
    ]) {
      const line = warningOf(each);
      t.match(line, /^(\(exempted by waiver: r|inferred from your earlier dry run: )/);
      t.match(line, / \[rwo-rolling-update\]$/);
      t.ok(line.length <= 256);
    }
  },
);
