import { createPublicKey, type KeyObject } from "node:crypto";
import { isAbsolute, normalize } from "node:path";
import { Ajv } from "ajv";
import { type Document, isCollection, isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { AttachguardError, messageOf } from "../errors.ts";
import { alwaysExcluded, DEFAULT_CONFIG, STANDARD_NAMESPACE } from "./defaults.ts";
import type { CallerRule, Config, SelfManagedTls, WaiverKeySetting } from "./model.ts";
import { type Problem, pathText, problemsOf } from "./problems.ts";
import { CONFIG_SCHEMA } from "./schema.ts";

/** A file that the schema has accepted, with the schema's defaults filled in. */
type Written = Omit<Config, "callers" | "clientAuth" | "tls"> & {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly callers: readonly (Partial<CallerRule> & Pick<CallerRule, "mode">)[];
  readonly clientAuth?: Config["clientAuth"];
  readonly tls: Partial<Pick<Config["tls"], "files">> & {
    readonly selfManaged?: Omit<SelfManagedTls, "namespace"> & Partial<Pick<SelfManagedTls, "namespace">>;
  };
};

const validate = new Ajv({
  strict: true,
  // The alternatives of anyOf name keys that are defined beside them.
  strictRequired: false,
  allErrors: true,
  verbose: true,
  useDefaults: true,
  allowUnionTypes: true,
}).compile<Written>(CONFIG_SCHEMA);

/**
 * Makes a configuration from the text of a file. Keys without a value count as left out, as in Kubernetes.
 *
 * @param file the name that messages begin with.
 * @param ownNamespace where this server runs: never judged, and where its certificates are kept.
 * @throws AttachguardError AG_ERR_CONFIG with every problem, one per line.
 */
export function parseConfig(text: string, file: string, ownNamespace = STANDARD_NAMESPACE): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  if (document.errors.length > 0) {
    throw refusal(
      document.errors.map((error) => `${place(file, lines, error.pos[0])}: not valid YAML: ${error.message}`),
    );
  }
  const value = withoutNulls(document, file);
  const problems = validate(value) ? furtherProblems(value) : problemsOf(validate.errors ?? []);
  if (problems.length > 0 || !validate(value)) {
    throw refusal(
      problems
        .map((problem) => ({ offset: offsetOf(document, problem.path), text: problem.text }))
        .sort((a, b) => a.offset - b.offset)
        .map(({ offset, text: problem }) => `${place(file, lines, offset)}: ${problem}`),
    );
  }
  return complete(value, ownNamespace);
}

/** All that a configuration found without being named may set. */
const FOUND_KEYS: ReadonlySet<string> = new Set(["apiVersion", "kind", "check", "storageClasses", "drivers"]);

/**
 * Like `parseConfig`, for a file that was found and not named.
 *
 * @throws AttachguardError AG_ERR_CONFIG also for what only a named file may set.
 */
export function parseFoundConfig(text: string, file: string): Config {
  const config = parseConfig(text, file);
  const lines = new LineCounter();
  const { contents } = parseDocument(text, { lineCounter: lines, stringKeys: true });
  const problems: string[] = [];
  for (const pair of isMap(contents) ? contents.items : []) {
    if (!isScalar(pair.key) || FOUND_KEYS.has(String(pair.key.value))) continue;
    problems.push(
      `${place(file, lines, pair.key.range?.[0] ?? 0)}: ${pair.key.value} is not allowed in a file that is found automatically, only check, storageClasses and drivers are: give the file with --config`,
    );
  }
  if (config.check.render === "always") {
    problems.push(
      `${file}: check.render may be auto or never here; always is only for a file given with --config`,
    );
  }
  for (const path of config.check.paths ?? []) {
    if (isAbsolute(path) || normalize(path).startsWith("..")) {
      problems.push(`${file}: check.paths ${JSON.stringify(path)} is outside the file's folder`);
    }
  }
  if (problems.length > 0) throw refusal(problems);
  return config;
}

function refusal(problems: readonly string[]): AttachguardError {
  return new AttachguardError("AG_ERR_CONFIG", problems.join("\n"));
}

function place(file: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
}

/** The file's content without keys that have no value; an empty file is an empty mapping. */
function withoutNulls(document: Document, file: string): unknown {
  try {
    return dropNulls(document.toJS({ maxAliasCount: 100 })) ?? {};
  } catch (cause) {
    throw new AttachguardError("AG_ERR_CONFIG", `${file}: not usable YAML: ${messageOf(cause)}`, { cause });
  }
}

function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => [key, dropNulls(member)]),
  );
}

/** The place in the text of the innermost part of a path that exists; for a key: the key itself. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  let offset = 0;
  let node: unknown = document.contents;
  for (const part of path) {
    if (!isCollection(node)) break;
    const pair = node.items.find(
      (item) =>
        typeof item === "object" &&
        item !== null &&
        "key" in item &&
        isScalar(item.key) &&
        item.key.value === part,
    ) as { readonly key: unknown } | undefined;
    const next: unknown = node.get(part, true);
    const marked = pair === undefined ? next : pair.key;
    if (typeof marked !== "object" || marked === null || !("range" in marked)) break;
    offset = (marked.range as readonly [number, number, number] | null)?.[0] ?? offset;
    node = next;
  }
  return offset;
}

/** What a schema cannot express: names that must differ, keys that must be what they claim. */
function furtherProblems(config: Written): readonly Problem[] {
  const keys = config.waivers.keys;
  return [
    ...duplicates(
      ["waivers", "keys"],
      "id",
      keys.map((key) => key.id),
    ),
    ...duplicates(
      ["drivers"],
      "provisioner",
      config.drivers.map((driver) => driver.provisioner),
    ),
    ...keys.flatMap((key, index) => publicKeyProblem(key, ["waivers", "keys", index, "publicKey"])),
  ];
}

function duplicates(list: readonly string[], member: string, values: readonly string[]): readonly Problem[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value);
    if (first === index) return [];
    const path = [...list, index, member];
    return [
      {
        path,
        text: `${pathText(path)} is ${JSON.stringify(value)}, as ${pathText([...list, first, member])} already is; expected each once`,
      },
    ];
  });
}

/** The value is never shown: somebody may have put the private key there. */
function publicKeyProblem(key: WaiverKeySetting, path: readonly (string | number)[]): readonly Problem[] {
  const at = pathText(path);
  if (isPrivate(key.publicKey)) {
    return [
      {
        path,
        text: `${at} is a private key, which has now been shared with everyone who can read this file; create a new pair (attachguard waiver keygen) and put the public key here`,
      },
    ];
  }
  let parsed: KeyObject;
  try {
    parsed =
      typeof key.publicKey === "string"
        ? createPublicKey(key.publicKey)
        : createPublicKey({ key: key.publicKey, format: "jwk" });
  } catch {
    return [
      {
        path,
        text: `${at} cannot be read as a key; expected PEM text (-----BEGIN PUBLIC KEY-----) or a public JWK`,
      },
    ];
  }
  const algorithm = algorithmOf(parsed);
  if (algorithm === key.algorithm) return [];
  return [
    {
      path,
      text: `${at} is ${algorithm === undefined ? `a key of type ${parsed.asymmetricKeyType}` : `a key for ${algorithm}`}, but algorithm says ${key.algorithm}; expected ${key.algorithm === "EdDSA" ? "an Ed25519 key" : "a P-256 key"}`,
    },
  ];
}

function isPrivate(key: WaiverKeySetting["publicKey"]): boolean {
  return typeof key === "string" ? /PRIVATE KEY/.test(key) : "d" in key || key.kty === "oct";
}

function algorithmOf(key: KeyObject): WaiverKeySetting["algorithm"] | undefined {
  if (key.asymmetricKeyType === "ed25519") return "EdDSA";
  const isP256 = key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1";
  return isP256 ? "ES256" : undefined;
}

function complete(written: Written, ownNamespace: string): Config {
  const { apiVersion: _version, kind: _kind, ...config } = written;
  return {
    ...config,
    namespaces: {
      ...config.namespaces,
      excluded: [...new Set([...alwaysExcluded(ownNamespace), ...config.namespaces.excluded])],
    },
    callers: config.callers.map((rule) => ({ users: [], groups: [], ...rule })),
    docsUrl: config.docsUrl ?? DEFAULT_CONFIG.docsUrl,
    clientAuth: config.clientAuth ?? DEFAULT_CONFIG.clientAuth,
    tls: {
      files: config.tls.files ?? null,
      selfManaged: config.tls.selfManaged ? { namespace: ownNamespace, ...config.tls.selfManaged } : null,
    },
  };
}
