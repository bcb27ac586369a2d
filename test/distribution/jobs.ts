import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { HELMS } from "../charts/helm.ts";
import { PLAIN_ENV } from "../library/packed.ts";
import { WITHOUT_KUBECTL } from "../manifests/render.ts";
import { withoutHooks } from "../support/without-hooks.ts";

// Runs the jobs of a workflow as GitHub does, one after the other, each in a clone of its own.

export interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, unknown>>;
}

export interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly needs?: string | readonly string[];
  readonly outputs?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly steps: readonly Step[];
}

export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly defaults?: { readonly run: { readonly shell?: string } };
  readonly jobs: Readonly<Record<string, Job>>;
}

/** What is published instead of being so: an image's digest, a chart's. */
export const DIGEST = `sha256:${"a".repeat(64)}`;

/** The programs that a stand-in is started for. */
const STOOD_IN = ["npm", "npx", "helm", "kubectl", "docker", "go", "gh", "sudo"];

export interface Surroundings {
  /** A folder for everything that is made. */
  readonly folder: string;
  /** What the clones are made of, and what is pushed to: a bare repository. */
  readonly origin: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** The dependencies, for `npm ci`, and those of them that are needed at run time. */
  readonly modules: string;
  readonly production: string;
}

export interface Ran {
  /** The clone that the job worked in. */
  readonly tree: string;
  /** Which programs it called that publish or download, in order. */
  readonly calls: readonly (readonly string[])[];
}

export class Jobs {
  readonly #workflow: Workflow;
  readonly #surroundings: Surroundings;
  readonly #outputs = new Map<string, Readonly<Record<string, string>>>();
  /** What the first job that builds has built: all work on the same commit. */
  #dist = "";

  constructor(workflow: Workflow, surroundings: Surroundings) {
    this.#workflow = workflow;
    this.#surroundings = surroundings;
  }

  /**
   * @param leaveOut scripts that are not run, word for word.
   * @throws Error where a script fails, with what it printed.
   */
  run(name: string, leaveOut: readonly string[] = []): Ran {
    const job = this.#workflow.jobs[name];
    if (job === undefined) throw new Error(`the workflow has no job ${name}`);
    const { folder, inputs } = this.#surroundings;
    const place = join(folder, name);
    const tree = join(place, "tree");
    const calls = join(place, "calls");
    mkdirSync(place);
    writeFileSync(calls, "");
    const values: Record<string, string> = { "github.token": "a-token" };
    for (const [input, value] of Object.entries(inputs)) values[`inputs.${input}`] = value;
    for (const needed of [job.needs ?? []].flat())
      for (const [output, value] of Object.entries(this.#outputs.get(needed) ?? {}))
        values[`needs.${needed}.outputs.${output}`] = value;
    const env = { ...this.#environment(place), STAND_IN_CALLS: calls, STAND_IN_DIST: this.#dist };
    for (const step of job.steps) {
      if (step.uses?.startsWith("actions/checkout@")) this.#checkOut(tree, filled(step.with?.ref, values));
      if (step.run === undefined || leaveOut.includes(step.run)) continue;
      const output = join(place, `output-${step.id ?? ""}`);
      writeFileSync(output, "");
      const own = Object.entries({ ...this.#workflow.env, ...step.env }).map(([variable, text]) => [
        variable,
        filled(text, values),
      ]);
      const { status, stdout, stderr } = spawnSync(
        ...withoutHooks("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", step.run]),
        { cwd: tree, encoding: "utf8", env: { ...env, ...Object.fromEntries(own), GITHUB_OUTPUT: output } },
      );
      if (status !== 0) throw new Error(`${name}: ${step.run} ended with ${status}: ${stdout}${stderr}`);
      for (const line of readFileSync(output, "utf8").split("\n").filter(Boolean)) {
        const [variable = "", value = ""] = line.split(/=(.*)/s);
        values[`steps.${step.id}.outputs.${variable}`] = value;
      }
    }
    if (existsSync(join(tree, "dist"))) this.#dist ||= join(tree, "dist");
    const outputs = Object.entries(job.outputs ?? {}).map(([output, text]) => [output, filled(text, values)]);
    this.#outputs.set(name, Object.fromEntries(outputs));
    return {
      tree,
      calls: readFileSync(calls, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as string[]),
    };
  }

  #checkOut(tree: string, ref: string): void {
    const { origin } = this.#surroundings;
    execFileSync("git", ["clone", "--quiet", origin, tree], { env: PLAIN_ENV });
    if (ref !== "")
      execFileSync("git", ["checkout", "--quiet", "--detach", ref], { cwd: tree, env: PLAIN_ENV });
  }

  #environment(place: string): NodeJS.ProcessEnv {
    const { modules, production } = this.#surroundings;
    const bin = join(place, "bin");
    const gopath = join(place, "go");
    mkdirSync(bin);
    mkdirSync(join(gopath, "bin"), { recursive: true });
    const standIn = join(import.meta.dirname, "stand-in.mjs");
    for (const program of STOOD_IN) symlinkSync(standIn, join(bin, program));
    symlinkSync(standIn, join(gopath, "bin/cosign"));
    return {
      PATH: [bin, dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: place,
      GITHUB_ACTOR: "someone",
      GITHUB_SERVER_URL: "https://git.example.com",
      GITHUB_REPOSITORY: "Example/Attachguard",
      STAND_IN_NPM: found("npm"),
      STAND_IN_HELM: HELMS[0] === undefined ? "" : found(HELMS[0].command),
      STAND_IN_KUBECTL: WITHOUT_KUBECTL === undefined ? found("kubectl") : "",
      STAND_IN_MODULES: modules,
      STAND_IN_PRODUCTION: production,
      STAND_IN_GOPATH: gopath,
      STAND_IN_DIGEST: DIGEST,
    };
  }
}

/** Where a program is, before a stand-in takes its name. */
function found(program: string): string {
  if (program.includes("/")) return program;
  const folders = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, program));
  const path = folders.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`there is no ${program} on the PATH`);
  return path;
}

/** The text with the value of each expression in it. */
function filled(text: unknown, values: Readonly<Record<string, string>>): string {
  return String(text ?? "").replaceAll(/\$\{\{ ([\w.-]+) \}\}/g, (_all, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the expression ${name} has no value`);
    return value;
  });
}
