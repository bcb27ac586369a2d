import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

/**
 * How long `attachguard check --base` takes on a repository of 2,000 files of which 20 are changed, as a multiple of
 * `attachguard check` of the same folder. The two take turns, so that both see the same machine. Exits 1 above LIMIT.
 */
const LIMIT = 1.5;
const FILES = 2_000;
const CHANGED = 20;
const RUNS = Number(process.env.RUNS ?? 7);

const root = join(import.meta.dirname, "..");
const compiled = join(root, "dist/cli/main.js");
const main = existsSync(compiled) ? compiled : join(root, "src/cli/main.ts");
const folder = mkdtempSync(join(tmpdir(), "attachguard-bench-"));
const repository = join(folder, "repository");

/** Apps in folders of their own, each of two files: a workload of ordinary size and the claim that it mounts. */
function app(at: number, image: string): readonly [string, string][] {
  const path = `apps/team-${at % 40}/app-${at}`;
  const environment = Array.from(
    { length: 20 },
    (_, variable) => `            - { name: VARIABLE_${variable}, value: "value ${variable} of ${at}" }`,
  ).join("\n");
  const strategy = at % 10 === 0 ? "RollingUpdate" : "Recreate";
  return [
    [
      `${path}/deployment.yaml`,
      `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-${at}
  namespace: team-${at % 40}
  labels: { app.kubernetes.io/name: app-${at} }
spec:
  replicas: 1
  strategy: { type: ${strategy} }
  selector: { matchLabels: { app: app-${at} } }
  template:
    metadata: { labels: { app: app-${at} } }
    spec:
      containers:
        - name: main
          image: ${image}
          ports: [{ containerPort: 8080 }]
          env:
${environment}
          resources: { requests: { cpu: 100m, memory: 128Mi }, limits: { memory: 256Mi } }
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, persistentVolumeClaim: { claimName: app-${at} } }]
`,
    ],
    [
      `${path}/claim.yaml`,
      `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: app-${at}, namespace: team-${at % 40} }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`,
    ],
  ];
}

function write(files: readonly [string, string][]): void {
  for (const [path, text] of files) {
    mkdirSync(join(repository, path, ".."), { recursive: true });
    writeFileSync(join(repository, path), text);
  }
}

function git(...words: readonly string[]): void {
  const identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"];
  execFileSync("git", ["-C", repository, ...identity, ...words], { stdio: "ignore" });
}

function milliseconds(...words: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [main, "check", "apps", ...words, "--format", "json", "--no-config"],
    {
      cwd: repository,
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
      env: { ...process.env, XDG_CACHE_HOME: join(folder, "cache") },
    },
  );
  if (status !== 1) throw new Error(`exit ${status} instead of 1: ${stderr}`);
  return performance.now() - start;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

try {
  mkdirSync(repository);
  git("init", "-q", "-b", "main");
  for (let at = 0; at < FILES / 2; at += 1) write(app(at, "example.com/app:1"));
  git("add", "-A");
  git("commit", "-qm", "before");
  for (let at = 0; at < CHANGED; at += 1) write(app(at, "example.com/app:2").slice(0, 1));
  const plain: number[] = [];
  const base: number[] = [];
  milliseconds();
  for (let run = 0; run < RUNS; run += 1) {
    plain.push(milliseconds());
    base.push(milliseconds("--base", "HEAD"));
  }
  const ratio = median(base) / median(plain);
  console.log(
    `check --base: ${median(base).toFixed(0)} ms, check: ${median(plain).toFixed(0)} ms, ratio ${ratio.toFixed(2)} ` +
      `(limit ${LIMIT}), ${FILES} files, ${CHANGED} changed, medians of ${RUNS} runs in turns, Node ${process.version}`,
  );
  if (ratio > LIMIT) process.exitCode = 1;
} finally {
  if (process.env.KEEP) console.log(folder);
  else rmSync(folder, { recursive: true, force: true });
}
