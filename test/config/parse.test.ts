import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { configurationPages, EXAMPLE } from "../../docs/generate-configuration.ts";
import { DEFAULT_CONFIG, loadConfig, policyOptions } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { AttachguardError } from "../../src/errors.ts";
import { DEFAULT_OPTIONS } from "../../src/policy/options.ts";

const ed25519 = generateKeyPairSync("ed25519");
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const pem = (key: typeof ed25519.publicKey) => key.export({ format: "pem", type: "spki" }).toString();
const privatePem = ed25519.privateKey.export({ format: "pem", type: "pkcs8" }).toString();

/** The message lines for a text that must be refused. */
function problems(text: string): readonly string[] {
  try {
    parseConfig(text, "c.yaml");
  } catch (error) {
    if (error instanceof AttachguardError && error.code === "AG_ERR_CONFIG") return error.message.split("\n");
    throw error;
  }
  return [];
}

const keyed = (algorithm: string, publicKey: unknown) =>
  JSON.stringify({ waivers: { keys: [{ id: "a", issuer: "i", algorithm, publicKey }] } });

t.test("without a file, or with nothing in it, the defaults hold", async (t) => {
  t.equal(await loadConfig(undefined), DEFAULT_CONFIG);
  for (const [text, why] of [
    ["", "empty"],
    ["# mode: warn\n", "comments only"],
    ["---\n", "an empty document"],
    ["{}", "an empty mapping"],
    [
      "limits:\n  # maxConcurrent: 5\nmode: ~\n",
      "keys without a value, as commented-out children leave them",
    ],
    ["\uFEFFapiVersion: attachguard.dev/v1\r\nkind: Configuration\r\n", "byte order mark and CRLF"],
    ["namespaces: {excluded: [kube-system]}", "an excluded namespace that is excluded anyway"],
  ] as const) {
    t.strictSame(parseConfig(text, "c.yaml"), DEFAULT_CONFIG, why);
  }
  t.strictSame(policyOptions(DEFAULT_CONFIG), DEFAULT_OPTIONS, "the policy's own defaults are the same");
});

t.test("what a file says is taken, and nothing else changes", async (t) => {
  const { limits, ...rest } = parseConfig("limits: {maxConcurrent: 7}", "c.yaml");
  const { limits: defaultLimits, ...defaultRest } = DEFAULT_CONFIG;
  t.strictSame(limits, { ...defaultLimits, maxConcurrent: 7 });
  t.strictSame(rest, defaultRest);

  const off = parseConfig("mode: off\nseverities: {rwo-replicas: off}", "c.yaml");
  t.equal(off.mode, "off", "off is a word, not a boolean");
  t.strictSame(off.severities, { "rwo-replicas": "off" });

  const excluded = parseConfig("namespaces: {excluded: [monitoring]}", "c.yaml").namespaces.excluded;
  t.strictSame(
    excluded,
    ["kube-system", "attachguard-system", "monitoring"],
    "a list of one's own never drops kube-system",
  );

  const own = parseConfig("namespaces: {excluded: [monitoring]}\ntls: {selfManaged: {}}", "c.yaml", "bar");
  t.strictSame(own.namespaces.excluded, ["kube-system", "bar", "monitoring"], "the server's own namespace");
  t.equal(own.tls.selfManaged?.namespace, "bar");
  t.equal(
    parseConfig("tls: {selfManaged: {namespace: elsewhere}}", "c.yaml", "bar").tls.selfManaged?.namespace,
    "elsewhere",
    "the file wins over what the pod is told",
  );
  t.strictSame((await loadConfig(undefined, "bar")).namespaces.excluded, ["kube-system", "bar"]);

  t.strictSame(parseConfig("callers: [{groups: [ops], mode: audit}]", "c.yaml").callers, [
    { users: [], groups: ["ops"], mode: "audit" },
  ]);
  t.strictSame(parseConfig("tls: {selfManaged: {}}", "c.yaml").tls, {
    files: null,
    selfManaged: {
      secretName: "attachguard-tls",
      namespace: "attachguard-system",
      webhookConfiguration: "attachguard",
      serviceName: "attachguard",
      servingDays: 14,
    },
  });
  t.strictSame(parseConfig("clientAuth: {caFile: ca.crt}", "c.yaml").clientAuth, {
    caFile: "ca.crt",
    subjects: [],
  });
});

t.test("two readings of one text share nothing", async (t) => {
  const first = parseConfig("", "c.yaml");
  (first.drivers as unknown[]).push("changed");
  (first.namespaces.excluded as string[]).push("changed");
  t.strictSame(parseConfig("", "c.yaml"), DEFAULT_CONFIG);
});

t.test("waiver keys are read as PEM or JWK", async (t) => {
  for (const [algorithm, key, why] of [
    ["EdDSA", pem(ed25519.publicKey), "Ed25519 as PEM"],
    ["EdDSA", ed25519.publicKey.export({ format: "jwk" }), "Ed25519 as JWK"],
    ["ES256", pem(p256.publicKey), "P-256 as PEM"],
    ["ES256", p256.publicKey.export({ format: "jwk" }), "P-256 as JWK"],
  ] as const) {
    t.strictSame(problems(keyed(algorithm, key)), [], why);
  }
});

t.test("each mistake is named with place, key, value and what was expected", async (t) => {
  for (const [text, expected, why] of [
    [
      "mode: enforced",
      'c.yaml:1:1: mode is "enforced"; expected one of enforce, warn, audit, off; did you mean enforce?',
      "an unknown word",
    ],
    [
      "mode: 5",
      "c.yaml:1:1: mode is 5; expected one of enforce, warn, audit, off",
      "a number for a word: said once, by its list of words",
    ],
    [
      "\n\nlimits:\n  maxConcurent: 3",
      "c.yaml:4:3: limits.maxConcurent is not a setting; did you mean maxConcurrent?",
      "a slip in a key",
    ],
    ["Mode: warn", "c.yaml:1:1: Mode is not a setting; did you mean mode?", "the wrong case"],
    [
      "auto-scaler-controller: judge",
      "c.yaml:1:1: auto-scaler-controller is not a setting; did you mean autoscalerController?",
      "hyphens for capitals",
    ],
    [
      "metrics: {port: 9}",
      "c.yaml:1:11: metrics.port is not a setting; expected one of namespaceLabel, workloadsIntervalSeconds",
      "nothing like it: what there is",
    ],
    [
      "limits: {bodyBytes: 1}",
      "c.yaml:1:10: limits.bodyBytes is 1; expected a whole number from 65536 to 67108864",
      "out of bounds",
    ],
    [
      "limits: {maxConcurrent: 1.5}",
      "c.yaml:1:10: limits.maxConcurrent is 1.5; expected a whole number from 1 to 100000",
      "not whole",
    ],
    [
      "limits: 5",
      "c.yaml:1:1: limits is 5; expected a mapping with maxConcurrent, overload, onFault, bodyBytes, bodyMemoryBytes, deadlineMarginMilliseconds",
      "not a mapping",
    ],
    [
      "cluster: {singleNode: yes}",
      'c.yaml:1:11: cluster.singleNode is "yes"; expected true or false',
      "yes is text in YAML 1.2",
    ],
    [
      "drivers: {provisioner: x}",
      "c.yaml:1:1: drivers is a mapping; expected a list, each entry a mapping with provisioner, accessModes, blockAccessModes, attachRequired, nodeLocal, sameNodeMultiPod, refusesSecondNode",
      "not a list",
    ],
    [
      "drivers:\n  - nodeLocal: true",
      "c.yaml:2:5: drivers[0].provisioner is missing; expected a provisioner's name, in which * stands for any characters",
      "a missing key",
    ],
    [
      "drivers:\n  - provisioner: x\n    accessModes: [RWX]",
      'c.yaml:3:19: drivers[0].accessModes[0] is "RWX"; expected one of ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod',
      "an abbreviation",
    ],
    [
      "drivers: [{provisioner: x}, {provisioner: x}]",
      'c.yaml:1:30: drivers[1].provisioner is "x", as drivers[0].provisioner already is; expected each once',
      "the same driver twice",
    ],
    [
      "callers: [{mode: audit}]",
      "c.yaml:1:11: callers[0] has neither users nor groups; expected at least one of them",
      "a rule for nobody",
    ],
    [
      "callers: [{users: [], mode: audit}]",
      "c.yaml:1:12: callers[0].users is an empty list; expected at least one entry, or leave it out",
      "an empty list",
    ],
    [
      "callers: [{users: [a], mode: enforce}]",
      'c.yaml:1:24: callers[0].mode is "enforce"; expected one of warn, audit, off',
      "callers only get milder modes",
    ],
    [
      "namespaces: {exempt: [{name: a}]}",
      "c.yaml:1:23: namespaces.exempt[0].reason is missing; expected a reason in words",
      "an exemption without a reason",
    ],
    [
      "namespaces: {excluded: [Foo]}",
      'c.yaml:1:25: namespaces.excluded[0] is "Foo"; expected a namespace\'s name, in which * stands for any characters',
      "no namespace is called so",
    ],
    [
      "namespaces: {excluded: [a, a]}",
      'c.yaml:1:14: namespaces.excluded has the entry "a" twice; expected each once',
      "twice",
    ],
    [
      "tls: {files: {certFile: a, keyFile: b}, selfManaged: {}}",
      "c.yaml:1:1: tls has both files and selfManaged; expected only one of them",
      "two sources",
    ],
    [
      "severities: {rwo-replica: off}",
      "c.yaml:1:14: severities.rwo-replica is not a setting; did you mean rwo-replicas?",
      "a rule that does not exist",
    ],
    [
      "__proto__: {mode: off}",
      /^c\.yaml:1:1: __proto__ is not a setting; expected one of apiVersion/,
      "a prototype key is a key like any other",
    ],
    [
      "- mode: warn",
      /^c\.yaml:1:1: the configuration is a list of 1; expected a mapping with apiVersion, kind, mode/,
      "a list at the top",
    ],
    [
      "apiVersion: v1\nkind: Configuration",
      'c.yaml:1:1: apiVersion is "v1"; expected attachguard.dev/v1',
      "another format",
    ],
    ["mode: warn\nmode: audit", /^c\.yaml:2:1: not valid YAML: .*unique/i, "a key twice"],
    ["mode: [", /^c\.yaml:1:\d+: not valid YAML: /, "not YAML"],
    ["mode: warn\n---\nmode: audit", /^c\.yaml:2:1: not valid YAML: .*multiple documents/i, "two documents"],
    [
      keyed("EdDSA", pem(p256.publicKey)),
      /publicKey is a key for ES256, but algorithm says EdDSA; expected an Ed25519 key$/,
      "another algorithm's key",
    ],
    [
      keyed("ES256", pem(p384.publicKey)),
      /publicKey is a key of type ec, but algorithm says ES256; expected a P-256 key$/,
      "another curve",
    ],
    [keyed("ES256", "nonsense"), /publicKey cannot be read as a key; expected PEM text/, "no key"],
    [
      keyed("HS256", { kty: "oct", k: "c2VjcmV0" }),
      /algorithm is "HS256"; expected one of EdDSA, ES256; did you mean ES256\?$/,
      "a shared secret",
    ],
  ] as const) {
    const found = problems(text);
    t.equal(found.length, 1, `${why}: one line`);
    if (typeof expected === "string") t.equal(found[0], expected, why);
    else t.match(found[0], expected, why);
  }
});

t.test("all mistakes are named at once, in the order of the file", async (t) => {
  const found = problems("mode: x\nratchet: y\nlimits:\n  overload: z\n  onFault: q\n");
  t.strictSame(
    found.map((line) => line.split(" ", 2).join(" ")),
    ["c.yaml:1:1: mode", "c.yaml:2:1: ratchet", "c.yaml:4:3: limits.overload", "c.yaml:5:3: limits.onFault"],
  );
});

t.test("a private key in the file is refused and never repeated", async (t) => {
  for (const key of [
    privatePem,
    ed25519.privateKey.export({ format: "jwk" }),
    { kty: "oct", k: "c2VjcmV0" },
  ]) {
    const [line, ...more] = problems(keyed("EdDSA", key));
    t.match(line, /is a private key, .* create a new pair/);
    t.notOk(line?.includes("c2VjcmV0") || line?.includes(privatePem.split("\n")[1] ?? "?"));
    t.strictSame(more, []);
  }
});

t.test("aliases that would grow without bound are refused", async (t) => {
  const lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (let depth = 1; depth < 9; depth++) {
    const above = String.fromCharCode(96 + depth);
    const name = String.fromCharCode(97 + depth);
    lines.push(`${name}: &${name} [${Array(10).fill(`*${above}`).join(", ")}]`);
  }
  t.match(problems(lines.join("\n"))[0], /not usable YAML: .*alias/i);
});

t.test("a file that cannot be read says so, with the remedy", async (t) => {
  await t.rejects(loadConfig("/nonexistent/c.yaml"), {
    code: "AG_ERR_CONFIG",
    message:
      /^\/nonexistent\/c\.yaml: the configuration cannot be read \(ENOENT.*give --config a readable YAML file$/,
  });
});

t.test("the published pages are those that the schema makes", async (t) => {
  for (const [page, text] of Object.entries(configurationPages())) {
    const published = readFileSync(join(import.meta.dirname, "../../docs", page), "utf8");
    t.equal(published, text, `docs/${page} is current; otherwise run npm run docs`);
  }
});

t.test("the example in the reference is a valid configuration", async (t) => {
  const config = parseConfig(EXAMPLE, "example.yaml");
  t.equal(config.mode, "warn");
  t.equal(config.waivers.keys.length, 1);
});
