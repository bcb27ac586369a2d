import { type JudgedAttachment, judgeAttachment } from "./attachment-rows.ts";
import { type Danger, dangerKey, dangersOf } from "./dangers.ts";
import type { Facts, Pod, VolumeAttachment } from "./facts.ts";
import { Kubectl } from "./kubectl.ts";
import type { DiagnoseOptions } from "./options.ts";
import { type Disk, Picture, type Unread } from "./picture.ts";
import { Roots } from "./roots.ts";

/** What every cause looks at; what is expensive is worked out once for each attachment and disk. */
export class Inquiry {
  readonly picture: Picture;
  readonly roots: Roots;
  readonly options: DiagnoseOptions;
  readonly kubectl: Kubectl;
  readonly #attachments = new Map<VolumeAttachment, JudgedAttachment>();
  readonly #dangers = new Map<
    string,
    { readonly told: readonly Danger[]; readonly unread: Unread | undefined }
  >();

  constructor(facts: Facts, options: DiagnoseOptions) {
    this.picture = new Picture(facts);
    this.roots = new Roots(this.picture);
    this.options = options;
    this.kubectl = new Kubectl(facts.context);
  }

  get now(): number {
    return this.picture.facts.time;
  }

  get isDump(): boolean {
    return this.picture.facts.source === "dump";
  }

  judged(attachment: VolumeAttachment): JudgedAttachment {
    const seen = this.#attachments.get(attachment);
    if (seen !== undefined) return seen;
    const judged = judgeAttachment(attachment, this.picture);
    this.#attachments.set(attachment, judged);
    return judged;
  }

  attachmentsOf(disk: Disk): readonly JudgedAttachment[] {
    return disk.attachments.map((attachment) => this.judged(attachment));
  }

  /** Dangers that may be reported: live only those that a second look has seen too. */
  dangersOf(disk: Disk): { readonly told: readonly Danger[]; readonly unread: Unread | undefined } {
    const seen = this.#dangers.get(disk.key);
    if (seen !== undefined) return seen;
    const { dangers, unread } = dangersOf(disk, this.attachmentsOf(disk), this.picture);
    const before = this.options.dangersSeenBefore;
    const told = before === null ? dangers : dangers.filter((danger) => before.has(dangerKey(danger)));
    const answer = { told, unread };
    this.#dangers.set(disk.key, answer);
    return answer;
  }

  isMachineOff(node: string): boolean {
    // The flag answers for a node that is not Ready only: on a live one it would be wrong and dangerous.
    return this.options.machinesOff.has(node) && this.picture.nodeState(node) !== "ready";
  }

  /** How long ago, at least; 0 where the time is not known. */
  age(time: number | undefined): number {
    return time === undefined ? 0 : Math.max(0, this.now - time);
  }

  /** How long an attachment has been in its state by an earlier look; 0 where there was none. */
  unchangedFor({ uid }: VolumeAttachment): number {
    return uid === undefined ? 0 : this.age(this.options.sightings.get(uid)?.at);
  }

  /** Since when a pod waits: its placement on a node, else its creation. */
  waitingSince(pod: Pod): number | undefined {
    const scheduled = pod.conditions.find(({ type, status }) => type === "PodScheduled" && status === "True");
    return scheduled?.since ?? pod.createdAt;
  }
}
