import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { needsCluster, PAGES, shownIn, typedIn } from "../docs/shown.ts";
import { PLAIN_ENV } from "../library/packed.ts";
import { ROOT } from "../manifests/render.ts";
import { findBinaries } from "./binaries.ts";
import { Cluster } from "./cluster.ts";
import { claim, namespace, STORAGE, workload } from "./objects.ts";
import { install } from "./webhook.ts";

// The commands of the documentation that need a cluster, as they are printed. The installation has no pods here.

t.setTimeout(300_000);
const binaries = await findBinaries();
const skip = "skipped" in binaries ? binaries.skipped : false;

/** What cannot be typed here, and where it is run instead. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [/rollout status| logs |port-forward/, "needs pods"],
  [/https:\/\//, "needs a network"],
  [/my-overlay| delete -k /, "install.test.ts"],
  [/-f folder\//, "admission.test.ts"],
  [/kubectl attachguard/, "release.test.ts"],
  [/reports\.openreports\.io|--write-reports|overlays\/reports/, "reports.test.ts"],
  [/webhooks remove/, "chart.test.ts"],
  [/--watch/, "never ends: no controller makes the workload healthy"],
  [/…/, "names no object"],
];

const isElsewhere = (line: string) => ELSEWHERE.some(([pattern]) => pattern.test(line));

/** Contexts that the pages name. */
const CONTEXTS = ["eu", "us", "prod", "production", "eu-1", "eu-2", "us-1"];

let cluster: Cluster;

t.before(async () => {
  if ("skipped" in binaries) return;
  cluster = await Cluster.start(binaries);
  await install(cluster);
  const objects = [namespace("shop"), namespace("monitoring"), claim("shop"), workload("shop")];
  await cluster.mustApply([...STORAGE, ...objects]);
  const config = JSON.parse(await cluster.must(["config", "view", "--raw", "-o", "json"]));
  const [{ context }] = config.contexts;
  config.contexts.push(...CONTEXTS.map((name) => ({ name, context })));
  await writeFile(join(cluster.folder, "contexts"), JSON.stringify(config));
});

t.after(async () => {
  await cluster?.stop();
});

const kubectlLines = PAGES.flatMap((page) => shownIn(page))
  .filter(({ mark, line }) => mark === "" && line.startsWith("kubectl ") && !isElsewhere(line))
  .map(({ place, line }) => ({
    place,
    line: line.replace(/\s+#.*$/, "").replaceAll(" manifests/", ` ${ROOT}manifests/`),
  }));

t.test("what is typed for kubectl", { skip }, async (t) => {
  t.ok(kubectlLines.length >= 10, `${kubectlLines.length} commands`);
  for (const { place, line } of kubectlLines) {
    // Some pages end with uninstalling.
    await cluster.must(["apply", "-k", `${ROOT}manifests/base`]);
    const { code, stderr } = await cluster.typed(`cd ${cluster.folder} && ${line}`);
    t.equal(code, 0, `${place}: ${line}: ${stderr}`);
  }
});

t.test("what is typed for attachguard", { skip }, async (t) => {
  const folder = join(cluster.folder, "typed");
  await mkdir(folder);
  const type = (...words: readonly string[]) =>
    spawnSync(process.execPath, [join(ROOT, "src/cli/main.ts"), ...words], {
      cwd: folder,
      env: { ...PLAIN_ENV, KUBECONFIG: join(cluster.folder, "contexts") },
      encoding: "utf8",
    });
  type("audit", "--format", "json=last-week.json");
  const decision = {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    stage: "ResponseComplete",
    annotations: {},
  };
  await writeFile(join(folder, "audit.log"), `${JSON.stringify(decision)}\n`);
  const commands = typedIn(PAGES).filter(
    (command) => needsCluster(command) && !isElsewhere(command.words.join(" ")),
  );
  t.ok(commands.length > 10, `${commands.length} commands`);
  for (const { place, words } of commands) {
    const { status, stdout, stderr } = type(...words);
    t.ok(
      status === 0 || status === 1,
      `${place}: ${words.join(" ")} ended with ${status}: ${stderr}${stdout}`,
    );
  }
});

// The control plane keeps the process alive until the end of the suite has stopped it.
t.end();
