import t from "tap";
import { REPORT_APIS } from "../../../src/report/cluster-reports/apis.ts";
import { bodyOf } from "../../../src/report/cluster-reports/body.ts";
import { existingFrom } from "../../../src/report/cluster-reports/existing.ts";
import { wantedReports } from "../../../src/report/cluster-reports/wanted.ts";
import { findingWith, reportWith } from "../sample.ts";

const [openReports] = REPORT_APIS;
const claimed = (name: string) => findingWith().claims.map((claim) => ({ ...claim, name }));

t.test("at most 50 results in one report, the gravest first, the rest counted", async (t) => {
  const findings = [
    ...Array.from({ length: 60 }, (_, at) => findingWith({ severity: "warning", claims: claimed(`w${at}`) })),
    findingWith({ claims: claimed("grave") }),
    findingWith({ claims: claimed("grave") }),
  ];
  const [report] = wantedReports(reportWith({ findings }), () => "1", 10).reports;
  t.equal(report?.results.length, 50);
  t.strictSame(
    report?.results.slice(0, 2).map(({ result, properties }) => [result, properties.claims]),
    [
      ["fail", "grave"],
      ["warn", "w0"],
    ],
    "two that say the same are one",
  );
  t.strictSame(
    report?.results.map(({ properties }) => properties["not-listed"]).filter((each) => each),
    ["11"],
  );
});

t.test("an object without a namespace gets a cluster report", async (t) => {
  const workload = {
    apiVersion: "storage.k8s.io/v1",
    kind: "VolumeAttachment",
    namespace: "",
    name: "csi-1",
  };
  const { reports } = wantedReports(reportWith({ findings: [findingWith({ workload })] }), () => "7", 10);
  const [wanted] = reports;
  if (wanted === undefined) throw new Error("no report");
  const { kind, metadata, scope } = bodyOf(wanted, openReports, 100);
  t.equal(kind, "ClusterReport");
  t.notOk("namespace" in metadata);
  t.strictSame(scope, { apiVersion: "storage.k8s.io/v1", kind: "VolumeAttachment", name: "csi-1", uid: "7" });
});

t.test(
  "an object whose uid is not known is counted, and the order of findings changes nothing",
  async (t) => {
    const findings = ["a", "b", "c"].map((name) =>
      findingWith({ workload: { ...findingWith().workload, name }, related: [] }),
    );
    const uidOf = ({ name }: { name: string }) => (name === "c" ? undefined : name);
    const one = wantedReports(reportWith({ findings }), uidOf, 1);
    t.strictSame([one.withoutUid, one.beyond, [...one.found].sort()], [1, 1, ["a", "b"]]);
    const other = wantedReports(reportWith({ findings: findings.toReversed() }), uidOf, 1);
    t.strictSame(other.reports, one.reports);
  },
);

t.test("the time at which a result was first seen is believed where it can be", async (t) => {
  const [wanted] = wantedReports(reportWith({ findings: [findingWith()] }), () => "1", 1).reports;
  if (wanted === undefined) throw new Error("no report");
  const seconds = (timestamp: unknown) => {
    const { results } = bodyOf(wanted, openReports, 100);
    const [result] = results as readonly object[];
    const raw = {
      metadata: { name: "attachguard-1", uid: "u", resourceVersion: "1" },
      results: [null, { ...result, timestamp }],
    };
    const body = bodyOf(wanted, openReports, 100, existingFrom(raw));
    return (body.results as readonly { timestamp: { seconds: number } }[])[0]?.timestamp.seconds;
  };
  t.equal(seconds({ seconds: 42, nanos: 0 }), 42);
  for (const odd of [{ seconds: 101 }, { seconds: "42" }, { seconds: 1.5 }, null, "x"]) {
    t.equal(seconds(odd), 100, JSON.stringify(odd));
  }
});

t.test("what is no object with a name, uid and version is nothing", async (t) => {
  for (const odd of [null, [], {}, { metadata: null }, { metadata: { name: "a", uid: 3 } }]) {
    t.equal(existingFrom(odd), undefined);
  }
});
