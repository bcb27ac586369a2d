import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { run } from "../cli/run.ts";
import { ApiServerDouble } from "../support/api-server/api-server.ts";
import { writeKubeConfig } from "../support/api-server/live.ts";
import { servedKind } from "../support/api-server/resources.ts";
import type { RuleManifest } from "./render.ts";

const FILE = join(import.meta.dirname, "../../manifests/components/diagnose-reader/read.yaml");

t.test("the ClusterRole allows what diagnose asks for, and nothing else", async (t) => {
  const { rules } = parse(readFileSync(FILE, "utf8")) as { rules: readonly RuleManifest[] };
  const allowed = rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    resources.flatMap((resource) =>
      verbs.map((verb) => [verb, apiGroups.join(), resource, (resourceNames ?? []).join()].join(" ")),
    ),
  );
  const double = await ApiServerDouble.start();
  t.teardown(() => double.stop());
  double.put({ kind: "Namespace", metadata: { name: "kube-system" } });
  const kubeconfig = join(t.testdir(), "kubeconfig");
  writeKubeConfig(kubeconfig, double.url);
  const asked = new Set<string>();
  double.fault = ({ verb, kind, name }) => {
    const { apiVersion, plural } = servedKind(kind);
    const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
    asked.add([verb, group, plural, name].join(" "));
    return undefined;
  };
  for (const scope of [["-A"], ["-n", "shop"]])
    t.equal((await run(["diagnose", ...scope, "--kubeconfig", kubeconfig])).code, 0);
  t.strictSame(allowed.toSorted(), [...asked].toSorted());
});
