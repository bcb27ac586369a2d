import { ClusterIndex } from "../cluster/cluster-index.ts";
import { factFrom } from "../kube/fact.ts";
import { isWorkloadKind } from "../kube/kinds.ts";
import { evaluate, type JudgementContext } from "../policy/evaluate.ts";
import { DEFAULT_OPTIONS } from "../policy/options.ts";
import { accessModeUnsupported } from "../policy/rules/access-mode-unsupported.ts";
import { claimUnknown } from "../policy/rules/claim-unknown.ts";
import { knownValue } from "../policy/view.ts";
import { sentenceOf } from "../report/message.ts";
import type { DiagnoseOptions, Prevention } from "./options.ts";
import { PROJECTED, type RawReading } from "./project.ts";

/** As `check` judges without a configuration file. */
const CONTEXT: JudgementContext = { options: DEFAULT_OPTIONS, dryRun: false, waiver: null, namespace: null };

/**
 * What `check` finds for the same objects, by the same rules: asked for one object at a time, and only then are all
 * indexed.
 */
export function preventionFrom(
  readings: readonly RawReading[],
): Pick<DiagnoseOptions, "prevention" | "modesRefused"> {
  let made: ClusterIndex | undefined;
  const areClaimsRead = whole(readings).has("PersistentVolumeClaim");
  const index = () => {
    made ??= indexOf(readings);
    return made;
  };
  return {
    prevention: ({ kind, namespace, name }) => {
      if (!isWorkloadKind(kind)) return [];
      const workload = knownValue(index().workload(kind, namespace, name));
      if (workload === undefined) return [];
      const { findings } = evaluate(index(), workload, null, CONTEXT);
      // Of a claim that was not read, that it is not known says nothing.
      const told = areClaimsRead ? findings : findings.filter(({ rule }) => rule !== claimUnknown.id);
      return told.flatMap((finding): Prevention[] =>
        finding.fixes.map((fix) => ({ ...fix, rule: finding.rule, finding: sentenceOf(finding) })),
      );
    },
    modesRefused: (namespace, name) => {
      const claim = knownValue(index().claim(namespace, name));
      const match = claim === undefined ? null : accessModeUnsupported.judge(claim, index(), DEFAULT_OPTIONS);
      return match === null || match.soft ? undefined : match.problem;
    },
  };
}

/** The kinds of which every object of the cluster is known. */
function whole(readings: readonly RawReading[]): ReadonlySet<string> {
  const kinds = new Set<string>();
  for (const { kind, namespace, state } of readings)
    if (namespace === null && state !== "unread") kinds.add(kind);
  return kinds;
}

function indexOf(readings: readonly RawReading[]): ClusterIndex {
  const complete = whole(readings);
  const index = new ClusterIndex({
    completeness: (kind) => (complete.has(kind) ? "complete" : { reason: `${kind}s were not all read` }),
  });
  for (const { kind, items } of readings) {
    const { groups, version } = PROJECTED[kind];
    const [group = ""] = groups;
    const type = { kind, apiVersion: group === "" ? version : `${group}/${version}` };
    for (const item of items) {
      const fact = factFrom(item, undefined, type);
      if (fact !== undefined) index.put(fact);
    }
  }
  return index;
}
