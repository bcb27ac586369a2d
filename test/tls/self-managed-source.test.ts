import { X509Certificate } from "node:crypto";
import t from "tap";
import type { AttachguardError } from "../../src/errors.ts";
import { DAY, issueCa, issueServing } from "../../src/tls/issue.ts";
import type { CertificateAndKey } from "../../src/tls/pair.ts";
import { type SelfManagedSource, selfManagedSource } from "../../src/tls/self-managed-source.ts";
import { FakeCluster } from "./cluster.ts";
import { handshake } from "./handshake.ts";

const HOUR = 60 * 60 * 1000;
const HOST = "attachguard.attachguard-system.svc";
const START = Date.now();

/** A cluster, a clock, and replicas that look at both only when they are told to. */
function scene(t: { teardown(done: () => unknown): void }) {
  const cluster = new FakeCluster();
  const clock = { now: START };
  const problems: (string | undefined)[] = [];
  const replica = async (): Promise<SelfManagedSource> => {
    const source = await selfManagedSource({
      secret: cluster.secret,
      webhooks: cluster.webhooks,
      serviceName: "attachguard",
      namespace: "attachguard-system",
      servingDays: 14,
      now: () => clock.now,
      onProblem: (problem: AttachguardError | undefined) => problems.push(problem?.message),
      every: 0,
    });
    t.teardown(() => source.close());
    return source;
  };
  return { cluster, clock, problems, replica };
}

const served = (source: SelfManagedSource): CertificateAndKey => source.current;
const certificatesIn = (bundle: string | undefined) => bundle?.match(/BEGIN CERTIFICATE/g)?.length ?? 0;
const good = { usable: true, problem: undefined };

t.test(
  "an empty Secret is filled, every webhook entry gets the CA, and callers accept the certificate",
  async (t) => {
    const { cluster, clock, problems, replica } = scene(t);
    const source = await replica();
    t.strictSame(Object.keys(cluster.secretData ?? {}).sort(), ["ca.crt", "ca.key", "tls.crt", "tls.key"]);
    t.strictSame(cluster.bundles, [cluster.secretData?.["ca.crt"], cluster.secretData?.["ca.crt"]]);
    t.equal(await handshake(served(source), cluster.bundles?.[0] ?? "", HOST), "ok");
    t.strictSame(source.status(clock.now), good);
    t.strictSame(problems, []);
    t.equal(source.current.notAfter, Math.floor((clock.now + 14 * DAY) / 1000) * 1000, "for the metric");
  },
);

t.test("another look changes nothing while everything is good", async (t) => {
  const { cluster, clock, replica } = scene(t);
  const source = await replica();
  const before = { ...cluster.secretData };
  for (const later of [0, HOUR, 9 * DAY]) {
    clock.now = START + later;
    await source.check();
  }
  t.strictSame(cluster.secretData, before);
  t.equal(cluster.secretWrites, 1);
  t.equal(cluster.webhookWrites, 1);
});

t.test("replicas that start at once agree on one CA and one certificate", async (t) => {
  const { cluster, clock, replica } = scene(t);
  const replicas = await Promise.all([replica(), replica(), replica()]);
  t.ok(cluster.conflicts >= 2, "they did race");
  t.equal(cluster.secretWrites, 1, "one wins");
  for (const source of replicas) {
    t.equal(
      source.current.certificate,
      cluster.secretData?.["tls.crt"],
      "the losers present what the winner stored",
    );
    t.strictSame(source.status(clock.now), good);
  }
  t.strictSame(cluster.bundles, [cluster.secretData?.["ca.crt"], cluster.secretData?.["ca.crt"]]);
});

t.test(
  "the serving certificate is renewed at two thirds of its life, by one replica, under the same CA",
  async (t) => {
    const { cluster, clock, replica } = scene(t);
    const [a, b] = await Promise.all([replica(), replica()]);
    const before = { ...cluster.secretData };
    const changes: string[] = [];
    a.subscribe((certificate) => changes.push(certificate.certificate));
    clock.now = START + (14 * DAY * 2) / 3;
    await Promise.all([a.check(), b.check()]);
    t.equal(cluster.secretData?.["ca.crt"], before["ca.crt"]);
    t.not(cluster.secretData?.["tls.crt"], before["tls.crt"]);
    t.equal(a.current.certificate, cluster.secretData?.["tls.crt"]);
    t.equal(b.current.certificate, cluster.secretData?.["tls.crt"]);
    t.strictSame(changes, [cluster.secretData?.["tls.crt"]], "the server is told once");
    t.equal(cluster.webhookWrites, 1, "the webhook configuration needs no change");
  },
);

t.test("a CA is replaced without a moment in which callers would refuse any replica", async (t) => {
  const { cluster, clock, replica } = scene(t);
  const [leader, follower] = await Promise.all([replica(), replica()]);
  const firstCa = cluster.secretData?.["ca.crt"] ?? "";
  /** The API server works with the configuration as it was, or as it is; a replica with what it last saw. */
  let bundleBefore = cluster.bundles?.[0] ?? "";
  const isAcceptedByAll = (when: string) => {
    for (const source of [leader, follower]) {
      for (const bundle of [bundleBefore, cluster.bundles?.[0] ?? ""]) {
        // Only the signature is looked at: the handshake has the real clock, this test has its own.
        t.ok(isSignedByOneOf(source.current.certificate, bundle), when);
      }
    }
    bundleBefore = cluster.bundles?.[0] ?? "";
  };

  await passDays(clock, 243, leader, follower);
  isAcceptedByAll("before");
  t.equal(cluster.secretData?.["ca.crt"], firstCa);

  const rotation = START + 244 * DAY;
  clock.now = rotation;
  await leader.check();
  isAcceptedByAll("the leader has made a new CA; the follower knows nothing of it");
  const secondCa = cluster.secretData?.["ca.crt"] ?? "";
  t.not(secondCa, firstCa);
  t.equal(cluster.secretData?.["previous-ca.crt"], firstCa);
  t.equal(cluster.bundles?.[0], secondCa + firstCa, "both together");
  t.ok(isSignedByOneOf(leader.current.certificate, firstCa), "nothing of the new CA is presented yet");

  await follower.check();
  clock.now = rotation + HOUR / 2;
  await leader.check();
  t.ok(isSignedByOneOf(leader.current.certificate, firstCa), "callers are given an hour to take it up");

  clock.now = rotation + HOUR;
  await leader.check();
  isAcceptedByAll("the leader presents the new CA's certificate, the follower the old one's");
  t.ok(isSignedByOneOf(leader.current.certificate, secondCa));
  t.equal(certificatesIn(cluster.bundles?.[1]), 2, "the old CA stays: the follower needs it");
  await follower.check();

  clock.now = rotation + 13 * DAY;
  await leader.check();
  t.equal(certificatesIn(cluster.bundles?.[0]), 2, "as long as anything it signed could be valid");
  clock.now = rotation + 15 * DAY;
  await follower.check();
  t.strictSame(cluster.bundles, [secondCa, secondCa], "then it goes");
  t.notOk("previous-ca.crt" in (cluster.secretData ?? {}));
  await leader.check();
  isAcceptedByAll("after");
});

t.test("a new CA is not used while the webhook configuration does not have it", async (t) => {
  const { cluster, clock, problems, replica } = scene(t);
  const source = await replica();
  const firstCa = cluster.secretData?.["ca.crt"] ?? "";
  await passDays(clock, 243, source);
  cluster.webhookFailure = "403: forbidden";
  await passDays(clock, 244, source);
  t.not(cluster.secretData?.["ca.crt"], firstCa);
  clock.now += 2 * HOUR;
  await source.check();
  t.ok(isSignedByOneOf(source.current.certificate, firstCa));
  t.match(problems.at(-1), /ValidatingWebhookConfiguration name cannot be read \(403: forbidden\)/);

  cluster.webhookFailure = undefined;
  await source.check();
  t.equal(certificatesIn(cluster.bundles?.[0]), 2);
  await source.check();
  t.notOk(isSignedByOneOf(source.current.certificate, firstCa), "used once it has been seen there");
  t.equal(problems.at(-1), undefined, "the end of the problem is told");
});

t.test("however long nothing can be stored, certificates are those of the trusted CA", async (t) => {
  for (const [why, breakIt] of [
    ["the Secret is gone", (cluster: FakeCluster) => cluster.editSecret(undefined)],
    [
      "the Secret cannot be written",
      (cluster: FakeCluster) => {
        cluster.beforeSecretWrite = async () => {
          throw new Error("403: forbidden");
        };
      },
    ],
  ] as const) {
    const { cluster, clock, replica } = scene(t);
    const source = await replica();
    const ca = cluster.secretData?.["ca.crt"] ?? "";
    breakIt(cluster);
    for (const days of [100, 244, 364]) {
      await passDays(clock, days, source);
      t.ok(source.current.notAfter > clock.now, `${why}: good after ${days} days`);
      t.ok(isSignedByOneOf(source.current.certificate, ca), `${why}: by that CA`);
    }
    await passDays(clock, 366, source);
    t.match(source.status(clock.now), { usable: false, problem: /expired at .*Secret ns\/name / }, why);
    t.strictSame(cluster.bundles, [ca, ca], `${why}: no CA that only one replica has is given to callers`);
  }
});

t.test("while a new CA is being made known, nothing of it is served from memory either", async (t) => {
  const { cluster, clock, replica } = scene(t);
  const source = await replica();
  const firstCa = cluster.secretData?.["ca.crt"] ?? "";
  await passDays(clock, 243, source);
  cluster.webhookFailure = "no answer";
  await passDays(clock, 244, source);
  cluster.editSecret(undefined);
  const before = source.current;
  clock.now = before.notAfter - HOUR;
  await source.check();
  t.equal(source.current, before, "near its end, but callers know no other CA");
  t.ok(isSignedByOneOf(before.certificate, firstCa));
});

t.test(
  "a deleted Secret: what is in memory is served, renewed, and stored again when there is one",
  async (t) => {
    const { cluster, clock, problems, replica } = scene(t);
    const [a, b] = await Promise.all([replica(), replica()]);
    const before = { ...cluster.secretData };
    cluster.editSecret(undefined);
    await Promise.all([a.check(), b.check()]);
    t.equal(a.current.certificate, before["tls.crt"]);
    t.match(a.status(clock.now), {
      usable: true,
      problem:
        /^Secret ns\/name does not exist; apply the manifests, .*; still serving the previous certificate$/,
    });
    const told = problems.length;
    await a.check();
    t.equal(problems.length, told, "said once");

    clock.now = START + 13 * DAY;
    await a.check();
    t.not(a.current.certificate, before["tls.crt"], "renewed in memory before it ends");
    t.ok(isSignedByOneOf(a.current.certificate, before["ca.crt"] ?? ""), "by the CA that callers trust");

    cluster.editSecret({});
    await a.check();
    await b.check();
    t.equal(cluster.secretData?.["ca.crt"], before["ca.crt"], "the CA is as before");
    t.equal(cluster.secretData?.["ca.key"], before["ca.key"]);
    t.equal(b.current.certificate, a.current.certificate, "and all agree again");
    t.strictSame(a.status(clock.now), good);
    t.equal(cluster.webhookWrites, 1, "callers noticed nothing");
  },
);

t.test("a damaged Secret is fixed, from memory where something is lost", async (t) => {
  const other = await issueCa({ name: "other", days: 365, now: START });
  const foreign = await issueServing({ ca: other, hosts: [HOST], days: 14, now: START });
  for (const [why, damage, keepsCa, keepsServing] of [
    ["no CA key", { "ca.key": "" }, true, true],
    ["a CA that is none", { "ca.crt": "nonsense" }, true, true],
    ["another CA's key", { "ca.key": other.key }, true, true],
    ["no serving key", { "tls.key": "" }, true, true],
    ["another key", { "tls.key": foreign.key }, true, true],
    ["another CA's certificate", { "tls.crt": foreign.certificate, "tls.key": foreign.key }, true, true],
    ["garbage everywhere", { "ca.crt": "x", "ca.key": "x", "tls.crt": "x", "tls.key": "\uFFFD" }, true, true],
    ["a previous CA that is none", { "previous-ca.crt": "nonsense" }, true, true],
    ["another CA altogether", { "ca.crt": other.certificate, "ca.key": other.key }, false, false],
  ] as const) {
    await t.test(why, async (t) => {
      const { cluster, clock, replica } = scene(t);
      const source = await replica();
      const before = { ...cluster.secretData };
      cluster.editSecret({ ...before, ...damage });
      await source.check();
      t.equal(cluster.secretData?.["ca.crt"] === before["ca.crt"], keepsCa, "the CA");
      t.equal(cluster.secretData?.["tls.crt"] === before["tls.crt"], keepsServing, "the certificate");
      t.notOk("previous-ca.crt" in (cluster.secretData ?? {}));
      t.equal(await handshake(served(source), cluster.bundles?.[0] ?? "", HOST), "ok");
      t.strictSame(source.status(clock.now), good);
    });
  }
});

t.test("a replica that starts on a damaged Secret keeps what can be kept", async (t) => {
  for (const [why, damage, keepsServing] of [
    [
      "the CA's key is lost: what it signed is served on, and the CA trusted beside a new one",
      { "ca.key": "" },
      true,
    ],
    ["the CA is lost: nothing can be verified any more", { "ca.crt": "", "ca.key": "" }, false],
    ["the serving key is lost", { "tls.key": "" }, false],
  ] as const) {
    await t.test(why, async (t) => {
      const { cluster, clock, replica } = scene(t);
      await (await replica()).close();
      const before = { ...cluster.secretData };
      cluster.editSecret({ ...before, ...damage });
      const source = await replica();
      t.equal(source.current.certificate === before["tls.crt"], keepsServing);
      t.equal(await handshake(served(source), cluster.bundles?.[0] ?? "", HOST), "ok");
      clock.now += 2 * HOUR;
      await source.check();
      t.ok(
        isSignedByOneOf(source.current.certificate, cluster.secretData?.["ca.crt"] ?? ""),
        "by the new CA in the end",
      );
      t.strictSame(source.status(clock.now), good);
    });
  }
});

t.test(
  "without a usable Secret at the start, a makeshift certificate answers probes and is said to be of no use",
  async (t) => {
    for (const [why, breakIt, mend, message] of [
      [
        "no Secret",
        (c: FakeCluster) => c.editSecret(undefined),
        (c: FakeCluster) => c.editSecret({}),
        /Secret ns\/name does not exist/,
      ],
      [
        "no right to read it",
        (c: FakeCluster) => {
          c.secretFailure = "403: forbidden";
        },
        (c: FakeCluster) => {
          c.secretFailure = undefined;
        },
        /Secret ns\/name cannot be read \(403: forbidden\)/,
      ],
    ] as const) {
      const { cluster, clock, replica } = scene(t);
      breakIt(cluster);
      const source = await replica();
      t.match(source.status(clock.now), { usable: false, problem: message }, why);
      t.match(source.status(clock.now).problem, /callers cannot verify the makeshift certificate/);
      t.strictSame(cluster.bundles, ["", ""], "nobody is told to trust it");
      mend(cluster);
      await source.check();
      t.strictSame(source.status(clock.now), good, `${why}: over`);
      t.equal(await handshake(served(source), cluster.bundles?.[0] ?? "", HOST), "ok");
    }
  },
);

t.test("an API server that fails in between changes nothing and is told once", async (t) => {
  const { cluster, clock, problems, replica } = scene(t);
  const source = await replica();
  const before = source.current.certificate;
  cluster.secretFailure = "no answer";
  await source.check();
  await source.check();
  t.equal(source.current.certificate, before);
  t.match(source.status(clock.now), { usable: true, problem: /cannot be read \(no answer\)/ });
  cluster.secretFailure = undefined;
  await source.check();
  t.strictSame(source.status(clock.now), good);
  t.match(problems, [/cannot be read/, undefined]);
  t.equal(problems.length, 2);
});

t.test("the webhook configuration is put right whenever it is not", async (t) => {
  const { cluster, clock, problems, replica } = scene(t);
  const source = await replica();
  const ca = cluster.secretData?.["ca.crt"] ?? "";
  for (const [why, bundles] of [
    ["an entry was added", [ca, "", ca]],
    ["somebody wrote another CA", ["nonsense", ca]],
    ["it was applied afresh", ["", ""]],
  ] as const) {
    cluster.editBundles(bundles);
    await source.check();
    t.strictSame(
      cluster.bundles,
      bundles.map(() => ca),
      why,
    );
  }
  cluster.editBundles(undefined);
  await source.check();
  t.match(problems.at(-1), /ValidatingWebhookConfiguration name does not exist; apply the manifests/);
  t.equal(source.status(clock.now).usable, true, "the certificate is as good as before");
});

t.test("a replica that knows an older Secret does not write an older CA over a newer one", async (t) => {
  const { cluster, clock, replica } = scene(t);
  const [slow, quick] = await Promise.all([replica(), replica()]);
  clock.now = START + 244 * DAY;
  // While the slow one is about to write, the quick one gets everything done.
  cluster.beforeSecretWrite = async () => {
    cluster.beforeSecretWrite = undefined;
    await quick.check();
  };
  await slow.check();
  t.ok(cluster.conflicts > 0);
  t.equal(
    cluster.bundles?.[0],
    `${cluster.secretData?.["ca.crt"]}${cluster.secretData?.["previous-ca.crt"]}`,
  );
  t.equal(slow.current.certificate, quick.current.certificate);
});

t.test("a Secret that never stays the same ends in a problem, not in a loop", async (t) => {
  const { cluster, problems, replica } = scene(t);
  cluster.beforeSecretWrite = async () => cluster.editSecret({});
  const source = await replica();
  t.match(problems, [/changes each time it is about to be written/]);
  cluster.beforeSecretWrite = undefined;
  await source.check();
  t.equal(problems.at(-1), undefined);
});

t.test("with time going by, it looks by itself, and no more once it is closed", async (t) => {
  const { cluster, clock } = scene(t);
  cluster.secretFailure = "no answer";
  const solved = Promise.withResolvers<void>();
  const source = await selfManagedSource({
    secret: cluster.secret,
    webhooks: cluster.webhooks,
    serviceName: "attachguard",
    namespace: "attachguard-system",
    servingDays: 14,
    now: () => clock.now,
    onProblem: (problem) => (problem === undefined ? solved.resolve() : undefined),
    every: 5,
  });
  t.equal(source.status(clock.now).usable, false);
  // The source's own timer holds no process open.
  const hold = setInterval(() => undefined, 1000);
  cluster.secretFailure = undefined;
  await solved.promise;
  clearInterval(hold);
  t.equal(source.status(clock.now).usable, true);
  await source.close();
  cluster.editSecret({});
  await source.check();
  t.strictSame(cluster.secretData, {}, "closed");
});

/** Lets the time come to that many days after the start, with a look every day. */
async function passDays(
  clock: { now: number },
  days: number,
  ...replicas: readonly SelfManagedSource[]
): Promise<void> {
  while (clock.now < START + days * DAY) {
    clock.now += DAY;
    for (const source of replicas) await source.check();
  }
}

/** True where one of the certificates of a bundle has signed this one. */
function isSignedByOneOf(certificate: string, bundle: string): boolean {
  const leaf = new X509Certificate(certificate);
  const authorities = bundle.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return authorities.some((pem) => leaf.verify(new X509Certificate(pem).publicKey));
}
