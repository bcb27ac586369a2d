import { append } from "../policy/lists-by-key.ts";
import type {
  CronJob,
  DaemonSet,
  Deployment,
  DiagnosedKind,
  Job,
  Meta,
  Owner,
  Pod,
  ReplicaSet,
  StatefulSet,
} from "./facts.ts";
import type { Picture, Sight } from "./picture.ts";

export type RootObject = Deployment | ReplicaSet | StatefulSet | DaemonSet | Job | CronJob | Pod;

/** What a person manages: the controller at the end of the chain of owners, or a pod that has none. */
export interface Root {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Undefined where it was not read, or is of a kind that is not. */
  readonly object: RootObject | undefined;
}

const ROOT_KINDS: ReadonlySet<string> = new Set<DiagnosedKind>([
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
]);

/** Who owns whom, in both directions. */
export class Roots {
  readonly #picture: Picture;
  /** ReplicaSets and Jobs by `KIND NAMESPACE/NAME` of their owner. */
  readonly #middle = new Map<string, (ReplicaSet | Job)[]>();

  constructor(picture: Picture) {
    this.#picture = picture;
    const { ReplicaSet, Job } = picture.facts.objects;
    for (const object of [...ReplicaSet, ...Job]) {
      if (object.owner === undefined) continue;
      const key = `${object.owner.kind} ${object.namespace}/${object.owner.name}`;
      append(this.#middle, key, object);
    }
  }

  /** `unread` where the link in the middle (the ReplicaSet of a Deployment, the Job of a CronJob) was not read. */
  rootOf(object: Pod | ReplicaSet | Job): Sight<Root> {
    const { owner, namespace } = object;
    if (owner === undefined) return { is: "known", object: { ...refOf(object), object } };
    if (owner.kind === "ReplicaSet" || owner.kind === "Job") {
      const middle = this.#picture.find(owner.kind, namespace, owner.name);
      if (middle.is === "known") return this.rootOf(middle.object);
      if (middle.is === "unread") return middle;
    }
    return { is: "known", object: this.#ownerRoot(owner, namespace) };
  }

  #ownerRoot({ apiVersion, kind, name }: Owner, namespace: string): Root {
    const object = ROOT_KINDS.has(kind)
      ? (this.#picture.known(kind as DiagnosedKind, namespace, name) as RootObject | undefined)
      : undefined;
    return { apiVersion, kind, namespace, name, object };
  }

  /** The ReplicaSets of a Deployment, or the Jobs of a CronJob. */
  between({
    kind,
    namespace,
    name,
  }: Pick<Root, "kind" | "namespace" | "name">): readonly (ReplicaSet | Job)[] {
    return this.#middle.get(`${kind} ${namespace}/${name}`) ?? [];
  }

  replicaSetsOf(deployment: Deployment): readonly ReplicaSet[] {
    return this.between(deployment).filter((object) => object.kind === "ReplicaSet");
  }

  /** Every pod of a workload, those of its older revisions and runs too. */
  podsOf(root: Pick<Root, "kind" | "namespace" | "name">): readonly Pod[] {
    if (root.kind === "Pod") {
      const pod = this.#picture.known("Pod", root.namespace, root.name);
      return pod === undefined ? [] : [pod];
    }
    return [
      ...this.#picture.podsOwnedBy(root.kind, root),
      ...this.between(root).flatMap((object) => this.#picture.podsOwnedBy(object.kind, object)),
    ];
  }
}

export function refOf({ apiVersion, kind, namespace, name }: Meta): Omit<Root, "object"> {
  return { apiVersion, kind, namespace, name };
}

export function sameRoot(a: Root, b: Root): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
}
