import t from "tap";
import { IGNORE_ANNOTATION, REASON_ANNOTATION, WAIVER_ANNOTATION } from "../../src/policy/exemptions.ts";
import { generateWaiverKeys, parseSigningKey } from "../../src/waiver/keys.ts";
import { signWaiver } from "../../src/waiver/sign.ts";
import { verifyWaiver, type WaiverKey } from "../../src/waiver/waiver.ts";
import { at, type Json, objectOf, RECORDED_AT, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, startServer, verdictSeen } from "../admission/support/server.ts";

function annotated(annotations: Record<string, string>, onTemplate = false): Json {
  return reviewOf("005", (request) => {
    const object = at(request, "object");
    at(onTemplate ? at(object, "spec", "template") : object, "metadata").annotations = annotations;
  });
}

t.test("an annotation with a reason demotes the finding, and says by whom", async (t) => {
  const { configure, post, log } = await startServer(t, { objects: [objectOf("004")] });
  const reasoned = { [IGNORE_ANNOTATION]: "rwo-rolling-update", [REASON_ANNOTATION]: "one node\ncluster" };
  for (const onTemplate of [false, true]) {
    const review = annotated(reasoned, onTemplate);
    const response = responseOf(t, await post(review), review);
    t.equal(verdictSeen(response), "warn");
    t.match(response.warnings, [/^\(exempted by annotation: one node cluster\) Deployment web: /]);
    t.match(response.auditAnnotations, { exempted: /annotation: one node cluster/ });
    t.match(log.at(-1), { exempted: [/rwo-rolling-update exempted by annotation/], verdict: "warn" });
  }
  const other = annotated({ ...reasoned, [IGNORE_ANNOTATION]: "rwo-replicas" });
  t.equal(verdictSeen(responseOf(t, await post(other), other)), "deny", "another rule's");
  const bare = annotated({ [IGNORE_ANNOTATION]: "rwo-rolling-update" });
  const refused = responseOf(t, await post(bare), bare);
  t.equal(verdictSeen(refused), "deny", "without a reason");
  t.match((refused.status as Json).message, /refused without a reason/);
  configure({ ignoreAnnotation: "refuse" });
  const review = annotated(reasoned);
  t.equal(verdictSeen(responseOf(t, await post(review), review)), "deny", "refused by the configuration");
});

t.test(
  "a signed waiver demotes the finding until it ends; any other is refused with the reason",
  async (t) => {
    const pair = generateWaiverKeys("storage-team", "EdDSA");
    const key: WaiverKey = {
      id: pair.id,
      issuer: "storage@example.com",
      algorithm: "EdDSA",
      publicKey: pair.publicPem,
    };
    const jws = await signWaiver(
      {
        object: { kind: "Deployment", namespace: "shop", name: "web" },
        rules: ["rwo-rolling-update"],
        issuer: key.issuer,
        reason: "moves in March",
        expires: RECORDED_AT + 3_600_000,
        notBefore: undefined,
      },
      parseSigningKey(pair.privatePem, pair.id),
      RECORDED_AT - 1000,
    );
    let now = RECORDED_AT;
    const { configure, post, log } = await startServer(t, {
      objects: [objectOf("004")],
      now: () => now,
      verifyWaiver: (text, subject, at) => verifyWaiver(text, subject, [key], at),
    });

    const review = annotated({ [WAIVER_ANNOTATION]: jws });
    const response = responseOf(t, await post(review), review);
    t.equal(verdictSeen(response), "warn");
    t.match(response.warnings, [
      /^\(exempted by waiver until 2026-11-20T10:36:37(\.000)?Z: storage@example.com: moves in March\) Deployment web: /,
    ]);

    const tampered = annotated({ [WAIVER_ANNOTATION]: `${jws.slice(0, -4)}AAAA` });
    const another = annotated({ [WAIVER_ANNOTATION]: jws });
    at(another, "request").name = "other";
    at(another, "request", "object", "metadata").name = "other";
    for (const [name, refusedReview] of [
      ["tampered with", tampered],
      ["of another object", another],
      ["no waiver at all", annotated({ [WAIVER_ANNOTATION]: "please" })],
    ] as const) {
      const refused = responseOf(t, await post(refusedReview), refusedReview);
      t.equal(verdictSeen(refused), "deny", name);
      t.match((refused.status as Json).message, /the waiver is refused: /, name);
    }
    configure({ mode: "warn" });
    const warned = responseOf(t, await post(tampered), tampered);
    t.match(warned.warnings, [
      /\[rwo-rolling-update\]$/,
      /^Deployment web: the waiver is refused: its signature/,
    ]);
    t.match(log.at(-1), { notes: [/the waiver is refused: its signature/] });
    configure({ mode: "enforce" });
    now += 3_600_001;
    const expired = responseOf(t, await post(review), review);
    t.equal(verdictSeen(expired), "deny", "expired");
    t.match((expired.status as Json).message, /the waiver is refused: .*2026-11-20T10:36:37/);
  },
);

t.test("every way in which a waiver can be wrong is refused with its own reason", async (t) => {
  const ours = generateWaiverKeys("ours", "EdDSA");
  const theirs = generateWaiverKeys("theirs", "ES256");
  const issuer = "storage@example.com";
  const keys: readonly WaiverKey[] = [{ id: ours.id, issuer, algorithm: "EdDSA", publicKey: ours.publicPem }];
  const signed = (change: { rules?: readonly string[]; notBefore?: number } = {}, pair = ours) =>
    signWaiver(
      {
        object: { kind: "Deployment", namespace: "shop", name: "web" },
        rules: change.rules ?? ["rwo-rolling-update"],
        issuer,
        reason: "moves in March",
        expires: RECORDED_AT + 7_200_000,
        notBefore: change.notBefore,
      },
      parseSigningKey(pair.privatePem, pair.id),
      RECORDED_AT - 1000,
    );
  const good = await signed();
  const [, claims, signature] = good.split(".");
  const withHeader = (header: Json, end = signature) =>
    `${Buffer.from(JSON.stringify({ typ: "attachguard-waiver+jwt", kid: "ours", ...header })).toString("base64url")}.${claims}.${end}`;
  const { post } = await startServer(t, {
    objects: [objectOf("004")],
    verifyWaiver: (text, subject, at) => verifyWaiver(text, subject, keys, at),
  });
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ["not yet valid", await signed({ notBefore: RECORDED_AT + 3_600_000 }), /it is not valid before 2026/],
    ["of another rule", await signed({ rules: ["rwo-replicas"] }), /does not cover rwo-rolling-update/],
    ["of an unknown key", await signed({}, theirs), /its key "theirs" is not known here/],
    ["not signed", withHeader({ alg: "none" }, ""), /it is not signed \(alg none\)/],
    ["not signed, in other letters", withHeader({ alg: "nOnE" }), /it is not signed/],
    ["of another algorithm", withHeader({ alg: "HS256" }), /names the algorithm "HS256"/],
    ["of another algorithm that is known", withHeader({ alg: "ES256" }), /names the algorithm "ES256"/],
    ["with another header", withHeader({ alg: "EdDSA", x: 1 }), /its signature is not one of key "ours"/],
    ["with a key of its own", withHeader({ alg: "EdDSA", jwk: {} }), /its signature is not one of key/],
  ];
  const told = new Set<string>();
  for (const [name, jws, why] of rows) {
    const review = annotated({ [WAIVER_ANNOTATION]: jws });
    const response = responseOf(t, await post(review), review);
    t.equal(verdictSeen(response), "deny", name);
    const message = String((response.status as Json).message);
    t.match(message, why, name);
    told.add(/^Note: .*$/m.exec(message)?.[0] ?? "");
  }
  t.ok(told.size >= 6, "the reasons differ");
  const review = annotated({ [WAIVER_ANNOTATION]: good });
  t.equal(verdictSeen(responseOf(t, await post(review), review)), "warn", "the one they are made of is good");
});

t.test("a workload's exemption also holds for the autoscaler, the scale and the claim", async (t) => {
  const exempted = at(
    annotated({ [IGNORE_ANNOTATION]: "*", [REASON_ANNOTATION]: "known" }),
    "request",
    "object",
  );
  const { post } = await startServer(t, { objects: [objectOf("004"), exempted] });
  for (const number of ["006", "010"]) {
    const review = reviewOf(number);
    t.equal(verdictSeen(responseOf(t, await post(review), review)), "warn", number);
  }
  const claimLast = await startServer(t, { objects: [exempted] });
  const claim = reviewOf("004");
  t.equal(verdictSeen(responseOf(t, await claimLast.post(claim), claim)), "warn", "the claim");
});

t.test("a long reason and long names leave room for the rule's id", async (t) => {
  const { post } = await startServer(t, { objects: [objectOf("004")] });
  const review = annotated({ [IGNORE_ANNOTATION]: "*", [REASON_ANNOTATION]: "because ".repeat(100) });
  const name = "n".repeat(200);
  at(review, "request").name = name;
  at(review, "request", "object", "metadata").name = name;
  const [warning] = responseOf(t, await post(review), review).warnings as string[];
  t.match(warning, /^\(exempted by annotation: because .*\[rwo-rolling-update\]$/);
  t.ok(Array.from(warning ?? "").length <= 256);
});
