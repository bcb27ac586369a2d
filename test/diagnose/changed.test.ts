import t from "tap";
import { diagnose } from "../../src/diagnose/diagnose.ts";
import type { Step } from "../../src/diagnose/diagnosis.ts";
import { readDump } from "../../src/diagnose/dump.ts";
import { NO_OPTIONS } from "../../src/diagnose/options.ts";
import { MISSING, recordings } from "./recordings.ts";

/**
 * Every recording with one object changed, in every way below: whatever is answered, what is printed must be safe by
 * the objects alone, worked out here a second time.
 */

type Json = Record<string, unknown>;
interface Item {
  readonly kind: string;
  readonly metadata: Json & { name: string; namespace?: string };
  readonly spec: Json;
  readonly status?: Json;
}

const conditionsOf = ({ status }: Item) => (status?.conditions ?? []) as Json[];

const readyOf = (node: Item) => conditionsOf(node).find(({ type }) => type === "Ready");

const isReady = (node: Item | undefined) => node !== undefined && readyOf(node)?.status === "True";

/** What may have become of one object; undefined: it is gone. */
const CHANGES: Readonly<Record<string, readonly ((item: Item) => Item | undefined)[]>> = {
  Node: [
    () => undefined,
    (node) => {
      const ready = readyOf(node);
      if (ready !== undefined) ready.status = ready.status === "True" ? "Unknown" : "True";
      return node;
    },
    (node) => {
      Object.assign(node.status ?? {}, { volumesInUse: [] });
      return node;
    },
    (node) => {
      Object.assign(node.status ?? {}, { volumesAttached: [] });
      return node;
    },
  ],
  Pod: [
    () => undefined,
    (pod) => {
      pod.metadata.deletionTimestamp = "2026-11-26T00:00:00Z";
      return pod;
    },
    (pod) => {
      delete pod.metadata.deletionTimestamp;
      return pod;
    },
    (pod) => ({ ...pod, status: { ...pod.status, phase: "Succeeded" } }),
  ],
  VolumeAttachment: [
    () => undefined,
    (attachment) => {
      attachment.metadata.deletionTimestamp = "2026-11-26T00:00:00Z";
      return attachment;
    },
    (attachment) => {
      delete attachment.metadata.deletionTimestamp;
      return attachment;
    },
    (attachment) => ({ ...attachment, status: { attached: false } }),
  ],
  PersistentVolume: [() => undefined],
  PersistentVolumeClaim: [
    () => undefined,
    (claim) => {
      claim.metadata.deletionTimestamp = "2026-11-26T00:00:00Z";
      return claim;
    },
  ],
  Deployment: [
    () => undefined,
    (deployment) => ({ ...deployment, spec: { ...deployment.spec, paused: true } }),
  ],
  ReplicaSet: [() => undefined],
};

/** A6: its node keeps the volumes of such a pod. */
function keepsVolumes({ metadata, spec, status }: Item): boolean {
  if (spec.nodeName === undefined || status?.phase === "Succeeded" || status?.phase === "Failed")
    return false;
  if (metadata.deletionTimestamp === undefined) return true;
  const containers = (status?.containerStatuses ?? []) as { state?: Json }[];
  return containers.some(({ state }) => state?.running !== undefined);
}

/** Why a step must not have been printed; undefined where it is safe. */
function dangerOf({ id, commands, behind }: Step, items: readonly Item[]): string | undefined {
  const text = commands.join("\n");
  const named = (kind: string, pattern: RegExp) => {
    const name = pattern.exec(text)?.[1];
    return items.find((item) => item.kind === kind && item.metadata.name === name);
  };
  if (commands.length === 0) return undefined;
  const asksWhetherOff = behind.some((question) => question.startsWith("machine-is-off:"));
  if (id === "taint-out-of-service") {
    const node = named("Node", /patch node (\S+)/);
    return isReady(node) ? "the node is Ready" : asksWhetherOff ? undefined : "bare";
  }
  if (id === "force-delete-pod") {
    const pod = named("Pod", /pods\/(\S+) -f/);
    if (pod?.metadata.deletionTimestamp === undefined) return "the pod is not ending";
    const node = items.find(({ kind, metadata }) => kind === "Node" && metadata.name === pod.spec.nodeName);
    return isReady(node) ? "its node is Ready" : asksWhetherOff ? undefined : "bare";
  }
  if (id === "undo-rollout") {
    const deployment = named("Deployment", /undo deployment\/(\S+)/);
    const present = (deployment?.metadata.annotations as Json)?.["deployment.kubernetes.io/revision"];
    return present === /--to-revision=(\d+)/.exec(text)?.[1] ? "it is that revision already" : undefined;
  }
  const stops = /--replicas=0|gracePeriodSeconds|drain/.test(text);
  if (
    stops &&
    items.some(({ kind, metadata }) => kind === "PersistentVolumeClaim" && metadata.deletionTimestamp)
  )
    return "a claim goes with its last pod";
  return id === "delete-attachment" ? attachmentDanger(text, asksWhetherOff, items) : undefined;
}

function attachmentDanger(text: string, asksWhetherOff: boolean, items: readonly Item[]): string | undefined {
  const name = /volumeattachments\/(\S+) -f/.exec(text)?.[1];
  const find = (kind: string, name: unknown) =>
    items.find((item) => item.kind === kind && item.metadata.name === name);
  const attachment = find("VolumeAttachment", name);
  if (attachment === undefined || attachment.metadata.deletionTimestamp !== undefined)
    return "it is going already";
  const { nodeName, source } = attachment.spec as { nodeName: string; source: Json };
  const volume = find("PersistentVolume", source.persistentVolumeName);
  if (volume === undefined) return undefined;
  if (attachment.status?.attached !== true) return "it holds nothing";
  const claims = items.filter(
    ({ kind, spec }) => kind === "PersistentVolumeClaim" && spec.volumeName === volume.metadata.name,
  );
  const users = items.filter(
    (pod) =>
      pod.kind === "Pod" &&
      pod.spec.nodeName === nodeName &&
      keepsVolumes(pod) &&
      ((pod.spec.volumes ?? []) as { persistentVolumeClaim?: Json }[]).some((mounted) =>
        claims.some(
          ({ metadata }) =>
            metadata.namespace === pod.metadata.namespace &&
            metadata.name === mounted.persistentVolumeClaim?.claimName,
        ),
      ),
  );
  if (users.length > 0) return "a pod uses it";
  const node = find("Node", nodeName);
  if (!isReady(node)) return asksWhetherOff ? undefined : "bare, on a node that may live";
  const { driver, volumeHandle } = volume.spec.csi as Json;
  const inUse = (node?.status?.volumesInUse ?? []) as string[];
  return inUse.includes(`kubernetes.io/csi/${driver}^${volumeHandle}`) ? "it is mounted" : undefined;
}

t.test("whatever one object has become, what is printed is safe", { skip: MISSING }, async (t) => {
  let asked = 0;
  for (const { name, values } of recordings()) {
    const items = values.flatMap((value) => (value as { items: readonly Item[] }).items);
    for (const [at, { kind, metadata }] of items.entries()) {
      for (const [number, change] of (CHANGES[kind] ?? []).entries()) {
        const changed = structuredClone(items).flatMap((item, index) =>
          index === at ? (change(item) ?? []) : item,
        );
        const { facts } = readDump([{ file: "dump.json", values: [{ kind: "List", items: changed }] }], {
          closed: true,
          at: undefined,
        });
        const { diagnoses } = diagnose(
          { ...facts, source: "live" },
          { all: true, namespace: null },
          NO_OPTIONS,
        );
        asked += 1;
        for (const { subject, steps } of diagnoses)
          for (const step of steps) {
            const danger = dangerOf(step, changed);
            if (danger !== undefined)
              t.fail(
                `${name}, ${kind} ${metadata.name} change ${number}: ${step.id} for ${subject.name}: ${danger}`,
              );
          }
      }
    }
  }
  t.ok(asked > 1000, `${asked} states`);
});
