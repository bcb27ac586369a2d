import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { documentsIn } from "../../src/diagnose/dump-text.ts";

const FOLDER = join(import.meta.dirname, "..", "..", "..", "shared", "recordings", "stuck");

/** Why the tests over the recordings do not run; false where the recordings are there. */
export const MISSING: string | false = existsSync(FOLDER)
  ? false
  : "skipped: ../shared/recordings/stuck is not there";

/** One of the values, or the value itself. */
export type OneOf<T> = T | readonly T[];

export interface ExpectedWaiting {
  readonly pod: string;
  readonly node: string | null;
}

export interface ExpectedHolder {
  readonly pod: string | null;
  readonly node: string;
  readonly nodeState: string;
  readonly attachment: string | null;
}

type Lists<T> = readonly T[] | { readonly anyOf: readonly (readonly T[])[] };

export interface Expected {
  readonly ask: readonly string[];
  readonly namespace: string | null;
  readonly state: OneOf<string | null>;
  readonly cause: OneOf<string>;
  readonly detail: OneOf<string | null>;
  readonly volume: boolean | null;
  readonly waiting: Lists<ExpectedWaiting>;
  readonly holders: Lists<ExpectedHolder>;
  readonly byItself: OneOf<string> | null;
  readonly within: string | null;
  readonly withinAtLeast?: string;
  readonly firstStep: readonly (string | null)[];
  readonly steps: readonly OneOf<string>[];
  readonly forbiddenSteps: readonly string[];
  readonly never?: readonly string[];
  readonly avoid: readonly OneOf<string>[];
  readonly questions?: readonly string[];
  readonly commands?: Readonly<Record<string, readonly string[]>>;
  readonly attachments: Readonly<Record<string, OneOf<string>>>;
  readonly findings: readonly string[];
  readonly findingsAllowed?: readonly string[];
  readonly at?: string;
  readonly whenAt?: Partial<Expected>;
  readonly perAsk?: Readonly<Record<string, Partial<Expected>>>;
}

export interface Recording {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly expected: Expected;
}

/** Every recording with its right answer, in order of name. */
export function recordings(): readonly Recording[] {
  if (MISSING !== false) return [];
  const expected = JSON.parse(readFileSync(join(FOLDER, "expected.json"), "utf8")) as Readonly<
    Record<string, Expected>
  >;
  return readdirSync(FOLDER)
    .filter((file) => /^\d.*\.json$/.test(file))
    .toSorted()
    .map((file) => {
      const name = file.slice(0, -".json".length);
      const answer = expected[name];
      if (answer === undefined) throw new Error(`${name} has no entry in expected.json`);
      return { name, values: documentsIn(file, readFileSync(join(FOLDER, file), "utf8")), expected: answer };
    });
}
