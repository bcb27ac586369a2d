import type { Fact, FactKind } from "../../kube/fact.ts";
import type { Claim, Workload } from "../../policy/model.ts";
import { absent, known, type Lookup, unknown } from "../../policy/view.ts";
import type { KindStatus, Prepared, Wanted } from "../cluster.ts";
import type { ClusterIndex } from "../cluster-index.ts";
import { overlay, type Removal } from "../overlay.ts";
import { AnsweredView, answerKey } from "./answered-view.ts";
import type { Answer, Asking, Lookups } from "./lookups.ts";

/** Claims of one review that are looked up at the same time. */
const AT_ONCE = 8;

/** How a kind is known now; `undefined` for one that is not watched. */
type StatusOf = (kind: string) => Pick<KindStatus, "state" | "problem"> | undefined;

/**
 * One review's read-your-writes: gathers what the standing index lacks and lays it over. The index itself is left
 * alone, because the watch will bring the same objects in their order.
 */
export class Preparation {
  readonly #index: ClusterIndex;
  readonly #lookups: Lookups;
  readonly #statusOf: StatusOf;
  readonly #signal: AbortSignal;
  readonly #found: Fact[] = [];
  readonly #gone: Removal[] = [];
  #cutShort = false;
  readonly #answers = new Map<string, Lookup<never> | Lookup<readonly never[]>>();

  constructor(index: ClusterIndex, lookups: Lookups, statusOf: StatusOf, signal: AbortSignal) {
    this.#index = index;
    this.#lookups = lookups;
    this.#statusOf = statusOf;
    this.#signal = signal;
  }

  /** Never rejects. */
  async gather({ workloads, target, autoscalersIn, afresh = false }: Wanted): Promise<Prepared> {
    const listing = autoscalersIn === undefined ? undefined : this.#listAutoscalers(autoscalersIn, afresh);
    const found = target === undefined ? undefined : await this.#target(target);
    await this.#claimsOf(found === undefined ? workloads : [...workloads, found]);
    await listing;
    const view = overlay(this.#index, this.#found, this.#gone);
    return {
      view: this.#answers.size === 0 ? view : new AnsweredView(view, this.#answers),
      cutShort: this.#cutShort,
    };
  }

  async #target({
    kind,
    namespace,
    name,
    uid,
  }: NonNullable<Wanted["target"]>): Promise<Workload | undefined> {
    const standing = this.#index.workload(kind, namespace, name);
    if (standing.state === "known" && (uid === undefined || standing.value.uid === uid))
      return standing.value;
    if (this.#statusOf(kind) === undefined) return undefined;
    return (await this.#fetch(kind as FactKind, namespace, name, "since-now")) as Workload | undefined;
  }

  async #claimsOf(workloads: readonly Workload[]): Promise<void> {
    const wanted = new Map<string, readonly [namespace: string, name: string]>();
    for (const { namespace, template } of workloads) {
      for (const mount of template.mounts) {
        if (mount.kind !== "claim") continue;
        wanted.set(`${namespace}/${mount.claimName}`, [namespace, mount.claimName]);
      }
    }
    const queue = wanted.values();
    const work = async () => {
      for (const [namespace, name] of queue) await this.#claim(namespace, name);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.size) }, work));
  }

  async #claim(namespace: string, name: string): Promise<void> {
    const standing = this.#index.claim(namespace, name);
    const claim =
      standing.state === "known"
        ? standing.value
        : ((await this.#fetch("PersistentVolumeClaim", namespace, name)) as Claim | undefined);
    if (claim === undefined) return;
    // A class that a long known claim names and the watch has not shown does not exist; one that came along with a
    // new claim may only be on its way.
    const isNew = standing.state !== "known";
    const { volumeName, storageClassName } = claim;
    if (volumeName !== undefined && this.#index.volume(volumeName).state !== "known") {
      await this.#fetch("PersistentVolume", "", volumeName);
    }
    if (storageClassName === undefined || storageClassName === "") return;
    if (lacks(this.#index.storageClass(storageClassName), isNew)) {
      await this.#fetch("StorageClass", "", storageClassName);
    }
  }

  async #listAutoscalers(namespace: string, afresh: boolean): Promise<void> {
    const kind = "HorizontalPodAutoscaler";
    const status = this.#statusOf(kind);
    if (status === undefined) return;
    if (!afresh && status.state === "synced" && status.problem === undefined) return;
    const answer = await this.#lookups.list(kind, namespace, this.#signal);
    this.#note(answer);
    this.#answers.set(answerKey(kind, namespace), "reason" in answer ? unknown(answer.reason) : known([]));
    if (answer.state !== "found") return;
    const names = new Set(answer.value.map((fact) => fact.object.name));
    this.#found.push(...answer.value);
    for (const old of this.#index.autoscalers()) {
      if (old.namespace === namespace && !names.has(old.name)) {
        this.#gone.push({ kind, namespace, name: old.name });
      }
    }
  }

  async #fetch(
    kind: FactKind,
    namespace: string,
    name: string,
    asking: Asking = "lately",
  ): Promise<Fact["object"] | undefined> {
    const answer = await this.#lookups.get(kind, namespace, name, this.#signal, asking);
    this.#note(answer);
    if (answer.state === "found") {
      this.#found.push(answer.value);
      return answer.value.object;
    }
    const instead = answer.state === "absent" ? absent : unknown(answer.reason);
    this.#answers.set(answerKey(kind, namespace, name), instead);
    return undefined;
  }

  #note(answer: Answer<unknown>): void {
    this.#cutShort ||= answer.state === "cut-short";
  }
}

const lacks = (lookup: Lookup<unknown>, isNew: boolean): boolean =>
  lookup.state === "unknown" || (isNew && lookup.state === "absent");
