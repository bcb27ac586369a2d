import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import t, { type Test } from "tap";
import { appText, claimText } from "../../cluster/files/repository.ts";
import { repository, write } from "../../support/git-repository.ts";
import { withoutHooks } from "../../support/without-hooks.ts";
import { run } from "../run.ts";

const APP = appText("web");
const FILES = {
  "k8s/one/kustomization.yaml": "resources: [web.yaml, pvc.yaml]\n",
  "k8s/one/web.yaml": APP,
  "k8s/one/pvc.yaml": claimText(),
  "k8s/two/kustomization.yaml": "resources: [web.yaml, pvc.yaml]\n",
  "k8s/two/web.yaml": APP,
  "k8s/two/pvc.yaml": claimText(),
};

/** A program that renders a folder by printing two files of it, and notes that it was asked. */
function kustomize(folder: string, more = ""): string {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  const path = join(bin, "kustomize");
  writeFileSync(
    path,
    `#!/bin/sh
if [ "$1" = version ]; then echo v5.0.0; exit 0; fi
echo "$2" >> ${folder}/asked
${more}
/bin/cat "$2/web.yaml" "$2/pvc.yaml"
`,
  );
  chmodSync(path, 0o755);
  return bin;
}

function inside(
  t: Test,
  files: Readonly<Record<string, string>> = FILES,
): { folder: string; around: string } {
  const folder = repository(t, files);
  const before = process.cwd();
  process.chdir(folder);
  t.teardown(() => process.chdir(before));
  return { folder, around: join(folder, "..") };
}

interface Told {
  readonly findings: readonly { readonly rule: string; readonly place: { readonly file: string } }[];
  readonly notes: readonly { readonly message: string }[];
}

async function told(bin: string, ...words: readonly string[]): Promise<Told & { code: number | null }> {
  const env = { PATH: `${bin}:${process.env.PATH}`, HOME: "/nonexistent" };
  const { code, out } = await run(["check", "k8s", "--base", "main", "--format", "json", ...words], { env });
  return { ...(JSON.parse(out) as Told), code };
}

t.test("both trees are rendered, and what is the same in both once", async (t) => {
  const { folder, around } = inside(t);
  const bin = kustomize(around);
  const asked = (): number => readFileSync(join(around, "asked"), "utf8").trim().split("\n").length;
  t.match(await told(bin), { code: 0, findings: [] });
  t.equal(asked(), 2, "nothing differs: each folder once");
  write(folder, { "k8s/one/web.yaml": APP.replace("app:1", "app:2") });
  t.match(await told(bin), {
    code: 1,
    findings: [{ rule: "rwo-rolling-update", place: { file: "k8s/one/web.yaml" } }],
  });
  t.equal(asked(), 5, "the one that differs twice");
});

t.test("what only the base cannot render is judged as new", async (t) => {
  const { folder, around } = inside(t, {
    ...FILES,
    "k8s/one/kustomization.yaml": "resources: [web.yaml, pvc.yaml, https://example.com/x.yaml]\n",
  });
  const bin = kustomize(around);
  write(folder, { "k8s/one/kustomization.yaml": FILES["k8s/one/kustomization.yaml"] });
  const { code, notes, findings } = await told(bin);
  t.equal(code, 1);
  t.match(findings, [{ rule: "rwo-rolling-update", place: { file: "k8s/one/web.yaml" } }]);
  t.ok(
    notes.some(({ message }) =>
      /the base's kustomization was not rendered .*: all of it is judged as new/.test(message),
    ),
  );
});

t.test("a program that fails on a change ends with 2", async (t) => {
  const { folder, around } = inside(t);
  write(folder, { "k8s/one/web.yaml": APP.replace("app:1", "app:2") });
  const bin = kustomize(around, 'case "$2" in */one) echo "Error: no" >&2; exit 1;; esac');
  t.match(await told(bin), { code: 2, errors: [{ message: /the change touches this kustomization/ }] });
  t.match(await told(bin, "--allow-unrendered"), { code: 0 }, "warnings at most");
});

t.test("values are those of the base, for the base", async (t) => {
  const { folder, around } = inside(t, {
    "k8s/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
    "k8s/app/templates/web.yaml": APP,
    "values.yaml": "replicas: 1\n",
  });
  const bin = join(around, "bin");
  mkdirSync(bin);
  // Prints the template, with the number that the values name, and a claim.
  writeFileSync(
    join(bin, "helm"),
    `#!/bin/sh
if [ "$1" = version ]; then echo v3.16.0; exit 0; fi
for word; do case "$word" in --values=*) values="\${word#--values=}";; esac; done
read -r line < "$values"
echo "# Source: app/templates/web.yaml"
/bin/sed "s/^spec:/spec:\\n  $line\\n  strategy: { type: Recreate }/" "$3/templates/web.yaml"
printf '%s\\n' '---' 'apiVersion: v1' 'kind: PersistentVolumeClaim' 'metadata: { name: data }' 'spec: { accessModes: [ReadWriteOnce] }'
`,
  );
  chmodSync(join(bin, "helm"), 0o755);
  t.match(await told(bin, "--values", "values.yaml"), { code: 0, findings: [] });
  write(folder, { "values.yaml": "replicas: 3\n" });
  t.match(await told(bin, "--values", "values.yaml"), { code: 1, findings: [{ rule: "rwo-replicas" }] });
});

t.test("nothing of the older tree is left behind by a signal", async (t) => {
  const { folder, around } = inside(t);
  write(folder, { "k8s/one/web.yaml": APP.replace("app:1", "app:2") });
  const temporary = join(realpathSync.native(around), "tmp");
  mkdirSync(temporary);
  const bin = kustomize(around, "/bin/sleep 30");
  const main = join(import.meta.dirname, "../../../src/cli/main.ts");
  const child = spawn(...withoutHooks(process.execPath, [main, "check", "k8s", "--base", "main"]), {
    env: { PATH: `${bin}:${process.env.PATH}`, HOME: "/nonexistent", TMPDIR: temporary },
    stdio: "ignore",
  });
  const ended = once(child, "close");
  const isAsked = (): boolean => readdirSync(around).includes("asked");
  for (let tries = 0; tries < 200 && !isAsked(); tries += 1) await wait(50);
  t.ok(
    readdirSync(temporary).some((name) => name.startsWith("attachguard-")),
    "it is at work",
  );
  child.kill("SIGTERM");
  await ended;
  t.same(
    readdirSync(temporary).filter((name) => name.startsWith("attachguard-")),
    [],
  );
});

t.test("in the folder of an overlay: its base has a path from there", async (t) => {
  const { folder, around } = inside(t, {
    "base/kustomization.yaml": "resources: [web.yaml, pvc.yaml]\n",
    "base/web.yaml": APP,
    "base/pvc.yaml": claimText(),
    "prod/kustomization.yaml": "resources: [../base]\n",
  });
  const bin = kustomize(around, 'set -- build "$2/../base"');
  process.chdir(join(folder, "prod"));
  const env = { PATH: `${bin}:${process.env.PATH}`, HOME: "/nonexistent" };
  const { out } = await run(["check", ".", "--format", "json"], { env });
  t.match(JSON.parse(out), {
    findings: [{ rule: "rwo-rolling-update", place: { file: "../base/web.yaml" } }],
  });
});
