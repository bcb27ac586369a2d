import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Git, gitError } from "./git.ts";

/**
 * The commit that a change is compared with: the merge base of HEAD and a reference.
 *
 * @param ref a branch, tag or commit, as the command line says it
 * @returns the commit's id; `undefined` for HEAD in a repository without a commit, before which there was nothing
 * @throws AttachguardError AG_ERR_GIT where the reference or the merge base is not there, saying what to fetch
 */
export async function mergeBase(git: Git, ref: string): Promise<string | undefined> {
  if (!(await hasCommit(git))) {
    if (ref === "HEAD" || ref === "@") return undefined;
    throw gitError(
      `nothing is committed here yet, so that HEAD and ${shown(ref)} have no commit in common: use --base HEAD, for which everything is new, or commit first`,
    );
  }
  const [base, head] = await Promise.all([commitOf(git, ref), commitOf(git, "HEAD")]);
  try {
    const [first = ""] = text(await git.read("merge-base", head, base)).split("\n");
    return first;
  } catch (cause) {
    throw gitError(`HEAD and ${shown(ref)} have no commit in common here: ${remedy(git, ref)}`, cause);
  }
}

/** False on a branch that nothing was committed to (`git init`, `git checkout --orphan`). */
async function hasCommit(git: Git): Promise<boolean> {
  return git.read("rev-parse", "--verify", "--end-of-options", "HEAD").then(
    () => true,
    () => false,
  );
}

async function commitOf(git: Git, ref: string): Promise<string> {
  try {
    return text(await git.read("rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`));
  } catch (cause) {
    throw gitError(`there is no commit ${shown(ref)}: ${remedy(git, ref)}`, cause);
  }
}

function remedy({ top }: Git, ref: string): string {
  return existsSync(join(top, ".git", "shallow"))
    ? "this clone is shallow; fetch more of it (`git fetch --unshallow`; in a pull request's merge commit fetch two commits and use --base HEAD^1)"
    : `name a branch, tag or commit that is here, or fetch it (\`git fetch origin ${shown(ref).replace(/^origin\//, "")}\`)`;
}

function text(bytes: Buffer): string {
  return bytes.toString("utf8").trim();
}

/** A reference comes from the command line and may hold anything. */
function shown(ref: string): string {
  return ref.replace(/[^\w./@{}^~-]/g, "?").slice(0, 100);
}
