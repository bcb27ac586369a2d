import t from "tap";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import type { Config } from "../../src/config/model.ts";
import { effectiveMode, isExcluded, namespaceExemption } from "../../src/config/scope.ts";

const config: Config = {
  ...DEFAULT_CONFIG,
  mode: "enforce",
  namespaces: {
    excluded: ["kube-system", "openshift-*"],
    exempt: [
      { name: "legacy-db", reason: "first" },
      { name: "legacy-*", reason: "second" },
    ],
  },
  callers: [
    { users: ["system:serviceaccount:argocd:*"], groups: [], mode: "audit" },
    { users: [], groups: ["ops", "breakglass"], mode: "off" },
    { users: ["alice"], groups: ["ops"], mode: "warn" },
  ],
};

t.test("namespaces are excluded and exempted by name or pattern", async (t) => {
  t.ok(isExcluded(config, "kube-system"));
  t.ok(isExcluded(config, "openshift-etcd"));
  t.notOk(isExcluded(config, "default"));
  t.notOk(isExcluded(config, "kube-system-2"), "a name is not a prefix");
  t.notOk(isExcluded(config, "my-openshift-x"), "a pattern fits from the beginning");
  t.equal(namespaceExemption(config, "legacy-db"), "first", "the first entry counts");
  t.equal(namespaceExemption(config, "legacy-web"), "second");
  t.equal(namespaceExemption(config, "default"), null);
});

t.test("a request gets the milder of the namespace's mode and the caller's", async (t) => {
  const argo = { username: "system:serviceaccount:argocd:controller", groups: [] };
  const alice = { username: "alice", groups: ["dev"] };
  for (const [namespaceMode, caller, expected, why] of [
    ["enforce", { username: "bob", groups: ["dev"] }, "enforce", "nothing said: the default mode"],
    ["audit", { username: "bob", groups: [] }, "audit", "the namespace's label"],
    ["enforce", argo, "audit", "a user pattern"],
    ["enforce", argo, "audit", "milder than the label"],
    ["off", argo, "off", "the label is milder still"],
    ["warn", alice, "warn", "the same"],
    ["audit", alice, "audit", "a caller never makes it stricter"],
    ["enforce", { username: "alice", groups: ["ops"] }, "off", "the first entry that matches counts"],
  ] as const) {
    t.equal(effectiveMode(config, namespaceMode, caller), expected, why);
  }
});
