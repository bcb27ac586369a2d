import t from "tap";
import { renderMarkdown } from "../../../src/report/formats/markdown.ts";
import { findingWith, judgedWith, noteWith, reportWith } from "../sample.ts";
import { PLAIN } from "./options.ts";

t.test("begins with the marker by which it is found and replaced", async (t) => {
  const text = renderMarkdown(reportWith({ workloads: [judgedWith()] }), PLAIN);
  t.equal(text, "<!-- attachguard -->\n\n### attachguard: nothing found in 1 workload\n");
});

t.test("says what was not judged, where nothing else is said", async (t) => {
  const notes = [noteWith({ unrendered: true, message: "HelmRelease x has a chart installed" }), noteWith()];
  const notJudged = [{ object: { ...judgedWith().workload, kind: "CloneSet" }, source: null }];
  t.match(
    renderMarkdown(reportWith({ notes, notJudged }), PLAIN),
    /nothing found in 0 workloads\n\n\*\*Not everything was judged:\*\*\n\n- `[^`]+` HelmRelease x has a chart installed\n- 1 more object mounts a claim and was not judged: CloneSet shop\/api\n$/,
  );
});

t.test("tells what, where, why and the ways out", async (t) => {
  const text = renderMarkdown(reportWith({ findings: [findingWith()] }), PLAIN);
  t.match(text, "**error** Deployment `shop/web` `rwo-rolling-update` at `web.yaml:3`");
  t.match(text, "<details><summary>Why, and how to fix it</summary>\n\n- one pod more");
  t.match(text, "1. Use strategy Recreate. Cost: brief downtime.\n   - on the live object: `kubectl patch");
});

t.test("stays below what a comment holds, whole findings only, and says how many are missing", async (t) => {
  const findings = Array.from({ length: 500 }, (_, at) =>
    findingWith({ workload: { ...findingWith().workload, name: `web-${at}` } }),
  );
  const text = renderMarkdown(reportWith({ findings }), PLAIN);
  t.ok(text.length < 65_536, String(text.length));
  const told = [...text.matchAll(/^❌/gm)].length;
  t.match(text, `${500 - told} more findings did not fit here`);
});

t.test("text stays text, and a code span cannot be ended from inside", async (t) => {
  const name = "a`` ` <img> | @team";
  const text = renderMarkdown(
    reportWith({
      findings: [
        findingWith({ workload: { ...findingWith().workload, name }, problem: "calls @team #1 <b>" }),
      ],
    }),
    PLAIN,
  );
  t.match(text, "``` shop/a`` ` <img> | @team ```");
  t.notMatch(text, /calls @team/);
  t.notMatch(text, "<b>");
});
