import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { run } from "./run.ts";

t.test("makes what serve looks for, says where, and keeps it when run again", async (t) => {
  const folder = join(t.testdir(), "certs");
  const first = await run(["certs", "--dir", folder, "--host", "10.0.0.7", "guard.test"]);
  t.equal(first.code, 0, first.err);
  for (const file of ["ca.crt", "ca.key", "tls.crt", "tls.key"]) t.ok(existsSync(join(folder, file)), file);
  t.match(first.out, "made, until ");
  t.match(first.out, "10.0.0.7, guard.test");
  const before = readFileSync(join(folder, "tls.crt"), "utf8");
  const second = await run(["certs", "--dir", folder, "--host", "10.0.0.7", "guard.test"]);
  t.equal(second.code, 0);
  t.match(second.out, "kept, until ");
  t.equal(readFileSync(join(folder, "tls.crt"), "utf8"), before);
  await run(["certs", "--dir", folder, "--force"]);
  t.not(readFileSync(join(folder, "tls.crt"), "utf8"), before, "--force regenerates everything");
});

t.test("a folder that cannot be written is told, with exit 2", async (t) => {
  const file = join(t.testdir({ file: "" }), "file");
  const { code, out, err } = await run(["certs", "--dir", file]);
  t.equal(code, 2);
  t.equal(out, "");
  t.match(err, file);
});
