/** Nothing that comes from a manifest, a file name or a tool starts a command of a CI system, in any format. */
import fc from "fast-check";
import t from "tap";
import { renderProblems } from "../../../src/report/formats/text.ts";
import { FORMATS, rendererOf } from "../../../src/report/formats.ts";
import { harmless } from "../../../src/report/harmless.ts";
import { errorWith, findingWith, judgedWith, noteWith, reportWith } from "../sample.ts";
import { PLAIN } from "./options.ts";

const ANYWHERE = /##(?:vso|teamcity)?\[/i;
const LINE_ENDS = /[\n\r\v\f\u0085\u2028\u2029]/;

/** Lines that GitHub's runner, Azure Pipelines or TeamCity would obey. */
function commandsIn(text: string): readonly string[] {
  return text.split(LINE_ENDS).filter((line) => ANYWHERE.test(line) || /^\s*::/.test(line));
}

const piece = fc.constantFrom(
  "##[error]x",
  "##vso[task.complete]",
  "##TeamCity[message]",
  "::error::x",
  " ::stop-commands::t",
  "\n",
  "\r",
  "\u2028",
  "\u0085",
  "%0A",
  "#",
  "##",
  "[",
  ":",
  "`",
  "]]>",
  "web",
  "\u0000",
  "\ud800",
);
const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));

t.test("in every format, whatever is named how", async () => {
  const renderers = await Promise.all(
    FORMATS.map(async (format) => ({ format, ...(await rendererOf(format)) })),
  );
  fc.assert(
    fc.property(text, text, text, (name, message, file) => {
      const workload = { apiVersion: "apps/v1", kind: name, namespace: message, name };
      const place = { file, line: 1, column: 1, endColumn: 4, text: message };
      const report = reportWith({
        findings: [
          findingWith({
            workload,
            problem: message,
            evidence: [name],
            notes: [message],
            source: { file, line: 1, column: 1 },
          }),
          findingWith({ exempted: { by: "annotation", until: null, reason: message, severity: "error" } }),
        ],
        placesOf: () => ({ place, relatedPlaces: [{ object: workload, place }] }),
        workloads: [judgedWith({ workload, reason: message, evidence: [name] })],
        notJudged: [{ object: workload, source: null }],
        errors: [errorWith({ file, message })],
        notes: [noteWith({ message })],
      });
      for (const { format, holdsCommands, render } of renderers) {
        const printed = render(report, { ...PLAIN, includeExempted: true });
        const commands = commandsIn(printed).filter(
          (line) => !(holdsCommands && /^::(error|warning|notice) /.test(line) && !ANYWHERE.test(line)),
        );
        if (commands.length > 0) throw new Error(`${format}: ${JSON.stringify(commands)}`);
      }
      const problems = commandsIn(harmless(renderProblems(report, { colour: false })));
      if (problems.length > 0) throw new Error(`problems: ${JSON.stringify(problems)}`);
    }),
    { numRuns: 300 },
  );
});

t.test("JSON formats are the same to a parser as what they were made of", async (t) => {
  const name = "##[error] ##vso[x] \u2028::error::";
  const report = reportWith({ findings: [findingWith({ workload: { ...findingWith().workload, name } })] });
  const { render } = await rendererOf("json");
  t.equal(JSON.parse(render(report, PLAIN)).findings[0].workload.name, name);
});

t.test("an empty report says nothing that acts", async (t) => {
  t.same(commandsIn(harmless("a ##[group] b\n  ::error::c\u2028::d::")), []);
  t.equal(harmless("https://a::b ## [x]"), "https://a::b ## [x]", "what acts nowhere is left alone");
});
