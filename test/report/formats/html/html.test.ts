import { createHash } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { noneStored } from "../../../../src/report/commands.ts";
import { renderHtml } from "../../../../src/report/formats/html.ts";
import { harmless } from "../../../../src/report/harmless.ts";
import { mergedReport } from "../../../../src/report/report.ts";
import { errorWith, findingWith, judgedWith, noteWith, reportWith } from "../../sample.ts";
import { PLAIN } from "../options.ts";
import { escapedText, tagsOf } from "./markup.ts";
import { AUDIT, auditOf, findingAt } from "./pages.ts";

const MEBIBYTE = 1024 * 1024;

t.test("lets in its own style and script by their hashes, and nothing else", async (t) => {
  const page = renderHtml(auditOf(5), PLAIN);
  const policy = page.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/)?.[1] ?? "";
  t.match(policy, /^default-src 'none'; /);
  for (const name of ["style", "script"]) {
    const [element, ...others] = [...page.matchAll(new RegExp(`<${name}[^>]*>([\\s\\S]*?)</${name}>`, "g"))];
    t.equal(others.length, 0);
    const hash = createHash("sha256")
      .update(element?.[1] ?? "")
      .digest("base64");
    t.ok(policy.includes(`${name}-src 'sha256-${hash}'`), name);
  }
  t.notMatch(page, /<[^>]* (?:style|on\w+|src|srcset|integrity)=/i);
  t.notMatch(policy, "unsafe");
});

t.test("tells states, since, exemptions with their end, and what was not read", async (t) => {
  const text = escapedText(renderHtml(auditOf(10), PLAIN));
  for (const part of [
    "1 stuck now",
    "2 new",
    "3 fixed",
    "2026-12-01T00:00:00Z soon",
    "moves in December",
    "StorageClass: forbidden",
    "Fixed by strategy Recreate alone (4)",
    "Need other storage (2)",
  ]) {
    t.ok(text.includes(part), part);
  }
});

t.test("draws what happens from the workload's own numbers", async (t) => {
  const page = (at: number) =>
    escapedText(renderHtml(reportWith({ findings: [findingAt(at)], audit: AUDIT }), PLAIN));
  t.match(page(0), "maxSurge comes to 1, maxUnavailable to 0");
  t.match(page(1), "HorizontalPodAutoscaler web may raise the workload from 1 to 5 pods");
  t.match(page(1), "pods 2 to 5");
  t.match(page(2), "maxUnavailable comes to 1, maxSurge to 0");
  t.match(page(2), "the error clears by itself");
  t.match(page(3), "3 pods are wanted at once");
  t.notMatch(
    escapedText(renderHtml(reportWith({ findings: [findingWith({ numbers: null, factors: null })] }), PLAIN)),
    "What happens when",
  );
});

t.test("has details for the worst 200, rows for 20,000, and counts the rest", async (t) => {
  const page = renderHtml(auditOf(20_010), PLAIN);
  t.equal([...page.matchAll(/<details class="finding"/g)].length, 200);
  t.equal([...page.matchAll(/<tr[^>]*><td>(?:error|warning|exempted)/g)].length, 20_000);
  t.match(page, "; 10 more did not fit here");
  t.match(page, "19810 more findings without details");
  t.ok(Buffer.byteLength(page) < 15 * MEBIBYTE, String(Buffer.byteLength(page)));
});

t.test("stays below 15 MB whatever the length of names and texts", async (t) => {
  const long = "&".repeat(2_000);
  const findings = Array.from({ length: 6_000 }, (_, at) =>
    findingWith({
      workload: { apiVersion: "apps/v1", kind: long, namespace: long, name: `${long}${at}` },
      evidence: Array.from({ length: 100 }, () => long),
      notes: [long],
      claims: findingWith().claims.map((claim) => ({
        ...claim,
        name: long,
        storageClass: long,
        provisioner: long,
      })),
    }),
  );
  const workloads = findings.map(({ workload }) => judgedWith({ workload, state: "latent", reason: long }));
  const page = renderHtml(reportWith({ findings, workloads, audit: AUDIT }), PLAIN);
  t.ok(Buffer.byteLength(page) < 15 * MEBIBYTE, String(Buffer.byteLength(page)));
  t.match(page, / more did not fit here/);
});

t.test("several clusters are a column; a check without findings says so", async (t) => {
  const one = reportWith({ findings: [findingAt(0)], audit: AUDIT });
  const merged = mergedReport([
    { context: "a", report: one },
    { context: "b", report: one },
    { context: "c", report: { uid: null, context: "c", problem: "context c: connection refused" } },
  ]);
  const page = renderHtml(merged, PLAIN);
  t.match(page, /data-key="cluster"/);
  t.match(page, "context c: connection refused");
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  t.equal(new Set(ids).size, ids.length, "every id once");
  t.match(renderHtml(reportWith({ workloads: [judgedWith()] }), PLAIN), "Nothing was found in 1 workload");
});

t.test("a rule's page is a link only where its address is of the web", async (t) => {
  for (const docsUrl of ["javascript:alert(1)//", "data:text/html,", 'https://x/"><script>', "https://x/'"]) {
    const page = renderHtml(
      reportWith({ findings: [findingWith()], telling: { docsUrl, isStored: noneStored } }),
      PLAIN,
    );
    for (const [, href] of page.matchAll(/ href="([^"]*)"/g)) t.match(href, /^(?:#|https:\/\/x\/)/);
    t.equal([...page.matchAll(/<script/g)].length, 1);
  }
});

const piece = fc.constantFrom(
  "<script>alert(1)</script>",
  "</script>",
  "</style>",
  "</title>",
  "</textarea>",
  "<!--",
  "-->",
  "]]>",
  "<img src=x onerror=alert(1)>",
  "</text></svg><a href=javascript:alert(1)>",
  '"',
  "'",
  "`",
  "&lt;",
  "&",
  "##[error]",
  "::error::",
  "\n",
  "\u0000",
  "\u2028",
  "\u202e",
  "\ud800",
  "#?q=",
  "javascript:",
  "web",
);
const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));

t.test("hostile names and texts stay text wherever they stand", async () => {
  const pageOf = (name: string) => {
    const workload = { apiVersion: name, kind: name, namespace: name, name };
    const place = { file: name, line: 1, column: 1, endColumn: 4, text: name };
    const finding = findingWith({
      workload,
      problem: name,
      evidence: [name],
      notes: [name],
      related: [{ object: workload, source: null }],
      claims: findingWith().claims.map((claim) => ({
        ...claim,
        name,
        volume: name,
        storageClass: name,
        provisioner: name,
      })),
      numbers: {
        replicas: 1,
        most: 2,
        surge: 1,
        unavailable: 0,
        autoscaler: { kind: name, name, maximum: 3 },
      },
      fixes: [
        {
          id: "recreate",
          summary: name,
          cost: name,
          targets: [{ object: workload, patch: { [name]: name } }],
        },
      ],
    });
    const exempted = { by: "annotation", until: name, reason: name, severity: "error" } as const;
    const report = reportWith({
      findings: [
        finding,
        {
          ...finding,
          rule: "rwo-autoscaling",
          factors: { moment: "steady", reach: "node", overlap: "always", spread: "free" },
        },
        { ...finding, rule: "rwo-shared-claim", exempted },
      ],
      placesOf: () => ({ place, relatedPlaces: [] }),
      workloads: [judgedWith({ workload, state: "stuck", reason: name, evidence: [name] })],
      notJudged: [{ object: workload, source: null }],
      errors: [errorWith({ file: name, message: name })],
      notes: [noteWith({ message: name })],
      audit: {
        cluster: { uid: name, context: name },
        scope: { namespace: name, selector: name },
        time: name,
        read: [{ kind: name, namespace: name, state: "unread", why: name }],
      },
      telling: { docsUrl: null, isStored: noneStored },
    });
    const since = {
      time: name,
      new: 1,
      fixed: 1,
      graver: 1,
      unchanged: 1,
      notComparable: 1,
      reasons: [name],
    };
    const findings = report.findings.map((each) => ({ ...each, cluster: name }));
    return renderHtml({ ...report, findings, since }, PLAIN);
  };
  const calm = tagsOf(pageOf("web"));
  fc.assert(
    fc.property(text, (name) => {
      const page = pageOf(name);
      const tags = tagsOf(page);
      const at = tags.findIndex((tag, at) => tag !== calm[at]);
      if (at >= 0 || tags.length !== calm.length) throw new Error(`another tag: ${tags[at]} for ${calm[at]}`);
      if (harmless(page) !== page) throw new Error("a CI system would obey it");
      if (/[^\P{Cc}\n]|[\p{Zl}\p{Bidi_Control}\p{Cs}]/u.test(page)) throw new Error("an invisible character");
    }),
    { numRuns: 150 },
  );
});
