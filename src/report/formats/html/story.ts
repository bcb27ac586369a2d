import type { PodNumbers } from "../../../policy/finding.ts";
import { plural } from "../../../policy/phrasing.ts";
import type { ReportedFinding } from "../../report.ts";

/** A part of a lane; from and to are points in time, of which there are `MOMENTS`. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly is: "runs" | "held" | "waits" | "free";
}

/** What happens when: to the pod that was there, to the volume, and to the pod that comes. */
export interface Story {
  readonly headings: readonly [string, string, string, string];
  readonly lanes: readonly { readonly name: string; readonly spans: readonly Span[] }[];
  /** The same as sentences, in order. */
  readonly steps: readonly string[];
}

const MOMENTS = 4;

/** The story of a finding, from the workload's own numbers; null where no second pod is involved. */
export function storyOf(finding: ReportedFinding): Story | null {
  const { rule, factors, numbers } = finding;
  if (factors === null || numbers === null) return null;
  switch (rule) {
    case "rwo-rolling-update":
    case "rwo-replicas":
    case "rwo-autoscaling":
    case "rwop-overlap":
      if (factors.moment === "steady") return besideStory(finding, numbers);
      return factors.overlap === "briefly" ? passingStory(finding, numbers) : stuckStory(finding, numbers);
    case "rwo-shared-claim":
      return sharedStory(finding);
    case "access-mode-unenforced":
      return unguardedStory(numbers);
    default:
      return null;
  }
}

function stuckStory(finding: ReportedFinding, { replicas, surge, unavailable }: PodNumbers): Story {
  const wait = waitOf(finding);
  const old = replicas === null ? "the old pods" : plural(replicas, "old pod");
  const kept = unavailable === 0 || unavailable === null ? "all of them stay" : `only ${unavailable} may end`;
  return {
    headings: ["before", "rollout starts", "new pod is placed", "from then on"],
    lanes: [
      {
        name: "old pod",
        spans: [{ from: 0, to: 4, text: "runs, kept until the new one is Ready", is: "runs" }],
      },
      { name: "volume", spans: [{ from: 0, to: 4, text: "held for the old pod", is: "held" }] },
      {
        name: "new pod",
        spans: [
          { from: 1, to: 2, text: "is created", is: "free" },
          { from: 2, to: 4, text: wait.short, is: "waits" },
        ],
      },
    ],
    steps: [
      `Before: ${replicas === null ? "the old pods run" : `${old} ${replicas === 1 ? "runs" : "run"}`}, and the volume is held by what uses it.`,
      `The rollout creates new pods beside the old ones: maxSurge comes to ${surge ?? "0"}, maxUnavailable to ${unavailable ?? "0"}.`,
      wait.sentence,
      `Old pods end as new ones become Ready; until then ${kept}. No new pod becomes Ready, so the rollout waits for itself and never ends.`,
    ],
  };
}

function passingStory(finding: ReportedFinding, { surge, unavailable }: PodNumbers): Story {
  const wait = waitOf(finding);
  return {
    headings: ["before", "rollout starts", "old pod has ended", "from then on"],
    lanes: [
      {
        name: "old pod",
        spans: [
          { from: 0, to: 1, text: "runs", is: "runs" },
          { from: 1, to: 2, text: "ends", is: "free" },
        ],
      },
      {
        name: "volume",
        spans: [
          { from: 0, to: 2, text: "held for the old pod", is: "held" },
          { from: 2, to: 3, text: "is detached", is: "free" },
          { from: 3, to: MOMENTS, text: "held for the new one", is: "held" },
        ],
      },
      {
        name: "new pod",
        spans: [
          { from: 1, to: 3, text: wait.short, is: "waits" },
          { from: 3, to: MOMENTS, text: "runs", is: "runs" },
        ],
      },
    ],
    steps: [
      `The rollout may end old pods first: maxUnavailable comes to ${unavailable ?? "0"}, maxSurge to ${surge ?? "0"}.`,
      wait.sentence,
      "The old pod ends, its volume becomes free, and the new pod starts: the error clears by itself.",
    ],
  };
}

function besideStory(finding: ReportedFinding, { replicas, most, autoscaler }: PodNumbers): Story {
  const wait = waitOf(finding);
  const byScaler = finding.rule === "rwo-autoscaling" && autoscaler !== null;
  const others = most === null ? "other pods" : most === 2 ? "second pod" : `pods 2 to ${most}`;
  return {
    headings: ["before", byScaler ? "load rises" : "pods are created", "they are placed", "from then on"],
    lanes: [
      { name: "first pod", spans: [{ from: 0, to: 4, text: "runs", is: "runs" }] },
      { name: "volume", spans: [{ from: 0, to: 4, text: "held for the first pod", is: "held" }] },
      {
        name: others,
        spans: [
          { from: 1, to: 2, text: "created", is: "free" },
          { from: 2, to: 4, text: wait.short, is: "waits" },
        ],
      },
    ],
    steps: [
      "One pod runs, and the volume is held for it.",
      byScaler
        ? `${autoscaler.kind} ${autoscaler.name} may raise the workload${replicas === null ? "" : ` from ${replicas}`} to ${plural(autoscaler.maximum, "pod")}.`
        : `${most === null ? "More than one pod is" : `${plural(most, "pod")} are`} wanted at once.`,
      wait.sentence,
      "It waits for as long as the first pod runs, and nothing ends that pod.",
    ],
  };
}

function sharedStory(finding: ReportedFinding): Story {
  const wait = waitOf(finding);
  const other = finding.related.find(({ object }) => object.kind !== "PersistentVolumeClaim")?.object;
  const name = other === undefined ? "another workload" : `${other.kind} ${other.name}`;
  return {
    headings: ["before", "the other starts", "it is placed", "from then on"],
    lanes: [
      { name: "this one's pod", spans: [{ from: 0, to: 4, text: "runs", is: "runs" }] },
      { name: "volume", spans: [{ from: 0, to: 4, text: "held for the pod that came first", is: "held" }] },
      {
        name: "the other's pod",
        spans: [
          { from: 1, to: 2, text: "is created", is: "free" },
          { from: 2, to: 4, text: wait.short, is: "waits" },
        ],
      },
    ],
    steps: [
      `${finding.workload.kind} ${finding.workload.name} and ${name} mount the same claim; whichever comes first holds the volume.`,
      wait.sentence,
      "It waits until the first one's pods are gone from that node.",
    ],
  };
}

function unguardedStory({ most }: PodNumbers): Story {
  return {
    headings: ["before", "another pod is created", "it is placed", "from then on"],
    lanes: [
      { name: "first pod", spans: [{ from: 0, to: 4, text: "runs and may write", is: "runs" }] },
      {
        name: "volume",
        spans: [
          { from: 0, to: 2, text: "mounted on one node", is: "held" },
          { from: 2, to: 4, text: "mounted on two nodes", is: "waits" },
        ],
      },
      {
        name: "other pods",
        spans: [
          { from: 1, to: 2, text: "created", is: "free" },
          { from: 2, to: 4, text: "run and may write", is: "runs" },
        ],
      },
    ],
    steps: [
      `${most === null ? "More than one pod" : `Up to ${plural(most, "pod")}`} can run at once.`,
      "The volume has no attach step, so nothing refuses a second node: ReadWriteOnce is not enforced here.",
      "Pods on several nodes may write at once, and only the application itself can keep the data intact.",
    ],
  };
}

/** What the pod that comes second meets; with reach pod the node does not matter. */
function waitOf({ factors, claims }: ReportedFinding): { readonly short: string; readonly sentence: string } {
  if (factors?.reach !== "pod") {
    const where =
      factors?.spread === "apart"
        ? "The second pod is placed on another node"
        : "Placed on another node, the second pod";
    return {
      short: "waits: Multi-Attach error",
      sentence: `${where}${factors?.spread === "apart" ? " and" : ""} waits with "Multi-Attach error for volume": only one node at a time can hold it.`,
    };
  }
  return claims.some(({ accessModes }) => accessModes.includes("ReadWriteOncePod"))
    ? {
        short: "Pending: claim is in use",
        sentence:
          "The scheduler keeps the second pod Pending wherever it could go: the claim is ReadWriteOncePod.",
      }
    : {
        short: "waits: volume is in use",
        sentence:
          "The second pod waits wherever it is placed, even on the same node: the driver lets only one pod use the volume.",
      };
}
