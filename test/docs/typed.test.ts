import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseAllDocuments } from "yaml";
import { run } from "../cli/run.ts";
import { PLAIN_ENV } from "../library/packed.ts";
import { ROOT } from "../manifests/render.ts";
import { needsCluster, PAGES, type Typed, typedIn } from "./shown.ts";

// Commands in blocks without a mark need files of one's own, or a cluster. Those of attachguard are right in each word,
// and where they need only files, they are run, in a repository that has what they name.

const typed = typedIn(PAGES);

const GROUPS = ["webhooks", "waiver"];

t.test("every command that is shown exists, with every option", async (t) => {
  t.ok(typed.length > 25, `${typed.length} commands`);
  for (const { place, words } of typed) {
    const path = words.slice(0, GROUPS.includes(words[0] ?? "") ? 2 : 1);
    const help = await run([...path, "--help"]);
    t.equal(help.code, 0, `${place}: ${words.join(" ")}`);
    t.match(help.out, `attachguard ${path.join(" ")} `, `${place}: it has a help of its own`);
    for (const option of words.filter((word) => /^--?[a-zA-Z]/.test(word))) {
      const [name = ""] = option.split("=");
      t.match(help.out, new RegExp(`(^|[\\s,])${name}[\\s,=<[]`, "m"), `${place}: ${name}`);
    }
  }
});

/** Reads what another program writes into it. */
const reads = ({ words }: Typed) => words.at(-1) === "-";

t.test("those that need only files are run, in the order in which they stand", async (t) => {
  const folder = t.testdir();
  const git = (...words: readonly string[]) =>
    execFileSync("git", ["-c", "user.name=n", "-c", "user.email=n@example.com", ...words], {
      cwd: folder,
      env: PLAIN_ENV,
      stdio: "ignore",
    });
  cpSync(join(ROOT, "manifests/examples/logger-recreate"), join(folder, "k8s"), { recursive: true });
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "--message", "before");
  git("update-ref", "refs/remotes/origin/main", "HEAD");
  cpSync(join(ROOT, "manifests/examples/logger-rolling-update"), join(folder, "k8s"), { recursive: true });
  git("add", ".");
  git("commit", "--quiet", "--message", "after");
  const text = readFileSync(join(ROOT, "test/fixtures/api/objects.yaml"), "utf8");
  const items = parseAllDocuments(text).map((document) => document.toJS());
  const dump = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  for (const name of ["dump.json", "before.json"]) writeFileSync(join(folder, name), dump);
  const decision = {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    stage: "ResponseComplete",
    annotations: {},
  };
  mkdirSync(join(folder, "logs"));
  writeFileSync(join(folder, "audit.log"), `${JSON.stringify(decision)}\n`);

  const runnable = typed.filter((command) => !needsCluster(command) && !reads(command));
  t.ok(runnable.length >= 10, `${runnable.length} commands`);
  for (const { place, words } of runnable) {
    // Logs of the machine that the API server runs on.
    const here = words
      .filter((word) => !word.includes("*"))
      .map((word) => word.replace("/var/log/kubernetes/", ""));
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "src/cli/main.ts"), ...here], {
      cwd: folder,
      env: PLAIN_ENV,
      encoding: "utf8",
    });
    // 1 is an answer too, and of a diagnosis 2: no pods are among the objects, so what is stuck cannot be seen.
    const answers = words[0] === "diagnose" ? [0, 1, 2] : [0, 1];
    const what = `${place}: ${words.join(" ")} ended with ${status}: ${stderr}${stdout}`;
    t.ok(answers.includes(status ?? -1), what);
    t.notMatch(stderr, /^(error: (unknown|option|missing)|AG_ERR)/, what);
  }
});
