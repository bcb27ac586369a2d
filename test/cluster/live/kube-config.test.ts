import { join } from "node:path";
import t from "tap";
import { loadKubeConfig } from "../../../src/cluster/live/kube-config.ts";

const config = (name: string, current = name) => `
apiVersion: v1
kind: Config
clusters: [{name: ${name}, cluster: {server: "https://${name}.example.com:6443"}}]
users: [{name: ${name}, user: {token: ${name}-token}}]
contexts: [{name: ${name}, context: {cluster: ${name}, user: ${name}}}]
current-context: ${JSON.stringify(current)}
`;

const server = async (source: Parameters<typeof loadKubeConfig>[0]) =>
  (await loadKubeConfig(source)).getCurrentCluster()?.server;

t.test("looks where kubectl looks, after the pod's own account", async (t) => {
  const folder = t.testdir({
    one: config("one"),
    two: config("two"),
    "no-current": config("three", ""),
    home: { ".kube": { config: config("home") } },
    account: { token: "t", "ca.crt": "" },
  });
  const at = (name: string) => join(folder, name);
  const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
  const rows: [string, Parameters<typeof loadKubeConfig>[0], string][] = [
    [
      "--kubeconfig before everything",
      { kubeconfig: at("one"), env: { ...pod, KUBECONFIG: at("two") }, serviceAccount: at("account") },
      "one",
    ],
    ["KUBECONFIG before the home folder", { env: { KUBECONFIG: at("two"), HOME: at("home") } }, "two"],
    ["the first of several files wins", { env: { KUBECONFIG: `${at("one")}:${at("two")}` } }, "one"],
    [
      "a file that is missing from the list is left out",
      { env: { KUBECONFIG: `${at("none")}:${at("two")}` } },
      "two",
    ],
    [
      "the first current-context that is said",
      { env: { KUBECONFIG: `${at("no-current")}:${at("two")}` } },
      "two",
    ],
    ["--context over all files", { context: "two", env: { KUBECONFIG: `${at("one")}:${at("two")}` } }, "two"],
    ["the home folder last", { env: { HOME: at("home") } }, "home"],
    [
      "--context looks in files even in a pod",
      { context: "home", env: { ...pod, HOME: at("home") }, serviceAccount: at("account") },
      "home",
    ],
    [
      "no service account mounted: not a pod",
      { env: { ...pod, HOME: at("home") }, serviceAccount: at("none") },
      "home",
    ],
  ];
  for (const [why, source, expected] of rows) {
    t.equal(await server(source), `https://${expected}.example.com:6443`, why);
  }
  t.equal(await server({ env: pod, serviceAccount: at("account") }), "https://10.0.0.1:443");
  const six = { ...pod, KUBERNETES_SERVICE_HOST: "fd00::1" };
  t.equal(await server({ env: six, serviceAccount: at("account") }), "https://[fd00::1]:443");
});

t.test("says what is wrong and what would help", async (t) => {
  const folder = t.testdir({ broken: "clusters: [", empty: "", "no-context": config("one", "gone") });
  const at = (name: string) => join(folder, name);
  const rows: [string, Parameters<typeof loadKubeConfig>[0], RegExp][] = [
    ["nothing anywhere", { env: {} }, /no cluster to connect to.*--kubeconfig FILE/],
    ["a file that is not there", { kubeconfig: at("none"), env: {} }, /none cannot be used: ENOENT/],
    ["a file that is no YAML", { kubeconfig: at("broken"), env: {} }, /broken cannot be used/],
    ["an empty file", { kubeconfig: at("empty"), env: {} }, /empty cannot be used|names no cluster/],
    [
      "a context that is not there",
      { kubeconfig: at("no-context"), env: {} },
      /context "gone" names no cluster.*one/,
    ],
    [
      "--context that is not there",
      { kubeconfig: at("no-context"), context: "x", env: {} },
      /context "x".*--context/,
    ],
  ];
  for (const [why, source, message] of rows) {
    await t.rejects(loadKubeConfig(source), { code: "AG_ERR_CONFIG", message }, why);
  }
});
