import { isRecord } from "../policy/record.ts";

/** A JSON merge patch (RFC 7386), as `kubectl patch --type merge` takes it: null removes a member. */
export type MergePatch = Readonly<Record<string, unknown>>;

/** The value with the patch applied; neither argument is changed. Lists are replaced as a whole. */
export function mergePatched(value: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(value) ? { ...value } : {};
  for (const [key, member] of Object.entries(patch)) {
    if (member === null) delete result[key];
    else result[key] = mergePatched(result[key], member);
  }
  return result;
}

/** One patch with the effect of the first and then the second. */
export function composed(first: MergePatch, second: MergePatch): MergePatch {
  const result: Record<string, unknown> = { ...first };
  for (const [key, member] of Object.entries(second)) {
    const before = result[key];
    result[key] = isRecord(before) && isRecord(member) ? composed(before, member) : member;
  }
  return result;
}
