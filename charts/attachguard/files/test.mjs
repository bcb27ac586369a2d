// What `helm test` runs: asks the API server, as a dry run, for a Deployment whose two replicas need one disk, and
// expects what the mode answers. Arguments: the namespace to ask in, the mode.
import { readFileSync } from "node:fs";

const [namespace, mode] = process.argv.slice(-2);
const account = process.env.SERVICE_ACCOUNT ?? "/var/run/secrets/kubernetes.io/serviceaccount";
const server = process.env.API_SERVER ?? "https://kubernetes.default.svc";
const labels = { app: "attachguard-test" };
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "attachguard-test", namespace },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        containers: [
          {
            name: "test",
            image: "attachguard.invalid/test",
            volumeMounts: [{ name: "disk", mountPath: "/disk" }],
          },
        ],
        volumes: [{ name: "disk", awsElasticBlockStore: { volumeID: "attachguard-test" } }],
      },
    },
  },
};

async function ask() {
  const response = await fetch(`${server}/apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${readFileSync(`${account}/token`, "utf8").trim()}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(deployment),
    signal: AbortSignal.timeout(20_000),
  });
  const { message = "" } = await response.json();
  const warnings = response.headers.get("warning") ?? "";
  const denied = response.status === 403 && message.includes("[rwo-replicas]");
  if (denied) return "denied";
  if (!response.ok) throw new Error(`${response.status}: ${message}`);
  return warnings.includes("rwo-replicas") ? "allowed with a warning" : "allowed without a word";
}

const EXPECTED = { enforce: "denied", warn: "allowed with a warning" };
const expected = EXPECTED[mode] ?? "allowed without a word";

// The API server applies a changed webhook configuration within seconds.
let answer;
for (let attempt = 0; attempt < 10 && answer !== expected; attempt++) {
  if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, Number(process.env.PAUSE_MS ?? 2_000)));
  answer = await ask();
}
console.log(`mode ${mode}: a Deployment of two replicas on one disk is ${answer}; expected: ${expected}`);
if (answer !== expected) {
  console.log(
    `Either the API server does not reach the servers (kubectl get pods; failurePolicy), or namespace ${namespace} has a label attachguard.dev/mode, or another policy answered.`,
  );
  process.exitCode = 1;
}
