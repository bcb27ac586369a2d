import type { ManagedBy } from "../policy/model.ts";
import { annotationOf } from "./metadata.ts";
import { type Raw, record, text } from "./raw.ts";

/** Labels by which the three tools mark what they manage; the first that is there. */
const MARKS: readonly { readonly tool: ManagedBy["tool"]; readonly key: string; readonly value?: string }[] =
  [
    { tool: "Argo CD", key: "argocd.argoproj.io/instance" },
    { tool: "Flux", key: "kustomize.toolkit.fluxcd.io/name" },
    { tool: "Flux", key: "helm.toolkit.fluxcd.io/name" },
    { tool: "Helm", key: "app.kubernetes.io/managed-by", value: "Helm" },
  ];

/** Annotations with the same meaning. */
const ANNOTATION_MARKS = [
  { tool: "Argo CD", key: "argocd.argoproj.io/tracking-id" },
  { tool: "Helm", key: "meta.helm.sh/release-name" },
] as const;

/** Who seems to manage an object, by its labels and annotations, which anybody can set. */
export function managedBy(raw: Raw): ManagedBy | undefined {
  const labels = record(record(raw.metadata).labels);
  for (const { tool, key, value } of MARKS) {
    const found = Object.hasOwn(labels, key) ? text(labels[key]) : undefined;
    if (found !== undefined && (value === undefined || found === value))
      return { tool, label: `${key}=${found}` };
  }
  for (const { tool, key } of ANNOTATION_MARKS) {
    const found = annotationOf(raw, key);
    if (found !== undefined) return { tool, label: `${key}=${found}` };
  }
  return undefined;
}
