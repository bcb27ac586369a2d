import { execFileSync } from "node:child_process";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Test } from "tap";

/** Runs git as a person would, with nothing of the machine's own configuration. */
export function git(folder: string, ...words: readonly string[]): string {
  return execFileSync("git", ["-C", folder, "-c", "protocol.file.allow=always", ...words], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@example.com",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@example.com",
      GIT_CONFIG_NOSYSTEM: "1",
    },
  }).trim();
}

export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** A repository with one commit on `main`. */
export function repository(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = join(realpathSync.native(t.testdir()), "repo");
  mkdirSync(folder);
  git(folder, "init", "-q", "-b", "main");
  write(folder, files);
  commit(folder, "first");
  return folder;
}

export function commit(folder: string, message: string): void {
  git(folder, "add", "-A");
  git(folder, "commit", "-qm", message, "--allow-empty");
}
