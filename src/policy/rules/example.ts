/**
 * The manifests on the pages of the rules, put together from what all of them share, so that a rule's own data shows
 * what the rule is about.
 */

/** A pod with one container that mounts one claim. */
interface PodParts {
  readonly name: string;
  readonly claim?: string;
  /** Further lines of its spec. */
  readonly pod?: readonly string[];
}

interface DeploymentParts extends Partial<PodParts> {
  /** Lines of the Deployment's spec. */
  readonly spec?: readonly string[];
  /** Labels of the template beside `app`. */
  readonly labels?: string;
}

interface ClaimParts {
  readonly name?: string;
  readonly mode?: string;
  /** Lines of the claim's spec. */
  readonly spec?: readonly string[];
}

/** Documents as one file. */
export function manifests(...documents: readonly string[]): string {
  return documents.join("---\n");
}

export function deployment({ name = "web", spec = [], labels, ...pod }: DeploymentParts = {}): string {
  return text([
    "apiVersion: apps/v1",
    "kind: Deployment",
    "metadata:",
    `  name: ${name}`,
    "spec:",
    ...indented(2, spec),
    `  selector: {matchLabels: {app: ${name}}}`,
    "  template:",
    `    metadata: {labels: {app: ${name}${labels === undefined ? "" : `, ${labels}`}}}`,
    "    spec:",
    ...indented(6, podLines({ name, ...pod })),
  ]);
}

/** A CronJob whose runs never overlap; `metadata`: lines of its pod template before the spec. */
export function cronJob({ metadata = [], ...pod }: PodParts & { metadata?: readonly string[] }): string {
  return text([
    "apiVersion: batch/v1",
    "kind: CronJob",
    "metadata:",
    `  name: ${pod.name}`,
    "spec:",
    '  schedule: "0 3 * * *"',
    "  concurrencyPolicy: Forbid",
    "  jobTemplate:",
    "    spec:",
    "      template:",
    ...indented(8, metadata),
    "        spec:",
    "          restartPolicy: Never",
    ...indented(10, podLines(pod)),
  ]);
}

export function claim({ name = "data", mode = "ReadWriteOnce", spec = [] }: ClaimParts = {}): string {
  return text([
    "apiVersion: v1",
    "kind: PersistentVolumeClaim",
    "metadata:",
    `  name: ${name}`,
    "spec:",
    ...indented(2, spec),
    `  accessModes: [${mode}]`,
    "  resources: {requests: {storage: 1Gi}}",
  ]);
}

export function storageClass(name: string, provisioner: string): string {
  return text([
    "apiVersion: storage.k8s.io/v1",
    "kind: StorageClass",
    "metadata:",
    `  name: ${name}`,
    `provisioner: ${provisioner}`,
  ]);
}

function podLines({ name, claim: claimName = "data", pod = [] }: PodParts): readonly string[] {
  return [
    ...pod,
    "containers:",
    `  - name: ${name}`,
    `    image: example.com/${name}`,
    "    volumeMounts: [{name: data, mountPath: /data}]",
    "volumes:",
    "  - name: data",
    `    persistentVolumeClaim: {claimName: ${claimName}}`,
  ];
}

function indented(by: number, lines: readonly string[]): readonly string[] {
  return lines.map((line) => " ".repeat(by) + line);
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
