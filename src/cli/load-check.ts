import type { start } from "./start.ts";

/** The command line where `check` judges files. */
export interface CheckProgram {
  readonly start: typeof start;
  /** Keeps what was compiled for this run, so that the next one need not compile it. Never throws. */
  keep(): void;
}

/**
 * Loads it from its source. What is built loads the one script that the build makes of it (`esbuild.config.js`).
 *
 * @param _folder where what was compiled is kept; `undefined`: nowhere
 */
export async function loadCheck(_folder: string | undefined): Promise<CheckProgram> {
  const { start } = await import("./check-program.ts");
  return { start, keep: () => {} };
}
