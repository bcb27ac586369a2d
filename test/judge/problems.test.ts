import t from "tap";
import { problemsFound } from "../../src/judge/problems.ts";

t.test("what cannot be read is an error, what was only noticed a note", async (t) => {
  const place = { file: "a.yaml", line: 3, column: 5 };
  const found = problemsFound([
    { ...place, message: "no YAML", fatal: true },
    { ...place, message: "a template", fatal: false, unrendered: true },
    { ...place, message: "a typo", fatal: false },
    { file: "", line: 0, column: 0, message: "of no file", fatal: false },
  ]);
  t.strictSame(found.errors, [{ ...place, message: "no YAML", code: "AG_ERR_INPUT" }]);
  t.strictSame(found.notes, [
    { source: place, message: "a template", unrendered: true },
    { source: place, message: "a typo" },
    { source: null, message: "of no file" },
  ]);
});
