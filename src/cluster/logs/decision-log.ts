import { list, record, text } from "../../kube/raw.ts";
import { distinctRules, type LogLine, type LogSource, nameIn, objectIn } from "./logged-request.ts";

/** The webhook's own log: its lines with the message `decision`. */
export const DECISION_LOG: LogSource = { id: "decision-log", name: "a log of attachguard serve", read };

function read(line: string): LogLine {
  if (!line.includes('"msg":"decision"')) return line.includes('"level":') ? "other" : "foreign";
  const decision = objectIn(line);
  if (decision === undefined) return "foreign";
  const { uid, time, judged, dryRun, user, resource, namespace, name } = decision;
  const at = new Date(typeof time === "number" ? time : (text(time) ?? "")).getTime();
  if (judged === false || typeof uid !== "string" || Number.isNaN(at)) return "other";
  return {
    id: nameIn(uid),
    time: at,
    dryRun: dryRun === true,
    user: nameIn(user),
    resource: nameIn(resource).split("/", 1)[0] ?? "",
    namespace: nameIn(namespace),
    name: nameIn(name),
    denies: Array.isArray(decision.denies) ? distinctRules(decision.denies) : deniedBefore(decision),
    mayDeny: [],
  };
}

/** Lines from before `denies` existed have the findings, with the exempted ones named beside them. */
function deniedBefore({ findings, exempted }: Readonly<Record<string, unknown>>): readonly string[] {
  const letThrough = list(exempted).map((each) => text(each)?.split(" ", 1)[0]);
  const errors = list(findings)
    .map(record)
    .filter(({ severity }) => severity === "error")
    .map(({ rule }) => rule);
  return distinctRules(errors).filter((rule) => !letThrough.includes(rule));
}
