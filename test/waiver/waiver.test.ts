import { createHmac, createPrivateKey, sign as signBytes } from "node:crypto";
import t from "tap";
import { MAX_WAIVER_LENGTH } from "../../src/waiver/claims.ts";
import { generateWaiverKeys, parseSigningKey, type WaiverKeyPair } from "../../src/waiver/keys.ts";
import { signWaiver, type WaiverRequest } from "../../src/waiver/sign.ts";
import { verifyWaiver, type WaiverKey } from "../../src/waiver/waiver.ts";

const now = Date.parse("2026-11-20T12:00:00Z");
const HOUR = 3_600_000;
const subject = { kind: "Deployment", namespace: "shop", name: "web" };

const ed = generateWaiverKeys("team-ed", "EdDSA");
const ec = generateWaiverKeys("team-ec", "ES256");
const stranger = generateWaiverKeys("team-ed", "EdDSA");

const configured = (pair: WaiverKeyPair, publicKey: WaiverKey["publicKey"] = pair.publicPem): WaiverKey => ({
  id: pair.id,
  issuer: "storage@example.com",
  algorithm: pair.algorithm,
  publicKey,
});
const keys = [configured(ed), configured(ec)];

const request: WaiverRequest = {
  object: subject,
  rules: ["rwo-rolling-update"],
  issuer: "storage@example.com",
  reason: "replaced by the end of the month",
  expires: now + HOUR,
  notBefore: undefined,
};

const signed = (more: Partial<WaiverRequest> = {}, pair = ed) =>
  signWaiver({ ...request, ...more }, parseSigningKey(pair.privatePem, pair.id), now - 1000);

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decode = (part: string | undefined) => JSON.parse(Buffer.from(part ?? "", "base64url").toString());

/** A token with any header and claims at all, properly signed: what somebody with the key could make by hand. */
function forge(header: Record<string, unknown>, claims: unknown, pair = ed): string {
  const text = `${encode({ alg: "EdDSA", kid: "team-ed", typ: "attachguard-waiver+jwt", ...header })}.${encode(claims)}`;
  return `${text}.${signBytes(null, Buffer.from(text), createPrivateKey(pair.privatePem)).toString("base64url")}`;
}

const claims = {
  iss: "storage@example.com",
  iat: now / 1000,
  exp: (now + HOUR) / 1000,
  object: subject,
  rules: ["*"],
  reason: "r",
};

t.test("a waiver signed with a configured key is valid, in either algorithm and notation", async (t) => {
  for (const [pair, publicKey, why] of [
    [ed, ed.publicPem, "Ed25519, PEM"],
    [ed, ed.publicJwk, "Ed25519, JWK"],
    [ec, ec.publicPem, "P-256, PEM"],
    [ec, ec.publicJwk, "P-256, JWK"],
  ] as const) {
    const key = parseSigningKey(JSON.stringify(pair.privateJwk));
    const jws = await signWaiver(request, key, now);
    t.strictSame(
      await verifyWaiver(jws, subject, [configured(pair, publicKey)], now),
      {
        state: "valid",
        rules: ["rwo-rolling-update"],
        until: "2026-11-20T13:00:00.000Z",
        issuer: "storage@example.com",
        reason: "replaced by the end of the month",
      },
      why,
    );
  }
});

t.test("whitespace around a pasted waiver and a file without a namespace do no harm", async (t) => {
  const jws = await signed();
  t.match(await verifyWaiver(`\n  ${jws}\n`, subject, keys, now), { state: "valid" });
  t.match(await verifyWaiver(jws, { ...subject, namespace: "" }, keys, now), { state: "valid" });
});

t.test("a waiver holds from its beginning until its end, to the millisecond", async (t) => {
  const jws = await signed({ notBefore: now, expires: now + HOUR });
  for (const [at, state] of [
    [now - 1, "refused"],
    [now, "valid"],
    [now + HOUR - 1, "valid"],
    [now + HOUR, "refused"],
  ] as const) {
    t.equal((await verifyWaiver(jws, subject, keys, at)).state, state, new Date(at).toISOString());
  }
});

t.test("each wrong waiver is refused with its own reason", async (t) => {
  const good = await signed();
  const [header, payload, signature] = good.split(".");
  const swapped = { ...decode(header), alg: "HS256" };
  // The classic: the public key, which everybody has, used as the secret of an HMAC.
  const hmacText = `${encode(swapped)}.${payload}`;
  const hmac = createHmac("sha256", ed.publicPem).update(hmacText).digest("base64url");
  const changed = encode({ ...decode(payload), rules: ["*"] });
  const without = (member: string) => forge({}, { ...claims, [member]: undefined });

  const cases: readonly (readonly [why: string, jws: string, reason: RegExp])[] = [
    [
      "expired",
      await signed({ expires: now }),
      /^it expired at 2026-11-20T12:00:00\.000Z; ask storage@example\.com for a new one$/,
    ],
    [
      "not yet valid",
      await signed({ notBefore: now + 1000 }),
      /^it is not valid before 2026-11-20T12:00:01\.000Z; wait/,
    ],
    [
      "another name",
      await signed({ object: { ...subject, name: "api" } }),
      /^it is for Deployment shop\/api, not for Deployment shop\/web; a waiver cannot be copied/,
    ],
    [
      "another namespace",
      await signed({ object: { ...subject, namespace: "dev" } }),
      /^it is for Deployment dev\/web, not for/,
    ],
    [
      "another kind",
      await signed({ object: { ...subject, kind: "StatefulSet" } }),
      /^it is for StatefulSet shop\/web, not for/,
    ],
    [
      "another issuer",
      await signed({ issuer: "somebody@example.com" }),
      /^its issuer "somebody@example\.com" is not the one of key "team-ed"/,
    ],
    ["unknown key", forge({ kid: "other" }, claims), /^its key "other" is not known here; .*waivers\.keys/],
    [
      "a key of the same id",
      await signed({}, stranger),
      /^its signature is not one of key "team-ed"; it was changed after it was signed, or signed with another key/,
    ],
    [
      "alg none",
      `${encode({ ...decode(header), alg: "none" })}.${payload}.`,
      /^it is not signed \(alg none\)/,
    ],
    [
      "alg NonE with a signature",
      `${encode({ ...decode(header), alg: "NonE" })}.${payload}.${signature}`,
      /^it is not signed \(alg none\)/,
    ],
    [
      "HMAC with the public key",
      `${hmacText}.${hmac}`,
      /^it names the algorithm "HS256", which is not that of key "team-ed"/,
    ],
    [
      "another configured algorithm",
      forge({ alg: "ES256" }, claims),
      /^it names the algorithm "ES256", which is not that of key "team-ed"/,
    ],
    [
      "no algorithm",
      forge({ alg: undefined }, claims),
      /^it names the algorithm missing, which is not that of key/,
    ],
    [
      "another configured key's id",
      forge({ kid: "team-ec", alg: "ES256" }, claims),
      /^its signature is not one of key "team-ec"/,
    ],
    ["changed claims", `${header}.${changed}.${signature}`, /^its signature is not one of key "team-ed"/],
    [
      "changed signature",
      `${header}.${payload}.${signature?.slice(0, -4)}AAAA`,
      /^its signature is not one of key/,
    ],
    ["no signature", `${header}.${payload}.`, /^its signature is not one of key/],
    [
      "its own key in the header",
      forge({ jwk: stranger.publicJwk }, claims, stranger),
      /^its signature is not one of key/,
    ],
    [
      "a token for something else",
      forge({ typ: "JWT" }, claims),
      /^it is a token for something else \(typ "JWT"\)/,
    ],
    ["no type", forge({ typ: undefined }, claims), /^it is a token for something else \(typ missing\)/],
    ["no key id", forge({ kid: undefined }, claims), /^it does not say which key signed it \(kid\)/],
    [
      "an unknown extension",
      forge({ crit: ["b64"], b64: false }, claims),
      /^it demands an extension \(crit\)/,
    ],
    ["no end", without("exp"), /^it has no expiry \(exp\)/],
    ["an end that is no number", forge({}, { ...claims, exp: "2030-01-01" }), /^it has no expiry \(exp\)/],
    ["an end beyond every calendar", forge({}, { ...claims, exp: 1e18 }), /^it has no expiry \(exp\)/],
    [
      "a beginning that is no number",
      forge({}, { ...claims, nbf: "soon" }),
      /^its beginning \(nbf\) is not a time/,
    ],
    ["no reason", without("reason"), /^it gives no reason/],
    ["an empty reason", forge({}, { ...claims, reason: "  " }), /^it gives no reason/],
    ["no issuer", without("iss"), /^it names no issuer/],
    ["no rules", without("rules"), /^it names no rules/],
    ["an empty list of rules", forge({}, { ...claims, rules: [] }), /^it names no rules/],
    ["rules that are no list", forge({}, { ...claims, rules: "*" }), /^it names no rules/],
    ["no object", without("object"), /^it does not say which object it is for/],
    [
      "half an object",
      forge({}, { ...claims, object: { kind: "Deployment", name: "web" } }),
      /^it does not say which object it is for/,
    ],
    ["control characters", forge({}, { ...claims, reason: "a\nb" }), /^it contains control characters/],
    ["claims that are no mapping", forge({}, ["*"]), /^its content cannot be read/],
    ["text", "please", /^it is not a waiver; paste the whole text/],
    ["nothing", "", /^it is not a waiver/],
    ["two parts", `${header}.${payload}`, /^it is not a waiver/],
    ["four parts", `${good}.x`, /^it is not a waiver/],
    ["a header that is not JSON", `x.${payload}.${signature}`, /^it is not a waiver/],
    ["far too long", "x".repeat(8_193), /^it is longer than 8192 characters/],
  ];
  const reasons = new Set<string>();
  for (const [why, jws, reason] of cases) {
    const outcome = await verifyWaiver(jws, subject, keys, now);
    t.equal(outcome.state, "refused", why);
    t.match(outcome.reason, reason, why);
    t.notMatch(outcome.reason, /\p{Cc}/u, `${why}: one line`);
    reasons.add(outcome.reason);
  }
  t.ok(reasons.size >= 20, "reasons differ");
});

t.test("the object is not told to somebody without a valid signature", async (t) => {
  const [header, , signature] = (await signed()).split(".");
  const { state, reason } = await verifyWaiver(
    `${header}.${encode({ ...claims, exp: 1 })}.${signature}`,
    subject,
    keys,
    now,
  );
  t.equal(state, "refused");
  t.match(reason, /signature/, "not that it has expired, nor whom it is for");
});

t.test("what a header says is shown shortened and without control characters", async (t) => {
  const { reason } = await verifyWaiver(
    forge({ kid: `\u001b[31m${"x".repeat(500)}\n` }, claims),
    subject,
    keys,
    now,
  );
  t.notMatch(reason, /\p{Cc}/u);
  t.ok(reason.length < 160);
});

t.test("a configured key that cannot be used refuses its waivers and no others", async (t) => {
  for (const [publicKey, why] of [
    ["nonsense", "no key"],
    [{ kty: "OKP" }, "half a key"],
    [{ kty: "oct", k: "AAAA" }, "a shared secret"],
    [ec.publicPem, "another kind of key, as PEM"],
    [ec.publicJwk, "another kind of key, as JWK"],
  ] as const) {
    const broken = [configured(ed, publicKey), configured(ec)];
    t.strictSame(
      await verifyWaiver(await signed(), subject, broken, now),
      { state: "refused", reason: 'key "team-ed" cannot be used; correct waivers.keys in the configuration' },
      why,
    );
    t.match(await verifyWaiver(await signed({}, ec), subject, broken, now), { state: "valid" }, why);
  }
  t.match(
    await verifyWaiver(await signed(), subject, [], now),
    { reason: /is not known here/ },
    "no keys at all",
  );
});

t.test("what could never be accepted is not signed", async (t) => {
  for (const [more, message] of [
    [{ reason: " " }, /the reason is missing/],
    [{ reason: "a\nb" }, /one line each/],
    [{ reason: "x".repeat(9000) }, /the reason is too long/],
    [{ issuer: "" }, /the issuer is missing/],
    [{ rules: [] }, /no rule is named/],
    [{ rules: ["rwo-replica"] }, /there is no rule "rwo-replica"; expected \* or some of .*rwo-replicas/],
    [{ object: { ...subject, namespace: "" } }, /the namespace of the object is missing/],
    [{ expires: now - HOUR }, /is in the past/],
    [{ expires: Number.NaN }, /the end is not a time/],
    [{ expires: 1e300 }, /the end is not a time/],
    [{ notBefore: now + 2 * HOUR }, /before it begins/],
    [{ notBefore: Number.NaN }, /the beginning is not a time/],
  ] as const) {
    await t.rejects(signed(more), { code: "AG_ERR_WAIVER", message }, String(message));
  }
});

t.test("signing keys are read as PEM or JWK; anything else is refused without being shown", async (t) => {
  t.match(parseSigningKey(ed.privatePem, "a"), { id: "a", algorithm: "EdDSA" });
  t.match(parseSigningKey(JSON.stringify(ec.privateJwk)), { id: "team-ec", algorithm: "ES256" });
  t.equal(parseSigningKey(JSON.stringify(ec.privateJwk), "b").id, "b", "the id that is asked for wins");
  const secret = String(ed.privateJwk.d);
  for (const [text, id, message] of [
    [ed.privatePem, undefined, /it has no id; give one with --key-id/],
    [ed.publicPem, "a", /it is a public key; signing needs the private one/],
    [JSON.stringify(ed.publicJwk), undefined, /it is a public key/],
    [`{"d":"${secret}"`, undefined, /it is not JSON/],
    [JSON.stringify({ ...ed.privateJwk, crv: "X" }), undefined, /cannot be used/],
    [`-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`, "a", /cannot be used/],
    ["", "a", /cannot be used/],
    [ed.privatePem, "a b", /cannot be a key's id/],
  ] as const) {
    try {
      parseSigningKey(text, id);
      t.fail(String(message));
    } catch (error) {
      t.match(error, { code: "AG_ERR_WAIVER", message });
      t.notOk(String(error).includes(secret), "the key is not shown");
    }
  }
  t.throws(() => generateWaiverKeys("", "EdDSA"), { code: "AG_ERR_WAIVER" });
});

t.test("a new pair says what it is and keeps its halves apart", async (t) => {
  t.notOk("d" in ed.publicJwk);
  t.match(ed.publicJwk, { kid: "team-ed", alg: "EdDSA", crv: "Ed25519" });
  t.match(ec.publicJwk, { kid: "team-ec", alg: "ES256", crv: "P-256" });
  t.not(ed.privatePem, stranger.privatePem);
});

/** A token of any bytes, properly signed. */
function forgeBytes(payload: Uint8Array): string {
  const header = encode({ alg: "EdDSA", kid: "team-ed", typ: "attachguard-waiver+jwt" });
  const text = `${header}.${Buffer.from(payload).toString("base64url")}`;
  return `${text}.${signBytes(null, Buffer.from(text), createPrivateKey(ed.privatePem)).toString("base64url")}`;
}

t.test("the limits are where they are said to be", async (t) => {
  const reasonOf = async (jws: string) => {
    const verified = await verifyWaiver(jws, subject, keys, now);
    return verified.state === "refused" ? verified.reason : verified.state;
  };
  t.match(await reasonOf(forge({}, { ...claims, rules: ["*", 5] })), /it names no rules/, "one is no text");
  t.match(
    await reasonOf(forge({}, { ...claims, exp: 253_402_300_800 })),
    /it has no expiry/,
    "the year 10000",
  );
  t.equal(await reasonOf(forge({}, { ...claims, exp: 253_402_300_799 })), "valid", "the last second before");
  t.match(await reasonOf(forge({}, { ...claims, exp: 0 })), /it has no expiry/, "the epoch is no end");
  const bytes = Buffer.from(JSON.stringify({ ...claims, reason: "xx" }));
  t.equal(await reasonOf(forgeBytes(bytes)), "valid");
  bytes[bytes.indexOf("xx")] = 0xff;
  t.match(await reasonOf(forgeBytes(bytes)), /its content cannot be read/, "no UTF-8");
  const whole = "k".repeat(46);
  t.match(await reasonOf(forge({ kid: whole }, claims)), `"${whole}"`, "48 characters are shown");
  t.match(await reasonOf(forge({ kid: `${whole}k` }, claims)), `"${"k".repeat(44)}…`, "and no more");
  await t.rejects(signed({ notBefore: now + HOUR, expires: now + HOUR }), /before it begins/);
  await t.rejects(signed({ expires: now - 1000 }), /is in the past/, "signed at its end");
  await t.resolves(signed({ expires: now - 999 }));
  await t.resolves(signed({ notBefore: now + HOUR - 1, expires: now + HOUR }));
});

t.test("a waiver may be as long as is said, and not longer", async (t) => {
  // Base64 has no text of every length, so that the name of the key has a say in which ones there are.
  const signing = async (pair: WaiverKeyPair) => {
    const overhead = (await signed({ reason: "x" }, pair)).length;
    let jws = "";
    for (let bytes = Math.floor(((MAX_WAIVER_LENGTH - overhead) * 3) / 4) - 4; ; bytes += 1) {
      const longer = await signed({ reason: "x".repeat(bytes) }, pair).catch((error: Error) => error.message);
      if (!longer.startsWith("ey")) return { jws, refused: longer };
      jws = longer;
    }
  };
  const pairs = ["team-a", "team-aa", "team-aaa"].map((id) => generateWaiverKeys(id, "EdDSA"));
  const tried = await Promise.all(pairs.map(async (pair) => ({ pair, ...(await signing(pair)) })));
  const found = tried.find(({ jws }) => jws.length === MAX_WAIVER_LENGTH);
  t.ok(found, "one is just as long");
  if (found === undefined) return;
  t.match(await verifyWaiver(found.jws, subject, [configured(found.pair)], now), { state: "valid" });
  for (const { refused } of tried) t.match(refused, /the reason is too long/);
});
