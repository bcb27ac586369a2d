import { type KeptScript, runKept } from "./kept-script.ts";
import type { CheckProgram } from "./load-check.ts";

/** What the build makes of a module and all that it imports: given an empty one, it fills it. */
type Joined<T> = (module: { readonly exports: object }, packages?: () => Packages) => T;

/** The packages that only some runs of `check` need, by name; each is evaluated when it is asked for. */
type Packages = Readonly<Record<string, () => object>>;

/**
 * Takes the place of `loadCheck` where it is built: loads the script that was made of `check-program.ts`, and the one
 * with the packages when the first of them is asked for.
 *
 * @param folder where what was compiled is kept; `undefined`: nowhere
 */
export async function loadCheck(folder: string | undefined): Promise<CheckProgram> {
  const scripts: KeptScript<unknown>[] = [];
  const run = <T>(name: string, packages?: () => Packages): T => {
    const script = runKept<Joined<T>>(`${import.meta.dirname}/${name}.cjs`, folder);
    scripts.push(script);
    return script.value({ exports: {} }, packages);
  };
  let packages: Packages | undefined;
  const { start } = run<Pick<CheckProgram, "start">>("check-program", () => {
    packages ??= run<Packages>("check-packages");
    return packages;
  });
  return {
    start,
    keep() {
      for (const script of scripts) script.keep();
    },
  };
}
