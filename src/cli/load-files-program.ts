import type { start } from "./start.ts";

/** The command line where no cluster is asked. */
export interface FilesProgram {
  readonly start: typeof start;
  /** Keeps what was compiled for this run, so that the next one need not compile it. Never throws. */
  keep(): void;
}

/**
 * Loads it from its source. What is built loads the one script that the build makes of it (`esbuild.config.js`).
 *
 * @param _command what is kept is that of runs of this command
 * @param _folder where it is kept; `undefined`: nowhere
 */
export async function loadFilesProgram(_command: string, _folder: string | undefined): Promise<FilesProgram> {
  const { start } = await import("./files-program.ts");
  return { start, keep: () => {} };
}
