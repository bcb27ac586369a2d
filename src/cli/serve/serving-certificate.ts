import { existsSync } from "node:fs";
import type { Logger } from "pino";
import type { Config, SelfManagedTls } from "../../config/model.ts";
import { watchFiles } from "../../config/watch-files.ts";
import { AttachguardError } from "../../errors.ts";
import type { CertificateSource } from "../../tls/certificate-source.ts";
import { fileSource } from "../../tls/file-source.ts";
import { parseCertificate } from "../../tls/pair.ts";
import type { ClusterAccess } from "../live.ts";
import type { Terminal } from "../terminal.ts";

export interface CertificateOptions extends ClusterAccess {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** Where `attachguard certs` puts them. */
const MADE = { certFile: "certs/tls.crt", keyFile: "certs/tls.key" } as const;

/**
 * The certificate that a server presents: what the command line names, else what the configuration names, else what
 * `attachguard certs` has created in this folder.
 *
 * @throws AttachguardError AG_ERR_USAGE, AG_ERR_TLS or AG_ERR_CONFIG where there is none.
 */
export async function servingCertificate(
  options: CertificateOptions,
  config: Config,
  terminal: Terminal,
  log: Logger,
): Promise<CertificateSource> {
  const { tlsCert, tlsKey } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new AttachguardError("AG_ERR_USAGE", "--tls-cert and --tls-key go together: give both or none");
  }
  const namespace = terminal.env.POD_NAMESPACE;
  if (tlsCert !== undefined && tlsKey !== undefined) {
    return fromFiles({ certFile: tlsCert, keyFile: tlsKey }, namespace, log);
  }
  if (config.tls.selfManaged !== null) return selfManaged(config.tls.selfManaged, options, terminal, log);
  if (config.tls.files !== null) return fromFiles(config.tls.files, namespace, log);
  if (existsSync(MADE.certFile)) return fromFiles(MADE, namespace, log);
  throw new AttachguardError(
    "AG_ERR_TLS",
    `there is no serving certificate at ${MADE.certFile}: create one for development with \`attachguard certs\`, or name one with --tls-cert and --tls-key`,
  );
}

interface Files {
  readonly certFile: string;
  readonly keyFile: string;
}

/** @param namespace where this server runs in a cluster; undefined outside one. */
async function fromFiles(
  files: Files,
  namespace: string | undefined,
  log: Logger,
): Promise<CertificateSource> {
  const source = await fileSource({ ...files, watch: watchFiles, onProblem: logTo(log) });
  if (namespace && !namesServiceIn(namespace, source.current.certificate)) {
    // Its calls would fail, and by default fail open silently. Logged as an error, but not fatal: a proxy may be in
    // between.
    log.error(
      { code: "AG_ERR_TLS", file: files.certFile, namespace },
      `the certificate names no Service in namespace ${namespace}, so the API server will not accept it; issue it for SERVICE.${namespace}.svc`,
    );
  }
  return source;
}

/** True where a certificate is good for some `SERVICE.NAMESPACE.svc`, the name that the API server asks for. */
function namesServiceIn(namespace: string, pem: string): boolean {
  const names = parseCertificate(pem).subjectAltName?.split(", ") ?? [];
  return names.some(
    (name) => name.startsWith("DNS:") && name.split(".").slice(1).join(".") === `${namespace}.svc`,
  );
}

async function selfManaged(
  settings: SelfManagedTls,
  { kubeconfig, context }: ClusterAccess,
  { env }: Terminal,
  log: Logger,
): Promise<CertificateSource> {
  const [{ loadKubeConfig }, { kubernetesStores }, { selfManagedSource }] = await Promise.all([
    import("../../cluster/live/kube-config.ts"),
    import("../../tls/kubernetes-store.ts"),
    import("../../tls/self-managed-source.ts"),
  ]);
  const stores = await kubernetesStores(await loadKubeConfig({ kubeconfig, context, env }), settings);
  return selfManagedSource({
    ...stores,
    serviceName: settings.serviceName,
    namespace: settings.namespace,
    servingDays: settings.servingDays,
    now: Date.now,
    onProblem: logTo(log),
  });
}

/** An error only where nobody can verify what is presented: an unreachable API server alone does no harm. */
export function logTo(log: Pick<Logger, "info" | "warn" | "error">) {
  return (problem: AttachguardError | undefined, usable: boolean): void => {
    const fields = problem && { code: problem.code, error: problem.message };
    if (fields === undefined) log.info("certificate is usable again");
    else if (usable) log.warn(fields, "certificate cannot be renewed now; serving the previous one");
    else log.error(fields, "certificate not usable");
  };
}
