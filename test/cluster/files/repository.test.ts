/** A whole repository: the verdict on each object, rendered and not, on the disk and in memory. */
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import t, { type Test } from "tap";
import { type Bundle, type LoadOptions, loadFiles } from "../../../src/cluster/files.ts";
import { DEFAULT_CONFIG } from "../../../src/config/defaults.ts";
import { judgeAll } from "../../../src/judge/all.ts";
import { run } from "../../cli/run.ts";
import { memoryTree } from "../../support/memory-tree.ts";
import { REPOSITORY, rendererOf, repositoryAt } from "./repository.ts";

const TOP = "/repository";

/** `file:line Kind namespace/name: verdict by rules` for each workload, sorted. */
async function verdictsOn(bundle: Bundle): Promise<readonly string[]> {
  const settings = {
    config: DEFAULT_CONFIG,
    verifyWaiver: () => Promise.reject(new Error("there is none")),
    dryRun: false,
    now: 0,
  };
  const { findings, workloads } = await judgeAll(
    {
      workloads: bundle.workloads,
      claims: bundle.claims,
      view: bundle.viewFor(undefined),
      viewFor: (object) => bundle.viewFor(object),
    },
    settings,
  );
  return workloads
    .map(({ workload, source, verdict }) => {
      const own = findings.filter(
        (finding) =>
          finding.source?.file === source?.file &&
          finding.workload.namespace === workload.namespace &&
          finding.workload.name === workload.name,
      );
      const rules = own.map(({ rule }) => rule).sort();
      const place = `${source?.file.replace(`${TOP}/`, "")}:${source?.line}`;
      return `${place} ${workload.namespace}/${workload.name}: ${verdict}${rules.length === 0 ? "" : ` by ${rules.join(" ")}`}`;
    })
    .sort();
}

const notesOf = (bundle: Bundle): readonly string[] =>
  bundle.errors.map(
    ({ file, message, fatal }) => `${fatal ? "error" : "note"} ${file.replace(`${TOP}/`, "")}: ${message}`,
  );

const load = (options: LoadOptions = {}): Promise<Bundle> =>
  loadFiles([TOP], { tree: memoryTree(repositoryAt(TOP)), ...options });

/** The same whether rendered or not. */
const PLAIN = [
  ".k8s/tool.yaml:2 default/tool: deny by rwo-rolling-update",
  "apps/blog/mysql.yaml:2 default/mysql: allow",
  "apps/lost/app.yaml:2 default/lost: warn by claim-unknown",
  "apps/shop/mysql.yaml:2 default/mysql: deny by rwo-rolling-update",
  "apps/web/k8s/web.yaml:2 web/web: deny by rwo-rolling-update",
  "deploy/remote/app.yaml:2 far/far: warn by rwo-rolling-update",
  "kept.local.yaml:2 default/kept: allow",
];

t.test("rendered: each root is judged as it is rendered, and points to its source", async (t) => {
  const renderer = rendererOf(TOP);
  const bundle = await load({ renderer });
  t.same(
    renderer.asked.toSorted(),
    ["charts/api", "deploy/overlays/dev", "deploy/overlays/prod", "deploy/overlays/staging"],
    "bases, Components and subcharts are not rendered by themselves",
  );
  t.strictSame(
    await verdictsOn(bundle),
    [
      ...PLAIN,
      "charts/api/templates/app.yaml:1 default/api-api: deny by rwo-replicas rwo-rolling-update",
      "deploy/base/app.yaml:2 dev/core: allow",
      "deploy/base/app.yaml:2 prod/core: deny by rwo-replicas rwo-rolling-update",
      "deploy/base/app.yaml:2 staging/core: deny by rwo-rolling-update",
    ].sort(),
  );
  t.match(notesOf(bundle).toSorted(), [
    "note /repository: left out below the paths that were named",
    /^note ci\/templates\/job\.yaml: 1 document is a template that was not rendered/,
    /^note ci\/values\.yaml: it holds no Kubernetes object$/,
    /^note deploy\/remote: the kustomization was not rendered \(.*https:\/\/example\.com\/base\.yaml.*\), so its objects were judged as they are, with warnings at most: vendor it/,
  ]);
});

t.test("not rendered: patches are not objects, a namespace counts, and a word says so", async (t) => {
  const bundle = await load();
  t.strictSame(
    await verdictsOn(bundle),
    [...PLAIN, "deploy/base/app.yaml:2 default/core: warn by rwo-rolling-update"].sort(),
  );
  const notes = notesOf(bundle);
  t.equal(notes.filter((note) => note.includes("the kustomization was not rendered")).length, 4);
  t.match(
    notes.filter((note) => note.includes("the chart")),
    [
      /^note charts\/api: the chart was not rendered \(rendering is switched off\), so its 2 templates were not judged: render it yourself/,
    ],
    "one note for a chart",
  );
  t.equal(notes.filter((note) => note.startsWith("error")).length, 0);
  const skipped = notes.find((note) => note.includes("left out"));
  for (const part of ["1 vendored", "1 node_modules", "1 testdata", "2 ignored by .gitignore"])
    t.match(skipped, part);
  const strict = await load({ strict: true });
  t.ok(strict.errors.filter(({ fatal }) => fatal).length >= 6, "with --strict they are errors");
});

t.test(
  "an overlay that is named by itself is rendered with its base, as far as the repository goes",
  async (t) => {
    const named = [`${TOP}/deploy/overlays/prod`];
    const files = repositoryAt(TOP);
    const inRepository = await loadFiles(named, {
      tree: memoryTree({ ...files, [`${TOP}/.git/HEAD`]: "ref: refs/heads/main\n" }),
      renderer: rendererOf(TOP),
    });
    t.match(notesOf(inRepository), []);
    t.strictSame(await verdictsOn(inRepository), [
      "deploy/base/app.yaml:2 prod/core: deny by rwo-replicas rwo-rolling-update",
    ]);
    const alone = await loadFiles(named, { tree: memoryTree(files), renderer: rendererOf(TOP) });
    t.match(notesOf(alone), [/which is outside the tree.*name a folder that holds both/]);
  },
);

t.test("globs choose, and what is named is always read", async (t) => {
  const namesIn = async (paths: readonly string[], options: LoadOptions = {}) =>
    (
      await loadFiles(
        paths.map((path) => join(TOP, path)),
        { tree: memoryTree(repositoryAt(TOP)), ...options },
      )
    ).workloads
      .map(({ name }) => name)
      .toSorted();
  t.same(await namesIn(["apps"], { exclude: ["shop", "lost"] }), ["mysql", "web"], "a name at any depth");
  t.same(
    await namesIn(["apps"], { exclude: ["web/**", "lost/app.yaml"] }),
    ["mysql", "mysql"],
    "a path from the folder named",
  );
  t.same(await namesIn(["apps"], { exclude: ["*.yaml"] }), []);
  t.same(await namesIn(["node_modules"]), ["from-a-library"], "a folder that is named");
  t.same(await namesIn(["generated"]), ["generated"]);
  t.same(await namesIn(["mine.local.yaml"]), ["mine"]);
  t.ok((await namesIn(["."], { include: ["node_modules"] })).includes("from-a-library"));
  t.ok((await namesIn(["."], { include: ["*.local.yaml"] })).includes("mine"));
  t.notOk(
    (await namesIn(["."], { include: ["node_modules"], exclude: ["lib"] })).includes("from-a-library"),
    "excluded wins",
  );
});

function onDisk(t: Test): string {
  const folder = join(t.testdir({}), "repository");
  for (const [path, text] of Object.entries(REPOSITORY)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

interface Report {
  readonly findings: readonly { readonly source: { readonly file: string } | null }[];
  readonly workloads: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly verdict: string;
  }[];
}

async function checked(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { out, code } = await run(["check", ...words, "--format", "json"], { env });
  const { workloads, findings } = JSON.parse(out) as Report;
  return {
    code,
    findings,
    verdicts: workloads.map(({ namespace, name, verdict }) => `${namespace}/${name}: ${verdict}`).toSorted(),
  };
}

t.test("the disk and memory give the same", async (t) => {
  const folder = onDisk(t);
  const { verdicts, code } = await checked([folder, "--render", "never"]);
  const inMemory = (await verdictsOn(await load())).map((line) =>
    line.replace(/^\S+ /, "").replace(/ by .*/, ""),
  );
  t.strictSame(verdicts, inMemory.toSorted());
  t.equal(code, 1, "unrendered templates do not make it 2");
  t.equal((await checked([folder, "--render", "never", "--strict"])).code, 2, "but with --strict");
});

const kubectl = (process.env.PATH ?? "").split(delimiter).some((folder) => {
  try {
    accessSync(join(folder, "kubectl"), constants.X_OK);
    return true;
  } catch {
    return false;
  }
});

t.test("with the real tool", { skip: kubectl ? false : "kubectl is not on the PATH" }, async (t) => {
  const folder = onDisk(t);
  const { verdicts, findings } = await checked([join(folder, "deploy")], { PATH: process.env.PATH ?? "" });
  t.strictSame(verdicts, ["dev/core: allow", "far/far: warn", "prod/core: deny", "staging/core: deny"]);
  const files = new Set(findings.map(({ source }) => source?.file.replace(`${folder}/`, "")));
  t.same(
    [...files].toSorted(),
    ["deploy/base/app.yaml", "deploy/remote/app.yaml"],
    "findings point to the source",
  );
});

t.test("check and audit say which world held", async (t) => {
  const dump = `apiVersion: v1\nkind: Node\nmetadata: { name: n1, uid: u, resourceVersion: "1", labels: { kubernetes.io/hostname: n1 } }\n`;
  const folder = t.testdir({
    "dump.yaml": dump,
    "plain.yaml": "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n",
  });
  const rows: readonly [words: readonly string[], file: string, says: RegExp | undefined][] = [
    [[], "dump.yaml", /taken as complete.*as in a dump/],
    [["--open"], "dump.yaml", /taken as open/],
    [[], "plain.yaml", undefined],
    [["--closed"], "plain.yaml", /taken as complete.*--closed/],
  ];
  for (const [words, file, says] of rows) {
    for (const command of [["check"], ["audit", "--from"]]) {
      const { err } = await run([...command, join(folder, file), ...words]);
      if (says === undefined) t.equal(err, "", `${command[0]} ${file}`);
      else t.match(err.replace(/\s+/g, " "), says, `${command[0]} ${file} ${words.join(" ")}`);
    }
  }
  const { code, err } = await run(["check", folder, "--open", "--closed"]);
  t.equal(code, 2);
  t.match(err, /contradict each other/);
  t.equal((await run(["check", join(folder, "plain.yaml"), "--nodes", "0"])).code, 2);
  t.match(
    (await run(["check", join(folder, "plain.yaml"), "--nodes", join(folder, "plain.yaml")])).err,
    /holds no Node objects/,
  );
});

t.test("what the cluster has can be said: nodes, and a dump as surroundings", async (t) => {
  const folder = t.testdir({
    "app.yaml": REPOSITORY["apps/shop/mysql.yaml"] ?? "",
    "dump.yaml": (REPOSITORY["apps/blog/pvc.yaml"] ?? "").replace(
      "name: data",
      'name: data, namespace: default, uid: u, resourceVersion: "1"',
    ),
  });
  const app = join(folder, "app.yaml");
  t.same((await checked([app])).verdicts, ["default/mysql: warn"], "a claim that nobody knows");
  t.same(
    (await checked([app, "--cluster-facts", join(folder, "dump.yaml")])).verdicts,
    ["default/mysql: allow"],
    "a claim of the cluster",
  );
  t.same((await checked([app, "--nodes", "1"])).verdicts, ["default/mysql: allow"], "a cluster of one node");
});
