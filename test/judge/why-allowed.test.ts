import t from "tap";
import { DEFAULT_CONFIG } from "../../src/config/defaults.ts";
import { judgeAll } from "../../src/judge/all.ts";
import { bundle } from "../support/bundle.ts";
import { claim, file, statefulSet, storageClass } from "../support/objects.ts";

t.test("claims of its own make a set safe where it mounts no other", async (t) => {
  const reason = async (claims: readonly string[], workload: Readonly<Record<string, unknown>>) => {
    const { view, bundle: read } = bundle(file(statefulSet({ claims, workload }), claim(), storageClass));
    const { workloads } = await judgeAll(
      { view, workloads: read.workloads, claims: [] },
      {
        config: DEFAULT_CONFIG,
        verifyWaiver: () => Promise.reject(new Error("none")),
        dryRun: false,
        now: 0,
      },
    );
    return workloads[0]?.reason;
  };
  const volumeClaimTemplates = [{ metadata: { name: "own" }, spec: { accessModes: ["ReadWriteOnce"] } }];
  t.equal(await reason([], { volumeClaimTemplates, replicas: 3 }), "each of its pods has claims of its own");
  t.equal(await reason(["data"], { volumeClaimTemplates }), "it never has two pods at once");
  t.equal(await reason(["data"], {}), "it never has two pods at once");
  t.equal(await reason([], {}), undefined, "what mounts nothing is not listed");
});
