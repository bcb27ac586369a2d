import t from "tap";
import { MemorySource } from "../../src/tls/certificate-source.ts";

const certificate = (name: string) => ({
  certificate: name,
  key: `${name} key`,
  notBefore: 0,
  notAfter: 1000,
});

t.test("subscribers hear of each certificate that replaces another, until they leave", async (t) => {
  const source = new MemorySource(certificate("a"));
  const heard: string[] = [];
  const leave = source.subscribe(({ certificate: name }) => heard.push(name));
  source.replace(certificate("a"));
  t.strictSame(heard, [], "the same one is no change");
  source.replace(certificate("b"));
  source.replace({ ...certificate("b"), key: "another key" });
  t.strictSame(heard, ["b", "b"]);
  t.equal(source.current.key, "another key");
  leave();
  source.replace(certificate("c"));
  t.strictSame(heard, ["b", "b"]);
});

t.test("the status joins what is wrong with the certificate and with where it comes from", async (t) => {
  const source = new MemorySource(certificate("a"));
  const expired = "the serving certificate expired at 1970-01-01T00:00:01.000Z";
  for (const [reported, now, status] of [
    [undefined, 999, { usable: true, problem: undefined }],
    ["x", 999, { usable: true, problem: "x" }],
    [undefined, 1000, { usable: false, problem: expired }],
    ["x", 1000, { usable: false, problem: `${expired}; x` }],
  ] as const) {
    source.report(reported);
    t.strictSame(source.status(now), status);
  }
});
