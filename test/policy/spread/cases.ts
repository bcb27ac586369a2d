import { parse } from "yaml";
import type { ClaimReach, SpreadProof } from "../../../src/policy/factors.ts";
import type { Placement, Workload } from "../../../src/policy/model.ts";
import { DEFAULT_OPTIONS, type PolicyOptions } from "../../../src/policy/options.ts";
import { reachOfMount } from "../../../src/policy/reach.ts";
import { rolloutSpread, steadySpread } from "../../../src/policy/spread/spread.ts";
import type { ClusterView } from "../../../src/policy/view.ts";
import { bundle } from "../../support/bundle.ts";
import { daemonSet, deployment, file, job, node, pod, statefulSet } from "../../support/objects.ts";

export type Raw = Readonly<Record<string, unknown>>;

export const ANYWHERE: Placement = {
  nodeName: undefined,
  nodeSelector: {},
  nodeAffinity: undefined,
  podAffinity: [],
  podAntiAffinity: [],
  spreadConstraints: [],
  tolerations: [],
};

/** A claim that one node may hold, not bound yet. */
export const ONE_NODE_CLAIM: ClaimReach = {
  name: "data",
  inline: false,
  reach: "node",
  accessModes: ["ReadWriteOnce"],
  volume: undefined,
  storageClass: undefined,
  provisioner: undefined,
  pin: undefined,
  presumed: undefined,
  missing: false,
  evidence: [],
};

/** A template as a table writes it: labels and pod spec as YAML. */
export interface Template {
  readonly labels?: string;
  readonly spec?: string;
}

const MAKERS = {
  Deployment: deployment,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
  Job: job,
  Pod: pod,
} as const;

interface Of extends Template {
  readonly kind?: keyof typeof MAKERS;
  readonly name?: string;
  readonly namespace?: string;
  readonly replicas?: number;
  readonly claims?: readonly string[];
  readonly status?: string;
}

const yaml = (text: string): Raw => parse(text) as Raw;

/** A workload of the cluster; `web` of namespace `shop`, label `app: web`, two replicas when nothing else is said. */
export function workload(of: Of = {}): Raw {
  const { kind = "Deployment", name = "web", namespace = "shop", replicas = 2, claims = [] } = of;
  const made = MAKERS[kind]({
    name,
    namespace,
    labels: yaml(of.labels ?? "{app: web}"),
    claims,
    spec: of.spec === undefined ? {} : yaml(of.spec),
    workload: kind === "Deployment" || kind === "StatefulSet" ? { replicas } : {},
    ...(of.status !== undefined && { status: yaml(of.status) }),
  });
  const { metadata } = made as { metadata: Raw };
  const labels = kind === "Pod" ? { labels: yaml(of.labels ?? "{app: web}") } : {};
  return {
    ...made,
    metadata: { ...metadata, ...labels, namespace: namespace === "" ? undefined : namespace },
  };
}

export { node };

/** Required pod affinity as a pod spec: each term in YAML flow form. */
export const near = (...terms: readonly string[]): string =>
  `affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${terms.join(", ")}]}}`;

/** Required pod anti-affinity as a pod spec. */
export const away = (...terms: readonly string[]): string =>
  `affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${terms.join(", ")}]}}`;

/** Required node affinity as a pod spec. */
export const onNodes = (...terms: readonly string[]): string =>
  `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [${terms.join(", ")}]}}}`;

export const HOST = "topologyKey: kubernetes.io/hostname";

/** A term on hostname for pods with these labels. */
export const hostTerm = (labels: string, more = ""): string =>
  `{${HOST}, labelSelector: {matchLabels: ${labels}}${more === "" ? "" : `, ${more}`}}`;

/** A node selector term on the host label. */
export const hostIs = (...hosts: readonly string[]): string =>
  `{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [${hosts.join(", ")}]}]}`;

/** A node selector term on the node's name. */
export const nameIs = (...names: readonly string[]): string =>
  `{matchFields: [{key: metadata.name, operator: In, values: [${names.join(", ")}]}]}`;

export interface Subject {
  readonly view: ClusterView;
  readonly workload: Workload;
  readonly claims: readonly ClaimReach[];
}

/** Reads the subject among the other objects, as `check` would. */
export function subject(of: Raw, others: readonly Raw[], options: PolicyOptions = DEFAULT_OPTIONS): Subject {
  const { view, workload: find } = bundle(file(of, ...others));
  const found = find((of.metadata as { name: string }).name);
  const claims = found.template.mounts.map((mount) => reachOfMount(mount, found.namespace, view, options));
  return { view, workload: found, claims };
}

export function steady(of: Raw, others: readonly Raw[], options = DEFAULT_OPTIONS): SpreadProof {
  const { view, workload: found, claims } = subject(of, others, options);
  return steadySpread(found, claims, view, options);
}

export function rollout(
  of: Raw,
  previous: Raw | undefined,
  others: readonly Raw[],
  options = DEFAULT_OPTIONS,
): SpreadProof {
  const { view, workload: found, claims } = subject(of, others, options);
  const before = previous === undefined ? undefined : subject(previous, others, options).workload;
  return rolloutSpread(found, before, claims, view, options);
}
