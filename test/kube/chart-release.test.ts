import t from "tap";
import { loadFiles, parseBundle } from "../../src/cluster/files.ts";
import { chartReleaseFrom } from "../../src/kube/chart-release.ts";
import { memoryTree } from "../support/memory-tree.ts";
import { deployment, file } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const AT = { file: "apps.yaml", line: 1, column: 1 };

const object = (apiVersion: string, kind: string, spec: Raw, name = "paperless"): Raw => ({
  apiVersion,
  kind,
  metadata: { namespace: "home", name },
  spec,
});
const helmRelease = (name?: string) =>
  object(
    "helm.toolkit.fluxcd.io/v2",
    "HelmRelease",
    { chart: { spec: { chart: "app-template" } }, values: { persistence: { existingClaim: "data" } } },
    name,
  );

t.test("tells which objects have a chart installed", async (t) => {
  const rows: readonly (readonly [object: unknown, found: boolean, why: string])[] = [
    [helmRelease(), true, "Flux"],
    [object("helm.toolkit.fluxcd.io/v2beta1", "HelmRelease", {}), true, "in an earlier version"],
    [object("helm.cattle.io/v1", "HelmChart", { chart: "traefik" }), true, "k3s"],
    [
      object("argoproj.io/v1alpha1", "Application", { source: { chart: "grafana" } }),
      true,
      "Argo CD, from a registry",
    ],
    [
      object("argoproj.io/v1alpha1", "Application", { sources: [{ path: "values" }, { chart: "grafana" }] }),
      true,
      "among several sources",
    ],
    [
      object("argoproj.io/v1alpha1", "ApplicationSet", { template: { spec: { source: { chart: "x" } } } }),
      true,
      "by a template",
    ],
    [
      object("argoproj.io/v1alpha1", "Application", { source: { path: "apps/web" } }),
      false,
      "a folder, which is read by itself",
    ],
    [
      object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", { path: "./apps" }),
      false,
      "a folder of Flux",
    ],
    [object("example.com/v1", "HelmRelease", {}), false, "a kind of somebody else"],
    [deployment(), false, "a workload"],
    [null, false, "nothing"],
  ];
  for (const [raw, found, why] of rows) t.equal(chartReleaseFrom(raw, AT) !== undefined, found, why);
});

t.test("one note says of all of them that what they make was not judged", async (t) => {
  const three = [helmRelease("first"), helmRelease("second"), helmRelease("third")];
  t.strictSame(parseBundle([{ file: "apps.yaml", text: file(...three) }]).errors, [
    {
      ...AT,
      message:
        "3 objects have charts installed (HelmRelease home/first, HelmRelease home/second and HelmRelease home/third), and what a chart makes is not among the files: it was not judged; render it with these values (helm template), and pass the output to `attachguard check -`",
      fatal: false,
      unrendered: true,
    },
  ]);
  const [one] = parseBundle([{ file: "apps.yaml", text: file(helmRelease(), deployment()) }]).errors;
  t.match(one?.message, /^HelmRelease home\/paperless has a chart installed, and what the chart makes/);
  const many = Array.from({ length: 40 }, (_, at) => helmRelease(`app-${at}`));
  t.match(
    parseBundle([{ file: "apps.yaml", text: file(...many) }]).errors[0]?.message,
    "40 objects have charts installed (HelmRelease home/app-0, HelmRelease home/app-1, HelmRelease home/app-2 and 37 more)",
  );
});

t.test("in a dump what a chart makes stands beside it", async (t) => {
  const stored = { ...helmRelease(), metadata: { name: "paperless", uid: "u", resourceVersion: "1" } };
  t.strictSame(parseBundle([{ file: "dump.json", text: JSON.stringify(stored) }]).errors, []);
});

t.test("with --strict it is an error, as for any chart", async (t) => {
  const tree = memoryTree({ "/repository/apps.yaml": file(helmRelease()) });
  const errorsWith = async (strict: boolean) =>
    (await loadFiles(["/repository"], { tree, strict })).errors.map(({ fatal }) => fatal);
  t.strictSame(await errorsWith(false), [false]);
  t.strictSame(await errorsWith(true), [true]);
});
