import { EventEmitter, once } from "node:events";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import t from "tap";
import { loadConfig, watchConfig } from "../../src/config/config.ts";
import type { Config } from "../../src/config/model.ts";
import { watchFiles } from "../../src/config/watch-files.ts";
import type { AttachguardError } from "../../src/errors.ts";

/** Follows a file; `next` resolves with what the next event of that name carries. */
async function follow(path: string) {
  const events = new EventEmitter();
  const watch = await watchConfig(path, await loadConfig(path), {
    changed: (config: Config) => events.emit("changed", config),
    failed: (error: AttachguardError) => events.emit("failed", error),
  });
  return {
    watch,
    async next(name: "changed" | "failed") {
      const [value] = await once(events, name);
      return value;
    },
  };
}

t.test("an edit is taken up; a broken one is reported and changes nothing", async (t) => {
  const path = join(t.testdir({ "c.yaml": "mode: warn" }), "c.yaml");
  const { watch, next } = await follow(path);
  t.teardown(() => watch.close());

  const changed = next("changed");
  await writeFile(path, "mode: audit");
  t.equal((await changed).mode, "audit");
  t.equal(watch.current.mode, "audit");

  const failed = next("failed");
  await writeFile(path, "mode: nonsense");
  t.match((await failed).message, /mode is "nonsense"/);
  t.equal(watch.current.mode, "audit", "the last good one stays");
  t.equal(watch.problem?.code, "AG_ERR_CONFIG");

  const back = next("changed");
  await writeFile(path, "mode: audit");
  t.equal((await back).mode, "audit", "the end of a problem is news, though the values are as before");
  t.equal(watch.problem, undefined);
});

t.test("a file that goes away is reported; its return is taken up", async (t) => {
  const path = join(t.testdir({ "c.yaml": "mode: warn" }), "c.yaml");
  const { watch, next } = await follow(path);
  t.teardown(() => watch.close());

  const failed = next("failed");
  await rm(path);
  t.match((await failed).message, /cannot be read/);
  t.equal(watch.current.mode, "warn");

  const changed = next("changed");
  await writeFile(`${path}.new`, "mode: off");
  await rename(`${path}.new`, path);
  t.equal((await changed).mode, "off");
});

t.test("the swap of a mounted ConfigMap's links is taken up, more than once", async (t) => {
  const folder = t.testdir({});
  const publish = async (version: string, text: string) => {
    await mkdir(join(folder, `..${version}`));
    await writeFile(join(folder, `..${version}`, "c.yaml"), text);
    await symlink(`..${version}`, join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  };
  await publish("v1", "mode: warn");
  await symlink("..data/c.yaml", join(folder, "c.yaml"));
  const { watch, next } = await follow(join(folder, "c.yaml"));
  t.teardown(() => watch.close());

  for (const [version, mode, before] of [
    ["v2", "audit", "v1"],
    ["v3", "off", "v2"],
  ] as const) {
    const changed = next("changed");
    await publish(version, `mode: ${mode}`);
    await rm(join(folder, `..${before}`), { recursive: true });
    t.equal((await changed).mode, mode, version);
  }
});

t.test("a path is followed as it is written, and what else lies in its folder raises nothing", async (t) => {
  const folder = t.testdir({ "c.yaml": "", "other.yaml": "" });
  let signals = 0;
  let signalled = Promise.withResolvers<void>();
  const files = await watchFiles([relative(process.cwd(), join(folder, "c.yaml"))], () => {
    signals++;
    signalled.resolve();
  });
  t.teardown(() => files.close());
  await signalled.promise;
  t.equal(signals, 1, "once at the start: something may have changed before");
  signalled = Promise.withResolvers<void>();
  await writeFile(join(folder, "other.yaml"), "x");
  await writeFile(join(folder, "c.yaml"), "x");
  await signalled.promise;
  t.equal(signals, 2);
});

t.test("after close nothing is signalled any more", async (t) => {
  const folder = t.testdir({ "c.yaml": "" });
  let signals = 0;
  const files = await watchFiles([join(folder, "c.yaml")], () => signals++);
  await writeFile(join(folder, "c.yaml"), "x");
  await files.close();
  const at = signals;
  await writeFile(join(folder, "c.yaml"), "y");
  await new Promise((resolve) => setTimeout(resolve, 150));
  t.equal(signals, at);
});
