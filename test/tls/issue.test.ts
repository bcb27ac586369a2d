import { X509Certificate } from "node:crypto";
import t from "tap";
import { DAY, issueCa, issueServing } from "../../src/tls/issue.ts";
import { isLiveCa, isLiveServing, servingCertificate } from "../../src/tls/pair.ts";
import { handshake } from "./handshake.ts";

const now = Date.now();
const ca = await issueCa({ name: "test CA", days: 365, now });
const otherCa = await issueCa({ name: "test CA", days: 365, now });
const hosts = ["localhost", "127.0.0.1", "::1", "attachguard.attachguard-system.svc"];
const serving = await issueServing({ ca, hosts, days: 14, now });

t.test("a client that trusts the CA accepts the certificate for its hosts and for no other", async (t) => {
  for (const host of hosts) t.equal(await handshake(serving, ca.certificate, host), "ok", host);
  t.equal(await handshake(serving, ca.certificate, "example.com"), "ERR_TLS_CERT_ALTNAME_INVALID");
  t.equal(await handshake(serving, ca.certificate, "10.0.0.1"), "ERR_TLS_CERT_ALTNAME_INVALID");
});

t.test("a client tells two CAs of the same name apart", async (t) => {
  t.not(await handshake(serving, otherCa.certificate, "localhost"), "ok", "the other one alone");
  t.equal(
    await handshake(serving, otherCa.certificate + ca.certificate, "localhost"),
    "ok",
    "both, the other first",
  );
});

t.test("an expired certificate is refused", async (t) => {
  const old = await issueServing({ ca, hosts, days: 1, now: now - DAY - 1000 });
  t.equal(await handshake(old, ca.certificate, "localhost"), "CERT_HAS_EXPIRED");
});

t.test("the certificates say what they may be used for", async (t) => {
  const authority = new X509Certificate(ca.certificate);
  const leaf = new X509Certificate(serving.certificate);
  t.equal(authority.ca, true);
  t.equal(leaf.ca, false, "a serving certificate signs nothing");
  t.strictSame(leaf.keyUsage, ["1.3.6.1.5.5.7.3.1"], "for servers");
  t.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  t.equal(leaf.validToDate.getTime(), Math.floor((now + 14 * DAY) / 1000) * 1000);
  t.ok(leaf.validFromDate.getTime() < now - 60_000, "good on a machine whose clock is a minute behind");
});

t.test("a serving certificate ends no later than its CA", async (t) => {
  const short = await issueCa({ name: "short", days: 3, now });
  const { notAfter } = servingCertificate(await issueServing({ ca: short, hosts, days: 14, now }));
  t.equal(notAfter, servingCertificate(short).notAfter);
});

t.test("hosts may be long, wildcards too; what is neither name nor address is refused", async (t) => {
  const long = `${"a".repeat(60)}.${"b".repeat(60)}.svc`;
  const pair = await issueServing({ ca, hosts: [long, "*.example.com"], days: 1, now });
  t.equal(await handshake(pair, ca.certificate, long), "ok", "longer than a common name may be");
  t.equal(await handshake(pair, ca.certificate, "x.example.com"), "ok", "a wildcard");
  for (const host of [
    "",
    "a b",
    "-a",
    "a..b",
    "300.1.1.1",
    "1.2.3",
    "*",
    "a.*.b",
    "http://a",
    "a".repeat(64),
    "a\nb",
  ]) {
    await t.rejects(
      issueServing({ ca, hosts: [host], days: 1, now }),
      { code: "AG_ERR_USAGE" },
      JSON.stringify(host),
    );
  }
});

t.test("a CA key that cannot sign is named, and never shown", async (t) => {
  for (const key of ["", "nonsense", serving.key.replace(/\n.*\n/, "\nAAAA\n")]) {
    await t.rejects(issueServing({ ca: { ...ca, key }, hosts, days: 1, now }), {
      code: "AG_ERR_TLS",
      message: /the key of the CA cannot be used/,
    });
  }
});

t.test("a pair is live only as a whole, in its time, for its hosts", async (t) => {
  const other = await issueServing({ ca, hosts, days: 14, now });
  const live = (pair = serving, authority = ca.certificate, names = hosts, at = now) =>
    isLiveServing(pair, authority, names, at);
  t.ok(live());
  for (const [actual, why] of [
    [live({ ...serving, key: other.key }), "another certificate's key"],
    [live({ ...serving, key: "" }), "no key"],
    [
      live({ ...serving, certificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" }),
      "damaged",
    ],
    [live(serving, otherCa.certificate), "another CA"],
    [live(serving, "nonsense"), "no CA"],
    [live(serving, ca.certificate, [...hosts, "example.com"]), "a host is missing"],
    [live(serving, ca.certificate, ["10.0.0.1"]), "an address is missing"],
    [live(serving, ca.certificate, hosts, now + 14 * DAY + 1), "over"],
    [live(serving, ca.certificate, hosts, now - DAY), "not begun"],
    [isLiveCa(serving, now), "a serving certificate is no CA"],
    [isLiveCa({ ...ca, key: otherCa.key }, now), "another CA's key"],
    [isLiveCa(ca, now + 366 * DAY), "an expired CA"],
  ] as const) {
    t.notOk(actual, why);
  }
  t.ok(isLiveCa(ca, now));
});
