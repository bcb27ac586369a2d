import { spawnSync } from "node:child_process";

const PROMTOOL = process.env.PROMTOOL ?? "promtool";

/** Why promtool cannot be asked; false where it can. */
export const WITHOUT_PROMTOOL: string | false =
  spawnSync(PROMTOOL, ["--version"], { stdio: "ignore" }).status === 0
    ? false
    : "SKIPPED: there is no promtool on the PATH; PROMTOOL may name one";

/** What promtool says, and whether it is content. */
export function promtool(
  args: readonly string[],
  options: { readonly input?: string; readonly cwd?: string } = {},
): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(PROMTOOL, args, { encoding: "utf8", ...options });
  return { code: status, said: stdout + stderr };
}
