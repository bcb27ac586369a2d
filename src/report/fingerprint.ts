import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { Finding } from "../policy/finding.ts";

/**
 * What identifies a finding from one run to the next, whatever line it moves to and whatever numbers a rollout changes:
 * SHA-256, in hexadecimal, of the root, rule, object and claims. Two findings may have the same.
 *
 * @param file of the finding, relative to the repository; a plain file's root is its folder. `""` without a file
 */
export function fingerprintOf({ rule, workload, claims }: Finding, file: string): string {
  const { kind, namespace, name } = workload;
  const root = file === "" ? "" : posix.dirname(file);
  return hashed([root, rule, kind, namespace, name, ...claims.map((claim) => claim.name).sort()]);
}

/**
 * The same fingerprints, each once: for readers that would drop the second of two. The first keeps its own, later ones
 * include their number.
 */
export function uniqueFingerprints(fingerprints: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return fingerprints.map((fingerprint) => {
    const before = seen.get(fingerprint) ?? 0;
    seen.set(fingerprint, before + 1);
    return before === 0 ? fingerprint : hashed([fingerprint, String(before + 1)]);
  });
}

function hashed(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
