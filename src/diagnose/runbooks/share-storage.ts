import type { Claim } from "../../policy/model.ts";
import { listOf, nameOf } from "../../policy/phrasing.ts";
import { classesOffering } from "../../policy/reach.ts";
import { knownValue } from "../../policy/view.ts";
import { isObjectName, quoted } from "../../report/commands.ts";
import { asPage, type Runbook, type RunbookFacts, type RunbookStep } from "./runbook.ts";

/** The page, without names. */
export const SHARE_STORAGE: Runbook = {
  id: "share-storage",
  title: "Let several nodes share a volume",
  intro:
    "For pods that have to run on several nodes at once with the same data: that needs a claim with ReadWriteMany, on storage that supports it (NFS, CephFS and the like). The application must be built for several writers; a database almost never is.",
  subject: null,
  refused: null,
  questions: [
    "May several pods of this application write to the same files at once? Where that is not certain, one pod with strategy Recreate is the way (attachguard runbook switch-strategy), or a StatefulSet with a claim for each pod.",
    "Is shared storage fast enough for it? Files on the network are slower, and locks on them may not hold.",
  ],
  steps: [
    {
      title: "Choose a StorageClass that can do ReadWriteMany",
      text: "See what the classes of the cluster can do: the documentation of a class's driver says so, or the annotation attachguard.dev/access-modes on the class.",
      commands: [],
      worked: "There is one whose driver supports ReadWriteMany.",
      back: "Nothing has been changed.",
    },
    {
      title: "Create a new claim with ReadWriteMany",
      text: "Under a new name, as large as the old one: access modes of a claim cannot be changed.",
      commands: [],
      worked: "It is Bound; with WaitForFirstConsumer it stays Pending until a pod mounts it.",
      back: "Delete the new claim: it is empty.",
    },
    {
      title: "Move the data and switch over",
      text: "Steps 1 to 3 and 5 to 9 of attachguard runbook recreate-claim: stop all users, keep the old volume, copy with checksums, switch, verify, resume. Where there is no data yet, only claimName changes.",
      commands: [],
      worked: "One pod runs with the new claim, and the application finds its data.",
      back: "Set the old claim's name again: it was only read.",
    },
    {
      title: "Only then raise the number of pods",
      text: "Also restore the rolling update, if it was replaced.",
      commands: [],
      worked: "Pods on two nodes run at once, and attachguard check finds nothing.",
      back: "Set the old number again.",
    },
  ],
};

/** Fills in what touches no data; the rest stays a page. */
export function shareStorage(facts: RunbookFacts): Runbook | undefined {
  const { view, options, namespace, name } = facts;
  const claim = knownValue(view.claim(namespace, name));
  if (claim === undefined) return undefined;
  const subject = `PersistentVolumeClaim ${namespace}/${name}`;
  const why = refusal(claim);
  if (why !== undefined) return asPage(SHARE_STORAGE, subject, why);
  const classes = classesOffering("ReadWriteMany", claim.volumeMode, view, options).filter(isObjectName);
  const [only, ...more] = classes;
  if (only === undefined) {
    return asPage(
      SHARE_STORAGE,
      subject,
      "No StorageClass that can do ReadWriteMany is known here: which one to use would be a guess.",
    );
  }
  if (more.length > 0) {
    return asPage(
      SHARE_STORAGE,
      subject,
      `Several StorageClasses can do ReadWriteMany (${listOf(classes)}): which one to use would be a guess.`,
    );
  }
  return { ...SHARE_STORAGE, subject, steps: stepsFor(claim, only, facts) };
}

function refusal({ accessModes, ofSet, volumeMode, name, namespace }: Claim): string | undefined {
  if (!isObjectName(name) || !isObjectName(namespace)) return "Its name is one that Kubernetes would refuse.";
  if (accessModes.includes("ReadWriteMany")) return "It already asks for ReadWriteMany.";
  if (ofSet !== undefined) {
    return `StatefulSet ${ofSet} creates it from a template: each of its pods has a claim of its own, and should keep it.`;
  }
  return volumeMode === "Block"
    ? "It is a raw device: two nodes that write to one at the same time destroy what is on it, unless the application is built for that."
    : undefined;
}

function stepsFor(claim: Claim, storageClass: string, facts: RunbookFacts): readonly RunbookStep[] {
  const { kubectl, view } = facts;
  const [choose, make, move, raise] = SHARE_STORAGE.steps as [
    RunbookStep,
    RunbookStep,
    RunbookStep,
    RunbookStep,
  ];
  const { namespace, name } = claim;
  const fresh = `${name.slice(0, 248)}-rwx`;
  const users = knownValue(view.workloadsMounting(namespace, name)) ?? [];
  const manifest = JSON.stringify({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: fresh, namespace },
    spec: {
      accessModes: ["ReadWriteMany"],
      storageClassName: storageClass,
      resources: { requests: { storage: claim.requestedBytes } },
    },
  });
  const hasSize = claim.requestedBytes !== undefined;
  const create = (options: string) =>
    hasSize ? [`printf '%s' ${quoted(manifest)} | ${kubectl.read(`create ${options}-f -`).join("")}`] : [];
  return [
    {
      ...choose,
      text: `${choose.text} ${storageClass} can do it, as far as is known here.`,
      commands: kubectl.read(`get storageclass ${storageClass} -o yaml`),
    },
    {
      ...make,
      text: hasSize
        ? `${make.text} It is called ${fresh}; kubectl create refuses where that name is taken.`
        : `${make.text} How large the old one is, is not known here.`,
      commands: [
        ...create("--dry-run=server "),
        ...create(""),
        ...kubectl.read(`-n ${namespace} get persistentvolumeclaim ${fresh}`),
      ],
      worked: `The last command shows ${fresh} as Bound, or as Pending where the class waits for a pod.`,
    },
    {
      ...move,
      text: `${move.text}${users.length === 0 ? "" : ` Its users, as far as is known here: ${users.map(nameOf).join(", ")}.`}`,
    },
    raise,
  ];
}
