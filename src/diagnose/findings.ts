import type { AttachmentSituation, AttachmentState } from "../policy/attachments.ts";
import { compare } from "../policy/compare.ts";
import { attachmentEndangered } from "../policy/rules/attachment-endangered.ts";
import { attachmentStale } from "../policy/rules/attachment-stale.ts";
import type { AttachmentRuleId } from "../policy/rules/index.ts";
import type { ReportedAttachment } from "../report/report.ts";
import type { JudgedAttachment } from "./attachment-rows.ts";
import type { Danger } from "./dangers.ts";
import type { AttachmentDiagnosis } from "./diagnosis.ts";
import type { VolumeAttachment } from "./facts.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Disk } from "./picture.ts";
import { hasRunningContainer } from "./pods.ts";
import { spoken } from "./times.ts";

/** What the two rules about attachments find, and the state of every attachment. */
export interface AttachmentReport {
  readonly attachments: readonly AttachmentDiagnosis[];
  readonly findings: readonly ReportedAttachment[];
}

/** @param disks those to tell of, each once */
export function reportAttachments(disks: Iterable<Disk>, inquiry: Inquiry): AttachmentReport {
  const attachments: AttachmentDiagnosis[] = [];
  const findings: ReportedAttachment[] = [];
  for (const disk of disks) {
    const dangers = inquiry
      .dangersOf(disk)
      .told.map((danger) => endangeredFinding(danger, inquiry))
      .filter((found) => found !== undefined);
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

function keyOf({ rule, attachment: { volume, node, name } }: ReportedAttachment): string {
  return [rule, volume, node, name].join(" ");
}

/** What both rules decide from. */
function situationOf(
  state: AttachmentState,
  attachment: VolumeAttachment | null,
  danger: Pick<AttachmentSituation, "danger" | "runs">,
  { options, now }: Inquiry,
): AttachmentSituation {
  const seen = attachment?.uid === undefined ? undefined : options.sightings.get(attachment.uid);
  const created = attachment?.createdAt;
  return {
    state,
    age: created === undefined ? undefined : Math.max(0, now - created),
    unchangedFor: seen === undefined ? undefined : now - seen.at,
    confirmed: options.dangersSeenBefore !== null,
    ...danger,
  };
}

function endangeredFinding(
  { text, node, disk, attachment, pods, row }: Danger,
  inquiry: Inquiry,
): ReportedAttachment | undefined {
  const runs = row === "R16" || pods.some(hasRunningContainer);
  const state = attachment === null ? "unknown" : inquiry.judged(attachment).state;
  const situation = situationOf(state, attachment, { danger: row, runs }, inquiry);
  const broken = attachmentEndangered.judge(situation);
  if (broken === null) return undefined;
  return finding(attachmentEndangered.id, broken.severity, {
    name: attachment?.name ?? null,
    node,
    volume: attachment?.volumeName ?? disk.volumeNames[0] ?? "",
    text: situation.confirmed ? text : `${text} (seen once)`,
    evidence: [text],
  });
}

/** R3 under pods that have not started: ordered, and no data at risk yet. */
function orderedFinding(
  { state, attachment, users }: JudgedAttachment,
  inquiry: Inquiry,
): ReportedAttachment | undefined {
  if (users.some(hasRunningContainer)) return undefined;
  const broken = attachmentEndangered.judge(
    situationOf(state, attachment, { danger: null, runs: false }, inquiry),
  );
  if (broken === null) return undefined;
  const pods = users.map(({ namespace, name }) => `${namespace}/${name}`).join(", ");
  const text = `the detach of ${attachment.name} was ordered while ${pods} waits for the volume on ${attachment.nodeName}`;
  return finding(attachmentEndangered.id, broken.severity, {
    name: attachment.name,
    node: attachment.nodeName,
    volume: attachment.volumeName ?? "",
    text: `${text} (seen once)`,
    evidence: [text],
  });
}

function staleFinding(
  { state, attachment, users }: JudgedAttachment,
  inquiry: Inquiry,
): ReportedAttachment | undefined {
  // Its volume's object may be gone while a pod goes on using the disk.
  if (users.length > 0) return undefined;
  const situation = situationOf(state, attachment, { danger: null, runs: false }, inquiry);
  const broken = attachmentStale.judge(situation);
  if (broken === null) return undefined;
  const { age, unchangedFor } = situation;
  return finding(attachmentStale.id, broken.severity, {
    name: attachment.name,
    node: attachment.nodeName,
    volume: attachment.volumeName ?? "",
    text: `attachment ${attachment.name} on ${attachment.nodeName} is left over: ${broken.why}`,
    evidence: [
      ...(age === undefined ? [] : [`it is at least ${spoken(age)} old`]),
      ...(unchangedFor === undefined ? [] : [`seen in the same state ${spoken(unchangedFor)} ago`]),
    ],
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
  severity: ReportedAttachment["severity"],
  { name, node, volume, text, evidence }: Said,
): ReportedAttachment {
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
