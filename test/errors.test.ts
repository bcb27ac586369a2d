import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { AttachguardError, ERRORS, messageOf } from "../src/errors.ts";

const ROOT = join(import.meta.dirname, "..");

t.test(
  "every error code is raised somewhere and explained in the guide, with the words of the table",
  async (t) => {
    const guide = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
    const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && name !== "errors.ts")
      .map((name) => readFileSync(join(ROOT, "src", name), "utf8"))
      .join("\n");
    for (const [code, meaning] of Object.entries(ERRORS)) {
      t.ok(guide.includes(`| \`${code}\` | ${meaning} |`), `${code} is in docs/operations.md`);
      t.ok(sources.includes(`"${code}"`), `${code} is raised`);
    }
  },
);

t.test("an error keeps its code, its message and its cause", async (t) => {
  const cause = new Error("EACCES");
  const error = new AttachguardError("AG_ERR_INPUT", "cannot read web.yaml", { cause });
  t.match(error, { name: "AttachguardError", code: "AG_ERR_INPUT", message: "cannot read web.yaml", cause });
  t.equal(messageOf(error), "cannot read web.yaml");
  t.equal(messageOf("thrown text"), "thrown text");
});
