import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Test } from "tap";
import { ROOT } from "./render.ts";

/** The address that docs/alerts.md gives as an example. */
export const EXAMPLE_PAGES = "https://wiki.example.com/attachguard/alerts";

/** Writes the overlay that docs/alerts.md shows, on top of this repository; returns its path for `render`. */
export function overlayWithAlertPages(t: Test): string {
  const pages = readFileSync(`${ROOT}docs/alerts.md`, "utf8");
  const [kustomization = "", setting = ""] = [...pages.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, text]) => text,
  );
  const folder = mkdtempSync(join(tmpdir(), "attachguard-alert-pages-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "alert-pages.yaml"), setting);
  const manifests = relative(folder, `${ROOT}manifests`);
  writeFileSync(
    join(folder, "kustomization.yaml"),
    kustomization.replaceAll("github.com/your-fork/attachguard/manifests", manifests),
  );
  return relative(ROOT, folder);
}
