import { type KeptScript, runKept } from "./kept-script.ts";
import type { FilesProgram } from "./load-files-program.ts";

/** What the build makes of a module and all that it imports: given an empty one, it fills it. */
type Joined<T> = (module: { readonly exports: object }, packages?: () => Packages) => T;

/** The packages that only some runs need, by name; each is evaluated when it is asked for. */
type Packages = Readonly<Record<string, () => object>>;

/**
 * Takes the place of `loadFilesProgram` where it is built: loads the script that was made of `files-program.ts`, and the
 * one with the packages when the first of them is asked for.
 *
 * @param command what is kept is that of runs of this command
 * @param folder where it is kept; `undefined`: nowhere
 */
export async function loadFilesProgram(command: string, folder: string | undefined): Promise<FilesProgram> {
  const scripts: KeptScript<unknown>[] = [];
  const run = <T>(name: string, packages?: () => Packages): T => {
    const script = runKept<Joined<T>>(`${import.meta.dirname}/${name}.cjs`, command, folder);
    scripts.push(script);
    return script.value({ exports: {} }, packages);
  };
  let packages: Packages | undefined;
  const { start } = run<Pick<FilesProgram, "start">>("files-program", () => {
    packages ??= run<Packages>("packages");
    return packages;
  });
  return {
    start,
    keep() {
      for (const script of scripts) script.keep();
    },
  };
}
