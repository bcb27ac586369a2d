import { readFile } from "node:fs/promises";
import { AttachguardError, messageOf } from "../errors.ts";
import type { PolicyOptions } from "../policy/options.ts";
import { alwaysExcluded, DEFAULT_CONFIG, STANDARD_NAMESPACE } from "./defaults.ts";
import type { Config } from "./model.ts";
import type { ConfigListener, ConfigWatch } from "./watch.ts";

export { DEFAULT_CONFIG };

/** The part of the configuration that a verdict depends on. */
export function policyOptions(config: Config): PolicyOptions {
  let options = optionsOf.get(config);
  if (options === undefined) {
    options = readOptions(config);
    optionsOf.set(config, options);
  }
  return options;
}

/** A configuration is never changed, only replaced. */
const optionsOf = new WeakMap<Config, PolicyOptions>();

function readOptions(config: Config): PolicyOptions {
  return {
    severities: config.severities,
    drivers: config.drivers,
    storageClasses: config.storageClasses,
    ratchet: config.ratchet,
    ignoreAnnotation: config.ignoreAnnotation,
    singleNode: config.cluster.singleNode,
  };
}

/**
 * Reads a configuration file; without a path, the defaults.
 *
 * @param ownNamespace where this server runs (POD_NAMESPACE in the manifests).
 * @throws AttachguardError AG_ERR_CONFIG: every problem in the file, one per line, each with line, column, path, the
 * value and what was expected; or the file cannot be read.
 */
export async function loadConfig(
  path: string | undefined,
  ownNamespace = STANDARD_NAMESPACE,
): Promise<Config> {
  if (path === undefined) {
    if (ownNamespace === STANDARD_NAMESPACE) return DEFAULT_CONFIG;
    const namespaces = { ...DEFAULT_CONFIG.namespaces, excluded: alwaysExcluded(ownNamespace) };
    return { ...DEFAULT_CONFIG, namespaces };
  }
  const text = await readText(path);
  // Without a file the YAML parser and the schema compiler are not loaded.
  const { parseConfig } = await import("./parse.ts");
  return parseConfig(text, path, ownNamespace);
}

/**
 * Reads a configuration file that nobody named: the author of a pull request can write it, so it may describe the
 * cluster and how to check, but nothing that lets a finding pass.
 *
 * @throws AttachguardError AG_ERR_CONFIG as `loadConfig`, and for settings that it may not have
 */
export async function loadFoundConfig(path: string): Promise<Config> {
  const text = await readText(path);
  const { parseFoundConfig } = await import("./parse.ts");
  return parseFoundConfig(text, path);
}

/**
 * Follows a configuration file through edits, replacements and the symbolic-link swaps of a mounted ConfigMap.
 * A file that cannot be used is reported once for each content and changes nothing.
 *
 * @param initial the configuration that `loadConfig` read from the same file.
 * @param ownNamespace the one that `loadConfig` was given.
 */
export async function watchConfig(
  path: string,
  initial: Config,
  listener: ConfigListener,
  ownNamespace = STANDARD_NAMESPACE,
): Promise<ConfigWatch> {
  const { startConfigWatch } = await import("./watch.ts");
  return startConfigWatch(path, initial, listener, () => loadConfig(path, ownNamespace));
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new AttachguardError(
      "AG_ERR_CONFIG",
      `${path}: the configuration cannot be read (${messageOf(cause)}); give --config a readable YAML file`,
      { cause },
    );
  }
}
