import t, { type Test } from "tap";
import { verdictOfFiles } from "../admission/support/as-change.ts";
import { type Json, RECORDINGS } from "../admission/support/reviews.ts";
import { responseOf, rulesSeen, startServer, verdictSeen } from "../admission/support/server.ts";

interface Expected {
  readonly verdict: "allow" | "warn" | "deny";
  /** A rule that the answer must name. */
  readonly rule?: string;
  readonly what: string;
}

/** What each recorded review gets, in the order in which the API server posted them. */
const EXPECTED: Readonly<Record<string, Expected>> = {
  "001": { verdict: "allow", what: "dry run, claim CREATE, nothing else there" },
  "002": { verdict: "warn", rule: "claim-unknown", what: "dry run, Deployment CREATE, claim not there" },
  "003": { verdict: "allow", what: "dry run, autoscaler CREATE, target not there" },
  "004": { verdict: "allow", what: "claim CREATE" },
  "005": {
    verdict: "deny",
    rule: "rwo-rolling-update",
    what: "Deployment CREATE, RollingUpdate 25%/25%, RWO",
  },
  "006": { verdict: "deny", rule: "rwo-autoscaling", what: "autoscaler CREATE, max 5" },
  "010": { verdict: "deny", rule: "rwo-replicas", what: "scale 1 to 3" },
  "014": { verdict: "deny", rule: "rwo-rolling-update", what: "rollout restart, no rollout under way" },
  "018": { verdict: "warn", what: "new image while a rollout is unfinished" },
  "023": { verdict: "warn", what: "switch to Recreate, template unchanged" },
  "028": { verdict: "allow", what: "claim UPDATE" },
  "032": { verdict: "warn", rule: "rwo-autoscaling", what: "3 to 1 replicas, other image, Recreate" },
  "037": { verdict: "warn", rule: "rwo-autoscaling", what: "autoscaler UPDATE, maximum unchanged" },
  "038": { verdict: "allow", what: "claim UPDATE" },
  "039": { verdict: "allow", what: "status subresource" },
  "041": { verdict: "deny", rule: "rwo-autoscaling", what: "autoscaler CREATE as autoscaling/v1, max 3" },
  "042": { verdict: "allow", what: "Deployment without a claim" },
  "047": { verdict: "allow", what: "autoscaler DELETE" },
  "048": { verdict: "allow", what: "Deployment DELETE" },
  "049": { verdict: "allow", what: "claim DELETE" },
  "050": { verdict: "allow", what: "claim UPDATE, Terminating" },
  "051": { verdict: "allow", what: "Deployment without a claim, generated name" },
};

/** Recorded with everything admitted: these objects were in the cluster for the reviews after them. */
const ADMITTED = new Set(["004", "005", "006"]);

async function replay(t: Test, memory: boolean): Promise<Map<string, ReturnType<typeof responseOf>>> {
  const { cluster, post, configure } = await startServer(t);
  configure({ dryRunMemory: { enabled: memory, seconds: 60, maxEntries: 100, maxBytes: 1_000_000 } });
  const answers = new Map<string, ReturnType<typeof responseOf>>();
  for (const { number, url, headers, review } of RECORDINGS) {
    const { "content-length": _, ...sent } = headers;
    const reply = await post(review, { path: url, headers: sent });
    answers.set(number, responseOf(t, reply, review));
    if (ADMITTED.has(number)) cluster.put(review.request.object);
  }
  return answers;
}

t.test("every recorded review gets its verdict over TLS", async (t) => {
  const answers = await replay(t, false);
  t.same([...answers.keys()], Object.keys(EXPECTED), "no recording is left out");
  for (const [number, answer] of answers) {
    const { verdict, rule, what } = EXPECTED[number] as Expected;
    t.equal(verdictSeen(answer), verdict, `${number} ${what}`);
    if (rule !== undefined) t.ok(rulesSeen(answer).includes(rule), `${number} names ${rule}`);
    if (verdict === "deny") {
      t.match(
        answer.auditAnnotations,
        { verdict: "deny", mode: "enforce", rule: new RegExp(rule ?? "") },
        number,
      );
    }
  }
});

t.test("the change of files that a recorded UPDATE is gets the same verdict", async (t) => {
  const objects: Json[] = [];
  let judged = 0;
  for (const { number, review } of RECORDINGS) {
    const { verdict, what } = EXPECTED[number] as Expected;
    const inFiles = await verdictOfFiles(review, objects);
    if (inFiles !== undefined) {
      t.equal(inFiles, verdict, `${number} ${what}`);
      judged += 1;
    }
    if (ADMITTED.has(number)) objects.push(review.request.object as Json);
  }
  t.equal(judged, 8, "every one but the status and the object that is Terminating");
});

t.test("the known steady findings of a denied rollout restart are warnings", async (t) => {
  const answer: Json = (await replay(t, false)).get("014") ?? {};
  t.match(answer.status, { message: /\[rwo-rolling-update\]/ });
  t.match(answer.warnings, [/\[rwo-replicas\]/, /\[rwo-autoscaling\]/]);
});

t.test("dry runs of one user see each other, and what is inferred only warns", async (t) => {
  const answers = await replay(t, true);
  t.equal(verdictSeen(answers.get("001") ?? {}), "allow");
  for (const [number, rule] of [
    ["002", "rwo-rolling-update"],
    ["003", "rwo-autoscaling"],
  ] as const) {
    const answer: Json = answers.get(number) ?? {};
    t.equal(verdictSeen(answer), "warn", number);
    t.ok(rulesSeen(answer).includes(rule), `${number} names ${rule}`);
    t.ok(
      (answer.warnings as string[]).every((warning) =>
        warning.startsWith("inferred from your earlier dry run: "),
      ),
      "and says where it has that from",
    );
  }
  t.equal(verdictSeen(answers.get("004") ?? {}), "allow", "a real request does not see the memory");
});
