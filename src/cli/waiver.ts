import { readFile, writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { loadConfig } from "../config/config.ts";
import { AttachguardError, messageOf } from "../errors.ts";
import { KINDS } from "../kube/kinds.ts";
import type { WaiverAlgorithm, WaiverObject } from "../waiver/claims.ts";
import { generateWaiverKeys, parseSigningKey } from "../waiver/keys.ts";
import { signWaiver } from "../waiver/sign.ts";
import { verifyWaiver } from "../waiver/waiver.ts";
import { print, type Terminal } from "./terminal.ts";

export interface KeygenOptions {
  readonly id: string;
  readonly issuer: string;
  readonly algorithm: WaiverAlgorithm;
  readonly key: string;
}

/**
 * Makes a key pair: the private half into a file that only its owner can read, the public half to standard output.
 *
 * @throws AttachguardError AG_ERR_WAIVER where the file exists already or cannot be written.
 */
export async function waiverKeygen(options: KeygenOptions, terminal: Terminal): Promise<number> {
  const pair = generateWaiverKeys(options.id, options.algorithm);
  try {
    await writeFile(options.key, `${JSON.stringify(pair.privateJwk, null, 2)}\n`, {
      flag: "wx",
      mode: 0o600,
    });
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === "EEXIST"
        ? "already exists, and a lost key cannot be recreated; name another file with --key"
        : `cannot be written (${messageOf(cause)})`;
    throw new AttachguardError("AG_ERR_WAIVER", `${options.key} ${why}`, { cause });
  }
  const entry = { id: pair.id, issuer: options.issuer, algorithm: pair.algorithm, publicKey: pair.publicJwk };
  // JSON is YAML: pasted into the configuration it needs no quoting.
  await print(terminal.stdout, `waivers:\n  keys:\n    - ${JSON.stringify(entry)}\n`);
  await print(
    terminal.stderr,
    `The private key is in ${options.key}: keep it where only those who may sign can read it. The lines above go into the configuration.\n`,
  );
  return 0;
}

export interface SignOptions {
  readonly namespace: string;
  readonly rule: readonly string[];
  readonly reason: string;
  readonly until: string;
  readonly issuer: string;
  readonly key: string;
  readonly keyId?: string;
}

/**
 * Signs a waiver and prints it.
 *
 * @throws AttachguardError AG_ERR_WAIVER or AG_ERR_USAGE where the options do not make a valid waiver.
 */
export async function waiverSign(object: string, options: SignOptions, terminal: Terminal): Promise<number> {
  const now = Date.now();
  const jws = await signWaiver(
    {
      object: objectOf(object, options.namespace),
      rules: options.rule,
      issuer: options.issuer,
      reason: options.reason,
      expires: timeOf(options.until, now),
      notBefore: undefined,
    },
    parseSigningKey(await readKey(options.key), options.keyId),
    now,
  );
  await print(terminal.stdout, `${jws}\n`);
  return 0;
}

export interface VerifyOptions {
  readonly namespace: string;
  readonly config: string;
}

/**
 * Says whether a waiver holds for an object, as the webhook would see it.
 *
 * @returns 0 where it holds, 1 where it is refused.
 * @throws AttachguardError AG_ERR_CONFIG or AG_ERR_USAGE.
 */
export async function waiverVerify(
  object: string,
  jws: string,
  options: VerifyOptions,
  terminal: Terminal,
): Promise<number> {
  const subject = objectOf(object, options.namespace);
  const { waivers } = await loadConfig(options.config);
  const waiver = await verifyWaiver(
    jws === "-" ? await text(terminal.stdin) : jws,
    subject,
    waivers.keys,
    Date.now(),
  );
  if (waiver.state === "refused") {
    await print(terminal.stdout, `refused: ${waiver.reason}\n`);
    return 1;
  }
  await print(
    terminal.stdout,
    `valid for ${waiver.rules.join(", ")} until ${waiver.until}, by ${waiver.issuer}: ${waiver.reason}\n`,
  );
  return 0;
}

function objectOf(word: string, namespace: string): WaiverObject {
  const [kind = "", name = "", ...rest] = word.split("/");
  const known = Object.entries(KINDS).find(([its, { plural }]) =>
    [its.toLowerCase(), plural].includes(kind.toLowerCase()),
  );
  if (known === undefined || name === "" || rest.length > 0) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      `'${word}' is not KIND/NAME; expected for example deployment/web or statefulset/db`,
    );
  }
  return { kind: known[0], namespace, name };
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Milliseconds since the epoch. A bare date holds to the end of that day, in UTC. */
function timeOf(word: string, now: number): number {
  const days = /^(\d{1,4})d$/.exec(word)?.[1];
  if (days !== undefined) return now + Number(days) * DAY_MS;
  const isTime = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(word);
  const time = isTime ? Date.parse(word) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      `'${word}' is not a valid time; expected a date (2027-01-31), a time with its zone (2027-01-31T12:00:00Z) or days from now (30d)`,
    );
  }
  return word.includes("T") ? time : time + DAY_MS;
}

async function readKey(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new AttachguardError(
      "AG_ERR_WAIVER",
      `${file}: the signing key cannot be read (${messageOf(cause)}); create one with \`attachguard waiver keygen\``,
      { cause },
    );
  }
}
