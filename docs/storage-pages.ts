import { readFileSync } from "node:fs";
import { storagePageNamed } from "../src/policy/catalogue/capabilities.ts";

/** What these pages say of an entry of the catalogue (src/policy/catalogue/README.md). */
interface Entry {
  readonly provisioner: string;
  readonly name: string;
  readonly kind: string;
  readonly accessModes: readonly string[] | null;
  readonly blockAccessModes: readonly string[] | null;
  readonly attachRequired: boolean | null;
  readonly nodeLocal: boolean | null;
  readonly enforcedAt: string;
  readonly refusesSecondNode?: boolean;
  readonly sameNodeMultiPod?: boolean;
  readonly backEndHint?: { readonly text: string };
  readonly parameters: readonly {
    readonly when: Readonly<Record<string, string>>;
    readonly note?: string;
  }[];
  readonly notes: string | null;
  readonly evidence: string;
  readonly sources: readonly string[];
}

const ENTRIES = JSON.parse(
  readFileSync(new URL("../src/policy/catalogue/drivers.json", import.meta.url), "utf8"),
) as readonly Entry[];

const HEAD = "<!-- Generated from src/policy/catalogue/drivers.json by docs/generate.ts; do not edit. -->";

/** One page for each backend that somebody has looked into, and an index of all, by their path below docs/. */
export function storagePages(): Readonly<Record<string, string>> {
  const studied = ENTRIES.filter(
    ({ evidence, kind }) => evidence !== "official-table-only" && kind !== "static",
  );
  return Object.fromEntries([
    ["storage/README.md", indexPage(studied)],
    ...studied.map((entry) => [`storage/${fileOf(entry)}`, page(entry)]),
  ]);
}

function fileOf({ provisioner }: Entry): string {
  return `${storagePageNamed(provisioner)}.md`;
}

function indexPage(studied: readonly Entry[]): string {
  const rows = ENTRIES.map((entry) => {
    const name = studied.includes(entry) ? `[${entry.name}](${fileOf(entry)})` : entry.name;
    return `| ${cell(name)} | \`${entry.provisioner}\` | ${modes(entry.accessModes)} | ${modes(entry.blockAccessModes)} | ${nodes(entry)} |`;
  });
  return `${HEAD}

# Storage backends

What each backend can do, as attachguard judges it. \`kubectl get storageclass\` shows the provisioner of a class.

## How to choose

1. **One pod at a time is enough** (most databases, queues, file-backed caches): any class. Set \`strategy: Recreate\`, or use a StatefulSet.
2. **Several pods, each with data of its own**: any class, and a StatefulSet with \`volumeClaimTemplates\`.
3. **Several pods that share files, on one node**: ReadWriteOnce and required pod affinity to themselves. One node is then a single point of failure.
4. **Several pods that share files, on several nodes**: a class with ReadWriteMany for files in the table: NFS, CephFS, EFS, Azure Files, Filestore and the like. Many disks offer ReadWriteMany for raw blocks only; a file system on such a disk breaks when two nodes mount it.
5. **Several pods that only read**: ReadOnlyMany, or an image.

## What is known

RWO is ReadWriteOnce, RWOP ReadWriteOncePod, ROX ReadOnlyMany, RWX ReadWriteMany. A dash: that volume mode is refused; a question mark: not known; attachguard then treats the mode as possible.

| backend | provisioner | files | raw blocks | second node |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

function page(entry: Entry): string {
  const {
    name,
    provisioner,
    accessModes,
    blockAccessModes,
    enforcedAt,
    backEndHint,
    parameters,
    notes,
    sources,
  } = entry;
  const parts = [
    `${HEAD}

# ${name}

\`provisioner: ${provisioner}\`

| | |
|---|---|
| files (\`volumeMode: Filesystem\`) | ${modes(accessModes)} |
| raw blocks (\`volumeMode: Block\`) | ${modes(blockAccessModes)} |
| a pod on a second node | ${nodes(entry)} |
| a second pod on the same node | ${entry.sameNodeMultiPod === false ? "fails as well" : "works, with ReadWriteOnce"} |
| a mode that it cannot do is refused | ${REFUSED[enforcedAt] ?? "not known"} |`,
    `## Several pods?

${sharing(entry)}`,
  ];
  if (parameters.length > 0) {
    const rows = parameters.map(
      ({ when, note }) =>
        `- ${Object.entries(when)
          .map(([key, value]) => `\`${key}: ${value}\``)
          .join(", ")}${note === undefined ? "" : `: ${note}`}`,
    );
    parts.push(`## StorageClass parameters that change this\n\n${rows.join("\n")}`);
  }
  if (backEndHint !== undefined)
    parts.push(`## Who holds a volume\n\nBesides Kubernetes' own VolumeAttachment: ${backEndHint.text}.`);
  if (notes) parts.push(`## Notes\n\n${notes}`);
  if (sources.length > 0) parts.push(`## Sources\n\n${sources.map((source) => `- ${source}`).join("\n")}`);
  return `${parts.join("\n\n")}\n`;
}

function sharing({ accessModes }: Entry): string {
  if (accessModes?.includes("RWX"))
    return "It can share files: ask for ReadWriteMany if several nodes have to mount the volume.";
  const fact =
    accessModes === null
      ? "It is not known whether it can share files between nodes."
      : "It cannot share files between nodes.";
  return `${fact} Ways that work: one pod with \`strategy: Recreate\`, a StatefulSet with a claim for each pod, or [a backend with ReadWriteMany for files](README.md#how-to-choose).`;
}

const REFUSED: Readonly<Record<string, string>> = {
  provision: "when the volume is created: the claim stays Pending",
  publish: "when a pod starts: the claim binds, the pod waits",
  none: "not at all",
};

function modes(known: readonly string[] | null): string {
  if (known === null) return "?";
  return known.length === 0 ? "–" : known.join(", ");
}

function nodes({ nodeLocal, attachRequired, refusesSecondNode }: Entry): string {
  if (nodeLocal) return "never: the volume is on one node";
  if (attachRequired) return "waits with a Multi-Attach error under ReadWriteOnce";
  if (refusesSecondNode) return "the node refuses it under ReadWriteOnce";
  return attachRequired === false ? "not stopped by Kubernetes: there is no attach step" : "?";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
