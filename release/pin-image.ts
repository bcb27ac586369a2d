import { readFileSync, writeFileSync } from "node:fs";
import { parseDocument } from "yaml";

// Says in the chart and in the manifests where a release's image is, by digest. Run in the release's own tree, never
// committed: main names the tag.
//
//   node release/pin-image.ts REPOSITORY sha256:…

const ROOT = new URL("../", import.meta.url);

/** The chart's values with that image; comments and order stay. */
export function pinnedValues(text: string, repository: string, digest: string): string {
  const document = parseDocument(text);
  document.setIn(["image", "repository"], repository);
  document.setIn(["image", "digest"], digest);
  return document.toString({ lineWidth: 0 });
}

/** The base's kustomization with that image. */
export function pinnedBase(text: string, repository: string, digest: string): string {
  const document = parseDocument(text);
  document.setIn(["images", 0, "newName"], repository);
  document.setIn(["images", 0, "digest"], digest);
  document.deleteIn(["images", 0, "newTag"]);
  return document.toString({ lineWidth: 0 });
}

if (import.meta.main) {
  const [repository = "", digest = ""] = process.argv.slice(2);
  if (!/^[a-z0-9./_-]+$/.test(repository) || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    process.stderr.write("node release/pin-image.ts REPOSITORY sha256:DIGEST\n");
    process.exitCode = 2;
  } else {
    for (const [file, pinned] of [
      ["charts/attachguard/values.yaml", pinnedValues],
      ["manifests/base/kustomization.yaml", pinnedBase],
    ] as const) {
      const path = new URL(file, ROOT);
      writeFileSync(path, pinned(readFileSync(path, "utf8"), repository, digest));
    }
  }
}
