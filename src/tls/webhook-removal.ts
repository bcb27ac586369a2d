import type { KubeConfig } from "@kubernetes/client-node";
import { AttachguardError } from "../errors.ts";
import { CALL_MILLISECONDS, callOptions, described, statusOf, unlessAbsent } from "./api-call.ts";

/** Which webhook configuration, and the namespace of the servers that it has to lead to. */
export interface Removal {
  readonly name: string;
  readonly namespace: string;
}

/**
 * Deletes a ValidatingWebhookConfiguration, so that the API server no longer calls, but only one whose every entry
 * leads to a Service in the namespace given: another installation's is left alone.
 *
 * @returns `absent` where there was none.
 * @throws AttachguardError AG_ERR_USAGE where it leads elsewhere, AG_ERR_API_SERVER where the API server refuses, does
 * not answer, or the object has been replaced since it was looked at.
 */
export async function removeWebhookConfiguration(
  kubeConfig: KubeConfig,
  { name, namespace }: Removal,
  callMilliseconds = CALL_MILLISECONDS,
): Promise<"removed" | "absent"> {
  const { AdmissionregistrationV1Api } = await import("@kubernetes/client-node");
  const api = kubeConfig.makeApiClient(AdmissionregistrationV1Api);
  const options = await callOptions(callMilliseconds);
  const found = await unlessAbsent(() => api.readValidatingWebhookConfiguration({ name }, options()));
  if (found === undefined) return "absent";
  for (const { name: entry, clientConfig } of found.webhooks ?? []) {
    const target = clientConfig.service?.namespace;
    if (target === namespace) continue;
    const leads = target === undefined ? "no Service" : `a Service in namespace ${target}`;
    throw new AttachguardError(
      "AG_ERR_USAGE",
      `ValidatingWebhookConfiguration ${name} is not this installation's: its entry ${entry} points to ${leads}, not in ${namespace}; name the right one, or give its namespace with --namespace`,
    );
  }
  const uid = found.metadata?.uid;
  const body = uid === undefined ? {} : { preconditions: { uid } };
  try {
    await api.deleteValidatingWebhookConfiguration({ name, body }, options());
  } catch (error) {
    if (statusOf(error) === 404) return "absent";
    throw described(error);
  }
  return "removed";
}
