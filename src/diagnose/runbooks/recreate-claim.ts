import { nameOf } from "../../policy/phrasing.ts";
import { knownValue } from "../../policy/view.ts";
import { asPage, type Runbook, type RunbookFacts } from "./runbook.ts";

/**
 * Never filled in: each command has to have been shown on a real API server first, and people have lost data here. The
 * old claim and its volume stay until the end.
 */
export const RECREATE_CLAIM: Runbook = {
  id: "recreate-claim",
  title: "Move data to a claim with other access modes",
  intro:
    "Access modes, class and volume of a claim cannot be changed. The safe way is a new claim under a NEW name and a copy; the old claim and its volume are kept until the end. It costs downtime for as long as the copy takes.",
  subject: null,
  refused: null,
  questions: [
    "Is there a backup that has been restored successfully? A copy is not a backup.",
    "Is there a StorageClass that supports the access mode you need, and do quota and budget allow a second volume of that size?",
    "Is it certain that nothing else uses the claim: no CronJob, no backup, no pod that somebody started by hand?",
    "Can the application be down for as long as the copy takes?",
    "Do owners, permissions and extended attributes of the files matter? An image without rsync or tar may lose them.",
  ],
  steps: [
    {
      title: "Suspend GitOps and autoscalers",
      text: "In the tool's own way. An autoscaler scales up from 0 only if its minimum is 0 (KEDA); pause that one.",
      commands: [],
      worked: "The tool shows the application as suspended, and the ScaledObject as paused.",
      back: "Resume both.",
    },
    {
      title: "Scale to 0, and wait until the attachment is gone",
      text: "All workloads that mount the claim. Note the numbers. A pod that is gone is not enough: the volume must be detached.",
      commands: [],
      worked:
        "No pod mounts the claim, and no VolumeAttachment names its volume (attachguard diagnose pvc/NAME says who holds it).",
      back: "Scale to the old numbers: nothing has been changed yet.",
    },
    {
      title: "Set the volume to Retain, and read it back",
      text: "persistentVolumeReclaimPolicy of the claim's volume, so that not even a deleted claim takes the data with it. Note the old value.",
      commands: [],
      worked: "The volume shows Retain when it is read again.",
      back: "Set the old value, but only after the last step.",
    },
    {
      title: "Create the new claim",
      text: "Under a new name, with the new access mode and class, as large as the old one or larger.",
      commands: [],
      worked: "It is Bound; with WaitForFirstConsumer it stays Pending until the next step, which is right.",
      back: "Delete the new claim: it is empty.",
    },
    {
      title: "Copy, with checksums of both sides",
      text: "A Job that mounts the old claim read-only and the new one, copies with owners and permissions, then takes checksums of every file on both sides and compares them. Its log is kept.",
      commands: [],
      worked:
        "The Job has succeeded, and its log says that both lists of checksums are the same, with the number of files.",
      back: "Delete the Job and the new claim; the old one was only read.",
    },
    {
      title: "Switch the workload to the new name",
      text: "claimName in the pod template, in the manifest too. Scale to 1.",
      commands: [],
      worked: "The pod runs, and mounts the new claim.",
      back: "Scale to 0, set the old name again, scale to the old number. What was written since is then in the new claim only.",
    },
    {
      title: "Verify",
      text: "In the application's own way: what would be noticed first if something were missing?",
      commands: [],
      worked: "The application reads old data and writes new data.",
      back: "As in the previous step.",
    },
    {
      title: "Resume",
      text: "Numbers, autoscalers and GitOps as they were.",
      commands: [],
      worked: "The tool shows no difference, and attachguard check finds nothing.",
      back: "Suspend again.",
    },
    {
      title: "Days later: what may be deleted",
      text: "The old claim, once nobody has missed anything and a backup of the new one exists; then its volume, which Retain has kept, and the disk behind it. This is the only step that destroys anything.",
      commands: [],
      worked:
        "Nobody mounts the old claim (attachguard audit), and the backup of the new one can be restored.",
      back: "There is no way back: that is why this comes days later.",
    },
  ],
};

/** The page, with what keeps it from being filled in for this claim. */
export function recreateClaim({ view, namespace, name }: RunbookFacts): Runbook | undefined {
  const claim = knownValue(view.claim(namespace, name));
  if (claim === undefined) return undefined;
  const subject = `PersistentVolumeClaim ${namespace}/${name}`;
  const users = view.workloadsMounting(namespace, name);
  const known = knownValue(users) ?? [];
  const reasons = [
    ...(users.state === "unknown" ? [`it is not known who uses it (${users.reason})`] : []),
    ...(known.length > 1 ? [`${known.length} workloads use it: ${known.map(nameOf).join(", ")}`] : []),
    ...(claim.ofSet === undefined
      ? []
      : [`StatefulSet ${claim.ofSet} creates it from a template, under that name only`]),
    ...(claim.volumeMode === "Block" ? ["it is a raw device, which copying files does not move"] : []),
  ];
  const why =
    reasons.length === 0 ? "" : ` For this claim they would be guesses anyway: ${reasons.join("; ")}.`;
  return asPage(RECREATE_CLAIM, subject, `${PAGE_ONLY}${why}`);
}

const PAGE_ONLY =
  "There are no commands here: data is at stake, and each of them has to be the right one for this application.";
