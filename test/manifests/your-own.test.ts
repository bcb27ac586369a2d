import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import t from "tap";
import { parseConfig } from "../../src/config/parse.ts";
import {
  configOf,
  type Manifest,
  OVERLAYS,
  parseManifests,
  podOf,
  ROOT,
  render,
  select,
  WITHOUT_KUBECTL,
  webhooksOf,
} from "./render.ts";

// Overlays of one's own: another image, another namespace, on top of the base and of every component.

const skip = WITHOUT_KUBECTL ?? false;
const readme = await readFile(`${ROOT}manifests/README.md`, "utf8");
const { version } = JSON.parse(await readFile(`${ROOT}package.json`, "utf8")) as { version: string };

const folder = await mkdtemp(join(tmpdir(), "attachguard-overlay-"));
t.teardown(() => rm(folder, { recursive: true }));
const manifests = relative(join(folder, "overlay"), `${ROOT}manifests`);

/** Renders a kustomization that a person wrote; `{manifests}` in it is this repository's folder. */
async function rendered(name: string, kustomization: string): Promise<readonly Manifest[]> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(
    join(folder, name, "kustomization.yaml"),
    kustomization.replaceAll("{manifests}", manifests),
  );
  return render(relative(ROOT, join(folder, name)));
}

/** Each component on top of a base. */
async function withEach(
  base: string,
  rest: string,
  act: (name: string, objects: readonly Manifest[]) => void,
): Promise<void> {
  for (const name of await readdir(`${ROOT}manifests/components`)) {
    act(
      name,
      await rendered(name, `resources: [${base}]\ncomponents: [{manifests}/components/${name}]\n${rest}`),
    );
  }
}

/** Where a name still stands anywhere in the objects. */
function places(objects: readonly Manifest[], word: string): readonly string[] {
  return objects
    .filter((object) => JSON.stringify(object).includes(word))
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
}

t.test("five lines change the image and the namespace everywhere", { skip }, async (t) => {
  const shown = /five lines:\n\n```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  t.equal(shown.trim().split("\n").length, 5);
  const objects = await rendered(
    "overlay",
    shown.replace("github.com/your-fork/attachguard/manifests", "{manifests}"),
  );
  t.match(podOf(objects).container.image, `registry.example.com/attachguard:${version}`);
  t.strictSame(places(objects, "attachguard-system"), [], "the old namespace is nowhere");
  for (const [name, { namespaceSelector, clientConfig }] of webhooksOf(objects)) {
    const [expression] = namespaceSelector.matchExpressions;
    t.strictSame(expression?.values, ["kube-system", "storage-guard"], `${name} leaves out the server's own`);
    t.equal(clientConfig.service?.namespace, "storage-guard", name);
  }
  t.equal(select(objects, "Namespace", "storage-guard").kind, "Namespace");
});

const kustomize = process.env.KUSTOMIZE ?? "kustomize";
const withoutKustomize =
  spawnSync(kustomize, ["version"], { stdio: "ignore" }).status === 0
    ? skip
    : "SKIPPED: there is no kustomize beside kubectl's; KUSTOMIZE may name one";

t.test("kustomize by itself renders the same as kubectl", { skip: withoutKustomize }, async (t) => {
  await rendered("own", "resources: [{manifests}/base]\nnamespace: storage-guard\n");
  const paths = ["base", ...OVERLAYS.map((name) => `overlays/${name}`)].map(
    (path) => `${ROOT}manifests/${path}`,
  );
  for (const path of [...paths, join(folder, "own")]) {
    const { status, stdout, stderr } = spawnSync(kustomize, ["build", path], { encoding: "utf8" });
    t.equal(status, 0, `${path}: ${stderr}`);
    t.strictSame(parseManifests(stdout), render(relative(ROOT, path)), path);
  }
});

t.test("the server learns its namespace from its pod", { skip }, async (t) => {
  const { env } = podOf(render("manifests/base")).container;
  t.strictSame(env, [
    { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
  ]);
  const config = parseConfig(configOf(render("manifests/base")), "config.yaml", "storage-guard");
  t.strictSame(config.namespaces.excluded, ["kube-system", "storage-guard"]);
  t.equal(config.tls.selfManaged?.namespace, "storage-guard");
});

t.test("a namespace set in a layer beneath reaches every component", { skip }, async (t) => {
  await rendered("layer", "resources: [{manifests}/base]\nnamespace: storage-guard\n");
  await withEach("../layer", "", (name, objects) =>
    t.strictSame(places(objects, "attachguard-system"), [], name),
  );
});

t.test("one layer is enough for every component but cert-manager, as the page says", { skip }, async (t) => {
  await withEach("{manifests}/base", "namespace: storage-guard\n", (name, objects) =>
    t.equal(places(objects, "attachguard-system").length > 0, name === "cert-manager", name),
  );
  t.match(readme, "cert-manager needs the namespace in a layer of its own beneath it");
});

t.test(
  "fail-closed is so for the entries of every component, named before it or after",
  { skip },
  async (t) => {
    for (const name of ["argo-rollouts", "keda", "openshift"]) {
      for (const order of [
        [name, "fail-closed"],
        ["fail-closed", name],
      ]) {
        const components = order.map((each) => `{manifests}/components/${each}`).join(", ");
        const objects = await rendered(
          "closed",
          `resources: [{manifests}/base]\ncomponents: [${components}]\n`,
        );
        const entries = [...webhooksOf(objects)];
        t.ok(entries.length > webhooksOf(render("manifests/base")).size, `${name} has entries of its own`);
        for (const [entry, { failurePolicy, matchConditions }] of entries) {
          t.equal(failurePolicy, "Fail", `${order.join(", ")}: ${entry}`);
          const spared = matchConditions.some((condition) => condition.name === "not-a-built-in-controller");
          t.equal(
            spared,
            /^(scale|claims)\./.test(entry),
            `${order.join(", ")}: ${entry}: built-in controllers`,
          );
        }
      }
    }
  },
);

const RECOMMENDED = {
  "app.kubernetes.io/name": "attachguard",
  "app.kubernetes.io/version": version,
  "app.kubernetes.io/component": /^[a-z-]+$/,
  "app.kubernetes.io/part-of": "attachguard",
  "app.kubernetes.io/managed-by": "kustomize",
};

t.test("every object carries the recommended labels", { skip }, async (t) => {
  for (const path of ["base", ...OVERLAYS.map((name) => `overlays/${name}`)]) {
    const objects = render(`manifests/${path}`);
    for (const { kind, metadata } of objects) {
      t.match(metadata.labels, RECOMMENDED, `${path}: ${kind} ${metadata.name}`);
    }
    t.match(podOf(objects).deployment.template.metadata.labels, RECOMMENDED, `${path}: the pods`);
    t.strictSame(
      podOf(objects).deployment.selector.matchLabels,
      { "app.kubernetes.io/name": "attachguard" },
      "what a version changes is in no selector",
    );
  }
});

t.test("the page names every overlay and every file of the base", async (t) => {
  for (const name of OVERLAYS) t.match(readme, `[${name}](overlays/${name})`, name);
  const resources = (await readdir(`${ROOT}manifests/base`)).filter((file) => file !== "kustomization.yaml");
  for (const file of resources) t.match(readme, `[${file}](base/${file})`, file);
  for (const [, path = ""] of readme.matchAll(/\]\((base\/[\w.-]+|overlays\/[\w-]+|components)\)/g)) {
    await t.resolves(
      readFile(`${ROOT}manifests/${path}`).catch((error) => {
        if (error.code !== "EISDIR") throw error;
      }),
      path,
    );
  }
});
