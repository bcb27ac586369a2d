import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { DEVELOPMENT_HOSTS, makeDevelopmentCertificates } from "../../src/tls/development.ts";
import { DAY } from "../../src/tls/issue.ts";
import { handshake } from "./handshake.ts";

const now = Date.now();
const make = (folder: string, more: { hosts?: string[]; force?: boolean; now?: number } = {}) =>
  makeDevelopmentCertificates({ folder, hosts: [], force: false, now, ...more });
const NAMES = ["ca.crt", "ca.key", "tls.crt", "tls.key"] as const;
const contents = (folder: string) => NAMES.map((name) => readFileSync(join(folder, name), "utf8"));

t.test("a folder gets a CA and a certificate that a client accepts for every host", async (t) => {
  const folder = join(t.testdir({}), "new", "certs");
  const made = await make(folder, { hosts: ["dev.example.com", "10.1.2.3", "localhost"] });
  const [ca = "", , certificate = "", key = ""] = contents(folder);
  for (const host of [...DEVELOPMENT_HOSTS, "dev.example.com", "10.1.2.3"]) {
    t.equal(await handshake({ certificate, key }, ca, host), "ok", host);
  }
  t.strictSame(readdirSync(folder).sort(), [...NAMES], "nothing else is left in the folder");
  for (const [name, mode] of [
    ["ca.crt", 0o644],
    ["ca.key", 0o600],
    ["tls.crt", 0o644],
    ["tls.key", 0o600],
  ] as const) {
    t.equal(statSync(join(folder, name)).mode & 0o777, mode, `${name} ${mode.toString(8)}`);
  }
  t.equal(made.ca, "made");
  t.equal(made.serving, "made");
  t.equal(
    made.hosts.filter((host) => host === "localhost").length,
    1,
    "a host that is named twice counts once",
  );
});

t.test("running it again changes what has to change and nothing else", async (t) => {
  const folder = t.testdir({});
  await make(folder);
  const before = contents(folder);
  for (const [more, ca, serving, why] of [
    [{}, "kept", "kept", "everything is good"],
    [{ now: now + 59 * DAY }, "kept", "kept", "more than a third of its life is left"],
    [{ hosts: ["dev.example.com"] }, "kept", "made", "a host is missing"],
    [{ hosts: ["dev.example.com"], now: now + 61 * DAY }, "kept", "made", "near its end"],
    [{ now: now + 366 * DAY }, "made", "made", "the CA has expired"],
    [{ now: now + 366 * DAY, force: true }, "made", "made", "asked for"],
  ] as const) {
    const from = contents(folder);
    const result = await make(folder, { ...more, hosts: [...("hosts" in more ? more.hosts : [])] });
    t.strictSame([result.ca, result.serving], [ca, serving], why);
    const to = contents(folder);
    t.strictSame(
      [from[0] === to[0], from[2] === to[2]],
      [ca === "kept", serving === "kept"],
      `${why}: in the files`,
    );
  }
  t.not(contents(folder)[0], before[0]);
});

t.test("what it cannot have made is not overwritten, unless it is told to", async (t) => {
  const cases: readonly (readonly [why: string, damage: (folder: string) => void, message: RegExp])[] = [
    [
      "a CA without its key",
      (f) => rmSync(join(f, "ca.key")),
      /ca\.crt is there without .*ca\.key; it would be replaced/,
    ],
    [
      "a CA key alone",
      (f) => rmSync(join(f, "ca.crt")),
      /ca\.key is there without .*ca\.crt; it would be lost/,
    ],
    [
      "somebody's own certificate",
      (f) => {
        rmSync(join(f, "ca.crt"));
        rmSync(join(f, "ca.key"));
      },
      /tls\.crt or its key is there, but not the CA that signed it/,
    ],
    [
      "another CA's key",
      (f) => writeFileSync(join(f, "ca.key"), readFileSync(join(f, "tls.key"))),
      /are not a CA and its key/,
    ],
    ["damaged", (f) => writeFileSync(join(f, "ca.crt"), "nonsense"), /ca\.crt is not a PEM certificate/],
    [
      "a serving certificate in the place of the CA",
      (f) => {
        writeFileSync(join(f, "ca.crt"), readFileSync(join(f, "tls.crt")));
        writeFileSync(join(f, "ca.key"), readFileSync(join(f, "tls.key")));
      },
      /are not a CA and its key/,
    ],
  ];
  for (const [why, damage, message] of cases) {
    const folder = t.testdir({});
    await make(folder);
    damage(folder);
    const before = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    await t.rejects(make(folder), { code: "AG_ERR_TLS", message }, why);
    await t.rejects(make(folder), { message: /--force/ }, `${why}: the remedy is named`);
    t.strictSame(
      readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8")),
      before,
      `${why}: untouched`,
    );
    t.equal((await make(folder, { force: true })).ca, "made", `${why}: with --force`);
  }
});

t.test("a folder that cannot be made, and a host that is none, are refused", async (t) => {
  const folder = t.testdir({ file: "text" });
  await t.rejects(make(join(folder, "file", "certs")), { code: "AG_ERR_TLS" });
  await t.rejects(make(join(folder, "certs"), { hosts: ["no host"] }), { code: "AG_ERR_USAGE" });
});
