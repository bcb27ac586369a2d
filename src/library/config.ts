import { DEFAULT_CONFIG } from "../config/defaults.ts";
import type { Config } from "../config/model.ts";
import { AttachguardError } from "../errors.ts";
import type { Mode } from "../policy/verdict.ts";

/** A configuration as it was read. Returned by `parseConfig`. */
export interface Configuration {
  /** The mode of namespaces that do not set their own. */
  readonly mode: Mode;
  /** Where the pages of the rules are published, ending in a slash; null where it is not set. */
  readonly docsUrl: string | null;
}

const CONFIGS = new WeakMap<Configuration, Config>();

/**
 * Reads the text of a configuration file (docs/configuration.md).
 *
 * @param file the name that messages begin with
 * @throws AttachguardError AG_ERR_CONFIG with every problem, one per line, each with its place and what was expected
 */
export async function parseConfig(text: string, file = "configuration"): Promise<Configuration> {
  // Without a configuration the parser and the schema compiler are not loaded.
  const { parseConfig: parse } = await import("../config/parse.ts");
  const config = parse(text, file);
  const { mode, docsUrl } = config;
  const configuration: Configuration = Object.freeze({ mode, docsUrl });
  CONFIGS.set(configuration, config);
  return configuration;
}

/**
 * The settings of a configuration; without one, the defaults.
 *
 * @throws AttachguardError AG_ERR_USAGE where it was not made by `parseConfig`
 */
export function configOf(configuration: Configuration | undefined): Config {
  const config = configuration === undefined ? DEFAULT_CONFIG : CONFIGS.get(configuration);
  if (config !== undefined) return config;
  throw new AttachguardError("AG_ERR_USAGE", "this is not a configuration that parseConfig returned");
}
