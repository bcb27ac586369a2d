import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Ajv2020 } from "ajv/dist/2020.js";
import { dump as dumpYaml } from "js-yaml";
import type { Test } from "tap";
import t from "tap";
import { type DiagnoseCommand, diagnose } from "../../../src/cli/diagnose/diagnose.ts";
import type { OutputStream } from "../../../src/cli/terminal.ts";
import { MISSING, type Recording, recordings } from "../../diagnose/recordings.ts";
import { ApiServerDouble, type RawObject } from "../../support/api-server/api-server.ts";
import { writeKubeConfig } from "../../support/api-server/live.ts";
import { run } from "../run.ts";

const skip = MISSING;

const SCHEMA = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../docs", "diagnosis.schema.json"), "utf8"),
);

function recording(start: string): Recording {
  const found = recordings().find(({ name }) => name.startsWith(`${start}-`));
  if (found === undefined) throw new Error(`no recording begins with ${start}`);
  return found;
}

function itemsOf({ values }: Recording): readonly RawObject[] {
  return values.flatMap((value) => (value as { items: readonly RawObject[] }).items);
}

/** A file with the recording, and the words that lead a command to it. */
function dump(t: Test, start: string): { readonly from: readonly string[]; readonly folder: string } {
  const folder = t.testdir();
  const file = join(folder, "dump.json");
  writeFileSync(file, JSON.stringify(recording(start).values[0]));
  return { from: ["--from", file, "--closed"], folder };
}

t.test("exit codes from a dump", { skip }, async (t) => {
  const cases = [
    ["01", "deploy/web", "shop", 1, "stuck"],
    ["19a", "deploy/web", "shop", 1, "stuck, though not for the volume"],
    ["20", "deploy/web", "shop", 0, "healthy"],
    ["27", "deploy/web", "shop", 0, "clearing within a time that is known"],
    ["23b", "deploy/web", "l230", 1, "endangered"],
    ["01", "deploy/nothing", "shop", 2, "not there"],
    ["01", "deploy/web", "elsewhere", 2, "not there"],
  ] as const;
  for (const [start, what, namespace, code, why] of cases) {
    const { from } = dump(t, start);
    const result = await run(["diagnose", what, "-n", namespace, ...from]);
    t.equal(result.code, code, `${start} ${what}: ${why}`);
  }
});

t.test("a call that is wrong says how to correct it", { skip }, async (t) => {
  const { from } = dump(t, "01");
  const cases = [
    [[], "say where: -n NAMESPACE, or -A"],
    [["-n", "shop", "-A"], "contradict each other"],
    [["deploy/web", "-A"], "name it with -n"],
    [["web", "-n", "shop"], "is not KIND/NAME: give one of pod, deployment"],
    [["secret/web", "-n", "shop"], "is not KIND/NAME"],
    [["-A", ...from, "--at", "yesterday"], "give RFC 3339"],
    [["-A", ...from, "--watch"], "a dump does not change"],
    [["-A", "--watch", "--format", "json"], "give the other formats a file"],
    [["-A", "--closed"], "--closed needs --from"],
    [["-A", "--at", "2026-11-26T00:00:00Z"], "--at needs --from"],
    [["-A", ...from, "--context", "c"], "leave --context and --kubeconfig out"],
    [["-A", ...from, "--format", "json", "--format", "markdown"], "give all but one a file"],
    [["-A", ...from, "--format", "sarif"], "Allowed choices are text, json, markdown"],
  ] as const;
  for (const [words, message] of cases) {
    const { code, err } = await run(["diagnose", ...words]);
    t.equal(code, 2, words.join(" "));
    t.match(err, message);
  }
});

t.test("files that cannot be read are named, and the others are diagnosed", { skip }, async (t) => {
  const { from, folder } = dump(t, "01");
  writeFileSync(join(folder, "cut.json"), '{"kind": "PodList", "items": [');
  const words = [
    "--from",
    join(folder, "dump.json"),
    join(folder, "cut.json"),
    join(folder, "no.json"),
    "--closed",
  ];
  const { code, out } = await run(["diagnose", "deploy/web", "-n", "shop", ...words]);
  t.equal(code, 2);
  t.match(out, "rollout-waits-for-itself");
  t.match(out, /cut\.json:\s+is cut off/);
  t.match(out, /no\.json:\s/);
  t.equal(
    (await run(["diagnose", "-A", "--from", folder, "--closed", ...from.slice(3)])).code,
    2,
    "a folder",
  );
});

t.test("a dump in YAML, one object a file, is read like one in JSON", { skip }, async (t) => {
  const items = itemsOf(recording("01"));
  const { from, folder } = dump(t, "01");
  const whole = await run(["diagnose", "deploy/web", "-n", "shop", ...from]);
  const each = t.testdir({ yaml: {}, inner: {} });
  for (const [index, item] of items.entries())
    writeFileSync(join(each, `yaml/${index}.yaml`), dumpYaml(item));
  const one = await run(["diagnose", "deploy/web", "-n", "shop", "--from", join(each, "yaml"), "--closed"]);
  t.equal(one.out, whole.out);
  const list = join(folder, "list.yaml");
  writeFileSync(list, dumpYaml({ apiVersion: "v1", kind: "List", items, metadata: {} }, { sortKeys: true }));
  const listed = await run(["diagnose", "deploy/web", "-n", "shop", "--from", list, "--closed"]);
  t.equal(listed.out, whole.out);
  const text = readFileSync(list, "utf8");
  writeFileSync(list, text.slice(0, text.length / 2));
  const cut = await run(["diagnose", "deploy/web", "-n", "shop", "--from", list, "--closed"]);
  t.equal(cut.code, 2, "kubectl writes the kind of a list behind its items");
  t.notMatch(cut.out, "1970");
  const broken = join(each, "yaml", "pods.yaml");
  writeFileSync(broken, "kind: [");
  const beside = ["diagnose", "deploy/web", "-n", "shop", "--from", join(each, "yaml"), "--closed"];
  t.match(await run(beside), { code: 2, out: /UNKNOWN/ }, "a broken file may have held anything");
  t.equal((await run(["diagnose", "-A", "--from", join(each, "inner")])).code, 2, "a folder with nothing");
});

t.test("kubectl's own refusals beside an empty file are forbidden and absent", { skip }, async (t) => {
  const kinds: Record<string, readonly RawObject[]> = Object.groupBy(
    itemsOf(recording("01")),
    ({ kind }) => kind,
  ) as Record<string, readonly RawObject[]>;
  const folder = t.testdir();
  for (const [kind, items] of Object.entries(kinds)) {
    const list = { kind: `${kind}List`, apiVersion: items[0]?.apiVersion, metadata: {}, items };
    writeFileSync(join(folder, `${kind}.json`), JSON.stringify(list));
  }
  writeFileSync(join(folder, "VolumeAttachment.json"), "\uFEFF");
  writeFileSync(join(folder, "volumeattachments.json"), "");
  writeFileSync(
    join(folder, "volumeattachments.err"),
    "Error from server (Forbidden): volumeattachments is forbidden\n",
  );
  writeFileSync(join(folder, "leases.json"), "");
  writeFileSync(join(folder, "leases.err"), "Error from server (NotFound): the server could not find it\n");
  const { out } = await run(["diagnose", "deploy/web", "-n", "shop", "--from", folder, "--format", "json"]);
  const { facts, errors } = JSON.parse(out);
  const stateOf = (kind: string) => facts.read.find((reading: { kind: string }) => reading.kind === kind);
  t.match(stateOf("VolumeAttachment"), { state: "unread", why: "forbidden" });
  t.match(stateOf("Lease"), { state: "absent" });
  t.match(errors, [{ message: /is empty/ }], "an empty file without a reason stays an error");
});

t.test(
  "JSON on standard output is one object, with exit 2 as well; the text goes beside it",
  { skip },
  async (t) => {
    const { from, folder } = dump(t, "01");
    const ticket = join(folder, "ticket.md");
    const good = await run([
      "diagnose",
      "deploy/web",
      "-n",
      "shop",
      ...from,
      "--format",
      "json",
      "--format",
      `markdown=${ticket}`,
    ]);
    t.match(JSON.parse(good.out), { kind: "Diagnosis", schemaVersion: 2, summary: { stuck: 1 } });
    t.match(good.err, "What to type");
    t.match(readFileSync(ticket, "utf8"), "### STUCK: Deployment web in shop");
    const bad = await run(["diagnose", "deploy/web", "--format", "json"]);
    t.equal(bad.code, 2);
    t.match(JSON.parse(bad.out), { kind: "Diagnosis", errors: [{ message: /say where/ }] });
  },
);

t.test(
  "--machine-is-off answers the question for that node, and not for one that is Ready",
  { skip },
  async (t) => {
    const { from } = dump(t, "06b");
    const ask = ["diagnose", "deploy/web", "-n", "l06", ...from];
    const question = "Only once the machine of node-06-a is off";
    t.match((await run(ask)).out, question);
    const answered = await run([...ask, "--machine-is-off", "node-06-a"]);
    t.equal(answered.code, 1);
    t.notMatch(answered.out, question);
    const other = await run([...ask, "--machine-is-off", "node-06-b"]);
    t.equal(other.code, 2);
    t.match(other.err, "the node is Ready, so its machine is on");
    const none = await run([...ask, "--machine-is-off", "node-06-x"]);
    t.equal(none.code, 2);
    t.match(none.err, "there is no such node here");
  },
);

t.test(
  "--save holds no environment and nobody's annotations, and gives the same answer",
  { skip },
  async (t) => {
    const { from, folder } = dump(t, "09b");
    const file = join(folder, "dump.json");
    const value = JSON.parse(readFileSync(file, "utf8"));
    for (const item of value.items) {
      item.metadata.annotations = { ...item.metadata.annotations, "example.com/token": "s3cret" };
      item.metadata.managedFields = [{ manager: "s3cret" }];
      for (const spec of [item.spec, item.spec?.template?.spec])
        for (const container of spec?.containers ?? []) {
          container.env = [{ name: "PASSWORD", value: "s3cret" }];
          container.args = ["--password=s3cret"];
        }
    }
    writeFileSync(file, JSON.stringify(value));
    const saved = join(folder, "saved.json");
    const ask = ["diagnose", "all", "-A"];
    const before = await run([...ask, ...from, "--save", saved, "--format", "json"]);
    t.notMatch(readFileSync(saved, "utf8"), "s3cret");
    const after = await run([...ask, "--from", saved, "--format", "json"]);
    const told = (out: string) => {
      const { diagnoses, attachments, findings, summary } = JSON.parse(out);
      return { diagnoses, attachments, findings, summary };
    };
    t.strictSame(told(after.out), told(before.out));
  },
);

t.test(
  "--save keeps since when a node is marked out of service, and no manager's name",
  { skip },
  async (t) => {
    const { from, folder } = dump(t, "06d");
    const file = join(folder, "dump.json");
    const value = JSON.parse(readFileSync(file, "utf8"));
    for (const { kind, metadata, spec } of value.items) {
      if (kind !== "Node" || metadata.name !== "node-06-a") continue;
      spec.taints.push({
        key: "node.kubernetes.io/out-of-service",
        value: "nodeshutdown",
        effect: "NoExecute",
      });
      metadata.managedFields = [
        { manager: "s3cret", time: "2026-11-26T01:10:00Z", fieldsV1: { "f:spec": { "f:taints": {} } } },
      ];
    }
    writeFileSync(file, JSON.stringify(value));
    const saved = join(folder, "saved.json");
    const before = await run(["diagnose", "deploy/web", "-n", "l06", ...from, "--save", saved]);
    t.match(before.out, /marked out of service for 11\s+min/);
    t.notMatch(readFileSync(saved, "utf8"), "s3cret");
    const after = await run(["diagnose", "deploy/web", "-n", "l06", "--from", saved]);
    t.match(after.out, /marked out of service for 11\s+min/);
  },
);

t.test(
  "every recording, saved and read back, gives the same answer with the same prevention",
  { skip },
  async (t) => {
    const validate = new Ajv2020({ allErrors: true }).compile(SCHEMA);
    const folder = t.testdir();
    const [file, saved] = [join(folder, "dump.json"), join(folder, "saved.json")];
    for (const { name, values } of recordings()) {
      writeFileSync(file, JSON.stringify(values[0]));
      const words = ["diagnose", "-A", "--format", "json"];
      const before = JSON.parse((await run([...words, "--from", file, "--closed", "--save", saved])).out);
      const after = JSON.parse((await run([...words, "--from", saved])).out);
      t.ok(validate(before), `${name}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
      t.strictSame(
        [after.diagnoses, after.attachments, after.findings],
        [before.diagnoses, before.attachments, before.findings],
        name,
      );
    }
  },
);

t.test("an attachment of a dead node is stale after two sightings ten minutes apart", { skip }, async (t) => {
  const { from, folder } = dump(t, "06d");
  const saved = join(folder, "saved.json");
  const look = async (at: string, ...more: readonly string[]) => {
    const words = ["diagnose", "-A", ...from, "--at", at, "--format", "json", ...more];
    return JSON.parse((await run(words)).out).findings.map(({ rule }: { rule: string }) => rule);
  };
  t.strictSame(await look("2026-11-26T01:21:00Z", "--save", saved), []);
  t.strictSame(await look("2026-11-26T01:29:00Z", "--since", saved), [], "eight minutes");
  const again = join(folder, "again.json");
  t.strictSame(await look("2026-11-26T01:29:00Z", "--since", saved, "--save", again), []);
  t.strictSame(await look("2026-11-26T01:31:10Z", "--since", saved), ["attachment-stale"]);
  t.strictSame(
    await look("2026-11-26T01:31:10Z", "--since", again),
    ["attachment-stale"],
    "the first sighting counts",
  );
  const bad = await run(["diagnose", "-A", ...from, "--since", join(folder, "none.json")]);
  t.equal(bad.code, 2);
  t.match(bad.err, "name a file that --save wrote");
});

/** A live cluster with the objects of a recording, at the time that the recording has. */
async function cluster(t: Test, start: string) {
  const double = await ApiServerDouble.start();
  t.teardown(() => double.stop());
  const folder = t.testdir();
  const kubeconfig = join(folder, "kubeconfig");
  writeKubeConfig(kubeconfig, double.url);
  const fill = (name: string) => {
    for (const object of itemsOf(recording(name))) double.put(object);
  };
  fill(start);
  double.put({ kind: "Namespace", metadata: { name: "kube-system", uid: "the-cluster" } });
  return { double, access: ["--kubeconfig", kubeconfig], kubeconfig, fill, folder };
}

t.test("live: context, time, cluster and completeness; nothing is watched", { skip }, async (t) => {
  const { double, access } = await cluster(t, "01");
  double.date = new Date("2026-11-26T01:20:00Z");
  const { code, out, err } = await run([
    "diagnose",
    "deploy/web",
    "-n",
    "shop",
    ...access,
    "--format",
    "json",
  ]);
  t.equal(code, 1);
  const { facts, diagnoses } = JSON.parse(out);
  t.match(facts, {
    source: "live",
    time: "2026-11-26T01:20:00Z",
    context: "double",
    clusterUid: "the-cluster",
  });
  t.ok(facts.read.every(({ state }: { state: string }) => state === "complete"));
  t.equal(diagnoses[0].cause.id, "rollout-waits-for-itself");
  t.match(
    diagnoses[0].steps[0].commands[1],
    "kubectl --context double -n shop rollout undo deployment/web --to-revision=1",
  );
  t.match(err, /The commands need\s+KUBECONFIG=/);
  t.strictSame(
    double.requests.filter(({ verb }) => verb === "watch"),
    [],
  );
  t.strictSame(
    double
      .seen("list", "Pod")
      .map(({ namespace, query }) => [namespace, query.get("fieldSelector")])
      .toSorted(),
    [
      ["", "status.phase!=Succeeded,status.phase!=Failed"],
      ["shop", null],
    ],
  );
});

t.test("live: lists come in pages", { skip }, async (t) => {
  const { double, access } = await cluster(t, "01");
  for (let n = 0; n < 1200; n += 1)
    double.put({ kind: "Pod", metadata: { name: `other-${n}`, namespace: "other" }, spec: {}, status: {} });
  const { code } = await run(["diagnose", "deploy/web", "-n", "shop", ...access]);
  t.equal(code, 1);
  t.equal(double.seen("list", "Pod").filter(({ namespace }) => namespace === "").length, 3);
});

t.test("live: with rights in one namespace, what pods show and whom to ask", { skip }, async (t) => {
  const { double, access } = await cluster(t, "01");
  double.fault = ({ namespace }) =>
    namespace === "shop"
      ? undefined
      : { do: "answer", status: 403, body: '{"kind":"Status","message":"forbidden"}' };
  const { code, out, err } = await run(["diagnose", "deploy/web", "-n", "shop", ...access]);
  t.equal(code, 1, err);
  t.match(out, "UNKNOWN  Deployment web in shop: unknown (rollout-waits-for-itself)");
  t.match(out, "Pod shop/web-6cff7bf75f-9nlx7 on worker-1");
  t.match(out, "--to-revision=1");
  t.match(out, "Ask the owner of the cluster to run: attachguard diagnose");
  t.match(out, /Not read \(forbidden\): [^.]*VolumeAttachment/);
});

t.test("live: an API server that does not answer, or not in time, is an error", { skip }, async (t) => {
  const { double, access } = await cluster(t, "01");
  double.fault = () => ({ do: "answer", status: 401 });
  const refused = await run(["diagnose", "-A", ...access]);
  t.equal(refused.code, 2);
  t.match(refused.err, "the API server does not accept our credentials");
  await double.stop();
  const gone = await run(["diagnose", "-A", ...access]);
  t.equal(gone.code, 2);
  t.match(gone.err, "the cluster does not answer");
});

t.test("live: a kind that fails is unread, and the others count", { skip }, async (t) => {
  const { double, access } = await cluster(t, "01");
  double.fault = ({ kind }) => (kind === "CSINode" ? { do: "answer", status: 500 } : undefined);
  const { code, out } = await run(["diagnose", "deploy/web", "-n", "shop", ...access]);
  t.equal(code, 1);
  t.match(out, "Not read (HTTP 500): CSINode");
});

interface Collected {
  readonly terminal: Parameters<typeof diagnose>[2];
  readonly out: () => string;
}

function collected(): Collected {
  let text = "";
  const stream: OutputStream = {
    write: (chunk, written) => {
      text += chunk;
      written?.();
    },
  };
  const terminal = { argv: [], env: {}, stdin: Readable.from([]), stdout: stream, stderr: stream };
  return { terminal, out: () => text };
}

t.test("live: a danger is told when a second look, 15 s later, sees it too", { skip }, async (t) => {
  const { double, kubeconfig } = await cluster(t, "23b");
  const command: DiagnoseCommand = { namespace: "l230", kubeconfig, format: [] };
  const waits: number[] = [];
  const twice = collected();
  const code = await diagnose("deploy/web", command, twice.terminal, async (ms) => {
    waits.push(ms);
  });
  t.equal(code, 1);
  t.strictSame(waits, [15_000]);
  t.match(twice.out(), "ENDANGERED");
  t.match(twice.out(), /ERROR.*runs on node-230-a without its volume/s);
  t.notMatch(twice.out(), "seen once");

  const passing = collected();
  const attachment = itemsOf(recording("23a")).find(({ kind }) => kind === "VolumeAttachment");
  if (attachment === undefined) throw new Error("23a has no attachment");
  await diagnose("deploy/web", command, passing.terminal, async () => {
    double.put(attachment);
  });
  t.notMatch(passing.out(), /ENDANGERED|attachment-endangered/, "what is over by then was a race");
});

t.test(
  "--watch: a screen when the answer changes, a line a minute otherwise, then the exit code",
  { skip },
  async (t) => {
    const { double, kubeconfig } = await cluster(t, "05a");
    double.date = new Date("2026-11-26T01:19:40Z");
    const { namespace } = recording("05a").expected;
    const command: DiagnoseCommand = { namespace: namespace ?? "", kubeconfig, format: [], watch: true };
    const { terminal, out } = collected();
    let looks = 0;
    const code = await diagnose("deploy/web", command, terminal, async () => {
      looks += 1;
      if (looks !== 8) return;
      for (const { kind, metadata } of double.objects("VolumeAttachment"))
        double.remove(kind, "", metadata.name);
      for (const kind of ["Pod", "Event", "VolumeAttachment", "Node", "ReplicaSet", "Deployment"])
        for (const { metadata } of double.objects(kind))
          double.remove(kind, metadata.namespace ?? "", metadata.name);
      for (const object of itemsOf(recording("05b"))) double.put(object);
    });
    t.equal(code, 0);
    const text = out();
    t.equal(text.match(/^(?:CLEARING|STUCK) /gm)?.length, 1, "one screen while nothing changes");
    t.equal(text.match(/no change\./g)?.length, 1, "one line for the minute");
    t.match(text, /^HEALTHY/m);
  },
);

t.test(
  "--watch: the API server may be away for a while, a subject that is gone ends it",
  { skip },
  async (t) => {
    const { double, kubeconfig } = await cluster(t, "01");
    const { terminal, out } = collected();
    let looks = 0;
    const command: DiagnoseCommand = { namespace: "shop", kubeconfig, format: [], watch: true };
    const code = await diagnose("deploy/web", command, terminal, async () => {
      looks += 1;
      double.fault = () => (looks === 1 ? { do: "answer", status: 503 } : undefined);
      if (looks === 2) double.remove("Deployment", "shop", "web");
    });
    t.equal(code, 2);
    t.match(out(), "trying again");
    t.match(out(), "does not exist");
  },
);

t.test("the help collects a dump that can be read back", { skip }, async (t) => {
  const { code, out } = await run(["diagnose", "--help"]);
  t.equal(code, 0);
  t.match(out, "kubectl get --raw /apis/storage.k8s.io/v1/volumeattachments >volumeattachments.json");
  t.match(out, "kubectl get --raw /apis/coordination.k8s.io/v1/leases >leases.json");
  t.match(out, "the environment of every container, including passwords in it");
});
