import t from "tap";
import { parseYaml } from "../../src/cluster/files/yaml.ts";
import { editObject, editObjects } from "../../src/fix/edit-object.ts";

const RECREATE = { spec: { strategy: { type: "Recreate", rollingUpdate: null } } };

const HEAD = "kind: Deployment\nspec:\n";

/** What a text with a Deployment at its start becomes. */
interface Case {
  readonly what: string;
  readonly before: string;
  readonly after: string;
  readonly patch?: Readonly<Record<string, unknown>>;
  readonly at?: { readonly line: number; readonly column: number };
}

const CASES: readonly Case[] = [
  {
    what: "a new field stands before the template, comments stay",
    before: `${HEAD}  replicas: 1 # one\n  # the pods\n  template:\n    spec: {}\n`,
    after: `${HEAD}  replicas: 1 # one\n  strategy:\n    type: Recreate\n  # the pods\n  template:\n    spec: {}\n`,
  },
  {
    what: "a value is replaced in place, and what does not go with it is taken out",
    before: `${HEAD}  strategy:\n    # why\n    type: RollingUpdate # by default\n    rollingUpdate:\n      maxSurge: 1\n      #\ttab\n  template: {}\n`,
    after: `${HEAD}  strategy:\n    # why\n    type: Recreate # by default\n      #\ttab\n  template: {}\n`,
  },
  {
    what: "what goes makes room for what comes",
    before: `${HEAD}  strategy:\n    rollingUpdate:\n      maxSurge: 1\n  template: {}\n`,
    after: `${HEAD}  strategy:\n    type: Recreate\n  template: {}\n`,
  },
  {
    what: "no newline at the end",
    before: `${HEAD}  strategy:\n    rollingUpdate:\n      maxSurge: 1`,
    after: `${HEAD}  strategy:\n    type: Recreate`,
  },
  {
    what: "no newline behind the last field",
    before: `${HEAD}  template: {}`,
    after: `${HEAD}  template: {}\n  strategy:\n    type: Recreate`,
  },
  {
    what: "blank lines that a block scalar keeps stay its own",
    before: `${HEAD}  note: |+\n    text\n\n\n  template: {}\n`,
    after: `${HEAD}  note: |+\n    text\n\n\n  strategy:\n    type: Recreate\n  template: {}\n`,
  },
  {
    what: "blank lines that a block scalar at the very end keeps",
    before: `${HEAD}  template:\n    a: 1\n  deep:\n  - x: >+\n      text\n\n---\nafter: 1\n`.replaceAll(
      "\n",
      "\r\n",
    ),
    after:
      `${HEAD}  template:\n    a: 1\n  deep:\n  - x: >+\n      text\n\n  strategy:\n    type: Recreate\n---\nafter: 1\n`.replaceAll(
        "\n",
        "\r\n",
      ),
  },
  {
    what: "line ends of Windows",
    before: "kind: Deployment\r\nspec:\r\n  replicas: 1\r\n  template:\r\n    a: 1\r\n",
    after:
      "kind: Deployment\r\nspec:\r\n  replicas: 1\r\n  strategy:\r\n    type: Recreate\r\n  template:\r\n    a: 1\r\n",
  },
  {
    what: "flow style, in the middle and at the end",
    before:
      "kind: Deployment\nspec: {strategy: {rollingUpdate: {maxSurge: 1}, type: RollingUpdate}, replicas: 1}\n",
    after: "kind: Deployment\nspec: {strategy: {type: Recreate}, replicas: 1}\n",
  },
  {
    what: "flow style over several lines, with a comma behind the last member",
    before: "kind: Deployment\nspec: {\n  replicas: 1, # one\n  }\n",
    after: "kind: Deployment\nspec: {\n  replicas: 1, strategy: {type: Recreate}, # one\n  }\n",
  },
  {
    what: "JSON stays JSON",
    before: '{\n  "kind": "Deployment",\n  "spec": {\n    "replicas": 1\n  }\n}\n',
    after:
      '{\n  "kind": "Deployment",\n  "spec": {\n    "replicas": 1, "strategy": {"type":"Recreate"}\n  }\n}\n',
  },
  {
    what: "a key without a value",
    before: `${HEAD}  strategy:   # to do\n  template: {}\n`,
    after: `${HEAD}  strategy:   # to do\n    type: Recreate\n  template: {}\n`,
  },
  {
    what: "null",
    before: `${HEAD}  strategy: null\n  template: {}\n`,
    after: `${HEAD}  strategy: {type: Recreate}\n  template: {}\n`,
  },
  {
    what: "quotes of one kind go with the value that they are around",
    before: `${HEAD}  strategy: {type: 'RollingUpdate'}\n`,
    after: `${HEAD}  strategy: {type: Recreate}\n`,
  },
  {
    what: "an anchor that nobody names",
    before: `${HEAD}  strategy: &s\n    type: RollingUpdate\n`,
    after: `${HEAD}  strategy: &s\n    type: Recreate\n`,
  },
  {
    what: "an alias in another place of the object",
    before: `x: &a {app: web}\nkind: Deployment\nspec:\n  selector: *a\n  template: {labels: *a}\n`,
    after: `x: &a {app: web}\nkind: Deployment\nspec:\n  selector: *a\n  strategy:\n    type: Recreate\n  template: {labels: *a}\n`,
  },
  {
    what: "an item of a list",
    at: { line: 3, column: 3 },
    before: "kind: List\nitems:\n- kind: Deployment\n  spec:\n    replicas: 1\n- kind: Service\n",
    after:
      "kind: List\nitems:\n- kind: Deployment\n  spec:\n    replicas: 1\n    strategy:\n      type: Recreate\n- kind: Service\n",
  },
  {
    what: "one of several documents, indented by four and with indented lists",
    at: { line: 4, column: 1 },
    patch: {
      spec: {
        replicas: 1,
        template: { spec: { affinity: { terms: [{ key: "1", labels: { app: "web" } }] } } },
      },
    },
    before:
      "a:   1\n---\n# second\nkind: Deployment\nspec:\n    template:\n        spec:\n            containers:\n              - name: c\n---\nb: 2\n",
    after:
      'a:   1\n---\n# second\nkind: Deployment\nspec:\n    template:\n        spec:\n            containers:\n              - name: c\n            affinity:\n                terms:\n                  - key: "1"\n                    labels:\n                        app: web\n    replicas: 1\n---\nb: 2\n',
  },
  {
    what: "the first line of a document is its object",
    before: "--- {kind: Deployment, spec: {replicas: 3}}\n",
    at: { line: 1, column: 5 },
    patch: { spec: { replicas: 1 } },
    after: "--- {kind: Deployment, spec: {replicas: 1}}\n",
  },
];

for (const { what, before, after, patch = RECREATE, at = { line: 1, column: 1 } } of CASES) {
  t.test(`writes: ${what}`, async (t) => {
    const edited = editObject(before, at, patch);
    t.same(edited, { text: after });
    t.same(editObject(after, at, patch), { text: after }, "twice is the same as once");
  });
}

const REFUSED: readonly { readonly what: string; readonly text: string; readonly why: RegExp }[] = [
  {
    what: "an alias",
    text: "x: &s {type: RollingUpdate}\nkind: Deployment\nspec:\n  strategy: *s\n",
    why: /anchor &s .* used in other places/,
  },
  {
    what: "an anchor with an alias",
    text: `${HEAD}  strategy: &s\n    type: RollingUpdate\nother: *s\n`,
    why: /anchor &s .* used in other places/,
  },
  {
    what: "fields from elsewhere",
    text: `x: &b {replicas: 1}\nkind: Deployment\nspec:\n  <<: *b\n  template: {}\n`,
    why: /<</,
  },
  { what: "a key given twice", text: `${HEAD}  strategy: {}\n  strategy: {}\n`, why: /more than once/ },
  {
    what: "a broken document beside it",
    text: `${HEAD}  template: {}\n---\na: b: c\n`,
    why: /cannot be read/,
  },
  { what: "a template", text: `${HEAD}  template: {}\n---\na: {{ .Values.a }}b\n`, why: /template/ },
  { what: "another object at that place", text: "\n\nkind: Deployment\n", why: /not there any more/ },
  { what: "a strategy that is a list", text: `${HEAD}  strategy: [a]\n`, why: /something else/ },
];

for (const { what, text, why } of REFUSED) {
  t.test(`leaves alone: ${what}`, async (t) => {
    const edited = editObject(text, { line: 1, column: 1 }, RECREATE);
    t.match("refused" in edited ? edited.refused : edited.text, why);
    t.ok("refused" in edited);
  });
}

t.test("leaves an object of a Template alone, whose parameters are filled in later", async (t) => {
  const text =
    "apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- kind: Deployment\n  spec: {}\n";
  const edited = editObject(text, { line: 4, column: 3 }, RECREATE);
  t.match(edited, { refused: /Template/ });
});

t.test(
  "whatever stands around an object: what is written reads as the patch says, or nothing is",
  async (t) => {
    // Pieces that are awkward one by one, put together by a generator that is the same in every run.
    const pieces = [
      "  replicas: 2\n",
      "  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}} # c\n",
      "  strategy:\n    rollingUpdate:\n    type: RollingUpdate\n",
      '  strategy:\n  \n    # note\n    type: "RollingUpdate"\n\n    rollingUpdate: {maxSurge: 1,\n      maxUnavailable: 0}\n',
      "  note: |\n    replicas: 3\n    strategy:\n\n",
      "  note: |+\n    text\n\n\n",
      "  note: >-\n    folded\n    text\n",
      "  note: 'it''s: # no comment'\n",
      '  note: "a\\n  b"\n',
      "  # comment\n",
      "\n",
      "  template:\n    spec:\n      containers:\n      - name: c\n        args: [a, {b: c}]\n",
      "  ? odd\n  : key\n",
      "  list:\n  -\n  - - a\n    - b\n",
      "  tagged: !!str 1\n",
      "  'quoted': 1\n",
      "  plain: 1\n",
    ];
    let seed = 7;
    const next = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    let written = 0;
    for (let round = 0; round < 3000; round += 1) {
      const chosen = Array.from({ length: 1 + next(5) }, () => pieces[next(pieces.length)] as string);
      const eol = next(4) === 0 ? "\r\n" : "\n";
      let text = `before: 1\n---\nkind: Deployment\nspec:\n${chosen.join("")}`;
      const end = next(4);
      if (end === 0) text = text.trimEnd();
      else if (end === 1) text += "---\nafter: 1\n";
      text = text.replaceAll("\n", eol);
      const patch = next(2) === 0 ? RECREATE : { spec: { replicas: 1 } };
      const edited = editObject(text, { line: 3, column: 1 }, patch);
      if ("refused" in edited) continue;
      written += 1;
      const values = (of: string) => parseYaml("", of).documents.map(({ value }) => value);
      const old = values(text);
      const now = values(edited.text);
      t.same(now.length, old.length);
      t.same([now[0], now[2]], [old[0], old[2]], "other documents are what they were");
      t.match(now[1], patch === RECREATE ? { spec: { strategy: { type: "Recreate" } } } : patch);
      const lines = new Set(edited.text.split(eol));
      const gone = text.split(eol).filter((line) => !lines.has(line));
      t.ok(
        gone.every((line) =>
          /strategy|rollingUpdate|RollingUpdate|replicas|maxSurge|maxUnavailable/.test(line),
        ),
        JSON.stringify([text, edited.text]),
      );
    }
    t.ok(written > 1000, `${written} written`);
  },
);

t.test("many objects in one file take as long as that many in files of their own", async (t) => {
  const one = `${HEAD}  replicas: 1\n  template:\n    spec:\n      list: [a, b, c]\n      more: {a: 1}\n`;
  const lines = one.split("\n").length;
  const COUNT = 300;
  const text = Array.from({ length: COUNT }, () => one).join("---\n");
  const edits = Array.from({ length: COUNT }, (_, at) => ({
    at: { line: at * lines + 1, column: 1 },
    patch: RECREATE,
  })).toReversed();
  const time = (step: () => void): number => {
    const start = performance.now();
    step();
    return performance.now() - start;
  };
  let edited = { text: "", refused: [] as readonly (string | undefined)[] };
  const together = () =>
    time(() => {
      edited = editObjects(text, edits);
    });
  const apart = () =>
    time(() => {
      for (let count = 0; count < COUNT; count += 1) editObject(one, { line: 1, column: 1 }, RECREATE);
    });
  const times = Array.from({ length: 3 }, () => ({ apart: apart(), together: together() }));
  const [least, most] = [
    Math.min(...times.map((each) => each.apart)),
    Math.min(...times.map((each) => each.together)),
  ];
  t.strictSame(new Set(edited.refused), new Set([undefined]));
  t.equal(edited.text.match(/type: Recreate/g)?.length, COUNT);
  // Where the whole file is read for each of them, it is more than a hundred times.
  t.ok(most < 10 * least, `${most.toFixed()} ms together, ${least.toFixed()} ms apart`);
});
