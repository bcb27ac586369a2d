import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DEFAULT_CONFIG, loadConfig, loadFoundConfig } from "../../config/config.ts";
import { CONFIG_NAME } from "../../config/defaults.ts";
import type { Config } from "../../config/model.ts";
import { repositoryAbove } from "../repository.ts";

export interface UsedConfig {
  readonly config: Config;
  /** The file; `undefined` where the defaults apply. */
  readonly file: string | undefined;
}

/**
 * The configuration of `check`: the file that was named; else `attachguard.yaml` in the working folder or above, no
 * higher than the repository's root (outside one, in the working folder alone); else the defaults.
 *
 * @param named false where `--no-config` was given
 * @throws AttachguardError AG_ERR_CONFIG where the file cannot be used, or one that was found sets more than it may
 */
export async function checkConfig(named: string | false | undefined, folder: string): Promise<UsedConfig> {
  if (named === false) return { config: DEFAULT_CONFIG, file: undefined };
  if (named !== undefined) return { config: await loadConfig(named), file: named };
  const found = findAbove(folder);
  return found === undefined
    ? { config: DEFAULT_CONFIG, file: undefined }
    : { config: await loadFoundConfig(found), file: found };
}

function findAbove(folder: string): string | undefined {
  const top = repositoryAbove(folder) ?? resolve(folder);
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, CONFIG_NAME);
    if (existsSync(file)) return file;
    if (at === top) return undefined;
  }
}
