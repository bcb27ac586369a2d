import {
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  NOT_RESOLVED,
  type ScalarTagDefinition,
  Schema,
  seqTag,
  strTag,
} from "js-yaml";
import { isRecord } from "../../kube/raw.ts";

/**
 * Scalars, keys and merges as kubectl reads them: `sigs.k8s.io/yaml` over `go.yaml.in/yaml/v2` (`resolve.go`,
 * `decode.go`), whose recorded answers stand in `test/fixtures/yaml`.
 */

const NAMESPACE = "tag:yaml.org,2002:";

/** Keys that all merges of one document may copy: a few lines could otherwise ask for gigabytes. */
const MOST_MERGED_KEYS = 100_000;

const NULLS: ReadonlySet<string> = new Set(["", "~", "null", "Null", "NULL"]);
const TRUE_WORDS: ReadonlySet<string> = new Set("y Y yes Yes YES on On ON true True TRUE".split(" "));
const FALSE_WORDS: ReadonlySet<string> = new Set("n N no No NO off Off OFF false False FALSE".split(" "));

const PREFIXED = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+)$/;
const DECIMAL = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

function numberOf(source: string): number | typeof NOT_RESOLVED {
  const plain = source.includes("_") ? source.replaceAll("_", "") : source;
  const prefixed = PREFIXED.exec(plain);
  if (prefixed !== null) {
    const [, sign, digits = ""] = prefixed;
    const octal = /^0[0-7]/.test(digits);
    return Number(octal ? `0o${digits.slice(1)}` : digits) * (sign === "-" ? -1 : 1);
  }
  return DECIMAL.test(plain) ? Number(plain) + 0 : NOT_RESOLVED;
}

/** What a plain `<<` stands for; a quoted one is a key like any other. */
const MERGE = Symbol("<<");

const never = (): boolean => false;

function scalar<T>(
  name: string,
  resolve: (source: string) => T | typeof NOT_RESOLVED,
  implicitFirstChars: readonly string[] | null = null,
): ScalarTagDefinition<T> {
  const implicit = implicitFirstChars !== null;
  return defineScalarTag(name, { implicit, implicitFirstChars, resolve, identify: never });
}

const nullTag = scalar(`${NAMESPACE}null`, (source) => (NULLS.has(source) ? null : NOT_RESOLVED), [
  "",
  "~",
  "n",
  "N",
]);

const boolTag = scalar(
  `${NAMESPACE}bool`,
  (source) => (TRUE_WORDS.has(source) ? true : FALSE_WORDS.has(source) ? false : NOT_RESOLVED),
  [..."yYnNtTfFoO"],
);

const numberTag = scalar(`${NAMESPACE}float`, numberOf, [..."0123456789+-."]);
const intTag = scalar(`${NAMESPACE}int`, numberOf);
const mergeTag = scalar(`${NAMESPACE}merge`, (source) => (source === "<<" ? source : NOT_RESOLVED));
const mergeKeyTag = scalar("!merge-key", (source) => (source === "<<" ? MERGE : NOT_RESOLVED), ["<"]);
const binaryTag = scalar(`${NAMESPACE}binary`, (source) => Buffer.from(source, "base64").toString("utf8"));

const asText = (source: string): string => source;

/** Other tags (`!Ref`, `!!timestamp`) change nothing. */
const foreignScalars = ["!", "tag:", ""].map((prefix) =>
  defineScalarTag(prefix, { matchByTagPrefix: true, resolve: asText, identify: never }),
);
const foreignSequences = ["!", "tag:"].map((prefix) =>
  defineSequenceTag(prefix, {
    matchByTagPrefix: true,
    create: (): unknown[] => [],
    addItem: (carrier, item) => {
      carrier.push(item);
    },
    identify: never,
  }),
);

type Mapping = Record<string, unknown>;

/** What is counted while one document is made; documents are made one after the other. */
const made = { duplicates: 0, mergedKeys: 0 };

/** Begins to count again. */
export function beginDocument(): void {
  made.duplicates = 0;
  made.mergedKeys = 0;
}

/** How many keys of the document so far were given before in the same object. */
export function duplicateKeys(): number {
  return made.duplicates;
}

function set(mapping: Mapping, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(mapping, key, { value, enumerable: true, configurable: true, writable: true });
  } else mapping[key] = value;
}

const NOT_MERGEABLE = "a merge key (<<) takes an object or a list of objects";

/** The keys of a merge, in the order of the document: a later one replaces an earlier one, merged or not. */
function merge(mapping: Mapping, value: unknown): string {
  // The first entry of a list counts most.
  const sources = Array.isArray(value) ? value.toReversed() : [value];
  for (const source of sources) {
    if (!isRecord(source)) return NOT_MERGEABLE;
    for (const key of Object.keys(source)) {
      made.mergedKeys += 1;
      if (made.mergedKeys > MOST_MERGED_KEYS) return `merge keys copy more than ${MOST_MERGED_KEYS} keys`;
      set(mapping, key, source[key]);
    }
  }
  return "";
}

function addPair(mapping: Mapping, key: unknown, value: unknown): string {
  if (key === MERGE) return merge(mapping, value);
  // Go refuses an object as a key; what else the document says is worth reading.
  if (typeof key === "object" && key !== null) return "";
  const name = String(key);
  if (Object.hasOwn(mapping, name)) made.duplicates += 1;
  set(mapping, name, value);
  return "";
}

const mapping = (name: string, matchByTagPrefix: boolean) =>
  defineMappingTag(name, {
    matchByTagPrefix,
    create: (): Mapping => ({}),
    addPair,
    has: (carrier, key) => typeof key === "string" && Object.hasOwn(carrier, key),
    keys: (result) => Object.keys(result),
    get: (result, key) => result[String(key)],
    identify: never,
  });

export const KUBECTL_SCHEMA = new Schema([
  strTag,
  seqTag,
  mapping(`${NAMESPACE}map`, false),
  nullTag,
  boolTag,
  numberTag,
  intTag,
  mergeTag,
  mergeKeyTag,
  binaryTag,
  ...foreignScalars,
  ...foreignSequences,
  mapping("!", true),
  mapping("tag:", true),
]);
