import { listOf, plural } from "../../policy/phrasing.ts";
import type { Report } from "../../report/report.ts";
import { visible } from "../../report/visible.ts";

/**
 * A line that says how to settle findings about a class which nobody describes; `""` without any. It is for people, and
 * no part of the report: what the findings themselves rest on is in their evidence.
 *
 * @param findings of files that are judged without a cluster
 */
export function assumedClasses({ findings }: Pick<Report, "findings">): string {
  const classes = new Set<string>();
  let count = 0;
  for (const { claims, exempted, known } of findings) {
    if (exempted !== null || known) continue;
    const assumed = claims.filter(
      ({ reach, inline, volume, provisioner }) =>
        reach === "node" && !inline && volume === null && provisioner === null,
    );
    for (const { storageClass } of assumed) classes.add(storageClass ?? "the default class");
    if (assumed.length > 0) count += 1;
  }
  if (count === 0) return "";
  const [rest, noun] = [count === 1 ? "rests" : "rest", classes.size === 1 ? "a class" : "classes"];
  const names = visible(listOf([...classes].sort()));
  return `note: ${plural(count, "finding")} ${rest} on ${noun} not among the files (${names}), taken to keep ReadWriteOnce to one node; --cluster-facts DUMP or storageClasses in attachguard.yaml says what the cluster has, --nodes 1 that it has one node\n`;
}
