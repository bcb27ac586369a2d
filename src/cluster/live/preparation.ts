import type { Fact, FactKind } from "../../kube/fact.ts";
import { AUTOSCALER_KINDS, isWorkloadKind } from "../../kube/kinds.ts";
import type { Claim, Workload } from "../../policy/model.ts";
import type { Lookup } from "../../policy/view.ts";
import type { KindStatus, Prepared, Wanted } from "../cluster.ts";
import type { ClusterIndex } from "../cluster-index.ts";
import { answerKey, answerOf, overlay, type Removal } from "../overlay.ts";
import type { Answer, Asking, Lookups } from "./lookups.ts";

/** Claims of one review that are looked up at the same time. */
const AT_ONCE = 8;

/** How a kind is known now; `undefined` for one that is not watched. */
type StatusOf = (kind: string) => Pick<KindStatus, "state" | "problem"> | undefined;

/**
 * One review's read-your-writes: gathers what the standing index lacks and overlays it. The index itself is left alone,
 * because the watch will bring the same objects in their order.
 */
export class Preparation {
  readonly #index: ClusterIndex;
  readonly #lookups: Lookups;
  readonly #statusOf: StatusOf;
  readonly #signal: AbortSignal;
  readonly #found: Fact[] = [];
  readonly #gone: Removal[] = [];
  #cutShort = false;
  readonly #answers = new Map<string, Lookup<never>>();

  constructor(index: ClusterIndex, lookups: Lookups, statusOf: StatusOf, signal: AbortSignal) {
    this.#index = index;
    this.#lookups = lookups;
    this.#statusOf = statusOf;
    this.#signal = signal;
  }

  /** Never rejects. */
  async gather(wanted: Wanted): Promise<Prepared> {
    const { workloads, target, autoscalersIn, scaledObject, afresh = false } = wanted;
    const listing = Promise.all([
      ...(autoscalersIn === undefined ? [] : [this.#listAutoscalers(autoscalersIn, afresh)]),
      ...(scaledObject === undefined ? [] : [this.#scaledObject(scaledObject)]),
    ]);
    const found = target === undefined ? undefined : await this.#target(target);
    const from = found?.templateFrom;
    const lender = from && (await this.#target({ ...from, namespace: found.namespace }));
    await this.#claimsOf([...workloads, ...(found ? [found] : []), ...(lender ? [lender] : [])]);
    await listing;
    return {
      view: overlay(this.#index, this.#found, this.#gone, this.#answers),
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
    if (!isWorkloadKind(kind) || this.#statusOf(kind) === undefined) return undefined;
    return (await this.#fetch(kind, namespace, name, "since-now")) as Workload | undefined;
  }

  async #claimsOf(workloads: readonly Workload[]): Promise<void> {
    const wanted = new Map<string, readonly [namespace: string, name: string]>();
    for (const { namespace, template } of workloads) {
      for (const mount of template.mounts) {
        if (mount.kind !== "claim" || this.#isComplete(namespace, mount.claimName)) continue;
        wanted.set(`${namespace}/${mount.claimName}`, [namespace, mount.claimName]);
      }
    }
    if (wanted.size === 0) return;
    const queue = wanted.values();
    const work = async () => {
      for (const [namespace, name] of queue) await this.#claim(namespace, name);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.size) }, work));
  }

  /** True where the standing index has the claim and what it names, the usual case. */
  #isComplete(namespace: string, name: string): boolean {
    const claim = this.#index.claim(namespace, name);
    if (claim.state !== "known" || claim.value.ofSet !== undefined) return false;
    const { volumeName, storageClassName } = claim.value;
    if (volumeName !== undefined && this.#index.volume(volumeName).state !== "known") return false;
    return (
      storageClassName === undefined ||
      storageClassName === "" ||
      this.#index.storageClass(storageClassName).state === "known"
    );
  }

  async #claim(namespace: string, name: string): Promise<void> {
    const standing = this.#index.claim(namespace, name);
    // One that is only to be made of a template may have been made already.
    const isStored = standing.state === "known" && standing.value.ofSet === undefined;
    const claim = isStored
      ? standing.value
      : ((await this.#fetch("PersistentVolumeClaim", namespace, name)) as Claim | undefined);
    if (claim === undefined) return;
    // A class that a long known claim names and the watch has not shown does not exist; one that came along with a
    // new claim may only be on its way.
    const isNew = !isStored;
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
    await Promise.all(AUTOSCALER_KINDS.map((kind) => this.#listKind(kind, namespace, afresh)));
  }

  async #listKind(
    kind: (typeof AUTOSCALER_KINDS)[number],
    namespace: string,
    afresh: boolean,
  ): Promise<void> {
    const status = this.#statusOf(kind);
    if (status === undefined) return;
    if (!afresh && status.state === "synced" && status.problem === undefined) return;
    const answer = await this.#lookups.list(kind, namespace, this.#signal);
    this.#note(answer);
    this.#answers.set(answerKey(kind, namespace), answerOf(answer));
    if (answer.state !== "known") return;
    const names = new Set(answer.value.map((fact) => fact.object.name));
    this.#found.push(...answer.value);
    for (const old of this.#index.autoscalers()) {
      if (old.kind === kind && old.namespace === namespace && !names.has(old.name)) {
        this.#gone.push({ kind, namespace, name: old.name });
      }
    }
  }

  async #scaledObject({ namespace, name, uid }: NonNullable<Wanted["scaledObject"]>): Promise<void> {
    const kind = "ScaledObject";
    const standing = this.#index.get(kind, namespace, name);
    const isSeen = standing !== undefined && "uid" in standing && standing.uid === uid;
    if (this.#statusOf(kind) !== undefined && !isSeen) await this.#fetch(kind, namespace, name, "since-now");
  }

  async #fetch(
    kind: FactKind,
    namespace: string,
    name: string,
    asking: Asking = "lately",
  ): Promise<Fact["object"] | undefined> {
    const answer = await this.#lookups.get(kind, namespace, name, this.#signal, asking);
    this.#note(answer);
    if (answer.state === "known") {
      this.#found.push(answer.value);
      return answer.value.object;
    }
    this.#answers.set(answerKey(kind, namespace, name), answerOf(answer));
    return undefined;
  }

  #note(answer: Answer<unknown>): void {
    this.#cutShort ||= "cutShort" in answer;
  }
}

const lacks = (lookup: Lookup<unknown>, isNew: boolean): boolean =>
  lookup.state === "unknown" || (isNew && lookup.state === "absent");
