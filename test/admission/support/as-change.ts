import { isDeepStrictEqual } from "node:util";
import type { Config } from "../../../src/config/model.ts";
import { judgeFiles, verdictOf } from "../../support/change.ts";
import { at, CLASSES, type Json } from "./reviews.ts";

/**
 * The verdict of `check --base` on the change of files that an UPDATE is, among objects that stay as they are;
 * `undefined` where files cannot say what it is about.
 */
export async function verdictOfFiles(
  review: Json,
  objects: readonly Json[],
  config: Partial<Config> = {},
): Promise<string | undefined> {
  const request = at(review, "request");
  // Files hold no status, and writing the same once more is no change of them.
  if (request.operation !== "UPDATE" || request.subResource === "status") return undefined;
  const [old, next] = [at(request, "oldObject"), at(request, "object")];
  if (at(next, "metadata").deletionTimestamp !== undefined) return undefined;
  const others = [...CLASSES, ...objects];
  if (request.subResource === "scale") return verdictOfScale(old, next, others, config);
  const rest = others.filter((other) => !isSame(other, next));
  const judged = await judgeFiles(
    { "a.yaml": [...rest, old] },
    { "a.yaml": [...rest, next] },
    { config, closed: true },
  );
  return verdictOf(judged);
}

async function verdictOfScale(
  old: Json,
  next: Json,
  objects: readonly Json[],
  config: Partial<Config>,
): Promise<string | undefined> {
  const { name } = at(next, "metadata");
  const scaled = objects.find(({ kind, metadata, spec }) => {
    return (
      (metadata as Json).name === name &&
      spec !== undefined &&
      "template" in (spec as Json) &&
      kind !== undefined
    );
  });
  if (scaled === undefined || isDeepStrictEqual(old.spec, next.spec)) return undefined;
  const rest = objects.filter((other) => other !== scaled);
  const withReplicas = (scale: Json): Json => {
    const { replicas = 0 } = (scale.spec ?? {}) as Json;
    return { ...scaled, spec: { ...(scaled.spec as Json), replicas } };
  };
  return verdictOf(
    await judgeFiles(
      { "a.yaml": [...rest, withReplicas(old)] },
      { "a.yaml": [...rest, withReplicas(next)] },
      { config, closed: true },
    ),
  );
}

function isSame(a: Json, b: Json): boolean {
  const [one, other] = [a.metadata as Json, b.metadata as Json];
  return a.kind === b.kind && one.name === other.name && one.namespace === other.namespace;
}
