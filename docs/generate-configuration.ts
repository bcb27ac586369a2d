import { expectation } from "../src/config/problems.ts";
import { CONFIG_SCHEMA, type Schema } from "../src/config/schema.ts";

/** The pages made of the configuration's schema, by their path below docs/. */
export function configurationPages(): Readonly<Record<string, string>> {
  return {
    "config.schema.json": `${jsonText(CONFIG_SCHEMA)}\n`,
    "configuration.md": referencePage(),
  };
}

/** A file that shows every section; a test reads it. */
export const EXAMPLE = `# yaml-language-server: $schema=./config.schema.json
apiVersion: attachguard.dev/v1
kind: Configuration

mode: warn                      # for a first week: nothing is denied
namespaces:
  excluded: [monitoring]        # besides kube-system and attachguard-system
  exempt:
    - name: legacy-*
      reason: moved to shared storage by the end of the year (STOR-118)
callers:
  - users: ["system:serviceaccount:argocd:argocd-application-controller"]
    mode: warn                  # it would retry a denial forever
severities:
  rwo-shared-claim: off
drivers:
  - provisioner: csi.example.com
    accessModes: [ReadWriteOnce, ReadWriteMany]
storageClasses:                  # for check, where the repository does not hold them
  - name: fast
    provisioner: ebs.csi.aws.com
    default: true
cluster:
  watchNodes: true
waivers:
  keys:
    - id: storage-team-2026
      issuer: storage-team@example.com
      algorithm: EdDSA
      publicKey:                # attachguard waiver keygen
        kty: OKP
        crv: Ed25519
        x: 3uwEdvgQwYR9BIst1poIyiQ1u1j-wUJgLUFDKiBqnxw
tls:
  selfManaged: {}
`;

function referencePage(): string {
  const properties = Object.entries(CONFIG_SCHEMA.properties ?? {});
  const top = properties.filter(([, schema]) => !isSection(schema));
  const sections = properties.filter(([, schema]) => isSection(schema));
  return `<!-- Generated from src/config/schema.ts by npm run docs; do not edit. -->

# Configuration

\`attachguard serve --config FILE\` reads one YAML file; a JSON Schema for editors is in [config.schema.json](config.schema.json).
${CONFIG_SCHEMA.description}

The file is watched: an edit, or an update of the ConfigMap that it is mounted from, takes effect without a restart, except where a key says "read at start". A file that is not valid changes nothing: the last valid configuration stays in force, and the problem is in the log, in the body of \`/readyz\` and in the metric \`attachguard_config_reload_failures_total\`. At start-up such a file is an error: every problem is printed with line, column, key, the value found and what was expected.

\`\`\`yaml
${EXAMPLE}\`\`\`

## Top level

${table(top.flatMap(([key, schema]) => rows(key, schema)))}
${sections
  .map(
    ([key, schema]) => `
## ${key}

${schema.description}

${table(rows(key, schema).slice(schema.type === "array" ? 0 : 1))}
`,
  )
  .join("")}`;
}

const LINE_WIDTH = 110;

/** JSON as the formatter of this repository leaves it: lists of plain values on one line, where they fit on it. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(
    /^(.*)\[\n\s+([^[\]{}]*?)\n\s+\](,?)$/gm,
    (lines: string, start: string, entries: string, comma: string) => {
      const line = `${start}[${entries.replaceAll(/\n\s+/g, " ")}]${comma}`;
      return line.length <= LINE_WIDTH ? line : lines;
    },
  );
}

function isSection(schema: Schema): boolean {
  return schema.properties !== undefined || schema.items?.properties !== undefined;
}

interface Row {
  readonly key: string;
  readonly value: string;
  readonly standard: string;
  readonly meaning: string;
}

/** A key's row and those of everything below it. */
function rows(key: string, schema: Schema): readonly Row[] {
  const below = schema.items ?? schema;
  const prefix = schema.items === undefined ? key : `${key}[]`;
  const members = Object.entries(below.properties ?? {}).flatMap(([name, member]) => {
    const [first, ...rest] = rows(`${prefix}.${name}`, member);
    const needed = below.required?.includes(name) === true;
    return first === undefined ? [] : [needed ? { ...first, standard: "required" } : first, ...rest];
  });
  const row: Row = {
    key,
    value: schema.properties === undefined ? valueText(schema) : "a mapping",
    standard: standardText(schema),
    meaning: [
      schema.description,
      ...(schema.examples ?? []).map((example) => `Example: \`${JSON.stringify(example)}\`.`),
    ].join(" "),
  };
  return [row, ...members];
}

function valueText(schema: Schema): string {
  if (schema.items?.properties !== undefined) return "a list";
  return expectation(schema);
}

function standardText(schema: Schema): string {
  if (schema.default === undefined || schema.properties !== undefined) return "–";
  return `\`${JSON.stringify(schema.default)}\``;
}

function table(lines: readonly Row[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  return [
    "| key | value | default | meaning |",
    "|---|---|---|---|",
    ...lines.map(
      (row) => `| \`${row.key}\` | ${cell(row.value)} | ${cell(row.standard)} | ${cell(row.meaning)} |`,
    ),
  ].join("\n");
}
