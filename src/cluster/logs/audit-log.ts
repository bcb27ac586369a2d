import { record, text } from "../../kube/raw.ts";
import { type LogLine, type LogSource, nameIn, objectIn, rulesIn } from "./logged-request.ts";

const MARK = '"audit.k8s.io/';
/** The API server puts the webhook's name before each key that the webhook gives (platform.md). */
const OWN_KEY = /\.attachguard\.dev\/([a-z]+)$/;

/**
 * The API server's audit log (`audit.k8s.io/v1`): the events that end a request and carry annotations of ours. Several
 * entries of the webhook configuration may have judged one request.
 */
export const AUDIT_LOG: LogSource = { id: "audit-log", name: "an audit log of the API server", read };

function read(line: string): LogLine {
  if (!line.includes(MARK)) return "foreign";
  // The last line of a log that was cut off.
  if (!line.trimEnd().endsWith("}")) return "foreign";
  if (!line.includes(".attachguard.dev/")) return "other";
  const event = objectIn(line);
  if (event === undefined || event.kind !== "Event") return "foreign";
  if (event.stage !== "ResponseComplete") return "other";
  const annotations = own(event.annotations);
  const time = Date.parse(text(event.requestReceivedTimestamp) ?? "");
  if (annotations.length === 0 || Number.isNaN(time)) return "other";
  const { resource, namespace, name } = record(event.objectRef);
  const denies = annotations.flatMap(({ denies }) => rulesIn(denies));
  const mayDeny = annotations.flatMap((each) => rulesPossiblyDenied(each));
  return {
    id: `${nameIn(event.auditID)} ${time}`,
    time,
    dryRun: /[?&]dryRun=/.test(text(event.requestURI) ?? ""),
    user: nameIn(record(event.user).username),
    resource: nameIn(resource),
    namespace: nameIn(namespace),
    name: nameIn(name),
    denies: [...new Set(denies)],
    mayDeny: [...new Set(mayDeny)].filter((rule) => !denies.includes(rule)),
  };
}

/** The annotations of each entry that judged the request. */
function own(annotations: unknown): readonly Readonly<Record<string, string>>[] {
  const byEntry = new Map<string, Record<string, string>>();
  for (const [key, value] of Object.entries(record(annotations))) {
    const [found, word] = OWN_KEY.exec(key) ?? [];
    if (found === undefined || word === undefined || typeof value !== "string") continue;
    const entry = key.slice(0, -found.length);
    const words = byEntry.get(entry) ?? {};
    words[word] = value;
    byEntry.set(entry, words);
  }
  return [...byEntry.values()].filter(({ verdict }) => verdict !== undefined && verdict !== "unjudged");
}

/** Of an older version, which named the rules without saying for which of them it would deny. */
function rulesPossiblyDenied({
  denies,
  enforced,
  verdict,
  mode,
  rule,
  exempted,
}: Readonly<Record<string, string>>): readonly string[] {
  if (denies !== undefined) return [];
  const underEnforce = enforced ?? (mode === "enforce" ? verdict : undefined);
  if (underEnforce === "warn" || underEnforce === "allow") return [];
  const letThrough = (exempted ?? "").split("; ").map((each) => each.split(" ", 1)[0]);
  return rulesIn(rule).filter((each) => !letThrough.includes(each));
}
