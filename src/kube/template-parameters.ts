import { isRecord, list, nonEmpty, type Raw, record, text } from "./raw.ts";

/** `${{NAME}}` alone stands for the value itself, a number or true; `${NAME}` anywhere in a text for its text. */
const WHOLE = /^\$\{\{(\w+)\}\}$/;
const WITHIN = /\$\{(\w+)\}/g;

/**
 * The objects of an OpenShift Template as `oc process` makes them where nobody gives a parameter: each with the `value`
 * that the Template has for it. What has none stays as it is written.
 *
 * @param objects of the Template, as it holds them
 */
export function withParameters(template: Raw, objects: readonly unknown[]): readonly unknown[] {
  const values = new Map<string, string>();
  for (const parameter of list(template.parameters)) {
    const { name, value } = record(parameter);
    const [key, given] = [nonEmpty(name), text(value)];
    if (key !== undefined && given !== undefined) values.set(key, given);
  }
  if (values.size === 0) return objects;
  const made = new Map<object, unknown>();
  return objects.map((object) => filled(object, values, made));
}

/** @param made what was filled in already: an alias may put one value into many places, or into itself */
function filled(value: unknown, values: ReadonlyMap<string, string>, made: Map<object, unknown>): unknown {
  if (typeof value === "string") return filledText(value, values);
  if (typeof value !== "object" || value === null) return value;
  const before = made.get(value);
  if (before !== undefined) return before;
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    made.set(value, copy);
    for (const member of value) copy.push(filled(member, values, made));
    return copy;
  }
  if (!isRecord(value)) return value;
  const copy: Record<string, unknown> = {};
  made.set(value, copy);
  for (const [key, member] of Object.entries(value)) {
    Object.defineProperty(copy, filledText(key, values) as string, {
      value: filled(member, values, made),
      ...{ configurable: true, enumerable: true, writable: true },
    });
  }
  return copy;
}

function filledText(written: string, values: ReadonlyMap<string, string>): unknown {
  const whole = WHOLE.exec(written)?.[1];
  const given = whole === undefined ? undefined : values.get(whole);
  if (given !== undefined) return asJson(given);
  return written.replace(WITHIN, (reference, name: string) => values.get(name) ?? reference);
}

function asJson(given: string): unknown {
  try {
    return JSON.parse(given) as unknown;
  } catch {
    return given;
  }
}
