import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { costOf } from "./child-cost.ts";

/**
 * What `attachguard check` of many files costs, in multiples of what was measured in the same run: of reading and
 * parsing them with the `yaml` package, of one format against three, of a finding among few against one among many, and
 * the memory with twelve times the bytes of which no verdict reads more. Times are CPU time.
 * Runs take turns. Exits 1 where a limit is passed. `npm run build` first.
 */
const RUNS = Number(process.env.RUNS ?? 5);
const LIMITS = { parsing: 2.5, formats: 1.1, findings: 2, memory: 1.5 } as const;

const BIN = join(import.meta.dirname, "../dist/cli/main.js");
const FOLDER = mkdtempSync(join(tmpdir(), "attachguard-bench-"));

/** Files of about 4 KB with a workload and its claim each. */
function tree(name: string, files: number, violatingPercent: number): string {
  const folder = join(FOLDER, name);
  for (let at = 0; at < files; at += 1) {
    const below = join(folder, `app-${Math.floor(at / 20)}`);
    mkdirSync(below, { recursive: true });
    const strategy = at % 100 < violatingPercent ? "" : "  strategy: {type: Recreate}\n";
    const env = Array.from(
      { length: 50 },
      (_, of) => `            - {name: NAME_${of}, value: "value ${of} of ${at}"}`,
    );
    writeFileSync(
      join(below, `web-${at}.yaml`),
      `apiVersion: apps/v1
kind: Deployment
metadata: {name: web-${at}, namespace: shop}
spec:
${strategy}  selector: {matchLabels: {app: web-${at}}}
  template:
    metadata: {labels: {app: web-${at}}}
    spec:
      containers:
        - name: web
          image: example.com/web
          env:
${env.join("\n")}
          volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data-${at}}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data-${at}, namespace: shop}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`,
    );
  }
  return folder;
}

function parsing(folder: string): number {
  const before = process.cpuUsage();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".yaml")) continue;
    for (const document of parseAllDocuments(readFileSync(join(folder, name), "utf8"))) document.toJS();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** The same files, each with a ConfigMap of 45 KB behind it. */
function padded(folder: string): string {
  const data = Array.from({ length: 400 }, (_, at) => `  key-${at}: "${"some text ".repeat(10)}"`).join("\n");
  const copy = `${folder}-padded`;
  cpSync(folder, copy, { recursive: true });
  for (const name of readdirSync(copy, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".yaml")) continue;
    const padding = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: padding, namespace: shop}\ndata:\n${data}\n`;
    appendFileSync(join(copy, name), padding);
  }
  return copy;
}

function memory(folder: string): number {
  return costOf(BIN, ["check", folder, "--summary"]).megabytes;
}

function checking(folder: string, formats: readonly string[]): number {
  const words = formats.flatMap((format) => ["--format", `${format}=${join(FOLDER, `out.${format}`)}`]);
  return costOf(BIN, ["check", folder, "--summary", ...words]).seconds;
}

/** The median of the ratios of runs that took turns. */
function ratio(a: () => number, b: () => number, runs = RUNS): number {
  const ratios = Array.from({ length: runs }, () => a() / b()).sort((x, y) => x - y);
  return ratios[Math.floor(ratios.length / 2)] ?? Number.NaN;
}

try {
  const mixed = tree("mixed", 2_000, 10);
  const few = tree("few", 2_000, 100);
  const many = tree("many", 20_000, 100);
  const measured = {
    parsing: ratio(
      () => checking(mixed, ["json"]),
      () => parsing(mixed),
    ),
    formats: ratio(
      () => checking(mixed, ["json", "sarif", "junit"]),
      () => checking(mixed, ["json"]),
    ),
    findings:
      ratio(
        () => checking(many, ["json"]),
        () => checking(few, ["json"]),
        Math.min(RUNS, 3),
      ) / 10,
    memory: memory(padded(mixed)) / memory(mixed),
  };
  for (const [name, limit] of Object.entries(LIMITS)) {
    const value = measured[name as keyof typeof LIMITS];
    console.log(`check, ${name}: ${value.toFixed(2)} (limit ${limit})`);
    if (!(value <= limit)) process.exitCode = 1;
  }
} finally {
  rmSync(FOLDER, { recursive: true, force: true });
}
