import t from "tap";
import { type Diagnosed, diagnose } from "../../src/diagnose/diagnose.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { type DiagnoseOptions, NO_OPTIONS } from "../../src/diagnose/options.ts";
import { preventionFrom } from "../../src/diagnose/prevention.ts";
import { parseSubject } from "../../src/diagnose/subject.ts";
import { MISSING, recordings } from "./recordings.ts";

/** States beside those that were recorded: a recording with one thing changed. */

type Json = Record<string, unknown> & {
  kind: string;
  metadata: Record<string, unknown> & { name: string };
  spec: Record<string, unknown>;
  status: Record<string, unknown>;
};

function itemsOf(prefix: string): Json[] {
  const recording = recordings().find(({ name }) => name.startsWith(`${prefix}-`));
  return recording === undefined ? [] : structuredClone((recording.values[0] as { items: Json[] }).items);
}

interface Ask {
  readonly after?: number;
  readonly options?: Partial<DiagnoseOptions>;
}

function ask(items: readonly Json[], what: string, namespace: string, { after = 0, options }: Ask = {}) {
  const files = [{ file: "dump.json", values: [{ kind: "List", items }] }];
  const { time } = readDump(files, { closed: true, at: undefined }).facts;
  const { facts } = readDump(files, { closed: true, at: time + after });
  const subject = parseSubject(what, namespace);
  const asked = subject === undefined ? { all: true as const, namespace } : { all: false as const, subject };
  return diagnose({ ...facts, source: "live" }, asked, { ...NO_OPTIONS, ...options });
}

const first = ({ diagnoses }: Diagnosed) => diagnoses[0];

const idsOf = (found: Diagnosed) => first(found)?.steps.map(({ id }) => id);

const commandsOf = ({ diagnoses }: Diagnosed) =>
  diagnoses.flatMap(({ steps }) => steps.flatMap(({ commands }) => commands)).join("\n");

const every = (items: readonly Json[], kind: string) => items.filter((item) => item.kind === kind);

const MINUTE = 60_000;

t.test("the pod of the old version waits for the new one: no undo, it goes", { skip: MISSING }, async (t) => {
  const turned = () => {
    const items = itemsOf("01");
    const [a, b] = every(items, "ReplicaSet").map(({ metadata }) => metadata.annotations as Json);
    const key = "deployment.kubernetes.io/revision";
    if (a === undefined || b === undefined) throw new Error("two ReplicaSets are expected");
    [a[key], b[key]] = [b[key], a[key]];
    return items;
  };
  const withReady = (status: string, at: string) => {
    const items = turned();
    for (const pod of every(items, "Pod"))
      for (const condition of (pod.status.conditions ?? []) as Record<string, unknown>[])
        if (condition.type === "Ready" && pod.status.phase === "Running")
          Object.assign(condition, { status, lastTransitionTime: at });
    return items;
  };
  const waits = ask(withReady("False", "2026-11-26T01:00:00Z"), "deploy/web", "shop");
  t.match(first(waits), { state: "stuck", cause: { text: /is removed as soon as that one is Ready/ } });
  t.strictSame(idsOf(waits), ["mend-pod"]);
  const goes = ask(withReady("True", "2026-11-26T01:30:00Z"), "deploy/web", "shop");
  t.match(first(goes), { state: "clearing", clears: { byItself: "yes" } });
  const late = ask(turned(), "deploy/web", "shop", { after: 10 * MINUTE });
  t.match(first(late), { state: "stuck", cause: { text: /see whether kube-controller-manager runs/ } });
  t.notMatch(commandsOf(late), "rollout undo");
});

t.test("versions of a kind that is not read, e.g. an Argo Rollout", { skip: MISSING }, async (t) => {
  const items = itemsOf("01").filter(({ kind }) => kind !== "Deployment");
  for (const { metadata } of every(items, "ReplicaSet")) {
    const [owner] = metadata.ownerReferences as Json[];
    if (owner !== undefined) Object.assign(owner, { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout" });
  }
  const found = ask(items, "all", "shop");
  t.match(first(found), { subject: { kind: "Rollout" }, cause: { id: "rollout-waits-for-itself" } });
  t.strictSame(idsOf(found), ["undo-rollout"]);
  t.equal(commandsOf(found), "");
});

t.test("a workload that shares a volume is named once", { skip: MISSING }, async (t) => {
  const items = itemsOf("16");
  const pod = every(items, "Pod").find(({ status }) => status.phase === "Running");
  if (pod === undefined) throw new Error("a running pod is expected");
  items.push({ ...pod, metadata: { ...pod.metadata, name: `${pod.metadata.name}b`, uid: "b" } });
  const text = first(ask(items, "deploy/report", "shop"))?.cause.text ?? "";
  t.equal(text.match(/Deployment web/g)?.length, 1, text);
  t.match(text, " have it on ");
});

t.test("a workload that is at 0 already is not scaled to 0", { skip: MISSING }, async (t) => {
  for (const [prefix, what] of [
    ["02c", "deploy/web"],
    ["16", "deploy/report"],
    ["04", "deploy/web"],
  ] as const) {
    const items = itemsOf(prefix);
    for (const { spec } of every(items, "Deployment")) spec.replicas = 0;
    t.notMatch(commandsOf(ask(items, what, "shop")), /--current-replicas=0 --replicas=[01]$/m, prefix);
  }
});

t.test("an out-of-service taint that has not helped is not waited for", { skip: MISSING }, async (t) => {
  for (const [prefix, cause] of [
    ["06b", "held-by-dead-pod"],
    ["06d", "waiting-for-forced-detach"],
  ] as const) {
    const items = itemsOf(prefix);
    const node = every(items, "Node").find(({ metadata }) => metadata.name === "node-06-a");
    const taints = node?.spec.taints as unknown[];
    taints.push({
      key: "node.kubernetes.io/out-of-service",
      effect: "NoExecute",
      timeAdded: "2026-11-26T00:30:00Z",
    });
    const found = first(ask(items, "deploy/web", "l06"));
    t.match(found, { state: "stuck", cause: { id: cause }, clears: { byItself: "unknown" } }, prefix);
    t.notOk(
      found?.steps.some(({ id }) => id === "taint-out-of-service"),
      prefix,
    );
  }
});

t.test("an eviction that has not come is not announced for the past", { skip: MISSING }, async (t) => {
  const text = (after: number) => first(ask(itemsOf("06a"), "deploy/web", "l06", { after }))?.cause.text;
  t.match(text(0), /it is evicted at 2026-/);
  t.match(text(60 * MINUTE), /its eviction was due at 2026-\S+ and has not come/);
});

t.test(
  "Ready=False is another taint than Ready=Unknown, with its own toleration",
  { skip: MISSING },
  async (t) => {
    const SINCE = "2026-11-26T01:15:56Z";
    const UNREACHABLE = {
      key: "node.kubernetes.io/unreachable",
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 600,
    };
    const notReady = (seconds?: number) => ({
      key: "node.kubernetes.io/not-ready",
      operator: "Exists",
      effect: "NoExecute",
      ...(seconds === undefined ? {} : { tolerationSeconds: seconds }),
    });
    const textWith = (status: string, tolerations: readonly Record<string, unknown>[] | undefined) => {
      const items = itemsOf("06a");
      for (const { metadata, status: own } of every(items, "Node"))
        for (const condition of metadata.name === "node-06-a" ? (own.conditions as Json[]) : [])
          if (condition.type === "Ready") Object.assign(condition, { status, lastTransitionTime: SINCE });
      for (const { spec } of every(items, "Pod")) spec.tolerations = tolerations;
      return first(ask(items, "deploy/web", "l06"))?.cause.text;
    };
    const at = (time: string) => new RegExp(`evicted at 2026-11-26T${time}Z`);
    t.match(textWith("False", [UNREACHABLE, notReady(120)]), at("01:17:56"));
    t.match(textWith("Unknown", [UNREACHABLE, notReady(120)]), at("01:25:56"));
    t.match(textWith("False", [notReady(120), notReady(60), UNREACHABLE]), at("01:17:56"), "the first");
    t.match(textWith("False", [UNREACHABLE, notReady()]), /is not evicted by itself/, "for ever");
    t.match(
      textWith("False", [{ operator: "Exists" }]),
      /is not evicted by itself/,
      "of everything, for ever",
    );
    t.match(
      textWith("False", [notReady(120), { operator: "Exists" }]),
      at("01:17:56"),
      "what comes after the first does not count",
    );
    for (const none of [undefined, [], [UNREACHABLE]])
      t.match(textWith("False", none), at("01:15:56"), "not tolerated: at once");
  },
);

t.test(
  "how old an out-of-service taint is, where it does not say so itself",
  { skip: MISSING },
  async (t) => {
    const tainted = (prefix: string, managedFields?: readonly Record<string, unknown>[]) => {
      const items = itemsOf(prefix);
      const node = every(items, "Node").find(({ metadata }) => metadata.name === "node-06-a");
      if (node === undefined) throw new Error("the node is expected");
      (node.spec.taints as unknown[]).push({
        key: "node.kubernetes.io/out-of-service",
        value: "nodeshutdown",
        effect: "NoExecute",
      });
      if (managedFields !== undefined) node.metadata.managedFields = managedFields;
      return items;
    };
    const by = (manager: string, time: string, fields: Record<string, unknown>) => ({
      manager,
      operation: "Update",
      apiVersion: "v1",
      time,
      fieldsType: "FieldsV1",
      fieldsV1: fields,
    });
    for (const [prefix, cause] of [
      ["06b", "held-by-dead-pod"],
      ["06d", "waiting-for-forced-detach"],
    ] as const) {
      const answer = (items: readonly Json[], after: number) =>
        first(ask(items, "deploy/web", "l06", { after }));
      const seen = (time: string) =>
        tainted(prefix, [
          by("kubectl-patch", time, { "f:spec": { "f:taints": {} } }),
          by("kubelet", "2026-11-26T01:00:00Z", { "f:status": { "f:conditions": {} } }),
        ]);
      t.match(
        answer(seen("2026-11-26T01:10:00Z"), 0),
        { state: "stuck", cause: { id: cause, text: /marked out of service for 11 min/ } },
        `${prefix}: set long ago, as the manager of the list shows`,
      );
      t.match(
        answer(seen("2026-11-26T01:20:50Z"), MINUTE),
        { state: "clearing", cause: { id: cause } },
        `${prefix}: set a minute ago`,
      );
      t.match(answer(tainted(prefix), MINUTE), { state: "clearing", clears: { byItself: "yes" } }, prefix);
      const late = answer(tainted(prefix), 10 * MINUTE);
      t.match(late, {
        state: "stuck",
        cause: { id: cause },
        clears: { byItself: "unknown", within: "PT2M" },
        questions: [{ id: "tainted-since:node-06-a" }],
      });
      t.equal(late?.steps[0]?.id, "wait", prefix);
      for (const { id, commands, behind } of late?.steps ?? [])
        if (id === "force-delete-pod" && commands.length > 0)
          t.strictSame(behind, ["machine-is-off:node-06-a"], prefix);
      t.notOk(late?.steps.some(({ id }) => ["taint-out-of-service", "delete-attachment"].includes(id)));
    }
  },
);

t.test("after two looks ten minutes apart the six minutes are over", { skip: MISSING }, async (t) => {
  for (const [prefix, namespace] of [
    ["06d", "l06"],
    ["08a", "l08"],
  ] as const) {
    const items = itemsOf(prefix);
    const { time } = readDump([{ file: "", values: [{ kind: "List", items }] }], {
      closed: true,
      at: undefined,
    }).facts;
    const sightings = new Map(
      every(items, "VolumeAttachment").map(({ metadata }) => [
        String(metadata.uid),
        { uid: String(metadata.uid), at: time },
      ]),
    );
    const found = ask(items, "deploy/web", namespace, { after: 11 * MINUTE, options: { sightings } });
    t.match(first(found), { state: "stuck", clears: { byItself: "no", within: null } }, prefix);
    t.notOk(idsOf(found)?.includes("wait"), prefix);
    for (const { id, behind, commands } of first(found)?.steps ?? [])
      if (commands.length > 0) t.not(behind.length, 0, `${prefix} ${id} stays behind the question`);
  }
});

t.test("a claim that is being deleted keeps its last pod", { skip: MISSING }, async (t) => {
  for (const [prefix, what, namespace] of [
    ["01", "deploy/web", "shop"],
    ["06b", "deploy/web", "l06"],
    ["09b", "deploy/web", "shop"],
    ["25a", "deploy/web", "shop"],
    ["25a", "all", "shop"],
    ["06d", "all", "l06"],
    ["57", "deploy/vault", "vault"],
  ] as const) {
    const items = itemsOf(prefix);
    for (const { metadata } of every(items, "PersistentVolumeClaim"))
      metadata.deletionTimestamp = "2026-11-26T01:00:00Z";
    const commands = commandsOf(ask(items, what, namespace));
    t.notMatch(
      commands,
      /--replicas=0|gracePeriodSeconds|out-of-service|Recreate|drain/,
      `${prefix} ${what}`,
    );
  }
  const items = itemsOf("18");
  for (const { metadata } of every(items, "PersistentVolumeClaim"))
    metadata.deletionTimestamp = "2026-11-26T01:00:00Z";
  const found = ask(items, "pvc/data", "shop");
  t.match(first(found), { state: "stuck", cause: { detail: "claim-being-deleted" } }, "also while it runs");
});

t.test("an attachment of a volume that is gone is not deleted twice", { skip: MISSING }, async (t) => {
  const items = itemsOf("09f");
  for (const { metadata } of every(items, "VolumeAttachment"))
    metadata.deletionTimestamp = "2026-11-26T01:00:00Z";
  const found = ask(items, "all", "shop", { after: MINUTE });
  t.notMatch(commandsOf(found), "delete --raw");
});

t.test("what the kubelet said before the present attachment does not count", { skip: MISSING }, async (t) => {
  const items = itemsOf("25b");
  for (const { metadata } of every(items, "VolumeAttachment")) delete metadata.deletionTimestamp;
  t.match(first(ask(items, "deploy/web", "shop")), { state: "clearing", cause: { id: "starting" } });
});

t.test(
  "a rollout is undone only to a template that a node near the volume takes",
  { skip: MISSING },
  async (t) => {
    const items = itemsOf("15b");
    t.strictSame(idsOf(ask(items, "deploy/web", "shop")), ["undo-rollout", "mend-pod"]);
    for (const { spec } of every(items, "ReplicaSet"))
      Object.assign((spec.template as Json).spec, {
        nodeSelector: { "topology.kubernetes.io/zone": "zone-x" },
      });
    t.strictSame(idsOf(ask(items, "deploy/web", "shop")), ["mend-pod"]);
  },
);

t.test("that a driver refuses the modes is known without its event", { skip: MISSING }, async (t) => {
  const items = itemsOf("14b").filter(({ kind }) => kind !== "Event");
  const files = [{ file: "dump.json", values: [{ kind: "List", items }] }];
  const { readings } = readDump(files, { closed: true, at: undefined });
  const found = ask(items, "deploy/web", "shop", { after: 3 * MINUTE, options: preventionFrom(readings) });
  t.match(first(found), {
    state: "stuck",
    cause: {
      id: "claim-not-usable",
      detail: "mode-refused",
      text: /^Claim data asks for ReadWriteMany .* StorageClass gp3 .* refuses: the claim stays Pending\.$/,
    },
  });
  t.strictSame(idsOf(found), ["replace-pending-claim"]);
});
