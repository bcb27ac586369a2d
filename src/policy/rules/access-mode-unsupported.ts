import { capabilitiesOf } from "../catalogue/capabilities.ts";
import { modesOfClass } from "../catalogue/class-modes.ts";
import { claimRef, relatedTo } from "../field.ts";
import type { AccessMode, Claim, StorageClass } from "../model.ts";
import type { PolicyOptions } from "../options.ts";
import { listOf } from "../phrasing.ts";
import { classOf } from "../reach/claim-class.ts";
import { classesOffering, reachOfClaim } from "../reach.ts";
import type { ClusterView } from "../view.ts";
import { claim, manifests, storageClass } from "./example.ts";
import { claimRule } from "./rule.ts";

/** What becomes of a claim whose driver cannot do the mode; the worst first. */
const OUTCOMES = ["pending", "not-started", "not-kept", "not-offered"] as const;
type Outcome = (typeof OUTCOMES)[number];

const EFFECTS: Readonly<Record<Outcome, string>> = {
  pending: "refuses: the claim stays Pending",
  "not-started": "refuses when a pod uses the volume: the claim is bound, but its pods do not start",
  "not-kept": "accepts without honouring it",
  "not-offered": "does not offer",
};

export const accessModeUnsupported = claimRule({
  id: "access-mode-unsupported",
  title: "The driver cannot do the access mode that the claim asks for",
  severity: "error",
  subject: "claim",
  when: "A claim that is not bound or pre-bound asks for a mode that its StorageClass is documented to refuse when the volume is provisioned. A warning where the mode is refused later, or accepted without being honoured. No finding where it is not known.",
  meaning:
    "The claim stays Pending, and so do the pods that mount it; where the driver does not check, the volume is created but cannot be used as the claim says.",
  cause:
    "Kubernetes does not compare access modes with what a driver can do: the driver finds out when it creates, attaches or mounts the volume. Most block storage can be mounted as a file system by one node only.",
  fixes: ["supported-mode"],
  sources: [
    "attachguard: src/policy/catalogue/drivers.json, with the sources of every driver",
    "kubernetes-csi/csi-lib-utils: accessmodes/access_modes.go",
  ],
  examples: {
    fail: manifests(
      claim({ mode: "ReadWriteMany", spec: ["storageClassName: gp3"] }),
      storageClass("gp3", "ebs.csi.aws.com"),
    ),
    pass: manifests(
      claim({ mode: "ReadWriteMany", spec: ["storageClassName: efs"] }),
      storageClass("efs", "efs.csi.aws.com"),
    ),
  },

  judge(claim, view, options) {
    if (!isToBeProvisioned(claim, view)) return null;
    const { storageClass, described } = classOf(claim, view, options);
    if (storageClass === undefined) return null;

    const refused = refusedModes(claim, storageClass, options);
    const outcome = OUTCOMES.find((worst) => refused.some((refusal) => refusal.outcome === worst));
    if (outcome === undefined) return null;
    const modes = refused.filter((refusal) => refusal.outcome === outcome).map(({ mode }) => mode);
    const asked = `${modes.join(", ")} (volumeMode ${claim.volumeMode})`;
    return {
      soft: outcome !== "pending",
      decidedBy: { ...relatedTo(claimRef(claim)), path: ["spec", "accessModes"] },
      claims: [reachOfClaim(claim, view, options)],
      problem: `asks for ${asked}, which ${described} ${EFFECTS[outcome]}`,
      brief: `StorageClass ${storageClass.name} cannot do ${modes.join(", ")}`,
      evidence: [offer(claim, storageClass, options), ...alternatives(modes, claim, view, options)],
      degree: 0,
      byAutoscaler: false,
    };
  },
});

/** A volume made by hand has modes of its own, and only such a volume can satisfy a selector. */
function isToBeProvisioned(claim: Claim, view: ClusterView): boolean {
  return (
    claim.volumeName === undefined && claim.selector === undefined && view.volumeOf(claim).state === "absent"
  );
}

interface Refusal {
  readonly mode: AccessMode;
  readonly outcome: Outcome;
}

function refusedModes(
  claim: Claim,
  storageClass: StorageClass,
  { drivers }: PolicyOptions,
): readonly Refusal[] {
  const { modes, from } = modesOfClass(storageClass, claim.volumeMode, drivers, claim);
  if (modes === undefined) return [];
  return judgedModes(claim).flatMap((mode): Refusal[] => {
    if (modes.includes(mode)) return [];
    const outcome = outcomeByCatalogue(mode, claim, storageClass);
    if (from === "catalogue") return outcome ? [{ mode, outcome }] : [];
    // Who lists the modes of a class seldom means to forbid the one pod that ReadWriteOnce allows anyway.
    if (mode === "ReadWriteOncePod" && modes.includes("ReadWriteOnce") && !outcome) return [];
    return [{ mode, outcome: outcome ?? "not-offered" }];
  });
}

/** Of several modes a CSI driver is sent one, and ReadWriteMany before all others (csi-lib-utils). */
function judgedModes({ accessModes }: Claim): readonly AccessMode[] {
  return accessModes.includes("ReadWriteMany") ? ["ReadWriteMany"] : accessModes;
}

const NO_OVERRIDES: PolicyOptions["drivers"] = [];

/** `undefined` where the mode works, where something out of sight may make it work, or where that is not known. */
function outcomeByCatalogue(mode: AccessMode, claim: Claim, storageClass: StorageClass): Outcome | undefined {
  const facts = capabilitiesOf(
    storageClass.provisioner,
    storageClass.parameters,
    claim.volumeMode,
    NO_OVERRIDES,
    claim,
  );
  if (facts?.accessModes === undefined) return undefined;
  if (facts.accessModes.includes(mode) || facts.possibleModes.includes(mode)) return undefined;
  if (facts.unsafeModes.includes(mode)) return "not-kept";
  switch (facts.enforcedAt) {
    case "provision":
      return facts.dynamicProvisioning ? "pending" : undefined;
    case "publish":
      return "not-started";
    case "none": {
      // Storage that several nodes can share serves one node or one pod just as well.
      const shared = mode === "ReadWriteMany" || mode === "ReadOnlyMany";
      return shared || facts.accessModes.length === 0 ? "not-kept" : undefined;
    }
    case "unknown":
      return undefined;
  }
}

function offer(claim: Claim, storageClass: StorageClass, { drivers }: PolicyOptions): string {
  const { modes = [], from, capabilities } = modesOfClass(storageClass, claim.volumeMode, drivers, claim);
  const given = capabilities?.because.length ? ` with ${capabilities.because.join(", ")}` : "";
  const source = {
    annotation: "according to its annotation attachguard.dev/access-modes",
    configuration: "according to the configuration",
    catalogue: "according to the driver catalogue",
  }[from];
  const what = modes.length === 0 ? "no access mode" : modes.join(", ");
  return `StorageClass ${storageClass.name} (${storageClass.provisioner}${given}) offers ${what} for volumeMode ${claim.volumeMode}, ${source}`;
}

function alternatives(
  modes: readonly AccessMode[],
  claim: Claim,
  view: ClusterView,
  options: PolicyOptions,
): readonly string[] {
  return modes.flatMap((mode) => {
    const names = classesOffering(mode, claim.volumeMode, view, options);
    if (names.length === 0) return [];
    return [`${mode} is offered by StorageClass ${listOf(names)}`];
  });
}
