import { inNamespace, isAddressable, kubectlIn, quoted } from "../report/commands.ts";
import type { Meta, Node } from "./facts.ts";
import { PROJECTED } from "./project.ts";

export const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

/** An object that a command names; only what is needed for it. */
type Target = Pick<Meta, "kind" | "apiVersion" | "namespace" | "name" | "uid" | "resourceVersion">;

/**
 * Commands for a POSIX shell, one line each. What changes an object names it by uid, so that another one that has
 * taken its name is refused; where kubectl has no such condition, a printed look at the object comes first. Every
 * method gives an empty list for an object whose name Kubernetes would refuse, or whose uid is not known: then
 * there is no command.
 */
export class Kubectl {
  readonly #kubectl: string;

  constructor(context: string | null) {
    this.#kubectl = kubectlIn(context);
  }

  /** A command that only reads. `args` must be safe for a shell. */
  read(args: string): readonly string[] {
    return [`${this.#kubectl} ${args}`];
  }

  /** Prints name and uid, to be compared before what follows. */
  look(target: Target): readonly string[] {
    if (!isAddressable(target)) return [];
    const columns = "custom-columns=NAME:.metadata.name,UID:.metadata.uid";
    return [
      `${this.#kubectl}${inNamespace(target.namespace)} get ${resource(target)} ${target.name} -o ${columns}`,
    ];
  }

  describe(target: Target): readonly string[] {
    return isAddressable(target)
      ? [`${this.#kubectl}${inNamespace(target.namespace)} describe ${resource(target)} ${target.name}`]
      : [];
  }

  watch(target: Target): readonly string[] {
    return isAddressable(target)
      ? [`${this.#kubectl}${inNamespace(target.namespace)} get ${resource(target)} ${target.name} -w`]
      : [];
  }

  /** A command without a condition on the uid, behind a look. */
  afterLook(target: Target, ...commands: readonly string[]): readonly string[] {
    if (!isAddressable(target)) return [];
    return [
      ...this.look(target),
      ...commands.map((command) => `${this.#kubectl}${inNamespace(target.namespace)} ${command}`),
    ];
  }

  /** Merge patch; the API server answers "metadata.uid: field is immutable" where the name is another object's. */
  patch(target: Target, patch: Readonly<Record<string, unknown>>): readonly string[] {
    if (!isAddressable(target) || target.uid === undefined) return [];
    const body = JSON.stringify({ metadata: { uid: target.uid }, ...patch });
    return [
      `${this.#kubectl}${inNamespace(target.namespace)} patch ${resource(target)} ${target.name} --type merge -p ${quoted(body)}`,
    ];
  }

  /** Refused where the number is not what it was when this was printed. */
  scale(target: Target, from: number, to: number): readonly string[] {
    if (!isAddressable(target)) return [];
    const numbers = `--current-replicas=${from} --replicas=${to}`;
    return [
      `${this.#kubectl}${inNamespace(target.namespace)} scale ${resource(target)} ${target.name} ${numbers}`,
    ];
  }

  waitForDeletion(pods: readonly Target[]): readonly string[] {
    const [first] = pods;
    if (first === undefined || !pods.every(isAddressable)) return [];
    const names = pods.map(({ name }) => `pod/${name}`).join(" ");
    return [`${this.#kubectl}${inNamespace(first.namespace)} wait --for=delete ${names} --timeout=5m`];
  }

  /**
   * DELETE with preconditions on standard input.
   *
   * @param graceSeconds for pods; undefined leaves it as it is
   * @param byVersion refused also where the object has changed since
   */
  delete(target: Target, options: { readonly graceSeconds?: number; readonly byVersion?: boolean } = {}) {
    const { uid, resourceVersion } = target;
    const { graceSeconds, byVersion = false } = options;
    if (!isAddressable(target) || uid === undefined || (byVersion && resourceVersion === undefined))
      return [];
    const body = JSON.stringify({
      apiVersion: "v1",
      kind: "DeleteOptions",
      ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
      preconditions: byVersion ? { uid, resourceVersion } : { uid },
    });
    return [`printf '%s' ${quoted(body)} | ${this.#kubectl} delete --raw ${pathOf(target)} -f -`];
  }

  addTaint(node: Node): readonly string[] {
    const taint = { key: OUT_OF_SERVICE, value: "nodeshutdown", effect: "NoExecute" };
    const add =
      node.taints.length === 0
        ? { op: "add", path: "/spec/taints", value: [taint] }
        : { op: "add", path: "/spec/taints/-", value: taint };
    return this.#jsonPatch(node, [add]);
  }

  /** @param index of the taint in `spec.taints`; its key is tested first */
  removeTaint(node: Node, index: number): readonly string[] {
    const path = `/spec/taints/${index}`;
    return this.#jsonPatch(node, [
      { op: "test", path: `${path}/key`, value: OUT_OF_SERVICE },
      { op: "remove", path },
    ]);
  }

  #jsonPatch(node: Node, operations: readonly unknown[]): readonly string[] {
    if (!isAddressable(node) || node.uid === undefined) return [];
    const body = JSON.stringify([{ op: "test", path: "/metadata/uid", value: node.uid }, ...operations]);
    return [`${this.#kubectl} patch node ${node.name} --type json -p ${quoted(body)}`];
  }
}

/** The long name where another API has one of the same (A8). */
function resource({ kind }: Pick<Target, "kind">): string {
  return kind === "VolumeAttachment" ? "volumeattachments.storage.k8s.io" : kind.toLowerCase();
}

function pathOf({ kind, namespace, name }: Target): string {
  const { groups, version, plural } = PROJECTED[kind];
  const [group = ""] = groups;
  const api = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${api}${namespace === "" ? "" : `/namespaces/${namespace}`}/${plural}/${name}`;
}
