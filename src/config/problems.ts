import type { ErrorObject } from "ajv";
import { nearest } from "./nearest.ts";
import type { Schema } from "./schema.ts";

/** One problem in a configuration file. */
export interface Problem {
  /** Keys and list indices from the top of the file. */
  readonly path: readonly (string | number)[];
  /** What is there, what was expected, in words. */
  readonly text: string;
}

/**
 * What the schema compiler found, in words. Needs its `verbose` option.
 *
 * @param errors as ajv lists them.
 */
export function problemsOf(errors: readonly ErrorObject[]): readonly Problem[] {
  const problems = errors.filter((error) => !error.schemaPath.includes("/anyOf/")).map(problemOf);
  // A number where one of several words was expected violates two keywords, but is one mistake.
  return problems.filter(
    (problem, index) => problems.findIndex((other) => other.text === problem.text) === index,
  );
}

/** `a.b[0].c`, or `the configuration` for the top. */
export function pathText(path: readonly (string | number)[]): string {
  if (path.length === 0) return "the configuration";
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
}

/** What a value has to be, as a noun that completes "expected …". */
export function expectation(schema: Schema): string {
  if (schema.enum !== undefined) {
    return schema.enum.length === 1 ? String(schema.enum[0]) : `one of ${schema.enum.join(", ")}`;
  }
  switch (schema.type) {
    case "boolean":
      return "true or false";
    case "integer":
      return `a whole number from ${schema.minimum} to ${schema.maximum}`;
    case "array":
      return schema.items === undefined ? "a list" : `a list, each entry ${expectation(schema.items)}`;
    case "object":
      return schema.properties === undefined
        ? "a mapping"
        : `a mapping with ${Object.keys(schema.properties).join(", ")}`;
    default:
      return schema.title ?? "text";
  }
}

function problemOf(error: ErrorObject): Problem {
  const path = pathOf(error.instancePath);
  const schema = error.parentSchema as Schema;
  const name = pathText(path);
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(error.params.additionalProperty);
      const known = Object.keys(schema.properties ?? {});
      const guess = nearest(key, known);
      const hint = guess === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${guess}?`;
      return { path: [...path, key], text: `${pathText([...path, key])} is not a setting; ${hint}` };
    }
    case "required": {
      const key = String(error.params.missingProperty);
      const expected = schema.properties?.[key];
      const hint = expected === undefined ? "" : `; expected ${expectation(expected)}`;
      return { path, text: `${pathText([...path, key])} is missing${hint}` };
    }
    case "anyOf": {
      const alternatives = (schema.anyOf ?? []).map((alternative) => alternative.required.join(" and "));
      return {
        path,
        text: `${name} has neither ${alternatives.join(" nor ")}; expected at least one of them`,
      };
    }
    case "maxProperties": {
      const known = Object.keys(schema.properties ?? {}).join(" and ");
      return { path, text: `${name} has both ${known}; expected only one of them` };
    }
    case "uniqueItems": {
      const first = Math.min(Number(error.params.i), Number(error.params.j));
      return {
        path,
        text: `${name} has the entry ${shown((error.data as unknown[])[first])} twice; expected each once`,
      };
    }
    case "minItems":
      return { path, text: `${name} is an empty list; expected at least one entry, or leave it out` };
    case "enum": {
      const guess =
        typeof error.data === "string" ? nearest(error.data, (schema.enum ?? []).map(String)) : undefined;
      const hint = guess === undefined ? "" : `; did you mean ${guess}?`;
      return { path, text: `${name} is ${shown(error.data)}; expected ${expectation(schema)}${hint}` };
    }
    default: {
      const limit = error.keyword === "maxLength" ? ` of at most ${schema.maxLength} characters` : "";
      return { path, text: `${name} is ${shown(error.data)}; expected ${expectation(schema)}${limit}` };
    }
  }
}

/** A JSON pointer's parts; list indices as numbers. */
function pathOf(pointer: string): (string | number)[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** A value as a person would recognise it, in one short line. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "a mapping";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
