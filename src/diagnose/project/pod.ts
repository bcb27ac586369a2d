import { placementOf, tolerationOf } from "../../kube/placement.ts";
import { list, NOTHING, nonEmpty, type Raw, record, shared, text } from "../../kube/raw.ts";
import { inlineDiskOf } from "../../kube/volume-source.ts";
import type { Taint } from "../../policy/model.ts";
import { tolerates } from "../../policy/nodes.ts";
import type { Container, Pod, PodClaim } from "../facts.ts";
import { conditionsOf, metaOf, secondsOf } from "./meta.ts";

/** What the node lifecycle controller puts on a node whose Ready is `Unknown`, and on one where it is `False`. */
const UNREACHABLE = noExecute("node.kubernetes.io/unreachable");
const NOT_READY = noExecute("node.kubernetes.io/not-ready");

/** Where a pod may land is of no interest once it has. */
const PLACED: Raw = Object.freeze({});

const POD_CONDITIONS: ReadonlySet<string> = new Set(["PodScheduled", "PodReadyToStartContainers", "Ready"]);

export function podFrom(raw: Raw): Pod {
  const meta = metaOf(raw, "Pod", "v1");
  const spec = record(raw.spec);
  const status = record(raw.status);
  const nodeName = nonEmpty(spec.nodeName);
  const volumes = list(spec.volumes).map(record);
  const claims = claimsOf(spec, meta.name);
  return {
    ...meta,
    nodeName,
    phase: shared(text(status.phase) ?? ""),
    reason: shared(text(status.reason) ?? ""),
    claims,
    otherVolumes: otherVolumesOf(volumes, claims),
    hasInlineDisk:
      volumes.length > claims.length && volumes.some((volume) => inlineDiskOf(volume) !== undefined),
    containers: allContainersOf(status),
    conditions: conditionsOf(status, (type) => POD_CONDITIONS.has(type)),
    placement: placementOf(nodeName === undefined ? spec : PLACED),
    unreachableSeconds: evictedAfter(UNREACHABLE, spec),
    notReadySeconds: evictedAfter(NOT_READY, spec),
    schedulerName: shared(nonEmpty(spec.schedulerName) ?? "default-scheduler"),
    gated: list(spec.schedulingGates).length > 0,
  };
}

function otherVolumesOf(volumes: readonly Raw[], claims: readonly PodClaim[]): readonly string[] {
  if (volumes.length === claims.length) return NOTHING;
  const claimVolumes = new Set(claims.map(({ volumeName }) => volumeName));
  return volumes
    .map((volume) => text(volume.name) ?? "")
    .filter((name) => name !== "" && !claimVolumes.has(name));
}

/**
 * The claims in a pod spec's volumes. The claim of a generic ephemeral volume is called POD-VOLUME
 * (`component-helpers/storage/ephemeral` VolumeClaimName).
 */
function claimsOf(podSpec: Raw, podName: string): readonly PodClaim[] {
  const claims: PodClaim[] = [];
  for (const entry of list(podSpec.volumes)) {
    const volume = record(entry);
    const volumeName = shared(text(volume.name) ?? "");
    const claimName = nonEmpty(record(volume.persistentVolumeClaim).claimName);
    if (claimName !== undefined)
      claims.push({ volumeName, claimName: shared(claimName), isEphemeral: false });
    else if (volume.ephemeral !== undefined)
      claims.push({ volumeName, claimName: `${podName}-${volumeName}`, isEphemeral: true });
  }
  return claims.length === 0 ? NOTHING : claims;
}

function allContainersOf(status: Raw): readonly Container[] {
  const { initContainerStatuses, containerStatuses, ephemeralContainerStatuses } = status;
  const own = containersOf(containerStatuses, false);
  return initContainerStatuses === undefined && ephemeralContainerStatuses === undefined
    ? own
    : [
        ...containersOf(initContainerStatuses, true),
        ...own,
        ...containersOf(ephemeralContainerStatuses, false),
      ];
}

function containersOf(statuses: unknown, init: boolean): readonly Container[] {
  return list(statuses).map((entry) => {
    const status = record(entry);
    const state = record(status.state);
    const now =
      state.running !== undefined
        ? "running"
        : state.waiting !== undefined
          ? "waiting"
          : state.terminated !== undefined
            ? "terminated"
            : "unknown";
    const details = record(now === "unknown" ? undefined : state[now]);
    return {
      name: shared(text(status.name) ?? ""),
      init,
      state: now,
      reason: shared(text(details.reason) ?? ""),
      message: text(details.message) ?? "",
      restarts: secondsOf(status.restartCount) ?? 0,
    };
  });
}

function noExecute(key: string): Taint {
  return { key, value: "", effect: "NoExecute" };
}

/** The first toleration that matches decides (`GetMatchingTolerations`); without one the eviction comes at once. */
function evictedAfter(taint: Taint, { tolerations }: Raw): number | undefined {
  for (const entry of list(tolerations)) {
    const toleration = record(entry);
    if (!tolerates(tolerationOf(toleration), taint)) continue;
    const { tolerationSeconds } = toleration;
    if (tolerationSeconds === undefined || tolerationSeconds === null) return undefined;
    return secondsOf(tolerationSeconds) ?? 0;
  }
  return 0;
}
