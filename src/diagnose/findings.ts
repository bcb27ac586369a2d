import type { JudgedAttachment } from "./attachment-rows.ts";
import type { Danger } from "./dangers.ts";
import type { AttachmentDiagnosis, AttachmentFinding, AttachmentRuleId } from "./diagnosis.ts";
import { compare } from "./holders.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Disk } from "./picture.ts";
import { hasRunningContainer } from "./pods.ts";
import { MINUTE, spoken } from "./times.ts";

/** What the two rules about attachments find, and the state of every attachment. */
export interface AttachmentReport {
  readonly attachments: readonly AttachmentDiagnosis[];
  readonly findings: readonly AttachmentFinding[];
}

/** @param disks those to tell of, each once */
export function reportAttachments(disks: Iterable<Disk>, inquiry: Inquiry): AttachmentReport {
  const attachments: AttachmentDiagnosis[] = [];
  const findings: AttachmentFinding[] = [];
  for (const disk of disks) {
    const dangers = inquiry.dangersOf(disk).told.map((danger) => endangeredFinding(danger, inquiry));
    findings.push(...dangers);
    for (const judged of inquiry.attachmentsOf(disk)) {
      const { name } = judged.attachment;
      const own = dangers.filter(({ attachment }) => attachment.name === name);
      const ordered = own.length === 0 ? orderedFinding(judged, inquiry) : undefined;
      const stale = staleFinding(judged, inquiry);
      const extra = [ordered, stale].filter((finding) => finding !== undefined);
      findings.push(...extra);
      attachments.push({
        name,
        node: judged.attachment.nodeName,
        volume: judged.attachment.volumeName ?? "",
        state: judged.state,
        findings: [...new Set([...own, ...extra].map(({ rule }): AttachmentRuleId => rule))],
      });
    }
  }
  return {
    attachments: attachments.toSorted((a, b) => compare(a.name, b.name)),
    findings: findings.toSorted((a, b) => compare(keyOf(a), keyOf(b))),
  };
}

function keyOf({ rule, attachment: { volume, node, name } }: AttachmentFinding): string {
  return [rule, volume, node, name].join(" ");
}

/** An error only where a second look, live, has seen it too and a container runs. */
function endangeredFinding(
  { text, node, disk, attachment, pods, row }: Danger,
  inquiry: Inquiry,
): AttachmentFinding {
  const confirmed = inquiry.options.dangersSeenBefore !== null;
  const runs = row === "R16" || pods.some(hasRunningContainer);
  return finding("attachment-endangered", confirmed && runs ? "error" : "warning", {
    name: attachment?.name ?? null,
    node,
    volume: attachment?.volumeName ?? disk.volumeNames[0] ?? "",
    text: confirmed ? text : `${text} (seen once)`,
    evidence: [text],
  });
}

/** R3 under pods that have not started: ordered, and no data at risk yet. */
function orderedFinding(
  { state, attachment, users }: JudgedAttachment,
  inquiry: Inquiry,
): AttachmentFinding | undefined {
  if (state !== "detach-ordered-under-pod" || users.some(hasRunningContainer)) return undefined;
  if (inquiry.options.dangersSeenBefore !== null) return undefined;
  const pods = users.map(({ namespace, name }) => `${namespace}/${name}`).join(", ");
  const text = `the detach of ${attachment.name} was ordered while ${pods} waits for the volume on ${attachment.nodeName}`;
  return finding("attachment-endangered", "warning", {
    name: attachment.name,
    node: attachment.nodeName,
    volume: attachment.volumeName ?? "",
    text: `${text} (seen once)`,
    evidence: [text],
  });
}

/** Rows that are stale at once, and what is said of them. */
const STALE: Readonly<Record<string, string>> = {
  "volume-gone": "its PersistentVolume is gone, so that it holds nothing and cannot be detached either",
  "foreign-name": "the controller looks for another name, so that it will never remove it",
  stale: "no pod uses it, and neither the controller nor the node knows it",
};

/** Rows that can end by themselves: stale only after two sightings ten minutes apart. */
const STALE_LATER: Readonly<Record<string, string>> = {
  "forced-detach-pending": "no pod uses it, its node is not Ready",
  "node-gone": "no pod uses it, its node is gone",
};

const SIGHTINGS_APART = 10 * MINUTE;

function staleFinding(
  { state, attachment }: JudgedAttachment,
  inquiry: Inquiry,
): AttachmentFinding | undefined {
  const age = inquiry.age(attachment.createdAt);
  if (attachment.createdAt === undefined || age < MINUTE) return undefined;
  const seen = attachment.uid === undefined ? undefined : inquiry.options.sightings.get(attachment.uid);
  const unchanged = seen !== undefined && inquiry.now - seen.at >= SIGHTINGS_APART;
  const why = STALE[state] ?? (unchanged ? STALE_LATER[state] : undefined);
  if (why === undefined) return undefined;
  const text = `attachment ${attachment.name} on ${attachment.nodeName} is left over: ${why}`;
  return finding("attachment-stale", "warning", {
    name: attachment.name,
    node: attachment.nodeName,
    volume: attachment.volumeName ?? "",
    text,
    evidence: [`it is at least ${spoken(age)} old`, ...(unchanged ? ["unchanged for ten minutes"] : [])],
  });
}

interface Said {
  readonly name: string | null;
  readonly node: string;
  readonly volume: string;
  readonly text: string;
  readonly evidence: readonly string[];
}

function finding(
  rule: AttachmentRuleId,
  severity: AttachmentFinding["severity"],
  { name, node, volume, text, evidence }: Said,
): AttachmentFinding {
  // What begins with an object's name keeps it as it is.
  const isWord = /^(?:attachment|the) /.test(text);
  const sentence = `${isWord ? text.charAt(0).toUpperCase() + text.slice(1) : text}.`;
  return {
    rule,
    severity,
    attachment: { name, node, volume },
    message: `${sentence} [${rule}] attachguard explain ${rule}`,
    warning: `${sentence} [${rule}]`,
    evidence,
  };
}
