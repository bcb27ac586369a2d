import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { stringify } from "yaml";

export interface Archive {
  /** Where it can be had. */
  readonly uri: string;
  /** Of its bytes, 64 hexadecimal digits. */
  readonly sha256: string;
}

/**
 * The manifest by which krew installs the plugin. One archive serves all systems: it holds no machine code. Windows is
 * left out, where a launcher without an ending cannot be started.
 *
 * @param version without a leading `v`.
 * @param homepage address of the repository.
 */
export function krewManifest(version: string, homepage: string, { uri, sha256 }: Archive): string {
  return stringify(
    {
      apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
      kind: "Plugin",
      metadata: { name: "attachguard" },
      spec: {
        version: `v${version}`,
        homepage,
        shortDescription: "Find and explain Multi-Attach errors",
        description:
          "Checks manifests and clusters for workloads that will wait for a volume which another node holds (Multi-Attach\nerror), and says why and how to fix it.\n",
        caveats:
          "Needs Node.js 22.15 or newer on the PATH.\nFor completion, link kubectl_complete-attachguard, which is beside the plugin, into a folder on your PATH.\n",
        platforms: ["linux", "darwin"].map((os) => ({
          selector: { matchLabels: { os } },
          uri,
          sha256,
          bin: "bin/kubectl-attachguard",
        })),
      },
    },
    { lineWidth: 0 },
  );
}

// node release/krew.ts VERSION HOMEPAGE ARCHIVE URI
if (import.meta.main) {
  const [version, homepage, archive, uri] = process.argv.slice(2);
  if (!version || !homepage || !archive || !uri) {
    process.stderr.write("node release/krew.ts VERSION HOMEPAGE ARCHIVE URI\n");
    process.exitCode = 2;
  } else {
    const sha256 = createHash("sha256").update(readFileSync(archive)).digest("hex");
    process.stdout.write(krewManifest(version, homepage, { uri, sha256 }));
  }
}
