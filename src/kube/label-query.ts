import { AttachguardError } from "../errors.ts";
import type { LabelSelector, Requirement } from "../policy/model.ts";

const KEY = String.raw`[A-Za-z0-9]([-\w./]*[A-Za-z0-9])?`;
const SET = new RegExp(String.raw`^(?<key>${KEY})\s+(?<operator>in|notin)\s*\(\s*(?<values>[^()]*)\)$`);
const EQUAL = new RegExp(String.raw`^(?<key>${KEY})\s*(?<operator>==|=|!=)\s*(?<value>[\w.-]*)$`);
const EXISTS = new RegExp(String.raw`^(?<not>!\s*)?(?<key>${KEY})$`);

/**
 * A label selector as `kubectl get --selector` takes it: `app=web,tier!=test`, `env in (a, b)`, `key`, `!key`.
 *
 * @throws AttachguardError AG_ERR_USAGE where it is not a valid selector
 */
export function parseLabelQuery(text: string): LabelSelector {
  // A comma separates requirements except inside brackets.
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  return { matchLabels: {}, matchExpressions: parts.map((part) => requirementIn(part, text)) };
}

function requirementIn(part: string, whole: string): Requirement {
  const set = SET.exec(part)?.groups;
  if (set !== undefined) {
    const values = (set.values ?? "").split(",").map((value) => value.trim());
    return { key: set.key ?? "", operator: set.operator === "in" ? "In" : "NotIn", values };
  }
  const equal = EQUAL.exec(part)?.groups;
  if (equal !== undefined) {
    const operator = equal.operator === "!=" ? "NotIn" : "In";
    return { key: equal.key ?? "", operator, values: [equal.value ?? ""] };
  }
  const exists = EXISTS.exec(part)?.groups;
  if (exists !== undefined) {
    return { key: exists.key ?? "", operator: exists.not ? "DoesNotExist" : "Exists", values: [] };
  }
  throw new AttachguardError(
    "AG_ERR_USAGE",
    `--selector ${JSON.stringify(whole)}: ${JSON.stringify(part)} is not a requirement; write app=web, tier!=test, env in (a,b), key or !key`,
  );
}
