#!/usr/bin/env node
// Stands for the programs of a release that need a network or publish something. Notes how it was called, and does
// as much of the rest as can be done here. It is started by the name of what it stands for.
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

const name = basename(process.argv[1]);
const words = process.argv.slice(2);
const { STAND_IN_CALLS, STAND_IN_MODULES, STAND_IN_PRODUCTION, STAND_IN_GOPATH, STAND_IN_DIGEST } =
  process.env;

/** The program itself, where it is here. */
function really(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
}

const actions = {
  npm() {
    if (words.join(" ") === "run build" && process.env.STAND_IN_DIST)
      return cpSync(process.env.STAND_IN_DIST, "dist", { recursive: true });
    if (words[0] !== "ci") return really(process.env.STAND_IN_NPM, words);
    for (const file of ["package.json", "package-lock.json", ".npmrc"])
      if (!existsSync(file)) throw new Error(`npm ci: there is no ${file}`);
    symlinkSync(words.includes("--omit=dev") ? STAND_IN_PRODUCTION : STAND_IN_MODULES, "node_modules");
  },
  npx() {
    really(process.env.STAND_IN_NPM, ["pack", "--ignore-scripts", "--silent"]);
  },
  helm() {
    if (words[0] === "push") return process.stdout.write(`Pushed: ${words[2]}\nDigest: ${STAND_IN_DIGEST}\n`);
    if (words[0] === "registry") return;
    if (process.env.STAND_IN_HELM) return really(process.env.STAND_IN_HELM, words);
    const folder = words[words.indexOf("--destination") + 1 || words.length] ?? ".";
    really("tar", [
      "-czf",
      `${folder}/attachguard-${process.env.VERSION}.tgz`,
      "-C",
      "charts",
      "attachguard",
    ]);
  },
  kubectl() {
    if (process.env.STAND_IN_KUBECTL) return really(process.env.STAND_IN_KUBECTL, words);
    process.stdout.write(readFileSync(`${words[1]}/kustomization.yaml`, "utf8"));
  },
  docker() {
    const at = words.indexOf("--metadata-file");
    if (at !== -1) writeFileSync(words[at + 1], JSON.stringify({ "containerimage.digest": STAND_IN_DIGEST }));
  },
  go() {
    if (words[0] === "env") process.stdout.write(`${STAND_IN_GOPATH}\n`);
  },
};

appendFileSync(STAND_IN_CALLS, `${JSON.stringify([name, ...words])}\n`);
await actions[name]?.();
