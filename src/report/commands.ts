import type { Fix, FixTarget } from "../policy/fixes.ts";
import type { ObjectRef } from "../policy/model.ts";
import { nameOf } from "../policy/phrasing.ts";
import { composed } from "./merge-patch.ts";

/** True for an object that is in a cluster; for one in a file, or about to be created, the manifest is changed. */
export type IsStored = (object: ObjectRef) => boolean;

/** How a command finds its object, and no other. */
export interface Aim {
  /** The context of the kubeconfig; null where it is not known, or there is none. */
  readonly context: string | null;
  /** Another object of that name is then refused. */
  readonly uid: string | null;
}

/** @param cluster the context of the object's cluster where there are several */
export type AimAt = (object: ObjectRef, cluster: string | null) => Aim;

const BY_NAME: Aim = { context: null, uid: null };

export const allStored: IsStored = () => true;
export const noneStored: IsStored = () => false;

/** One thing to do for a fix. */
export interface FixStep {
  /** `on the live object`, or which manifest. */
  readonly where: string;
  /** A command for a shell, or YAML. */
  readonly what: string;
  /** True for what only some have to do, as `where` says. */
  readonly precaution?: true;
}

/** What has to be known about objects to write commands. */
export interface Commanding {
  readonly isStored: IsStored;
  /** Without it commands go by name, to the current context. */
  readonly aimAt?: AimAt;
}

/** The object that the fix is for: its manifest need not be named, and the other objects are in the same cluster. */
export interface FixSubject {
  readonly workload: ObjectRef;
  readonly cluster: string | null;
}

/** What to type or to write for a fix, in order; empty where no patch can do it. */
export function stepsOf(
  { targets }: Fix,
  { isStored, aimAt }: Commanding,
  { workload: subject, cluster }: FixSubject,
): readonly FixStep[] {
  return targets.flatMap((target): FixStep[] => {
    if (!isStored(target.object)) {
      const own = target.object.kind === subject.kind && target.object.name === subject.name;
      const where = own ? "in the manifest" : `in the manifest of ${nameOf(target.object)}`;
      return [{ where, what: edit(target) }, ...beforeServerSideApply(target)];
    }
    const command = patchCommand(target, aimAt?.(target.object, cluster));
    return command === undefined ? [] : [{ where: "on the live object", what: command }];
  });
}

/**
 * What a server-side apply needs before it: it cannot take away the `rollingUpdate` that the API server filled in, which
 * belongs to nobody, and the API server refuses that beside Recreate, even where the manifest says `rollingUpdate: null`
 * (tried with Kubernetes 1.36). The client-side `kubectl apply` drops it by itself.
 */
function beforeServerSideApply(target: FixTarget): readonly FixStep[] {
  const { object, patch } = target;
  if (object.kind !== "Deployment" || !removed(patch).includes("rollingUpdate")) return [];
  const command = patchCommand(target);
  return command === undefined
    ? []
    : [
        {
          where: "before that, where it runs already and is applied server-side (Flux, Helm 4)",
          what: command,
          precaution: true,
        },
      ];
}

/** Kubernetes' own rule for most names (RFC 1123 subdomain). */
const OBJECT_NAME = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;

/** True for a name that the API server would take; anything else gets no command. */
export function isObjectName(name: string): boolean {
  return name.length <= 253 && OBJECT_NAME.test(name);
}

/** True where kubectl would find the object by what a command says; anything else gets no command. */
export function isAddressable({ namespace, name }: Pick<ObjectRef, "namespace" | "name">): boolean {
  return isObjectName(name) && (namespace === "" || isObjectName(namespace));
}

/** The words of a command for a namespace, with a space before them; none for what has no namespace. */
export function inNamespace(namespace: string): string {
  return namespace === "" ? "" : ` -n ${namespace}`;
}

/** The `kubectl patch` that applies a target; `undefined` for an object whose name Kubernetes would refuse. */
export function patchCommand(
  { object, patch }: FixTarget,
  { context, uid }: Aim = BY_NAME,
): string | undefined {
  if (!isAddressable(object)) return undefined;
  const { namespace, name } = object;
  const body = uid === null ? patch : composed({ metadata: { uid } }, patch);
  return `${kubectlIn(context)} patch ${resourceOf(object)} ${name}${inNamespace(namespace)} --type merge -p ${quoted(JSON.stringify(body))}`;
}

/** A kind as kubectl takes it: with its group where another API may have one of that name. */
function resourceOf({ apiVersion, kind }: ObjectRef): string {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const ours = !group.includes(".") || group.endsWith(".k8s.io");
  return ours ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;
}

/** How kubectl is called for a context; null: the current one. */
export function kubectlIn(context: string | null): string {
  return context === null ? "kubectl" : `kubectl --context ${word(context)}`;
}

/** Quoted only where a shell would read it otherwise; a name that looks like a flag is no value then. */
function word(text: string): string {
  return /^\w[\w.@:/-]*$/.test(text) ? text : quoted(text);
}

/** For a shell: labels in a patch may hold what Kubernetes would refuse, and people paste commands. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The patch as the lines of YAML that it comes to, on one line; removed members are named after it. */
function edit({ patch }: FixTarget): string {
  const gone = removed(patch);
  return flow(patch).slice(1, -1) + (gone.length === 0 ? "" : ` (without ${gone.join(" and ")})`);
}

/** A value as YAML on one line; null members are left out. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => `${scalar(key)}: ${flow(member)}`);
    return `{${members.join(", ")}}`;
  }
  return typeof value === "string" ? scalar(value) : String(value);
}

/** A string as YAML: plain only where it can only be read as text. */
export function scalar(text: string): string {
  return /^[A-Za-z][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

function removed(patch: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(patch).flatMap(([key, value]) => {
    if (value === null) return [key];
    return typeof value === "object" && !Array.isArray(value)
      ? removed(value as Readonly<Record<string, unknown>>)
      : [];
  });
}
