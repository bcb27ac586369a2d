import { type Command, InvalidArgumentError, Option } from "commander";
import type { Terminal } from "../terminal.ts";
import { configOption, contextOption, kubeconfigOption } from "./options.ts";
import { type Done, subcommand } from "./subcommand.ts";

export function addServe(program: Command, terminal: Terminal, done: Done): Command {
  return subcommand(program, "serve", "run the admission webhook")
    .addOption(configOption())
    .option("--cluster <SOURCE...>", "`live`, or YAML files and folders used as the cluster (default: live)")
    .option("--host <HOST>", "address to listen on (default: all)")
    .addOption(portOption("--port <PORT>", "port of /validate, /healthz and /readyz (TLS)", 8443))
    .addOption(portOption("--metrics-port <PORT>", "port of /metrics (plain HTTP)", 8080))
    .option("--tls-cert <FILE>", "serving certificate (PEM; default: certs/tls.crt)")
    .option("--tls-key <FILE>", "its private key (PEM; default: certs/tls.key)")
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (options) => {
      const { logNodeWarnings, serveLog } = await import("../serve/log.ts");
      const log = serveLog();
      // Before the rest is loaded, because loading may warn.
      logNodeWarnings(log);
      const { serve } = await import("../serve/serve.ts");
      done(await serve(options, terminal, log));
    });
}

function portOption(flags: string, description: string, port: number): Option {
  return new Option(flags, description).default(port).argParser((text: string) => {
    if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
      throw new InvalidArgumentError("Give a number from 0 (any free port) to 65535.");
    }
    return Number(text);
  });
}
