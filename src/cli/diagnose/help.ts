import { DIAGNOSED_KINDS } from "../../diagnose/facts.ts";
import { PROJECTED } from "../../diagnose/project.ts";

/** How to collect a dump: each kind into a file of its own, so that forbidden, absent and empty can be told apart. */
export const DUMP_HELP = `If the cluster cannot be reached from here, collect a dump; --from DIR reads it:
  mkdir DIR; cd DIR
${DIAGNOSED_KINDS.map((kind) => `  ${dumpLine(kind)}`).join("\n")}
  kubectl get --raw /api/v1/namespaces/kube-system >kube-system.json
With rights in one namespace only, put /namespaces/NS before the last word of a path.
A dump holds the environment of every container, including passwords in it: keep it
to yourself. What --save writes has none of that.

Exit codes: 0 healthy, or comes free by itself; 1 stuck, endangered, or cannot be
seen; 2 not there, cannot be read, or the command line is wrong.
`;

function dumpLine(kind: (typeof DIAGNOSED_KINDS)[number]): string {
  const { groups, version, plural } = PROJECTED[kind];
  const [group = ""] = groups;
  const path = `${group === "" ? "/api" : `/apis/${group}`}/${version}/${plural}`;
  return `kubectl get --raw ${path} >${plural}.json 2>${plural}.err`;
}
