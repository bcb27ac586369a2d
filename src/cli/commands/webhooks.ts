import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { contextOption, kubeconfigOption } from "./options.ts";
import { type Done, subcommand } from "./subcommand.ts";

export function addWebhooks(program: Command, terminal: Terminal, done: Done): Command {
  const webhooks = subcommand(program, "webhooks", "the webhook configuration, for uninstalling").helpCommand(
    false,
  );
  subcommand(
    webhooks,
    "remove",
    "delete this installation's webhook configuration, so that nothing is called",
  )
    .argument("[NAME]", "the ValidatingWebhookConfiguration", "attachguard")
    .option("-n, --namespace <NS>", "where its servers are (default: this pod's, else attachguard-system)")
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (name: string, options) => {
      const { webhooksRemove } = await import("../webhooks.ts");
      done(await webhooksRemove(name, options, terminal));
    });
  return webhooks;
}
