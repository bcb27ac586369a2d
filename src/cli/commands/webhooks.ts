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
    "delete this installation's webhook configuration, so that the webhook is no longer called",
  )
    .argument("[NAME]", "the ValidatingWebhookConfiguration", "attachguard")
    .option(
      "-n, --namespace <NS>",
      "the namespace of its servers (default: this pod's, else attachguard-system)",
    )
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (name: string, options) => {
      const { webhooksRemove } = await import("../webhooks.ts");
      done(await webhooksRemove(name, options, terminal));
    });
  return webhooks;
}
