/**
 * Makes `src/policy/catalogue/drivers.generated.ts`, which the program loads, of `drivers.json`: `npm run catalogue`.
 * Every entry is checked first; with anything wrong nothing is written, each problem is a line, and the exit code is 1.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv, type ErrorObject } from "ajv";
import schema from "../src/policy/catalogue/drivers.schema.json" with { type: "json" };

/** One entry of src/policy/catalogue/drivers.json; drivers.schema.json says what each member means. */
export interface Entry {
  readonly provisioner: string;
  readonly match: "exact" | "glob";
  readonly kind: string;
  readonly accessModes: readonly ShortMode[] | null;
  readonly blockAccessModes: readonly ShortMode[] | null;
  readonly rwop: string;
  readonly attachRequired: boolean | null;
  readonly volumeSource?: string;
  readonly nodeLocal: boolean | null;
  readonly nodeAffinity?: boolean;
  readonly nodeTopologyKeys?: readonly string[];
  readonly dynamicProvisioning: boolean | null;
  readonly enforcedAt: string;
  readonly acceptedButUnsafe?: {
    readonly filesystem: readonly ShortMode[];
    readonly block: readonly ShortMode[];
  };
  readonly sameNodeMultiPod?: boolean;
  readonly refusesSecondNode?: boolean;
  readonly unpublishIgnoresNode?: boolean;
  readonly backEndHint?: { readonly text: string; readonly source: string };
  readonly migratesTo?: string;
  readonly parameters: readonly EntryRule[];
  readonly evidence: string;
  readonly sources: readonly string[];
}

interface EntryRule {
  readonly when: Readonly<Record<string, string>>;
  readonly adds?: Readonly<Record<string, readonly ShortMode[]>>;
  readonly removes?: Readonly<Record<string, readonly ShortMode[]>>;
  readonly sets?: Readonly<Record<string, readonly ShortMode[] | boolean | null>>;
}

const CONSTANTS = {
  RWO: "ReadWriteOnce",
  ROX: "ReadOnlyMany",
  RWX: "ReadWriteMany",
  RWOP: "ReadWriteOncePod",
};
type ShortMode = keyof typeof CONSTANTS;

const FOLDER = new URL("../src/policy/catalogue/", import.meta.url);
const DATA = new URL("drivers.json", FOLDER);

/** The module that the program loads instead of the data file. */
export const GENERATED = new URL("drivers.generated.ts", FOLDER);

const isCatalogue = new Ajv({ allErrors: true, allowUnionTypes: true, verbose: true }).compile(schema);

/**
 * The entries of a catalogue, checked by its schema.
 *
 * @param text the whole of `drivers.json`
 * @returns the entries, or a line for everything that is wrong, with the provisioner, the member and what it should be
 */
export function parseEntries(
  text: string,
): { readonly entries: readonly Entry[] } | { readonly problems: readonly string[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problems: [`this is not JSON: ${error instanceof Error ? error.message : error}`] };
  }
  if (isCatalogue(value)) return { entries: value as readonly Entry[] };
  const errors = (isCatalogue.errors ?? []).filter(({ keyword }) => keyword !== "if");
  return { problems: [...new Set(errors.map((error) => problemOf(error, value)))] };
}

function problemOf({ instancePath, message, params, data }: ErrorObject, value: unknown): string {
  const [, at, ...member] = instancePath.split("/");
  const entry = Array.isArray(value) && at !== undefined ? value[Number(at)] : undefined;
  const who = typeof entry?.provisioner === "string" ? entry.provisioner : `entry ${at ?? ""}`;
  const where = member.length === 0 ? "" : `, ${member.join("/")}`;
  const allowed = "allowedValues" in params ? `: ${params.allowedValues.join(", ")}` : "";
  const found = member.length === 0 ? "" : `, but is ${JSON.stringify(data)}`;
  return `${who}${where}: ${message}${allowed}${found}`;
}

/** The text of drivers.generated.ts: what a verdict needs of each entry, and nothing else. */
export function compactModule(entries: readonly Entry[]): string {
  const line = (entry: Entry): string =>
    `[${JSON.stringify(entry.provisioner)}, ${literal(compact(entry))}],`;
  const member = (entry: Entry): string =>
    `${JSON.stringify(entry.provisioner)}: ${literal(compact(entry))},`;
  return `// Made of drivers.json by catalogue/generate.ts: change the data, then run \`npm run catalogue\`.
import type { Driver } from "./driver.ts";

${Object.entries(CONSTANTS)
  .map(([name, mode]) => `const ${name} = "${mode}";`)
  .join("\n")}

/** By exact name. */
export const DRIVERS: Readonly<Record<string, Driver>> = {
${entries
  .filter(({ match }) => match === "exact")
  .map(member)
  .join("\n")}
};

/** By a pattern in which \`*\` stands for any characters. */
export const GLOBS: readonly (readonly [pattern: string, driver: Driver])[] = [
${entries
  .filter(({ match }) => match === "glob")
  .map(line)
  .join("\n")}
];
`;
}

function compact(entry: Entry): Record<string, unknown> {
  const unsafe = entry.acceptedButUnsafe;
  const rules = entry.parameters.flatMap(compactRule);
  return {
    kind: entry.kind,
    accessModes: entry.accessModes?.map(constant),
    blockAccessModes: entry.blockAccessModes?.map(constant),
    unsafe: unsafe && { Filesystem: unsafe.filesystem.map(constant), Block: unsafe.block.map(constant) },
    // Without a CSI driver Kubernetes itself keeps (or does not keep) the mode, so the driver's list says nothing.
    rwopUnknown: entry.rwop === "unknown" || entry.rwop === "non-csi" || undefined,
    attachRequired: entry.attachRequired,
    volumeSource: entry.volumeSource,
    migratesTo: entry.migratesTo,
    nodeLocal: entry.nodeLocal || undefined,
    nodeAffinity: entry.nodeAffinity || undefined,
    nodeTopologyKeys: entry.nodeTopologyKeys,
    sameNodeMultiPod: entry.sameNodeMultiPod,
    refusesSecondNode: entry.refusesSecondNode,
    unpublishIgnoresNode: entry.unpublishIgnoresNode,
    backEndHint: entry.backEndHint?.text,
    dynamicProvisioning: entry.dynamicProvisioning || undefined,
    enforcedAt: entry.enforcedAt === "unknown" ? undefined : entry.enforcedAt,
    unstudied: entry.evidence === "official-table-only" || entry.kind === "static" || undefined,
    parameters: rules.length > 0 ? rules : undefined,
  };
}

function compactRule({ when, adds, removes, sets }: EntryRule): Record<string, unknown>[] {
  const rule = { adds: modeLists(adds), removes: modeLists(removes), sets: modeLists(sets) };
  return Object.values(rule).some((part) => part !== undefined) ? [{ when, ...rule }] : [];
}

function modeLists(
  part: Readonly<Record<string, readonly ShortMode[] | boolean | null>> | undefined,
): Record<string, unknown> | undefined {
  const entries = Object.entries(part ?? {});
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      value === null ? NULL : typeof value === "boolean" ? value : value.map(constant),
    ]),
  );
}

/** A piece of code, written as it is. */
class Code {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const NULL = new Code("null");

function constant(mode: ShortMode): Code {
  return new Code(mode);
}

/** An object literal on one line; members that are null or undefined are left out. */
function literal(value: unknown): string {
  if (value instanceof Code) return value.text;
  if (Array.isArray(value)) return `[${value.map(literal).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined && member !== null);
  return `{${members.map(([key, member]) => `${/^\w+$/.test(key) ? key : JSON.stringify(key)}:${literal(member)}`).join(",")}}`;
}

function main(path: string): void {
  const parsed = parseEntries(readFileSync(path, "utf8"));
  if ("entries" in parsed) {
    writeFileSync(GENERATED, compactModule(parsed.entries));
    return;
  }
  process.stderr.write(parsed.problems.map((problem) => `${path}: ${problem}\n`).join(""));
  process.exitCode = 1;
}

if (import.meta.main) main(process.argv[2] ?? fileURLToPath(DATA));
