import { posix } from "node:path";
import t from "tap";
import { loadFiles } from "../../src/cluster/files.ts";
import { DEFAULT_CONFIG } from "../../src/config/defaults.ts";
import { judgeAll } from "../../src/judge/all.ts";
import { findingPlaces } from "../../src/judge/finding-places.ts";
import { appText, claimText } from "../cluster/files/repository.ts";
import { bundle } from "../support/bundle.ts";
import { memoryTree } from "../support/memory-tree.ts";
import { autoscaler, claim, deployment, file, statefulSet, storageClass } from "../support/objects.ts";

const TOP = "/repository";
const BASE = appText("web", { spec: "replicas: 1" });

/** `rule file:line text` for each finding of a base and an overlay that renders to a text. */
async function placesOf(kustomization: string, rendered: string): Promise<readonly string[]> {
  const files = {
    [`${TOP}/base/kustomization.yaml`]: "resources: [web.yaml]\n",
    [`${TOP}/base/web.yaml`]: `${BASE}${claimText()}`,
    [`${TOP}/prod/${kustomization}`]: "resources: [../base]\npatches: [{path: patch.yaml}]\n",
    [`${TOP}/prod/patch.yaml`]: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n",
  };
  const tree = memoryTree(files);
  const bundle = await loadFiles([TOP], {
    tree,
    renderer: {
      render: async ({ root }) => {
        if (posix.basename(root) !== "prod") throw new Error(`nobody should render ${root}`);
        return {
          state: "rendered",
          text: rendered,
          tool: { name: "kubectl", path: "/usr/bin/kubectl", version: "v1" },
        };
      },
    },
  });
  const { findings } = await judgeAll(
    {
      workloads: bundle.workloads,
      claims: bundle.claims,
      view: bundle.viewFor(undefined),
      viewFor: (object) => bundle.viewFor(object),
    },
    {
      config: DEFAULT_CONFIG,
      verifyWaiver: () => Promise.reject(new Error("there is none")),
      dryRun: false,
      now: 0,
    },
  );
  const placed = await findingPlaces(findings, async (file) =>
    Buffer.from(await tree.readFile(file)).toString("utf8"),
  );
  return findings
    .map((finding) => {
      const { place } = placed(finding);
      return `${finding.rule} ${place?.file.replace(`${TOP}/`, "")}:${place?.line} ${place?.text?.trim() ?? ""}`;
    })
    .toSorted();
}

t.test("a value that a kustomization gives is not decided by the line of the base", async (t) => {
  t.strictSame(await placesOf("kustomization.yaml", `${BASE}${claimText()}`), [
    "rwo-rolling-update base/web.yaml:6 spec:",
  ]);
  const scaled = BASE.replace("replicas: 1", "replicas: 3");
  for (const name of ["kustomization.yaml", "kustomization.yml", "Kustomization"]) {
    t.strictSame(await placesOf(name, `${scaled}${claimText()}`), [
      `rwo-replicas prod/${name}:1 `,
      "rwo-rolling-update base/web.yaml:6 spec:",
    ]);
  }
  const rolling = BASE.replace("replicas: 1", "replicas: 1\n  strategy: {rollingUpdate: {maxSurge: 1}}");
  t.strictSame(await placesOf("kustomization.yaml", `${rolling}${claimText()}`), [
    "rwo-rolling-update prod/kustomization.yaml:1 ",
  ]);
});

t.test(
  "an object that no file holds points to the kustomization's own file, whatever its name",
  async (t) => {
    const other = BASE.replaceAll("name: web", "name: other");
    t.strictSame(await placesOf("kustomization.yml", `${other}${claimText()}`), [
      "rwo-rolling-update prod/kustomization.yml:1 ",
    ]);
  },
);

t.test("beside the line that decides stand the object itself and the others, once each", async (t) => {
  const related = async (rule: string, ...objects: readonly Readonly<Record<string, unknown>>[]) => {
    const text = file(...objects);
    const { view, bundle: read } = bundle(text);
    const { findings } = await judgeAll(
      { view, workloads: read.workloads, claims: read.claims },
      {
        config: DEFAULT_CONFIG,
        verifyWaiver: () => Promise.reject(new Error("none")),
        dryRun: false,
        now: 0,
      },
    );
    const placed = await findingPlaces(findings, async () => text);
    return findings
      .filter((finding) => finding.rule === rule)
      .map((finding) => {
        const { place, relatedPlaces } = placed(finding);
        return [
          place?.line,
          relatedPlaces.map(({ object, place: at }) => `${object.kind} ${object.name}:${at.line}`),
        ];
      });
  };
  const recreate = { strategy: { type: "Recreate" } };
  const one = deployment({ workload: recreate });
  // Each object is one line, with `---` between them.
  t.strictSame(await related("rwo-rolling-update", deployment(), claim(), storageClass), [
    [1, ["PersistentVolumeClaim data:3"]],
  ]);
  t.strictSame(
    await related("rwo-autoscaling", one, claim(), storageClass, autoscaler({ max: 3 })),
    [[7, ["Deployment web:1", "PersistentVolumeClaim data:3"]]],
    "an autoscaler of the workload's name decides",
  );
  t.strictSame(
    await related("rwo-autoscaling", one, claim(), storageClass, autoscaler({ name: "other", max: 3 })),
    [[7, ["Deployment web:1", "PersistentVolumeClaim data:3"]]],
    "or one of another name",
  );
  const namesake = claim({ name: "web" });
  t.strictSame(
    await related("rwo-rolling-update", deployment({ claims: ["web"] }), namesake, storageClass),
    [[1, ["PersistentVolumeClaim web:3"]]],
    "a claim of the workload's name is another object",
  );
  const shared = await related(
    "rwo-shared-claim",
    one,
    statefulSet({ name: "db", workload: recreate, labels: { app: "db" } }),
    claim(),
    storageClass,
  );
  t.strictSame(shared, [
    [1, ["PersistentVolumeClaim data:5", "StatefulSet db:3"]],
    [3, ["PersistentVolumeClaim data:5", "Deployment web:1"]],
  ]);
});
