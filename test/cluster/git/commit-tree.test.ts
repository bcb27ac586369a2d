import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readCommitTree } from "../../../src/cluster/git/commit-tree.ts";
import { openGit } from "../../../src/cluster/git/git.ts";
import { mergeBase } from "../../../src/cluster/git/merge-base.ts";
import { git, repository, write } from "../../support/git-repository.ts";

const open = (folder: string) => openGit(folder, { PATH: process.env.PATH ?? "", HOME: folder });

t.test("a commit is a file system that is nowhere on the disk", async (t) => {
  const odd = "odd name\n\u00fc.yaml";
  const folder = repository(t, { "a.yaml": "one", "deep/er/b.yaml": "x".repeat(200_000), [odd]: "odd" });
  const commit = git(folder, "rev-parse", "HEAD");
  write(folder, { "a.yaml": "two", "new.yaml": "new" });
  const tree = await readCommitTree(await open(folder), commit);
  t.teardown(() => tree.close());
  t.equal(String(await tree.readFile(join(folder, "a.yaml"))), "one", "what the commit holds");
  const [big, again, strange] = await Promise.all([
    tree.readFile(join(folder, "deep/er/b.yaml")),
    tree.readFile(join(folder, "a.yaml")),
    tree.readFile(join(folder, odd)),
  ]);
  t.same([big.length, String(again), String(strange)], [200_000, "one", "odd"]);
  t.same([...(await tree.readdir(folder))].sort(), ["a.yaml", "deep", odd]);
  t.same(await tree.readdir(join(folder, "deep")), ["er"]);
  t.same(await tree.stat(join(folder, "deep/er/b.yaml")), { kind: "file", size: 200_000 });
  t.match(await tree.stat(join(folder, "deep")), { kind: "folder" });
  t.equal(await tree.stat(join(folder, "new.yaml")), undefined);
  t.equal(await tree.realpath(join(folder, "new.yaml")), undefined);
  await t.rejects(tree.readFile(join(folder, "new.yaml")), { code: "ENOENT" });
  t.equal(tree.blobId(join(folder, "a.yaml")), git(folder, "rev-parse", "HEAD:a.yaml"));
});

t.test("links and submodules are not followed", async (t) => {
  const folder = repository(t, { "a.yaml": "one" });
  symlinkSync("/etc/passwd", join(folder, "link.yaml"));
  symlinkSync("..", join(folder, "up"));
  git(folder, "update-index", "--add", "--cacheinfo", `160000,${git(folder, "rev-parse", "HEAD")},sub`);
  git(folder, "add", "link.yaml", "up");
  git(folder, "commit", "-qm", "links");
  const tree = await readCommitTree(await open(folder), "HEAD");
  t.teardown(() => tree.close());
  t.same(await tree.readdir(folder), ["a.yaml"]);
});

t.test("entries that no git makes are refused", async (t) => {
  const folder = repository(t, { "a.yaml": "one" });
  const id = git(folder, "rev-parse", "HEAD:a.yaml");
  for (const entries of [
    `100644 blob ${id}\t..\n`,
    `100644 blob ${id}\t.git\n`,
    `100644 blob ${id}\ta.yaml\n100644 blob ${id}\ta.yaml\n`,
  ]) {
    const made = execFileSync("git", ["-C", folder, "mktree"], { input: entries, encoding: "utf8" }).trim();
    const commit = git(folder, "commit-tree", made, "-m", "hand-made");
    await t.rejects(readCommitTree(await open(folder), commit), { code: "AG_ERR_GIT" }, entries);
  }
});

t.test("nothing that the repository configures is run", async (t) => {
  const folder = repository(t, { "a.yaml": "one", ".gitattributes": "* filter=evil\n" });
  const ran = join(folder, "ran");
  const evil = `sh -c 'touch ${ran}; cat'`;
  for (const [key, value] of [
    ["core.fsmonitor", evil],
    ["core.pager", evil],
    ["filter.evil.smudge", evil],
    ["filter.evil.clean", evil],
    ["diff.external", evil],
    ["core.sshCommand", evil],
    ["alias.merge-base", `!${evil}`],
    ["core.hooksPath", join(folder, "hooks")],
  ] as const) {
    git(folder, "config", key, value);
  }
  const opened = await open(folder);
  const tree = await readCommitTree(opened, await mergeBase(opened, "main"));
  t.teardown(() => tree.close());
  t.equal(String(await tree.readFile(join(folder, "a.yaml"))), "one");
  const { existsSync } = await import("node:fs");
  t.notOk(existsSync(ran));
});

t.test("the merge base, and what to do where there is none", async (t) => {
  const folder = repository(t, { "a.yaml": "one" });
  const first = git(folder, "rev-parse", "HEAD");
  git(folder, "checkout", "-qb", "change");
  write(folder, { "a.yaml": "two" });
  git(folder, "commit", "-qam", "change");
  git(folder, "checkout", "-q", "main");
  write(folder, { "b.yaml": "more" });
  git(folder, "add", "-A");
  git(folder, "commit", "-qm", "main went on");
  git(folder, "checkout", "-q", "change");
  const opened = await open(folder);
  t.equal(await mergeBase(opened, "main"), first);
  await t.rejects(mergeBase(opened, "nowhere"), {
    code: "AG_ERR_GIT",
    message: /there is no commit nowhere: .*fetch/,
  });
  await t.rejects(mergeBase(opened, "--upload-pack=x"), { code: "AG_ERR_GIT" });
  const shallow = join(folder, "../shallow");
  git(folder, "clone", "-q", "--depth", "1", `file://${folder}`, shallow);
  await t.rejects(mergeBase(await open(shallow), "main"), {
    message: /this clone is shallow; fetch more of it/,
  });
});

t.test("a git in the tree that is checked is not run", async (t) => {
  const folder = repository(t, { "bin/git": "#!/bin/sh\ntouch ran\n" });
  await t.rejects(openGit(folder, { PATH: join(folder, "bin") }), {
    code: "AG_ERR_GIT",
    message: /no usable git was found/,
  });
});

t.test("a partial clone needs a git that can be kept from fetching", async (t) => {
  const folder = repository(t, { "a.yaml": "one" });
  git(folder, "config", "extensions.partialClone", "origin");
  const version = git(folder, "--version");
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(version) ?? [];
  const knows = Number(major) > 2 || Number(minor) >= 45;
  if (knows) await t.resolves(open(folder), version);
  else await t.rejects(open(folder), { message: /partial clone.*--refetch/ }, version);
});
