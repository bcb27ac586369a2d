import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { NAMED } from "./named.ts";

t.test("each named change stands where it says, once", async (t) => {
  for (const { file, from, to } of NAMED) {
    const parts = readFileSync(join(import.meta.dirname, "../../src", file), "utf8").split(from);
    t.equal(parts.length - 1, 1, `src/${file}: ${from}`);
    t.not(from, to, `${file}: it changes something`);
  }
});
