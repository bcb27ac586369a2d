import { type Answer, answer, type Unseen } from "../answer.ts";
import type { Event, PersistentVolumeClaim, Pod } from "../facts.ts";
import type { Inquiry } from "../inquiry.ts";
import type { Sight } from "../picture.ts";
import { hasRunningContainer } from "../pods.ts";
import { advice, lookAtDriver, replacePendingClaim } from "../steps.ts";
import { MINUTE, spoken } from "../times.ts";
import { type Cause, WAITING } from "./cause.ts";

/** D16: the claim of a pod that has not started cannot be used. */
export const claimNotUsable: Cause = {
  row: "D16",
  stages: WAITING,
  isShownByItself: true,
  judge: (c, inquiry) => {
    for (const { claimName, claim } of c.uses) {
      const found = judgeClaim(claimName, claim, c.pod, inquiry);
      if (found !== undefined) return found;
    }
    return undefined;
  },
};

type ClaimDetail =
  | "provisioner-silent"
  | "mode-refused"
  | "class-missing"
  | "no-volume"
  | "waits-for-pod"
  | "claim-missing"
  | "claim-lost"
  | "claim-being-deleted"
  | "volume-released";

function notUsable(
  detail: ClaimDetail | null,
  text: string,
  claim: PersistentVolumeClaim | undefined,
  rest: Partial<Answer>,
): Answer {
  return answer({
    cause: "claim-not-usable",
    detail,
    state: "stuck",
    volume: true,
    text,
    since: claim?.createdAt,
    ...rest,
  });
}

/** @param pod the one that waits for the claim; undefined where it is asked about the claim alone */
export function judgeClaim(
  name: string,
  sight: Sight<PersistentVolumeClaim>,
  pod: Pod | undefined,
  inquiry: Inquiry,
): Answer | Unseen | undefined {
  if (sight.is === "unread") return { unseen: sight.unread };
  if (sight.is === "absent") {
    if (pod?.claims.some(({ claimName, isEphemeral }) => isEphemeral && claimName === name))
      return ephemeralMissing(name, pod, inquiry);
    return notUsable("claim-missing", `Claim ${name} does not exist.`, undefined, {
      since: pod?.createdAt,
      steps: [advice("create-claim", `Create the claim ${name}, or name the right one in the pod template.`)],
    });
  }
  const claim = sight.object;
  if (claim.phase === "Lost") return lost(claim, inquiry);
  if (claim.deletedAt !== undefined) {
    return notUsable(
      "claim-being-deleted",
      `Claim ${name} is being deleted: new pods are refused, and when the last pod that mounts it ends, it and perhaps its data are gone.`,
      claim,
      {
        steps: [
          advice(
            "look-at-back-end",
            "Save the data first: set the volume's reclaim policy to Retain before anything stops. Then create the claim again.",
            "time",
          ),
        ],
        avoid: [{ id: "stop-all-users", why: "the claim is deleted with its last pod" }],
      },
    );
  }
  return claim.phase === "Pending" ? pending(claim, pod, inquiry) : unboundVolume(claim, inquiry);
}

/** The claim of a generic ephemeral volume is made by kube-controller-manager, for the pod alone. */
function ephemeralMissing(name: string, pod: Pod, inquiry: Inquiry): Answer {
  const age = inquiry.age(pod.createdAt);
  if (age < 2 * MINUTE) {
    return answer({
      cause: "starting",
      state: "clearing",
      volume: true,
      text: `Claim ${name} is about to be made for ${pod.name}.`,
      since: pod.createdAt,
      within: 2 * MINUTE - age,
    });
  }
  return notUsable(
    "claim-missing",
    `Claim ${name}, which belongs to ${pod.name}, has not been made for ${spoken(age)}: see the pod's events, the quota, and whether kube-controller-manager runs.`,
    undefined,
    { since: pod.createdAt, avoid: [{ id: "create-claim", why: "made by hand, it is not the pod's" }] },
  );
}

function lost(claim: PersistentVolumeClaim, { picture }: Inquiry): Answer {
  const isUsed = picture.podsOfClaim(claim.namespace, claim.name).some(hasRunningContainer);
  return notUsable(
    "claim-lost",
    `Claim ${claim.name} is Lost: its PersistentVolume ${claim.volumeName ?? ""} is gone. The disk behind it may still exist.`,
    claim,
    {
      steps: [
        advice("look-at-back-end", "Look for the disk of that PersistentVolume in the storage backend."),
        advice(
          "create-volume",
          `Create PersistentVolume ${claim.volumeName ?? ""} again for the disk that is found there.`,
        ),
      ],
      avoid: [
        { id: "delete-claim", why: "it is the last trace of which disk it was" },
        ...(isUsed
          ? [
              {
                id: "stop-all-users",
                why: "a pod that still runs has the disk, and could not start again",
              } as const,
            ]
          : []),
      ],
    },
  );
}

/** Bound, but the volume's object is not there. */
function unboundVolume(claim: PersistentVolumeClaim, inquiry: Inquiry): Answer | undefined {
  if (claim.volumeName === undefined) return undefined;
  const volume = inquiry.picture.find("PersistentVolume", "", claim.volumeName);
  return volume.is === "absent" ? lost(claim, inquiry) : undefined;
}

function pending(
  claim: PersistentVolumeClaim,
  pod: Pod | undefined,
  inquiry: Inquiry,
): Answer | Unseen | undefined {
  const released = releasedVolume(claim, inquiry);
  if (released !== undefined) {
    return notUsable(
      "volume-released",
      `Volume ${released} still belongs to an earlier claim of the name ${claim.name} and is not given to the new one.`,
      claim,
      {
        steps: [
          advice("look-at-back-end", `Find out what is on the disk of PersistentVolume ${released}.`),
          advice(
            "create-volume",
            `When its data is what you want: clear spec.claimRef of PersistentVolume ${released}.`,
          ),
        ],
        avoid: [{ id: "delete-volume", why: "the data of the earlier claim is on it" }],
      },
    );
  }
  const { storageClassName } = claim;
  if (storageClassName === undefined || storageClassName === "") return withoutClass(claim, inquiry);
  const known = inquiry.picture.find("StorageClass", "", storageClassName);
  if (known.is === "unread") return { unseen: known.unread };
  if (known.is === "absent") {
    return notUsable(
      "class-missing",
      `Claim ${claim.name} names StorageClass ${storageClassName}, which does not exist.`,
      claim,
      {
        steps: [
          advice("create-class", `Create StorageClass ${storageClassName}, if the name is right.`),
          replacePendingClaim(claim, inquiry),
        ],
        avoid: [{ id: "edit-claim", why: "the class of a claim cannot be changed" }],
      },
    );
  }
  if (known.object.provisioner === "kubernetes.io/no-provisioner" && !known.object.waitsForConsumer)
    return withoutClass(claim, inquiry);
  const isSelected = claim.provisioner !== undefined;
  if (known.object.waitsForConsumer && !isSelected) return waitsForPod(claim, pod);
  // Where it waits for its first pod, it was asked for no earlier than that pod was there.
  const asked = known.object.waitsForConsumer
    ? Math.max(claim.createdAt ?? 0, pod?.createdAt ?? 0)
    : undefined;
  return provisioning(
    claim,
    claim.provisioner ?? known.object.provisioner,
    asked === undefined || asked === 0 ? claim.createdAt : asked,
    inquiry,
  );
}

/** A64; a claim whose class provisions gets a new volume, unless it names the old one. */
function releasedVolume(claim: PersistentVolumeClaim, inquiry: Inquiry): string | undefined {
  const { storageClassName = "", volumeName } = claim;
  const known = inquiry.picture.known("StorageClass", "", storageClassName);
  const provisions = known !== undefined && known.provisioner !== "kubernetes.io/no-provisioner";
  return inquiry.picture
    .volumesClaimedBy(claim)
    .find(
      ({ name, claim: ref }) =>
        ref?.uid !== undefined &&
        claim.uid !== undefined &&
        ref.uid !== claim.uid &&
        (name === volumeName || !provisions),
    )?.name;
}

function withoutClass(claim: PersistentVolumeClaim, inquiry: Inquiry): Answer | Unseen {
  const unread = inquiry.picture.unread("PersistentVolume");
  if (unread !== undefined) return { unseen: unread };
  return notUsable(
    "no-volume",
    `Claim ${claim.name} has no class that provisions volumes, and no PersistentVolume fits it.`,
    claim,
    {
      steps: [
        advice("create-volume", "Create a PersistentVolume that fits the claim."),
        {
          ...replacePendingClaim(claim, inquiry),
          text: "Or delete the claim and create it again with a StorageClass. Nothing is lost while it is Pending.",
        },
      ],
    },
  );
}

/** A24j: no error. The pod decides; where it goes past the scheduler, nobody does (A65). */
function waitsForPod(claim: PersistentVolumeClaim, pod: Pod | undefined): Answer | undefined {
  if (pod?.nodeName !== undefined) {
    return notUsable(
      "waits-for-pod",
      `Claim ${claim.name} waits for the scheduler, which never sees the pod: its template sets nodeName.`,
      claim,
      {
        steps: [
          advice(
            "mend-pod",
            "Replace nodeName in the template by a nodeSelector on kubernetes.io/hostname.",
            "a restart",
          ),
        ],
      },
    );
  }
  if (pod !== undefined) return undefined;
  return answer({
    cause: "claim-not-usable",
    detail: "waits-for-pod",
    state: "healthy",
    volume: false,
    text: `Claim ${claim.name} waits for its first pod, as its StorageClass says; nothing is wrong.`,
    since: claim.createdAt,
    byItself: "yes",
  });
}

/** What a driver says where an access mode is refused (A24h). */
const MODE_REFUSED = /access ?modes?|MULTI_NODE|SINGLE_NODE|volume capabilit/i;

/** @param since when the volume was asked for, at the earliest */
function provisioning(
  claim: PersistentVolumeClaim,
  provisioner: string,
  since: number | undefined,
  inquiry: Inquiry,
): Answer | Unseen {
  const unread = inquiry.picture.unread("Event", claim.namespace) ?? inquiry.picture.unread("CSIDriver");
  const csiNodes = inquiry.picture.unread("CSINode");
  if (unread !== undefined || csiNodes !== undefined)
    return { unseen: (unread ?? csiNodes) as NonNullable<typeof unread> };
  const events = inquiry.picture.eventsAbout(claim);
  const own = events.filter(({ from }) => from !== "persistentvolume-controller");
  const failed = own.findLast(({ reason }) => reason === "ProvisioningFailed");
  if (failed !== undefined) return provisioningFailed(claim, failed, provisioner, inquiry);
  const documented = inquiry.options.modesRefused(claim.namespace, claim.name);
  if (documented !== undefined) return modesRefused(claim, `Claim ${claim.name} ${documented}.`, inquiry);
  const registered =
    inquiry.picture.known("CSIDriver", "", provisioner) !== undefined ||
    inquiry.picture.facts.objects.CSINode.some(({ drivers }) => drivers.includes(provisioner));
  if (registered && inquiry.age(since) < 2 * MINUTE) {
    return answer({
      cause: "starting",
      state: "clearing",
      volume: true,
      text: `Claim ${claim.name} is being provisioned by ${provisioner}.`,
      since,
      within: 2 * MINUTE,
      steps: [{ ...advice("wait", "Wait.", "time"), commands: inquiry.kubectl.watch(claim) }],
    });
  }
  return notUsable(
    "provisioner-silent",
    `Claim ${claim.name} waits for provisioner ${provisioner}, which ${registered ? `has said nothing for ${spoken(inquiry.age(since))}` : "no CSIDriver and no node knows"}.`,
    claim,
    {
      steps: [
        advice(
          "install-provisioner",
          `Install provisioner ${provisioner}, or repair its controller pod; it then fills the claim by itself.`,
        ),
      ],
      avoid: [{ id: "delete-waiting-pods", why: "the claim waits, not the pod" }],
    },
  );
}

/** By the event of the driver, or by what is documented of it where the event is gone. */
function modesRefused(
  claim: PersistentVolumeClaim,
  text: string,
  inquiry: Inquiry,
  evidence: readonly string[] = [],
): Answer {
  return notUsable("mode-refused", text, claim, {
    steps: [replacePendingClaim(claim, inquiry)],
    avoid: [{ id: "edit-claim", why: "access modes cannot be changed" }],
    evidence,
  });
}

function provisioningFailed(
  claim: PersistentVolumeClaim,
  failed: Event,
  provisioner: string,
  inquiry: Inquiry,
): Answer {
  const evidence = [`event ${failed.reason} of ${failed.from}: ${failed.message}`];
  if (MODE_REFUSED.test(failed.message)) {
    const text = `The driver refuses the access modes of claim ${claim.name} (${claim.accessModes.join(", ")}): "${failed.message}"`;
    return modesRefused(claim, text, inquiry, evidence);
  }
  return notUsable(
    null,
    `The provisioner cannot create the volume of claim ${claim.name}. It says: "${failed.message}"`,
    claim,
    { steps: [lookAtDriver(provisioner, inquiry, { part: "csi-provisioner" })], evidence },
  );
}
