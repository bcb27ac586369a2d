import { STANDARD_NAMESPACE } from "../config/defaults.ts";
import type { ClusterAccess } from "./live.ts";
import { print, type Terminal } from "./terminal.ts";

export interface WebhooksRemoveOptions extends ClusterAccess {
  readonly namespace?: string;
}

/**
 * Deletes this installation's webhook configuration, so that nothing calls a server that is about to go away.
 *
 * @param name of the ValidatingWebhookConfiguration.
 * @throws AttachguardError AG_ERR_USAGE where it leads to another installation, AG_ERR_CONFIG without a usable
 * kubeconfig, AG_ERR_API_SERVER where the API server refuses or does not answer.
 */
export async function webhooksRemove(
  name: string,
  options: WebhooksRemoveOptions,
  terminal: Terminal,
): Promise<number> {
  const { kubeconfig, context } = options;
  const [{ loadKubeConfig }, { removeWebhookConfiguration }] = await Promise.all([
    import("../cluster/live/kube-config.ts"),
    import("../tls/webhook-removal.ts"),
  ]);
  const kubeConfig = await loadKubeConfig({ kubeconfig, context, env: terminal.env });
  const namespace = options.namespace ?? (terminal.env.POD_NAMESPACE || STANDARD_NAMESPACE);
  const outcome = await removeWebhookConfiguration(kubeConfig, { name, namespace });
  await print(
    terminal.stdout,
    outcome === "removed"
      ? `ValidatingWebhookConfiguration ${name} removed: nothing is judged any more\n`
      : `ValidatingWebhookConfiguration ${name} does not exist: nothing to remove\n`,
  );
  return 0;
}
