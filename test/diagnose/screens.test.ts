import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { diagnose, documentOf } from "../../src/diagnose/diagnose.ts";
import { CAUSE_IDS, type DiagnosisDocument } from "../../src/diagnose/diagnosis.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { renderJson } from "../../src/diagnose/formats/json.ts";
import { renderMarkdown } from "../../src/diagnose/formats/markdown.ts";
import { renderText } from "../../src/diagnose/formats/text.ts";
import { NO_OPTIONS } from "../../src/diagnose/options.ts";
import { preventionFrom } from "../../src/diagnose/prevention.ts";
import { parseSubject } from "../../src/diagnose/subject.ts";
import { detachingOf } from "../../src/policy/catalogue/capabilities.ts";
import { MISSING, type Recording, recordings } from "./recordings.ts";

const GOLDEN = join(import.meta.dirname, "..", "golden", "diagnose");
const CIRCUMSTANCES = { timeIsLeast: true, kubeconfig: null };
const SCREEN = { colour: false, width: 80 };

/** Lines that are typed are never broken. */
const COMMAND = /^ +(?:kubectl|attachguard|printf) /;

function documentOfRecording(
  { name, values, expected }: Recording,
  what: string,
  change: {
    readonly values?: readonly unknown[];
    readonly closed?: boolean;
    readonly at?: string | undefined;
  } = {},
): DiagnosisDocument {
  const { closed = true, at } = change;
  const time = at === undefined ? undefined : Date.parse(at);
  const files = [{ file: name, values: change.values ?? values }];
  const { facts, readings } = readDump(files, { closed, at: time });
  const subject = parseSubject(what, expected.namespace ?? "");
  const asked =
    subject === undefined ? { all: true as const, namespace: null } : { all: false as const, subject };
  const options = { ...NO_OPTIONS, driver: detachingOf, ...preventionFrom(readings) };
  return documentOf(facts, diagnose(facts, asked, options), "1.0.0");
}

/** One screen for each cause and detail, of the first recording that shows it. */
function screens(): ReadonlyMap<string, DiagnosisDocument> {
  const found = new Map<string, DiagnosisDocument>();
  for (const recording of recordings()) {
    for (const what of recording.expected.ask) {
      const document = documentOfRecording(recording, what);
      for (const { cause } of document.diagnoses) {
        const name = cause.detail === null ? cause.id : `${cause.id}.${cause.detail}`;
        if (!found.has(name)) found.set(name, document);
      }
      const { at } = recording.expected;
      for (const { cause } of at === undefined ? [] : documentOfRecording(recording, what, { at }).diagnoses)
        if (!found.has(cause.id)) found.set(cause.id, documentOfRecording(recording, what, { at }));
    }
  }
  return found;
}

function golden(t: Test, file: string, text: string): void {
  const path = join(GOLDEN, file);
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(path, text);
  }
  t.equal(text, readFileSync(path, "utf8"), `test/golden/diagnose/${file}`);
}

t.test("the screen of each cause, whole", { skip: MISSING }, async (t) => {
  const all = screens();
  for (const [name, document] of all) {
    const text = renderText(document, CIRCUMSTANCES, SCREEN);
    golden(t, `${name}.txt`, text);
    const count = text.trimEnd().split("\n").length;
    t.ok(count <= 45, `${name}: one screen, and not ${count} lines`);
  }
  const shown = new Set([...all.keys()].map((name) => name.split(".")[0]));
  t.strictSame(
    CAUSE_IDS.filter((id) => !shown.has(id)),
    ["two-nodes", "unknown"],
    "the others of the causes have a recording; these two are shown below",
  );
});

t.test("the screen of one disk on two nodes, whole", { skip: MISSING }, async (t) => {
  const recording = recordings().find(({ name }) => name.startsWith("09d-"));
  if (recording === undefined) throw new Error("09d is expected");
  const items = recording.values.flatMap((value) => (value as { items: readonly Item[] }).items);
  const pod = structuredClone(items.find(({ kind }) => kind === "Pod")) as Item & {
    metadata: Record<string, unknown>;
    spec: Record<string, unknown>;
  };
  Object.assign(pod.metadata, { name: `${pod.metadata.name}-b`, uid: "b" });
  pod.spec.nodeName = "worker-2";
  const document = documentOfRecording(recording, "deploy/web", {
    values: [{ kind: "List", items: [...items, pod] }],
  });
  t.equal(document.diagnoses[0]?.cause.id, "two-nodes");
  golden(t, "two-nodes.txt", renderText(document, CIRCUMSTANCES, SCREEN));
});

t.test("a ticket and a colour screen, whole", { skip: MISSING }, async (t) => {
  const document = screens().get("held-by-dead-pod");
  if (document === undefined) throw new Error("no recording shows held-by-dead-pod");
  golden(t, "ticket.md", renderMarkdown(document, CIRCUMSTANCES));
  golden(t, "colour.txt", renderText(document, CIRCUMSTANCES, { ...SCREEN, colour: true }));
});

t.test("every screen fits into 80 columns and answers in the same order", { skip: MISSING }, async (t) => {
  const order = [
    "Who holds it",
    "The volume",
    "Will it clear by itself",
    "What to type",
    "How to see that it worked",
    "How to prevent it",
    "What else can go wrong",
    "Attachments",
    "Facts of",
  ];
  for (const recording of recordings()) {
    for (const what of recording.expected.ask) {
      const lines = renderText(documentOfRecording(recording, what), CIRCUMSTANCES, SCREEN).split("\n");
      const broad = lines.filter(
        (line) => line.length > 80 && !COMMAND.test(line) && line.trim().includes(" "),
      );
      t.strictSame(broad, [], `${recording.name}, ${what}`);
      const seen = lines.flatMap((line) => {
        const at = order.findIndex(
          (title) => line === title || (title === "Facts of" && line.startsWith(title)),
        );
        return at === -1 ? [] : [at];
      });
      t.strictSame(
        seen,
        seen.toSorted((a, b) => a - b),
        `${recording.name}, ${what}: the order`,
      );
    }
  }
});

t.test(
  "a developer with rights in one namespace gets the sentence and whom to ask",
  { skip: MISSING },
  async (t) => {
    const CLUSTER = new Set([
      "PersistentVolume",
      "VolumeAttachment",
      "Node",
      "StorageClass",
      "CSIDriver",
      "CSINode",
    ]);
    for (const [name, file] of [
      ["01-rolling-update-stuck", "developer-rollout.txt"],
      ["06b-node-notready-pod-terminating", "developer-dead-node.txt"],
      ["09b-stale-attachment-blocks-a-pod", "developer-stale.txt"],
      ["19a-image-pull-not-the-volume", "developer-image.txt"],
    ] as const) {
      const recording = recordings().find((one) => one.name === name);
      if (recording === undefined) throw new Error(`${name} is not there`);
      const { namespace } = recording.expected;
      const items = recording.values.flatMap((value) => (value as { items: readonly Item[] }).items);
      const byKind = Map.groupBy(
        items.filter(({ kind, metadata }) => !CLUSTER.has(kind) && metadata.namespace === namespace),
        ({ kind }) => kind,
      );
      const lists = [...byKind].map(([kind, own]) => ({
        kind: `${kind}List`,
        apiVersion: own[0]?.apiVersion,
        metadata: {},
        items: own,
      }));
      const refused = [
        "persistentvolumes",
        "volumeattachments",
        "nodes",
        "storageclasses",
        "csidrivers",
        "csinodes",
      ];
      const refusals = refused.map((kind) => ({
        kind: "Status",
        apiVersion: "v1",
        reason: "Forbidden",
        details: { kind },
      }));
      const document = documentOfRecording(recording, recording.expected.ask[0] ?? "", {
        values: [...lists, ...refusals],
        closed: false,
      });
      const text = renderText(document, CIRCUMSTANCES, SCREEN);
      golden(t, file, text);
      t.match(text, "Ask the owner of the cluster to run: attachguard diagnose", file);
      t.notMatch(text, "delete --raw", file);
    }
  },
);

interface Item {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly namespace?: string };
}

t.test("an odd name is in no line that could be typed", { skip: MISSING }, async (t) => {
  const odd = "x;touch owned";
  for (const [start, what] of [
    ["06b-node-notready-pod-terminating", "node-06-a"],
    ["01-rolling-update-stuck", "web-9cd9498d4-h524h"],
  ] as const) {
    const recording = recordings().find(({ name }) => name === start);
    if (recording === undefined) throw new Error(`${start} is not there`);
    const values = JSON.parse(JSON.stringify(recording.values).replaceAll(what, odd));
    const refusal = { kind: "Status", reason: "Forbidden", details: { kind: "csinodes" } };
    const ask = (recording.expected.ask[0] ?? "").replace(what, odd);
    const document = documentOfRecording(recording, ask, { values: [...values, refusal] });
    for (const text of [
      renderText(document, CIRCUMSTANCES, SCREEN),
      renderMarkdown(document, CIRCUMSTANCES),
    ]) {
      t.match(text, odd, "it is shown");
      const typed = text
        .replaceAll(/\s+/g, " ")
        .match(/(?:kubectl|attachguard diagnose|--machine-is-off)[^.]*x;touch/g);
      t.strictSame(typed, null, start);
    }
  }
});

t.test(
  "names and texts of others cannot act on a terminal, in a ticket or in a CI system",
  { skip: MISSING },
  async (t) => {
    const hostile = "\u001b[2J\r\n::error::x ##vso[task] ##[command] \u202e ![x](y) <script> @all";
    const recording = recordings().find(({ name }) => name === "11-attach-error-in-use-outside-kubernetes");
    if (recording === undefined) throw new Error("the recording is not there");
    const text = JSON.stringify(recording.values).replaceAll(
      "rpc error",
      JSON.stringify(hostile).slice(1, -1),
    );
    const document = documentOfRecording(recording, recording.expected.ask[0] ?? "", {
      values: JSON.parse(text),
    });
    t.match(JSON.stringify(document), "error::x", "the text is in the answer");
    const screen = renderText(document, CIRCUMSTANCES, SCREEN);
    const ticket = renderMarkdown(document, CIRCUMSTANCES);
    for (const [what, shown] of [
      ["screen", screen],
      ["ticket", ticket],
    ] as const) {
      t.notMatch(shown.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}]/u, `${what}: control characters`);
      t.notMatch(shown, /^\s*::/m, `${what}: workflow commands`);
    }
    t.notMatch(ticket, /##vso|##\[|<script>|!\[x\]|@all/);
    const json = renderJson(document);
    t.notMatch(json, /##(?:vso)?\[/i);
    t.strictSame(JSON.parse(json), JSON.parse(JSON.stringify(document)), "JSON says what it said");
  },
);
