import { createPrivateKey } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { watchFiles } from "../../src/config/watch-files.ts";
import type { AttachguardError } from "../../src/errors.ts";
import { fileSource } from "../../src/tls/file-source.ts";
import { DAY, issueCa, issueServing } from "../../src/tls/issue.ts";
import { type CertificateAndKey, type ServingCertificate, servingCertificate } from "../../src/tls/pair.ts";

const now = Date.now();
const ca = await issueCa({ name: "test CA", days: 365, now });
const [first, second, third] = (await Promise.all(
  [1, 2, 3].map(() => issueServing({ ca, hosts: ["localhost"], days: 14, now })),
)) as [CertificateAndKey, CertificateAndKey, CertificateAndKey];

const encrypted = createPrivateKey(first.key)
  .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
  .toString();

/** Writes a pair into a folder as `tls.crt` and `tls.key`. */
async function put(folder: string, pair: Partial<CertificateAndKey>): Promise<void> {
  if (pair.certificate !== undefined) await writeFile(join(folder, "tls.crt"), pair.certificate);
  if (pair.key !== undefined) await writeFile(join(folder, "tls.key"), pair.key);
}

/** Follows the pair in a folder; `next` resolves with what the next event carries. */
async function follow(folder: string) {
  const events = new EventEmitter();
  const served: ServingCertificate[] = [];
  const source = await fileSource({
    certFile: join(folder, "tls.crt"),
    keyFile: join(folder, "tls.key"),
    watch: watchFiles,
    onProblem: (problem) => events.emit(problem === undefined ? "solved" : "problem", problem),
  });
  source.subscribe((certificate) => {
    served.push(certificate);
    events.emit("changed", certificate);
  });
  return {
    source,
    served,
    async next<T>(name: "changed" | "problem" | "solved"): Promise<T> {
      const [value] = await once(events, name);
      return value;
    },
  };
}

t.test("a new pair is taken up, whichever file comes first; a mismatched one is never served", async (t) => {
  const folder = t.testdir({});
  await put(folder, first);
  const { source, served, next } = await follow(folder);
  t.teardown(() => source.close());
  t.equal(source.current.certificate, first.certificate);
  t.strictSame(source.status(now), { usable: true, problem: undefined });

  const problem = next<AttachguardError>("problem");
  await put(folder, { certificate: second.certificate });
  t.match(
    (await problem).message,
    /tls\.crt, .*tls\.key: the certificate and the key do not belong together/,
  );
  t.equal(source.current.certificate, first.certificate, "the last good one is served");
  t.match(source.status(now), {
    usable: true,
    problem: /do not belong together; still serving the previous certificate/,
  });

  const solved = next("solved");
  await put(folder, { key: second.key });
  await solved;
  t.equal(source.current.certificate, second.certificate);
  t.strictSame(source.status(now), { usable: true, problem: undefined });

  const changed = next<ServingCertificate>("changed");
  await put(folder, third);
  t.equal((await changed).certificate, third.certificate);
  for (const pair of served)
    t.doesNotThrow(() => servingCertificate(pair), "certificate and key belong together");
});

t.test("files that vanish or are damaged leave the last good pair", async (t) => {
  const folder = t.testdir({});
  await put(folder, first);
  const { source, next } = await follow(folder);
  t.teardown(() => source.close());
  for (const [damage, message] of [
    [() => rm(join(folder, "tls.key")), /tls\.key: cannot be read/],
    [() => put(folder, { key: "nonsense" }), /not a PEM private key/],
    [() => put(folder, { key: encrypted }), /encrypted: store it without a passphrase/],
    [() => put(folder, { certificate: "" }), /not a PEM certificate/],
  ] as const) {
    const problem = next<AttachguardError>("problem");
    await damage();
    const { message: text } = await problem;
    t.match(text, message);
    t.notMatch(text, first.key.split("\n")[1] ?? "?", "the key is not shown");
    t.equal(source.current.key, first.key);
  }
});

t.test("the swap of a mounted Secret's links is taken up, more than once", async (t) => {
  const folder = t.testdir({});
  const publish = async (version: string, pair: CertificateAndKey) => {
    await mkdir(join(folder, `..${version}`));
    await put(join(folder, `..${version}`), pair);
    await symlink(`..${version}`, join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  };
  await publish("v1", first);
  for (const name of ["tls.crt", "tls.key"]) await symlink(`..data/${name}`, join(folder, name));
  const { source, next } = await follow(folder);
  t.teardown(() => source.close());
  for (const [version, pair, before] of [
    ["v2", second, "v1"],
    ["v3", third, "v2"],
  ] as const) {
    const changed = next<ServingCertificate>("changed");
    await publish(version, pair);
    await rm(join(folder, `..${before}`), { recursive: true });
    t.equal((await changed).certificate, pair.certificate, version);
  }
});

t.test("an expired certificate is served, and said to be of no use", async (t) => {
  const folder = t.testdir({});
  await put(folder, first);
  const { source } = await follow(folder);
  t.teardown(() => source.close());
  t.match(source.status(now + 15 * DAY), {
    usable: false,
    problem: /^the serving certificate expired at \d{4}-/,
  });
});

t.test("files that cannot be used at the start are an error that names them and the remedy", async (t) => {
  const folder = t.testdir({});
  await t.rejects(follow(folder), {
    code: "AG_ERR_TLS",
    message: /tls\.crt: cannot be read .*attachguard certs/,
  });
  await put(folder, { certificate: first.certificate, key: second.key });
  await t.rejects(follow(folder), { code: "AG_ERR_TLS", message: /do not belong together/ });
});
