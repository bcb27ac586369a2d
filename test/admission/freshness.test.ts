import t from "tap";
import { freshnessOf } from "../../src/admission/freshness.ts";
import { parseReview } from "../../src/admission/review.ts";
import { type Subject, subjectOf } from "../../src/admission/subject.ts";
import type { KindStatus } from "../../src/cluster/cluster.ts";
import { reviewOf } from "./support/reviews.ts";

const kind = (state: KindStatus["state"], ageSeconds: number | undefined, problem?: string): KindStatus => ({
  kind: "StorageClass",
  state,
  objects: 0,
  ageSeconds,
  problem,
});
const subject = (recording: string): Subject => subjectOf(parseReview(reviewOf(recording)));

t.test("an answer says how old its facts are and what it could not see", async (t) => {
  const rows: readonly [
    why: string,
    recording: string,
    kinds: readonly KindStatus[],
    stale: RegExp | null,
    unseen: readonly string[],
  ][] = [
    ["fresh facts", "005", [kind("synced", 10)], null, []],
    ["just as old as allowed", "005", [kind("synced", 300)], null, []],
    ["older", "005", [kind("synced", 10), kind("synced", 301)], /up to 5 min old/, []],
    ["files have no age", "005", [kind("synced", undefined)], null, []],
    ["a scale", "010", [kind("synced", 900)], /up to 15 min old/, []],
    ["a workload that mounts nothing reads no facts", "051", [kind("synced", 900)], null, []],
    ["what is not judged", "039", [kind("synced", 900)], null, []],
    [
      "no right",
      "005",
      [kind("refused", 900, "no permission to read storageclasses")],
      null,
      ["StorageClass objects could not be seen (no permission to read storageclasses)"],
    ],
    [
      "refused by a server that is starting",
      "005",
      [kind("held", 40, "no permission to read storageclasses")],
      null,
      ["StorageClass objects are those of 40 s ago (no permission to read storageclasses)"],
    ],
    [
      "refused for two minutes",
      "005",
      [kind("held", 120, "x")],
      null,
      ["StorageClass objects are those of 2 min ago (x)"],
    ],
    [
      "refused for long",
      "005",
      [kind("held", 400, "x")],
      /up to 7 min old/,
      ["StorageClass objects are those of 7 min ago (x)"],
    ],
    [
      "not served",
      "005",
      [kind("not-served", undefined)],
      null,
      ["StorageClass objects could not be seen (not-served)"],
    ],
  ];
  for (const [why, recording, kinds, stale, unseen] of rows) {
    const found = freshnessOf(subject(recording), kinds, 300);
    if (stale === null) t.equal(found.stale, undefined, why);
    else t.match(found.stale, stale, why);
    t.strictSame(found.unseen, unseen, why);
  }
});
