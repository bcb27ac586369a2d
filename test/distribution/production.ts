import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../manifests/render.ts";

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
}

/** Copies into `folder/node_modules` what `npm ci --omit=dev` would put there, from this checkout. */
export async function copyProduction(folder: string): Promise<void> {
  const lockfile = JSON.parse(await readFile(`${ROOT}package-lock.json`, "utf8")) as Lockfile;
  for (const [path, { dev, devOptional }] of Object.entries(lockfile.packages)) {
    // Nested packages come along with the one that they are nested in.
    if (path === "" || path.indexOf("node_modules/", 1) !== -1 || dev || devOptional) continue;
    await cp(`${ROOT}${path}`, join(folder, path), { recursive: true, force: true }).catch(
      (error: unknown) => {
        // Optional packages for other platforms are in the lockfile and not on the disk.
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      },
    );
  }
}
