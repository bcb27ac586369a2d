import type { Config } from "../config/model.ts";

/**
 * Makes a configuration of the text of a file (docs/configuration.md).
 *
 * @param file the name that messages begin with
 * @throws AttachguardError AG_ERR_CONFIG with every problem, one a line, each with its place and what was expected
 */
export async function parseConfig(text: string, file = "configuration"): Promise<Config> {
  // Whoever has no configuration does not load the parser and the schema compiler.
  const { parseConfig: parse } = await import("../config/parse.ts");
  return parse(text, file);
}
