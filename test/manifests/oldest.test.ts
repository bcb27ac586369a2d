import { spawnSync } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { HELMS, isHook, objectsOf } from "../charts/helm.ts";
import { type Manifest, OVERLAYS, render, WITHOUT_KUBECTL } from "./render.ts";

// The oldest Kubernetes that is promised knows every field of the manifests and of the chart.

const VALIDATOR = process.env.KUBECTL_VALIDATE ?? "kubectl-validate";
const there = spawnSync(VALIDATOR, ["--help"], { stdio: "ignore" }).status === 0;
const skip = !there
  ? "SKIPPED: there is no kubectl-validate on the PATH; KUBECTL_VALIDATE may name one"
  : (WITHOUT_KUBECTL ?? false);

const OLDEST = "1.30";

/** Kinds of operators, whose schemas are theirs. */
const FOREIGN = /^(cert-manager\.io|monitoring\.coreos\.com)\//;

/** The validator wants of names of roles what the API server does not: they may have colons. */
function withoutColons({ metadata, roleRef, ...rest }: Manifest): object {
  const plain = (text: string) => text.replaceAll(":", "-");
  const named = { ...rest, metadata: { ...metadata, name: plain(metadata.name) } };
  if (roleRef === undefined) return named;
  return {
    ...named,
    roleRef: { ...(roleRef as { name: string }), name: plain((roleRef as { name: string }).name) },
  };
}

function problems(t: Tap, objects: readonly Manifest[]): string {
  const own = objects.filter(({ apiVersion }) => !FOREIGN.test(apiVersion));
  const text = own.map((object) => `---\n${JSON.stringify(withoutColons(object))}\n`).join("");
  const file = join(t.testdir({ "objects.yaml": text }), "objects.yaml");
  const { status, stdout, stderr } = spawnSync(VALIDATOR, ["--version", OLDEST, file], { encoding: "utf8" });
  return status === 0 ? "" : stdout + stderr;
}

type Tap = { testdir(content: Record<string, string>): string };

t.test(`Kubernetes ${OLDEST} knows every field of the manifests`, { skip }, async (t) => {
  for (const path of ["base", ...OVERLAYS.map((name) => `overlays/${name}`)])
    t.equal(problems(t, render(`manifests/${path}`)), "", path);
});

t.test(`and every field of the chart, its hooks and its test`, { skip }, async (t) => {
  if (HELMS.length === 0) return t.comment("SKIPPED: there is no helm");
  const objects = objectsOf({ kubeVersion: `${OLDEST}.0`, values: { failurePolicy: "Fail" } });
  t.ok(objects.some(isHook));
  t.equal(problems(t, objects), "");
});

t.test("a field that it does not know is seen", { skip }, async (t) => {
  const [service] = render("manifests/base").filter(({ kind }) => kind === "Service");
  t.match(problems(t, [{ ...(service as Manifest), wat: 1 }]), "wat");
});
