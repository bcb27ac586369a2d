import t from "tap";
import { managedBy } from "../../src/kube/managed-by.ts";
import { judge } from "../support/judge.ts";
import { claim, deployment, storageClass } from "../support/objects.ts";

t.test("labels and annotations by which tools mark what they manage", async (t) => {
  for (const [metadata, tool] of [
    [{ labels: { "app.kubernetes.io/managed-by": "Helm" } }, "Helm"],
    [{ labels: { "app.kubernetes.io/managed-by": "us" } }, undefined],
    [{ labels: { "argocd.argoproj.io/instance": "shop" } }, "Argo CD"],
    [{ annotations: { "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web" } }, "Argo CD"],
    [{ labels: { "kustomize.toolkit.fluxcd.io/name": "apps" } }, "Flux"],
    [{ annotations: { "meta.helm.sh/release-name": "web" } }, "Helm"],
    [{}, undefined],
  ] as const) {
    t.equal(managedBy({ metadata })?.tool, tool, JSON.stringify(metadata));
  }
});

t.test("a finding says where to change what a tool manages, since a live patch is undone", async (t) => {
  const base = deployment();
  const subject = {
    ...base,
    metadata: {
      ...(base as { metadata: object }).metadata,
      labels: { "app.kubernetes.io/managed-by": "Helm" },
    },
  };
  const [finding] = judge(subject, [claim(), storageClass]).findings;
  t.match(finding?.notes, [
    /^Helm seems to manage it \(app.kubernetes.io\/managed-by=Helm\): change the values or templates of its chart/,
  ]);
});
