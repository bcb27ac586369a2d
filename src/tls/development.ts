import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AttachguardError, messageOf } from "../errors.ts";
import { DAY, issueCa, issueServing } from "./issue.ts";
import { type CertificateAndKey, isLiveCa, isLiveServing, parseCertificate } from "./pair.ts";

/** The names that a development server is called by: on this machine, and in a cluster as the manifests set it up. */
export const DEVELOPMENT_HOSTS: readonly string[] = [
  "localhost",
  "127.0.0.1",
  "::1",
  "attachguard.attachguard-system.svc",
  "attachguard.attachguard-system.svc.cluster.local",
];

const CA_DAYS = 365;
const SERVING_DAYS = 90;

export interface DevelopmentRequest {
  /** Created if it does not exist. */
  readonly folder: string;
  /** DNS names and IP addresses in addition to the built-in ones. */
  readonly hosts: readonly string[];
  /** Makes both again; clients that trust the old CA have to be given the new one. */
  readonly force: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface DevelopmentCertificates {
  readonly caFile: string;
  readonly caKeyFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly hosts: readonly string[];
  /** `kept`: the existing one is still good. */
  readonly ca: "made" | "kept";
  readonly serving: "made" | "kept";
  /** Milliseconds since the epoch. */
  readonly caExpires: number;
  readonly servingExpires: number;
}

/**
 * Makes a development CA and a serving certificate in a folder: `ca.crt`, `ca.key`, `tls.crt`, `tls.key` (keys
 * readable by their owner only). A CA that is still good is kept, and so is a serving certificate of it that
 * covers the hosts and is not near its end, so that running it twice changes nothing.
 *
 * @throws AttachguardError AG_ERR_TLS where something in the folder would be lost that this cannot have made or
 * that has lost its key (unless `force`), or where the folder cannot be written; AG_ERR_USAGE for a bad host.
 */
export async function makeDevelopmentCertificates(
  request: DevelopmentRequest,
): Promise<DevelopmentCertificates> {
  const { folder, now } = request;
  const files = {
    caFile: join(folder, "ca.crt"),
    caKeyFile: join(folder, "ca.key"),
    certFile: join(folder, "tls.crt"),
    keyFile: join(folder, "tls.key"),
  };
  const hosts = [...new Set([...DEVELOPMENT_HOSTS, ...request.hosts])];
  const existing = request.force ? undefined : await existingCa(files, now);
  const ca = existing ?? (await issueCa({ name: "attachguard development CA", days: CA_DAYS, now }));
  const kept = existing === undefined ? undefined : await existingServing(files, existing, hosts, now);
  const serving = kept ?? (await issueServing({ ca, hosts, days: SERVING_DAYS, now }));
  if (kept === undefined) {
    await write(folder, [
      ...(existing === undefined
        ? ([
            ["ca.key", ca.key, 0o600],
            ["ca.crt", ca.certificate, 0o644],
          ] as const)
        : []),
      ["tls.key", serving.key, 0o600],
      ["tls.crt", serving.certificate, 0o644],
    ]);
  }
  return {
    ...files,
    hosts,
    ca: existing === undefined ? "made" : "kept",
    serving: kept === undefined ? "made" : "kept",
    caExpires: parseCertificate(ca.certificate).validToDate.getTime(),
    servingExpires: parseCertificate(serving.certificate).validToDate.getTime(),
  };
}

type Files = Pick<DevelopmentCertificates, "caFile" | "caKeyFile" | "certFile" | "keyFile">;

/** The CA in the folder; undefined where there is none, or one that has expired. */
async function existingCa(files: Files, now: number): Promise<CertificateAndKey | undefined> {
  const certificate = await readIfThere(files.caFile);
  const key = await readIfThere(files.caKeyFile);
  if (certificate === undefined && key === undefined) {
    if (
      (await readIfThere(files.certFile)) === undefined &&
      (await readIfThere(files.keyFile)) === undefined
    ) {
      return undefined;
    }
    throw refusal(
      `${files.certFile} or its key is there, but not the CA that signed it`,
      "would be overwritten",
    );
  }
  if (certificate === undefined)
    throw refusal(`${files.caKeyFile} is there without ${files.caFile}`, "would be lost");
  if (key === undefined)
    throw refusal(`${files.caFile} is there without ${files.caKeyFile}`, "would be replaced");
  if (isLiveCa({ certificate, key }, now)) return { certificate, key };
  if (isExpired(certificate, files.caFile, now)) return undefined;
  throw refusal(`${files.caFile} and ${files.caKeyFile} are not a CA and its key`, "would be overwritten");
}

function isExpired(pem: string, file: string, now: number): boolean {
  try {
    return parseCertificate(pem).validToDate.getTime() <= now;
  } catch {
    throw refusal(`${file} is not a PEM certificate`, "would be overwritten");
  }
}

function refusal(what: string, loss: string): AttachguardError {
  return new AttachguardError(
    "AG_ERR_TLS",
    `${what}; it ${loss}. Choose another folder, or regenerate everything with --force (whatever trusts the old CA then needs the new one)`,
  );
}

/** The serving certificate in the folder where it is good for another third of its life; undefined otherwise. */
async function existingServing(
  files: Files,
  ca: CertificateAndKey,
  hosts: readonly string[],
  now: number,
): Promise<CertificateAndKey | undefined> {
  const certificate = await readIfThere(files.certFile);
  const key = await readIfThere(files.keyFile);
  if (certificate === undefined || key === undefined) return undefined;
  const isGood = isLiveServing({ certificate, key }, ca.certificate, hosts, now + (SERVING_DAYS / 3) * DAY);
  return isGood ? { certificate, key } : undefined;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new AttachguardError("AG_ERR_TLS", `${path}: cannot be read (${messageOf(cause)})`, { cause });
  }
}

/** Every file is complete under another name before the first is put in place. */
async function write(
  folder: string,
  files: readonly (readonly [name: string, text: string, mode: number])[],
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text, mode] of files) {
      const path = join(folder, `.${name}.new`);
      await writeFile(path, text, { mode });
      // A file left over from before keeps its mode when it is written.
      await chmod(path, mode);
    }
    for (const [name] of files) await rename(join(folder, `.${name}.new`), join(folder, name));
  } catch (cause) {
    throw new AttachguardError(
      "AG_ERR_TLS",
      `${folder}: certificates cannot be written there (${messageOf(cause)})`,
      {
        cause,
      },
    );
  }
}
