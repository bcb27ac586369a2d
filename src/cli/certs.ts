import { makeDevelopmentCertificates } from "../tls/development.ts";
import { print, type Terminal } from "./terminal.ts";

export interface CertsOptions {
  readonly dir: string;
  readonly host?: readonly string[];
  readonly force?: true;
}

/**
 * Makes development certificates, or keeps those that are still good, and says where they are.
 *
 * @throws AttachguardError AG_ERR_TLS or AG_ERR_USAGE, as `makeDevelopmentCertificates`.
 */
export async function certs(options: CertsOptions, terminal: Terminal): Promise<number> {
  const made = await makeDevelopmentCertificates({
    folder: options.dir,
    hosts: options.host ?? [],
    force: options.force ?? false,
    now: Date.now(),
  });
  const row = (what: string, file: string, state: string, expires: number) =>
    `${what.padEnd(20)} ${file.padEnd(24)} ${state}, until ${new Date(expires).toISOString().slice(0, 10)}\n`;
  await print(
    terminal.stdout,
    row("CA", made.caFile, made.ca, made.caExpires) +
      row("serving certificate", made.certFile, made.serving, made.servingExpires) +
      `for ${made.hosts.join(", ")}\n` +
      "For development only: whoever can read the keys can pose as the server.\n",
  );
  return 0;
}
