import { type Answer, answer, type StepDraft } from "../answer.ts";
import type { Danger } from "../dangers.ts";
import type { CauseId } from "../diagnosis.ts";
import type { Pod } from "../facts.ts";
import type { Inquiry } from "../inquiry.ts";
import { OUT_OF_SERVICE } from "../kubectl.ts";
import { isFinished } from "../pods.ts";
import { type Root, refOf, sameRoot } from "../roots.ts";
import { advice, drainAndReboot, lookAtDriver, rebooted, removeTaint, stopAll } from "../steps.ts";
import { type Cause, DELETED_ALREADY, KEEP_FINALIZER, NEVER_DELETE_ATTACHMENT } from "./cause.ts";

const CAUSES: Readonly<Record<Danger["row"], CauseId>> = {
  R3: "detach-ordered-under-pod",
  R14: "disk-taken-away",
  R15: "two-nodes",
  R16: "still-mounted",
};

/** R3 with a running container, R14 to R16: they win over everything else. */
export const danger: Cause = {
  row: "R3, D21",
  // Of a finished pod nothing: the pod that still has the disk reports it.
  stages: ["unscheduled", "creating", "failing", "running", "terminating"],
  judge: (c, inquiry) => {
    for (const { disk } of c.uses) {
      const [first] = disk === undefined ? [] : inquiry.dangersOf(disk).told;
      if (first !== undefined) return endangered(first, inquiry);
    }
    return undefined;
  },
};

export function endangered(found: Danger, inquiry: Inquiry): Answer {
  const { row, disk, node } = found;
  const once =
    inquiry.options.dangersSeenBefore === null ? " (seen once: such a state can pass within seconds)" : "";
  return answer({
    cause: CAUSES[row],
    state: "endangered",
    volume: true,
    text: `Data is at risk: ${found.text}${once}.`,
    since: row === "R3" ? found.attachment?.deletedAt : undefined,
    disk,
    byItself: row === "R16" ? "no" : "unknown",
    questions: row === "R16" && isTainted(node, inquiry) ? [rebooted(node)] : [],
    steps: stepsOf(found, inquiry),
    avoid:
      row === "R16"
        ? [
            NEVER_DELETE_ATTACHMENT,
            {
              id: "uncordon",
              why: "a pod on its old mount would write beside the other",
            },
            { id: "remove-taint", why: "not before the machine has rebooted" },
          ]
        : [row === "R3" ? DELETED_ALREADY : NEVER_DELETE_ATTACHMENT, KEEP_FINALIZER],
    evidence: [found.text],
  });
}

function stepsOf({ row, disk, node, attachment }: Danger, inquiry: Inquiry): readonly StepDraft[] {
  const object = inquiry.picture.node(node);
  if (row === "R16") {
    return [
      drainAndReboot(object, node, false, inquiry),
      ...(isTainted(node, inquiry) ? [removeTaint(object, node, inquiry)] : []),
    ];
  }
  const stop = stopAll(usersOf(disk.pods, inquiry), inquiry);
  if (row === "R3") {
    const driver = lookAtDriver(disk.driver, inquiry, attachment === null ? {} : { attachment });
    return [
      {
        ...stop,
        text: `${stop.text} The detach is carried out as soon as the driver can, under whatever runs then.`,
      },
      {
        ...driver,
        text: `Only when all are gone, since the disk goes as soon as it answers: ${driver.text.charAt(0).toLowerCase()}${driver.text.slice(1)}`,
      },
    ];
  }
  return [
    stop,
    advice(
      "check-data",
      "Wait until every attachment of the volume is gone (diagnose again if one stays), then check its file system and the application's own data: they may be damaged already.",
      "time",
    ),
    advice("wait", "Start one pod only after that.", "downtime until then"),
  ];
}

function isTainted(node: string, inquiry: Inquiry): boolean {
  return inquiry.picture.node(node)?.taints.some(({ key }) => key === OUT_OF_SERVICE) === true;
}

/** The workloads of the pods that are not finished, each once; a pod itself where what owns it was not read. */
export function usersOf(pods: readonly Pod[], inquiry: Inquiry): readonly Root[] {
  const roots: Root[] = [];
  for (const pod of pods) {
    if (isFinished(pod)) continue;
    const sight = inquiry.roots.rootOf(pod);
    const root = sight.is === "known" ? sight.object : { ...refOf(pod), object: pod };
    if (!roots.some((known) => sameRoot(known, root))) roots.push(root);
  }
  return roots;
}
