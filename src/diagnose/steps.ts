import { isObjectName } from "../report/commands.ts";
import type { StepDraft } from "./answer.ts";
import type { Question } from "./diagnosis.ts";
import type {
  Deployment,
  HorizontalPodAutoscaler,
  Node,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  StatefulSet,
  VolumeAttachment,
} from "./facts.ts";
import type { Inquiry } from "./inquiry.ts";
import { OUT_OF_SERVICE } from "./kubectl.ts";
import type { Disk } from "./picture.ts";
import type { Root } from "./roots.ts";

/** Everything that may be typed or done, each with its cost and danger (`attachments.md`, section 9). */

type Scalable = Deployment | StatefulSet | ReplicaSet;

const OTHER_UID = 'Refused with "metadata.uid: … field is immutable" if another object has the name now.';

const TWO_WRITERS = "on a machine that runs, two writers corrupt the disk";

function step(said: Pick<StepDraft, "id" | "text" | "cost"> & Partial<StepDraft>): StepDraft {
  return { commands: [], behind: [], danger: null, ...said };
}

export function machineIsOff(node: string): Question {
  return {
    id: `machine-is-off:${node}`,
    text: `Is the machine of ${node} off? Only the provider's console shows that; one merely cut off still writes.`,
  };
}

export const FORCE_DETACH_DISABLED: Question = {
  id: "force-detach-disabled",
  text: "Has kube-controller-manager --disable-force-detach-on-timeout? Then never.",
};

export const BACK_END_AGREES: Question = {
  id: "back-end-agrees",
  text: "Does the storage backend show the volume attached to no machine?",
};

export function undoRollout(
  deployment: Deployment,
  holder: ReplicaSet | undefined,
  inquiry: Inquiry,
  why = "whose pod has the volume",
): StepDraft {
  const { kubectl } = inquiry;
  const revision = holder?.revision;
  const { name, paused } = deployment;
  const resume = paused ? [`rollout resume deployment/${name}`] : [];
  const undo = `rollout undo deployment/${name} --to-revision=${revision}`;
  return step({
    id: "undo-rollout",
    text:
      revision === undefined
        ? `Undo the rollout to the revision ${why}. Its number is not known here; kubectl rollout undo alone would take the newest but one, which may be broken too.`
        : `Undo the rollout to revision ${revision}, ${why}, if the uid is still ${deployment.uid ?? "the one you expect"}.${paused ? " It is paused and must be resumed first." : ""}`,
    commands: revision === undefined ? [] : kubectl.afterLook(deployment, ...resume, undo),
    cost: "the old version stays",
    touches: deployment,
  });
}

export function patchRecreate(deployment: Deployment, inquiry: Inquiry): StepDraft {
  return step({
    id: "patch-recreate",
    text: `Or finish the rollout: with Recreate the old pod ends before the new one starts. ${OTHER_UID}`,
    commands: inquiry.kubectl.patch(deployment, {
      spec: { strategy: { type: "Recreate", rollingUpdate: null } },
    }),
    cost: "a restart's downtime at each rollout",
    danger: "change the number of replicas only after the rollout, never with it",
    touches: deployment,
  });
}

export function zeroAndBack(object: Scalable, pods: readonly Pod[], inquiry: Inquiry): StepDraft {
  const { kubectl } = inquiry;
  const down = kubectl.scale(object, object.replicas, 0);
  const gone = kubectl.waitForDeletion(pods);
  return step({
    id: "scale-to-zero-and-back",
    text: "Or stop all pods and start one, which comes with the newest template.",
    commands: down.length === 0 ? [] : [...down, ...gone, ...kubectl.scale(object, 0, 1)],
    cost:
      object.replicas > 1
        ? `a restart's downtime, and 1 pod instead of ${object.replicas} until you scale`
        : "a restart's downtime",
    touches: object,
  });
}

export function scaleToOne(object: Scalable, inquiry: Inquiry): StepDraft {
  return step({
    id: "scale-to-one",
    text: "Scale to 1: the pods that wait have never served.",
    commands: inquiry.kubectl.scale(object, object.replicas, 1),
    cost: "no second pod, which could not start anyway",
    touches: object,
  });
}

export function restoreReplicas(deployment: Deployment, old: number, inquiry: Inquiry): StepDraft {
  return step({
    id: "restore-replicas",
    text: `Put the old number of replicas back (${old}), wait until the rollout is through, and scale only then.`,
    commands: inquiry.kubectl.scale(deployment, deployment.replicas, old),
    cost: "a restart's downtime",
    touches: deployment,
  });
}

export function capAutoscaler(autoscaler: HorizontalPodAutoscaler, inquiry: Inquiry): StepDraft {
  return step({
    id: "cap-autoscaler",
    text: `Keep the autoscaler at 1; scaling alone would be undone within 15 s. ${OTHER_UID}`,
    commands: inquiry.kubectl.patch(autoscaler, { spec: { minReplicas: 1, maxReplicas: 1 } }),
    cost: "no autoscaling",
    touches: autoscaler,
  });
}

export function wait(text: string, commands: readonly string[] = []): StepDraft {
  return step({ id: "wait", text, commands, cost: "time" });
}

export function shortenGrace(pod: Pod, inquiry: Inquiry): StepDraft {
  return step({
    id: "shorten-grace",
    text: "Or, where the program may be killed, end it in 5 s.",
    commands: inquiry.kubectl.delete(pod, { graceSeconds: 5 }),
    cost: "the program is stopped in the middle of what it does",
    danger: "what it has not written yet is lost",
  });
}

export function bringNodeBack(node: string): StepDraft {
  return step({
    id: "bring-node-back",
    text: `If ${node} can come back, bring it back: that clears all.`,
    cost: "time",
  });
}

export function powerOffNode(node: string, verb: "Or power" | "Power" = "Or power"): StepDraft {
  return step({
    id: "power-off-node",
    text: `${verb} ${node} off and keep it off.`,
    cost: "all that runs there ends",
  });
}

export function taintOutOfService(node: Node | undefined, nodeName: string, inquiry: Inquiry): StepDraft {
  return step({
    id: "taint-out-of-service",
    text: `Mark ${nodeName} as out of service: within about 20 s its pods are removed and its volumes freed.`,
    commands: node === undefined ? [] : inquiry.kubectl.addTaint(node),
    behind: [machineIsOff(nodeName).id],
    cost: "all its pods and volumes move",
    danger: TWO_WRITERS,
  });
}

export function removeTaint(node: Node | undefined, nodeName: string, inquiry: Inquiry): StepDraft {
  const index = node?.taints.findIndex(({ key }) => key === OUT_OF_SERVICE) ?? -1;
  return step({
    id: "remove-taint",
    text: `When all has moved and ${nodeName} has rebooted, remove the out-of-service taint.`,
    commands: node === undefined || index === -1 ? [] : inquiry.kubectl.removeTaint(node, index),
    behind: index === -1 ? [] : [`rebooted:${nodeName}`],
    cost: "nothing",
    danger: "before the reboot the old mounts are still there",
  });
}

export function rebooted(node: string): Question {
  return {
    id: `rebooted:${node}`,
    text: `Has the machine of ${node} rebooted since its volume was taken away?`,
  };
}

export function forceDelete(pod: Pod, inquiry: Inquiry): StepDraft {
  const node = pod.nodeName ?? "";
  return step({
    id: "force-delete-pod",
    text: "Or, instead of the taint, remove only the pod's object; its volume follows within 6 min. Diagnose again then.",
    commands: inquiry.kubectl.delete(pod, { graceSeconds: 0 }),
    behind: [machineIsOff(node).id],
    cost: "up to 6 minutes more",
    danger: TWO_WRITERS,
  });
}

export function deleteAttachment(
  attachment: VolumeAttachment,
  behind: readonly string[],
  inquiry: Inquiry,
): StepDraft {
  return step({
    id: "delete-attachment",
    text: `Delete only the attachment of ${attachment.nodeName}; Kubernetes checks nothing.`,
    commands: inquiry.kubectl.delete(attachment, { byVersion: true }),
    behind,
    cost: "nothing, if no pod there uses it",
    danger: "a running pod loses its disk",
  });
}

/** @param part the sidecar of its controller pod that does the work */
export function lookAtDriver(
  driver: string | undefined,
  inquiry: Inquiry,
  {
    attachment,
    part = "csi-attacher",
  }: { readonly attachment?: VolumeAttachment; readonly part?: "csi-attacher" | "csi-provisioner" } = {},
): StepDraft {
  return step({
    id: "look-at-driver",
    text: `Look at the controller pod of driver ${driver ?? "(unknown)"}, and at the log of its container ${part}; repair or restart it.`,
    commands: [
      ...inquiry.kubectl.read("get pods -A -o wide"),
      ...(attachment === undefined ? [] : inquiry.kubectl.describe(attachment)),
    ],
    cost: "nothing",
  });
}

/** The part of a driver that mounts runs on the node itself. */
export function lookAtNodeDriver(driver: string | undefined, node: string, inquiry: Inquiry): StepDraft {
  return step({
    id: "look-at-driver",
    text: `Look at the pod of driver ${driver ?? "(unknown)"} that runs on ${node}, and at its log; repair or restart it, or install it on that node.`,
    commands: isObjectName(node)
      ? inquiry.kubectl.read(`get pods -A -o wide --field-selector spec.nodeName=${node}`)
      : [],
    cost: "nothing",
  });
}

export function lookAtBackEnd(disk: Disk | undefined, inquiry: Inquiry): StepDraft {
  const hint = disk?.driver === undefined ? undefined : inquiry.options.driver(disk.driver).backEndHint;
  const what = disk?.handle === undefined ? "the volume" : `volume ${disk.handle}`;
  return step({
    id: "look-at-back-end",
    text: `Ask the storage backend which machine has ${what}, and detach it there once nobody uses it.${hint === undefined ? "" : ` To look: ${hint}.`}`,
    cost: "nothing, if you only look",
    danger: "detaching somebody else's disk",
  });
}

export function lookAtKubelet(node: string): StepDraft {
  return step({
    id: "look-at-kubelet",
    text: `Look at the kubelet's log on ${node} and at mounts that hang there; restart the kubelet.`,
    cost: "nothing",
  });
}

export function drainAndReboot(
  node: Node | undefined,
  nodeName: string,
  drain: boolean,
  inquiry: Inquiry,
): StepDraft {
  const command = drain ? `drain ${nodeName} --ignore-daemonsets` : `cordon ${nodeName}`;
  return step({
    id: "drain-and-reboot",
    text: drain
      ? `If that does not help: drain ${nodeName} and reboot it.`
      : `Cordon ${nodeName} and reboot its machine before anything runs there again.`,
    commands: node === undefined ? [] : inquiry.kubectl.afterLook(node, command),
    cost: drain ? `everything on ${nodeName} moves` : `what runs on ${nodeName} stops`,
  });
}

export function uncordon(node: Node, inquiry: Inquiry): StepDraft {
  return step({
    id: "uncordon",
    text: `Let pods onto ${node.name} again, or add another node like it.`,
    commands: inquiry.kubectl.afterLook(node, `uncordon ${node.name}`),
    cost: "whatever it was cordoned for",
  });
}

/** Things that no command can do for everybody. */
export function advice(id: StepDraft["id"], text: string, cost = "nothing"): StepDraft {
  return step({ id, text, cost });
}

export function replacePendingClaim(claim: PersistentVolumeClaim, inquiry: Inquiry): StepDraft {
  return step({
    id: "replace-pending-claim",
    text: "Delete the claim and create it again as it should be: access modes and class cannot be changed. Nothing is lost while it is Pending; the command is refused once it has changed.",
    commands: inquiry.kubectl.delete(claim, { byVersion: true }),
    cost: "none: there is no volume yet",
  });
}

export function isScalable(root: Root): root is Root & { readonly object: Scalable } {
  const { object } = root;
  return object?.kind === "Deployment" || object?.kind === "StatefulSet" || object?.kind === "ReplicaSet";
}

export function stopOne(root: Root, inquiry: Inquiry): StepDraft {
  return step({
    id: "stop-one-workload",
    text: `Stop ${root.kind} ${root.name}, whose pod waits, or give both workloads the same node.`,
    commands:
      isScalable(root) && root.object.replicas > 0
        ? inquiry.kubectl.scale(root.object, root.object.replicas, 0)
        : [],
    cost: "it does not run meanwhile",
    ...(isScalable(root) ? { touches: root.object } : {}),
  });
}

export function stopAll(roots: readonly Root[], inquiry: Inquiry): StepDraft {
  const scalable = roots.filter(isScalable).filter(({ object }) => object.replicas > 0);
  const rest = roots.filter((root) => !isScalable(root)).map(({ kind, name }) => `${kind} ${name}`);
  const [first] = scalable;
  return step({
    id: "stop-all-users",
    text: `Stop every pod that uses the volume${rest.length === 0 ? "" : ` (also ${rest.join(", ")})`}, wait until all are gone; start none before the steps below are done.`,
    commands: scalable.flatMap(({ object }) => inquiry.kubectl.scale(object, object.replicas, 0)),
    cost: "downtime",
    ...(first === undefined ? {} : { touches: first.object }),
  });
}
