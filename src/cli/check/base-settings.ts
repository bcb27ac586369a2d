import { existsSync } from "node:fs";
import { readFile, realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { TreePair } from "../../cluster/git/tree-pair.ts";
import { DEFAULT_CONFIG } from "../../config/config.ts";
import { CONFIG_NAME } from "../../config/defaults.ts";
import type { ReportNote } from "../../report/report.ts";
import { readInput } from "../input-file.ts";
import { at } from "./check.ts";
import { checkConfig, type UsedConfig } from "./config.ts";

/** A file that controls a check, as it is in the base. */
export interface BaseText {
  /** `undefined` where the base does not have it. */
  readonly text: string | undefined;
  /** How the change affects it. */
  readonly notes: readonly ReportNote[];
}

/**
 * The text of a file that the command line names: from the base where it is in the repository, so that a change cannot
 * silence its own check; else from the disk.
 *
 * @throws AttachguardError AG_ERR_INPUT where it cannot be read
 */
export async function textOfBase(file: string, pair: TreePair): Promise<BaseText> {
  const path = await realPath(file);
  if (!pair.holds(path)) return { text: await readInput(file), notes: [] };
  const before = await pair.contentBefore(path);
  const now = await readFile(path, "utf8").catch(() => undefined);
  // Named, but in neither version.
  if (before === undefined && now === undefined) return { text: await readInput(file), notes: [] };
  const text = before === undefined ? undefined : Buffer.from(before).toString("utf8");
  return { text, notes: editNotes(file, text, now) };
}

/**
 * The configuration of a check of a change, as `checkConfig` finds it, but as it is in the base.
 *
 * @throws AttachguardError AG_ERR_CONFIG where the base's cannot be used
 */
export async function configOfBase(
  named: string | false | undefined,
  pair: TreePair,
): Promise<UsedConfig & { readonly notes: readonly ReportNote[] }> {
  const folder = process.cwd();
  if (named === false || (named !== undefined && !pair.holds(await realPath(named)))) {
    return { ...(await checkConfig(named, folder)), notes: [] };
  }
  const file = named ?? (await foundAbove(folder, pair));
  if (file === undefined) return { config: DEFAULT_CONFIG, file: undefined, notes: [] };
  const { text, notes } = await textOfBase(file, pair);
  if (text === undefined) return { config: DEFAULT_CONFIG, file, notes };
  const { parseConfig, parseFoundConfig } = await import("../../config/parse.ts");
  const config = named === undefined ? parseFoundConfig(text, file) : parseConfig(text, file);
  const used = { source: at(file), message: "this configuration is used" };
  return { config, file, notes: [...(named === undefined ? [used] : []), ...notes] };
}

/** The nearest one, in the working folder or above, that exists in either version. */
async function foundAbove(folder: string, pair: TreePair): Promise<string | undefined> {
  for (let above = resolve(folder); pair.holds(above); above = dirname(above)) {
    const file = join(above, CONFIG_NAME);
    if ((await pair.contentBefore(file)) !== undefined) return file;
    if (dirname(above) === above) return undefined;
  }
  for (let above = resolve(folder); pair.holds(above); above = dirname(above)) {
    const file = join(above, CONFIG_NAME);
    if (existsSync(file)) return file;
    if (dirname(above) === above) return undefined;
  }
  return undefined;
}

function editNotes(file: string, before: string | undefined, now: string | undefined): readonly ReportNote[] {
  if (before === now) return [];
  const message =
    before === undefined
      ? "this change adds it: it does not count here, but will once this is merged"
      : now === undefined
        ? "this change removes it: the base's version still counts here"
        : "this change edits it: the base's version counts here, and the edited one once this is merged";
  return [{ source: at(file), message }];
}

async function realPath(file: string): Promise<string> {
  return realpath(file).catch(() => resolve(file));
}
