import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { run } from "./run.ts";

const MANIFESTS = (waiver: string) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, annotations: {attachguard.dev/waiver: ${waiver}}}
spec:
  template:
    spec:
      containers: [{name: web, image: example.com/web, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`;

const ISSUER = "storage@example.com";

/** A folder with a key and a configuration that knows it. */
async function withKey(t: Test, algorithm = "EdDSA") {
  const folder = t.testdir();
  const key = join(folder, "key.json");
  const keygen = [
    "waiver",
    "keygen",
    "--id",
    "k1",
    "--issuer",
    ISSUER,
    "--algorithm",
    algorithm,
    "--key",
    key,
  ];
  const made = await run(keygen);
  const config = join(folder, "config.yaml");
  writeFileSync(config, `apiVersion: attachguard.dev/v1\nkind: Configuration\n${made.out}`);
  const sign = (...words: readonly string[]) =>
    run([
      ...["waiver", "sign", "deployment/web", "-n", "shop", "--issuer", ISSUER, "--key", key],
      ...["--rule", "rwo-rolling-update", "--reason", "moves in spring", ...words],
    ]);
  const verify = (jws: string, object = "Deployment/web") =>
    run(["waiver", "verify", object, jws, "-n", "shop", "--config", config]);
  return { key, keygen, config, made, sign, verify };
}

t.test("a waiver that is signed with a new key lifts the finding, in check as well", async (t) => {
  for (const algorithm of ["EdDSA", "ES256"]) {
    const { config, sign, verify } = await withKey(t, algorithm);
    const signed = await sign("--until", "30d");
    t.equal(signed.code, 0, signed.err);
    const jws = signed.out.trim();
    const verified = await verify(jws);
    t.equal(verified.code, 0);
    t.match(
      verified.out,
      /^valid for rwo-rolling-update until \d{4}-.*, by storage@example.com: moves in spring$/m,
    );
    const checked = await run(["check", "-", "--config", config, "--format", "json"], {
      stdin: MANIFESTS(jws),
    });
    t.equal(checked.code, 0);
    t.match(JSON.parse(checked.out).findings[0].exempted, { by: "waiver", reason: /moves in spring/ });
  }
});

t.test("a refused waiver exits with 1 and says why", async (t) => {
  const { sign, verify } = await withKey(t);
  const jws = (await sign("--until", "30d")).out.trim();
  const cases = [
    { why: "another object", jws, object: "Deployment/other", says: "not for Deployment shop/other" },
    { why: "another kind", jws, object: "statefulset/web", says: "not for StatefulSet shop/web" },
    { why: "not a waiver", jws: "hello", object: "Deployment/web", says: "refused: " },
  ];
  for (const { why, jws: text, object, says } of cases) {
    const { code, out } = await verify(text, object);
    t.equal(code, 1, why);
    t.match(out, says, why);
  }
});

t.test("verify reads the waiver from standard input where none is given", async (t) => {
  const { config, sign } = await withKey(t);
  const { out: stdin } = await sign("--until", "30d");
  const { code } = await run(["waiver", "verify", "deploy/web", "-n", "shop", "--config", config], { stdin });
  t.equal(code, 2, "deploy is not a kind");
  const words = ["waiver", "verify", "deployments/web", "-n", "shop", "--config", config];
  t.equal((await run(words, { stdin })).code, 0);
});

t.test("takes an end as a date, a time or days from now", async (t) => {
  const { sign, verify } = await withKey(t);
  const cases = [
    { until: "2099-01-31", says: "until 2099-02-01T00:00:00" },
    { until: "2099-01-31T12:00:00Z", says: "until 2099-01-31T12:00:00" },
    { until: "2099-01-31T12:00:00+02:00", says: "until 2099-01-31T10:00:00" },
  ];
  for (const { until, says } of cases)
    t.match((await verify((await sign("--until", until)).out.trim())).out, says);
  for (const until of ["tomorrow", "2099", "2099-13-01", "2001-01-01", "2099-01-31T12:00:00", "0d"]) {
    const { code, out, err } = await sign("--until", until);
    t.equal(code, 2, until);
    t.equal(out, "", until);
    t.match(err, /^error: /, until);
  }
});

t.test("keygen keeps the private key to its owner and never overwrites one", async (t) => {
  const { key, keygen, made } = await withKey(t);
  t.equal(statSync(key).mode & 0o777, 0o600);
  const secret = JSON.parse(readFileSync(key, "utf8")).d;
  t.notOk(`${made.out}${made.err}`.includes(secret), "the private half is printed nowhere");
  const before = readFileSync(key, "utf8");
  const again = await run(keygen);
  t.equal(again.code, 2);
  t.match(again.err, "already exists");
  t.equal(readFileSync(key, "utf8"), before);
});

t.test("a key that cannot be read is told, with the way to make one", async (t) => {
  const { sign } = await withKey(t);
  const { code, err } = await sign("--until", "30d", "--key", "no-such-key.json");
  t.equal(code, 2);
  t.match(err, "attachguard waiver keygen");
});
