import type { Fact, ObjectOf } from "../kube/fact.ts";
import { type FactKind, isWorkloadKind } from "../kube/kinds.ts";
import { NOTHING } from "../kube/raw.ts";
import { groupByEach } from "../policy/lists-by-key.ts";
import type { Autoscaler, ObjectRef, Workload } from "../policy/model.ts";
import { claimPrefix, partsOfClaimName } from "../policy/template-claims.ts";
import { namespaceOf } from "./cluster-index.ts";

/** An object without a namespace is from a file that does not say one, and matches any. */
export function matchesNamespace(a: string, b: string): boolean {
  return a === b || a === "" || b === "";
}

type Named = Pick<ObjectRef, "namespace" | "name">;

/**
 * The few facts of an overlay. They are looked through by kind and name; the tables by claim and target are made
 * when the first question needs one, so that an overlay of one fact costs next to nothing.
 */
export class Layer {
  readonly #facts: readonly Fact[];
  #byKind: ReadonlyMap<FactKind, readonly Fact[]> | undefined;
  #byName: ReadonlyMap<string, readonly Fact[]> | undefined;
  readonly #workloads: Workload[] = [];
  readonly #autoscalers: Autoscaler[] = [];
  /** How often the workloads were looked through for a claim. */
  #lookedThrough = 0;
  #mounting: ReadonlyMap<string, readonly Workload[]> | undefined;
  #making: ReadonlyMap<string, readonly Workload[]> | undefined;
  #borrowing: ReadonlyMap<string, readonly Workload[]> | undefined;
  #scaling: ReadonlyMap<string, readonly Autoscaler[]> | undefined;

  /** Of several facts of one kind, namespace and name the last counts. */
  constructor(facts: readonly Fact[]) {
    this.#facts = facts.length < 2 ? facts : lastOfEach(facts);
    for (const fact of this.#facts) {
      if (isAutoscaler(fact)) this.#autoscalers.push(fact.object);
      else if (isWorkload(fact)) this.#workloads.push(fact.object);
    }
  }

  ofKind<K extends FactKind>(kind: K): readonly ObjectOf<K>[] {
    this.#byKind ??= Map.groupBy(this.#facts, (fact) => fact.kind);
    return (this.#byKind.get(kind) ?? NOTHING).map(
      ({ object }) => object,
    ) as unknown as readonly ObjectOf<K>[];
  }

  /** The object of this namespace, else one that matches any; a name without a namespace finds the first that has it. */
  find(kind: FactKind, namespace: string, name: string): Fact["object"] | undefined {
    const all = this.#named(kind, name);
    return (
      all.find((fact) => namespaceOf(fact) === namespace) ??
      all.find((fact) => matchesNamespace(namespaceOf(fact), namespace))
    )?.object;
  }

  #named(kind: FactKind, name: string): readonly Fact[] {
    const [one] = this.#facts;
    if (one !== undefined && this.#facts.length === 1) {
      return one.kind === kind && one.object.name === name ? this.#facts : NOTHING;
    }
    this.#byName ??= Map.groupBy(this.#facts, (fact) => `${fact.kind}\n${fact.object.name}`);
    return this.#byName.get(`${kind}\n${name}`) ?? NOTHING;
  }

  mounting(namespace: string, claimName: string): readonly Workload[] {
    if (this.#workloads.length === 0) return NOTHING;
    if (this.#mounting === undefined && ++this.#lookedThrough <= WORTH_A_TABLE) {
      return within(namespace, this.#workloads.filter(mountsClaim(claimName)));
    }
    this.#mounting ??= groupByEach(this.#workloads, ({ template }) =>
      template.mounts.flatMap((mount) => (mount.kind === "claim" ? [mount.claimName] : [])),
    );
    return within(namespace, this.#mounting.get(claimName));
  }

  /** StatefulSets with a claim template that a claim of this name could come from. */
  making(namespace: string, claimName: string): readonly Workload[] {
    if (!this.#workloads.some(({ claimTemplates }) => claimTemplates.length > 0)) return NOTHING;
    const prefix = partsOfClaimName(claimName)?.prefix;
    if (prefix === undefined) return NOTHING;
    this.#making ??= groupByEach(this.#workloads, (workload) =>
      workload.claimTemplates.map((template) => claimPrefix(template, workload)),
    );
    return within(namespace, this.#making.get(prefix));
  }

  /** Workloads that use the template of one of this name, whatever its kind. */
  borrowing({ namespace, name }: Named): readonly Workload[] {
    if (!this.#workloads.some(({ templateFrom }) => templateFrom !== undefined)) return NOTHING;
    this.#borrowing ??= groupByEach(this.#workloads, ({ templateFrom }) =>
      templateFrom === undefined ? [] : [templateFrom.name],
    );
    return within(namespace, this.#borrowing.get(name));
  }

  /** Autoscalers whose target has this name, whatever its kind. */
  scaling({ namespace, name }: Named): readonly Autoscaler[] {
    if (this.#autoscalers.length === 0) return NOTHING;
    this.#scaling ??= groupByEach(this.#autoscalers, ({ target }) => [target.name]);
    return within(namespace, this.#scaling.get(name));
  }
}

/** After so many questions a table is worth its cost: a workload may mount tens of thousands of claims. */
const WORTH_A_TABLE = 8;

const mountsClaim =
  (claimName: string) =>
  ({ template }: Workload): boolean =>
    template.mounts.some((mount) => mount.kind === "claim" && mount.claimName === claimName);

type FactOf<T> = Extract<Fact, { readonly object: T }>;

const isAutoscaler = (fact: Fact): fact is FactOf<Autoscaler> =>
  fact.kind === "HorizontalPodAutoscaler" || fact.kind === "ScaledObject";

const isWorkload = (fact: Fact): fact is FactOf<Workload> => isWorkloadKind(fact.kind);

function lastOfEach(facts: readonly Fact[]): readonly Fact[] {
  return [
    ...new Map(
      facts.map((fact) => [`${fact.kind}\n${namespaceOf(fact)}\n${fact.object.name}`, fact]),
    ).values(),
  ];
}

function within<T extends { readonly namespace: string }>(
  namespace: string,
  objects: readonly T[] = [],
): readonly T[] {
  return objects.filter((object) => matchesNamespace(object.namespace, namespace));
}
