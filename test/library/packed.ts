import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../manifests/render.ts";

const { NODE_OPTIONS: _hooks, ...env } = process.env;

/** The environment without what the test runner adds to it. It adds that again to each process: see `withoutHooks`. */
export const PLAIN_ENV: NodeJS.ProcessEnv = env;

/**
 * Unpacks what `npm pack` makes into `folder/node_modules`, with the dependencies of this checkout beside it.
 *
 * @param folder an empty one
 */
export function installPacked(folder: string): void {
  execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], {
    cwd: ROOT,
    env,
    stdio: "ignore",
  });
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (archive === undefined) throw new Error("npm pack left no archive");
  const own = join(folder, "node_modules/attachguard");
  mkdirSync(own, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, archive), "-C", own, "--strip-components=1"]);
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (!name.startsWith("."))
      symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
  }
}
