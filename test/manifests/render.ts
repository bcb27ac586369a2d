import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

/** The repository's root, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export const OVERLAYS: readonly string[] = readdirSync(`${ROOT}manifests/overlays`).sort();

/** Why nothing can be rendered here; undefined where it can. */
export const WITHOUT_KUBECTL: string | undefined =
  spawnSync("kubectl", ["kustomize", "--help"], { stdio: "ignore" }).status === 0
    ? undefined
    : "SKIPPED: the manifests are rendered with `kubectl kustomize`, and there is no kubectl on the PATH";

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A rendered object. Its other members are whatever the manifests say; `select` gives them a type. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [member: string]: unknown;
}

/** What `kubectl apply -k` would send, in its order. `path` is relative to the repository. */
export function render(path: string): readonly Manifest[] {
  const text = execFileSync("kubectl", ["kustomize", `${ROOT}${path}`], { encoding: "utf8" });
  return parseManifests(text);
}

export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** The one object of a kind and name; the caller says what it expects in it. */
export function select<T = unknown>(
  manifests: readonly Manifest[],
  kind: string,
  name: string,
): Manifest & T {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (found.length !== 1) throw new Error(`expected one ${kind} ${name}, found ${found.length}`);
  return found[0] as Manifest & T;
}

export interface RuleManifest {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export interface Webhook {
  readonly name: string;
  readonly admissionReviewVersions: readonly string[];
  readonly clientConfig: {
    readonly caBundle?: string;
    readonly url?: string;
    readonly service?: {
      readonly name: string;
      readonly namespace: string;
      readonly path: string;
      readonly port: number;
    };
  };
  readonly failurePolicy: string;
  readonly matchPolicy: string;
  readonly sideEffects: string;
  readonly timeoutSeconds: number;
  readonly namespaceSelector: {
    readonly matchExpressions: readonly {
      readonly key: string;
      readonly operator: string;
      readonly values: readonly string[];
    }[];
  };
  readonly objectSelector?: unknown;
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly apiVersions: readonly string[];
    readonly resources: readonly string[];
    readonly operations: readonly string[];
    readonly scope: string;
  }[];
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
}

/** The entries of the ValidatingWebhookConfiguration, by name. */
export function webhooksOf(manifests: readonly Manifest[]): ReadonlyMap<string, Webhook> {
  const { webhooks } = select<{ webhooks: readonly Webhook[] }>(
    manifests,
    "ValidatingWebhookConfiguration",
    "attachguard",
  );
  return new Map(webhooks.map((webhook) => [webhook.name, webhook]));
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly priorityClassName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: {
    readonly runAsNonRoot: boolean;
    readonly seccompProfile: { readonly type: string };
  };
  readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[];
  readonly containers: readonly Container[];
  readonly volumes: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string };
  }[];
}

export interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly unknown[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: Readonly<Record<"requests" | "limits", Readonly<Record<"cpu" | "memory", string>>>>;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
  readonly [probe: string]: unknown;
}

export interface DeploymentSpec {
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly metadata: Metadata; readonly spec: PodSpec };
  };
}

/** The Deployment's pod, and its only container. */
export function podOf(manifests: readonly Manifest[]): {
  readonly deployment: DeploymentSpec["spec"];
  readonly pod: PodSpec;
  readonly container: Container;
} {
  const { spec } = select<DeploymentSpec>(manifests, "Deployment", "attachguard");
  const [container, ...others] = spec.template.spec.containers;
  if (container === undefined || others.length > 0) throw new Error("expected one container");
  return { deployment: spec, pod: spec.template.spec, container };
}

/** The text of the configuration file in the ConfigMap. */
export function configOf(manifests: readonly Manifest[]): string {
  const { data } = select<{ data: Readonly<Record<string, string>> }>(manifests, "ConfigMap", "attachguard");
  const text = data["config.yaml"];
  if (text === undefined || Object.keys(data).length !== 1)
    throw new Error("expected config.yaml and nothing else");
  return text;
}
