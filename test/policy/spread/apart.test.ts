import t from "tap";
import { MOST_LABELS } from "../../../src/policy/spread/bounds.ts";
import { judge } from "../../support/judge.ts";
import { claim, deployment, storageClass } from "../../support/objects.ts";

const selected = { labelSelector: { matchLabels: { app: "web" } }, topologyKey: "kubernetes.io/hostname" };
const APART = {
  "a spread constraint": {
    topologySpreadConstraints: [{ ...selected, maxSkew: 1, whenUnsatisfiable: "DoNotSchedule" }],
  },
  "anti-affinity": {
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [selected] } },
  },
};

t.test("nothing is proved of a template with more labels than are looked at", async (t) => {
  const spread = (count: number, spec: Readonly<Record<string, unknown>>) => {
    const labels = Object.fromEntries(Array.from({ length: count - 1 }, (_, at) => [`l${at}`, ""]));
    const subject = deployment({ labels: { app: "web", ...labels }, workload: { replicas: 2 }, spec });
    return judge(subject, [claim(), storageClass]).factors.spread;
  };
  for (const [how, spec] of Object.entries(APART)) {
    t.equal(spread(MOST_LABELS, spec), "apart", `${how}, as many as are`);
    t.equal(spread(MOST_LABELS + 1, spec), "free", `${how}, one more`);
  }
});
