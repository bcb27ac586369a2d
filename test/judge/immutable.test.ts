import t from "tap";
import { judgeFiles } from "../support/change.ts";
import { statefulSet } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

t.test("claim templates cannot be changed in anything that is written there", async (t) => {
  const set = (template: Raw, kind = "StatefulSet"): Raw => ({
    ...statefulSet({
      name: "db",
      workload: { volumeClaimTemplates: [{ metadata: { name: "d" }, spec: {}, ...template }] },
    }),
    kind,
  });
  const noted = async (before: Raw, after: Raw) =>
    (await judgeFiles({ "a.json": [before] }, { "a.json": [after] })).notes
      .map(({ message }) => message)
      .join();
  const frozen = /StatefulSet shop\/db: spec\.volumeClaimTemplates cannot be changed/;
  t.match(await noted(set({}), set({ spec: { accessModes: ["ReadWriteOnce"] } })), frozen);
  const labelled = { metadata: { name: "d", labels: { team: "a" } } };
  t.match(await noted(set({}), set(labelled)), frozen, "a label, which no verdict reads");
  const { metadata, ...rest } = set({});
  const annotated = { ...rest, metadata: { ...(metadata as Raw), annotations: { note: "x" } } };
  t.equal(await noted(set({}), annotated), "", "metadata of the set can be");
  t.equal(
    await noted(set({}, "Deployment"), set({ spec: { accessModes: ["ReadWriteOnce"] } })),
    "",
    "a set that is new",
  );
});
