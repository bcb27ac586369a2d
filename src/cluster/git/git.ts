import { type ChildProcess, execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { AttachguardError } from "../../errors.ts";
import { findTool } from "../files/render/tool-lookup.ts";

/** The repository is not trusted: nothing that it configures may run, fetch or prompt. */
const SAFE_SETTINGS = [
  "core.fsmonitor=false",
  "core.hooksPath=/dev/null",
  "core.pager=cat",
  "core.attributesFile=/dev/null",
  "diff.external=",
  "protocol.allow=never",
  "uploadpack.packObjectsHook=",
] as const;

const TIMEOUT_MS = 60_000;
/** A listing of a very large tree; anything larger is not a repository of manifests. */
const MOST_OUTPUT = 256 * 1024 * 1024;

/** From this version on git can be told not to fetch what a partial clone lacks (GIT_NO_LAZY_FETCH). */
const NO_LAZY_FETCH_SINCE = [2, 45] as const;

/** Reads a repository through a git that cannot be made to run anything of the repository's. */
export interface Git {
  /** The folder that holds `.git`. */
  readonly top: string;
  /** Runs a command that only reads; its output as bytes. */
  read(...words: readonly string[]): Promise<Buffer>;
  /** `cat-file --batch`, without filters; the caller ends it. */
  startBatch(): ChildProcess;
}

/**
 * @param top the repository's folder
 * @param env of the process; only its PATH is used
 * @throws AttachguardError AG_ERR_GIT where there is no git that may be run, or it may not read this repository
 */
export async function openGit(top: string, env: Readonly<Record<string, string | undefined>>): Promise<Git> {
  const { usable, refused } = await findTool("git", env.PATH ?? "", [top]);
  const [path] = usable;
  if (path === undefined) {
    const why = refused.map((place) => `${place.path} ${place.reason}`).join("; ");
    throw gitError(
      `no usable git was found${why === "" ? "" : ` (${why})`}: install git, or leave --base out`,
    );
  }
  const words = [
    "-C",
    top,
    "--no-optional-locks",
    "--literal-pathspecs",
    ...SAFE_SETTINGS.flatMap((setting) => ["-c", setting]),
  ];
  const environment = {
    PATH: "",
    HOME: env.HOME ?? "",
    LANG: "C",
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_CONFIG_NOSYSTEM: env.GIT_CONFIG_NOSYSTEM ?? "0",
  };
  const run = promisify(execFile);
  const read = async (...asked: readonly string[]): Promise<Buffer> => {
    try {
      const { stdout } = await run(path, [...words, ...asked], {
        env: environment,
        encoding: "buffer",
        timeout: TIMEOUT_MS,
        maxBuffer: MOST_OUTPUT,
      });
      return stdout;
    } catch (cause) {
      throw readable(cause, top);
    }
  };
  const git: Git = {
    top,
    read,
    startBatch: () =>
      spawn(path, [...words, "cat-file", "--batch"], { env: environment, stdio: ["pipe", "pipe", "pipe"] }),
  };
  await refuseLazyFetching(git);
  return git;
}

/** A partial clone is read only by a git that can be kept from fetching the rest. */
async function refuseLazyFetching(git: Git): Promise<void> {
  // The second says why, where git does not read the repository at all.
  const [said] = await Promise.all([git.read("--version"), git.read("rev-parse", "--git-dir")]);
  const version = /(\d+)\.(\d+)/.exec(said.toString("utf8"));
  const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
  const [sinceMajor, sinceMinor] = NO_LAZY_FETCH_SINCE;
  if (major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)) return;
  const settings = (await git.read("config", "--local", "--name-only", "--list")).toString("utf8");
  if (!/^(extensions\.partialclone|remote\..*\.promisor)$/im.test(settings)) return;
  throw gitError(
    "the repository is a partial clone, and this git cannot be kept from fetching what is missing: run `git fetch --refetch --no-filter`, or use git 2.45 or newer",
  );
}

/** What to do where a repository does not hold what it should. */
export const LACKING =
  "check it with `git fsck`; for a partial clone, `git fetch --refetch --no-filter` gets what is missing";

/** What git said, in words, with the way out. */
function readable(cause: unknown, top: string): AttachguardError {
  const stderr =
    typeof cause === "object" && cause !== null && "stderr" in cause ? String(cause.stderr) : String(cause);
  const first = (stderr.trim().split("\n", 1)[0] ?? "").replace(/\p{Cc}/gu, " ").slice(0, 300);
  if (stderr.includes("dubious ownership")) {
    return gitError(
      `${top} belongs to another user, so git does not read it: run \`git config --global --add safe.directory ${top}\``,
      cause,
    );
  }
  return gitError(`git cannot read ${top} (${first}): ${LACKING}`, cause);
}

export function gitError(message: string, cause?: unknown): AttachguardError {
  return new AttachguardError("AG_ERR_GIT", message, cause === undefined ? {} : { cause });
}
