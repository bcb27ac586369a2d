import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import t from "tap";
import { renderHtml } from "../../../src/report/formats/html.ts";
import { html } from "../../../src/report/html/markup.ts";
import { findingWith, judgedWith, noteWith, reportWith } from "../sample.ts";

const audit = {
  cluster: { uid: "u-1", context: "prod" },
  scope: { namespace: null, selector: null },
  time: "2026-11-09T08:00:00Z",
  read: [{ kind: "Node", namespace: null, state: "unread", why: "forbidden" }],
} as const;

const page = (found: Parameters<typeof reportWith>[0] = {}) => renderHtml(reportWith({ audit, ...found }));

t.test("the policy allows this page's own style and script and nothing else", async (t) => {
  const text = page({ findings: [findingWith()] });
  const hashOf = (tag: string) => {
    const [, content = ""] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text) ?? [];
    return `'sha256-${createHash("sha256").update(content).digest("base64")}'`;
  };
  const [, policy = ""] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text) ?? [];
  t.match(policy, "default-src 'none'");
  t.ok(policy.includes(`style-src ${hashOf("style")};`));
  t.ok(policy.includes(`script-src ${hashOf("script")};`));
  t.notMatch(text, / style="/, "no inline style, which the policy would block");
  t.notMatch(text, /(?:src|href)="(?!#)/, "and no request to anywhere");
});

t.test("says what a person asks first, and tells each finding in full", async (t) => {
  const text = page({
    findings: [findingWith()],
    workloads: [judgedWith({ state: "stuck", verdict: "deny" })],
    notes: [noteWith()],
  });
  for (const part of [
    "audit of prod",
    '<b class="error">1</b>stuck now',
    "one pod more and none fewer",
    "waits for the volume",
    "kubectl patch deployment web -n shop",
    "Cost: a brief downtime.",
    "Node objects were not read (forbidden)",
  ]) {
    t.ok(text.includes(part), part);
  }
});

t.test("20,000 rows stay below 15 MB; more are counted, and 200 are told in full", async (t) => {
  const findings = Array.from({ length: 20_100 }, (_, at) =>
    findingWith({ workload: { ...findingWith().workload, name: `web-${at}` }, source: null }),
  );
  const text = page({ findings });
  t.ok(text.length < 15_000_000, String(text.length));
  t.equal([...text.matchAll(/<tr data-severity/g)].length, 20_000);
  t.equal([...text.matchAll(/<details id="f-/g)].length, 200);
  t.match(text, "100 have no row");
});

t.test("whatever is named how stays text", async () => {
  const piece = fc.constantFrom(
    "<script>",
    "</script>",
    '"',
    "'",
    "&",
    "`",
    "<!--",
    "-->",
    "javascript:",
    "\u202e",
    "\n",
    "::",
    "##[",
    "${",
    "web",
  );
  const anything = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(anything, anything, (name, message) => {
      const workload = { apiVersion: "apps/v1", kind: name, namespace: message, name };
      const evil = findingWith({
        workload,
        problem: message,
        brief: name,
        evidence: [message],
        notes: [name],
        claims: [{ ...(findingWith().claims[0] as never as object), name, provisioner: message } as never],
        exempted: { by: "annotation", until: null, reason: message, severity: "error" },
      });
      const text = renderHtml(
        reportWith({
          audit: { ...audit, cluster: { uid: null, context: name } },
          findings: [evil],
          notes: [noteWith({ message })],
          telling: { docsUrl: null, isStored: () => true },
        }),
      );
      const plain = renderHtml(
        reportWith({ audit, findings: [findingWith({ exempted: evil.exempted })], notes: [noteWith()] }),
      );
      const tags = (page: string) =>
        [...page.matchAll(/<(script|!--|img|iframe|a)\b/g)].map(([tag]) => tag).sort();
      if (JSON.stringify(tags(text)) !== JSON.stringify(tags(plain)))
        throw new Error("a value became markup");
      if (text.includes("\u202e")) throw new Error("text was turned around");
    }),
    { numRuns: 200 },
  );
});

t.test("markup is only what the template says", async (t) => {
  t.equal(
    String(html`<b title="${'"x"'}">${"<i>"}${html`<u>`}</b>`),
    '<b title="&quot;x&quot;">&lt;i&gt;<u></b>',
  );
});

const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));
const skip = CHROMIUM === undefined ? "no Chromium on the PATH" : false;

t.test("in a browser the script runs under the policy", { skip }, async (t) => {
  const file = join(t.testdir(), "page.html");
  writeFileSync(file, page({ findings: [findingWith(), findingWith({ rule: "rwo-replicas" })] }));
  const dom = execFileSync(
    CHROMIUM ?? "",
    [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--dump-dom",
      pathToFileURL(file).href,
    ],
    { encoding: "utf8", timeout: 60_000, stdio: ["ignore", "pipe", "ignore"] },
  );
  t.match(dom, '<html lang="en" class="scripted">');
  t.match(dom, "2 of 2 findings");
});
