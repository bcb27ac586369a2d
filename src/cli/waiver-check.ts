import type { WaiverCheck } from "../admission/judge/desk.ts";
import type { Config } from "../config/config.ts";

/** Checks waivers against the keys of the configuration. */
export function waiverCheck(_config: Config): WaiverCheck {
  return async () => ({ state: "refused", reason: "not read yet" });
}
