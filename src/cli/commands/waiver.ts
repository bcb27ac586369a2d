import { type Command, Option } from "commander";
import type { Terminal } from "../terminal.ts";
import { type Done, subcommand } from "./subcommand.ts";

export function addWaiver(program: Command, terminal: Terminal, done: Done): Command {
  const waiver = subcommand(program, "waiver", "signed exemptions: create keys, sign, verify").helpCommand(
    false,
  );
  subcommand(
    waiver,
    "keygen",
    "create a key pair; prints the public key in the form that the configuration takes",
  )
    .requiredOption("--id <ID>", "name of the key, e.g. storage-team-2026")
    .requiredOption("--issuer <NAME>", "who signs with it, e.g. storage-team@example.com")
    .addOption(new Option("--algorithm <NAME>", "kind of key").choices(["EdDSA", "ES256"]).default("EdDSA"))
    .requiredOption("--key <FILE>", "where to write the private key; an existing file is kept")
    .action(async (options) => {
      const { waiverKeygen } = await import("../waiver.ts");
      done(await waiverKeygen(options, terminal));
    });
  subcommand(waiver, "sign", "sign a waiver; prints the value of the annotation attachguard.dev/waiver")
    .argument("<KIND/NAME>", "the object it is for, e.g. deployment/web")
    .requiredOption("-n, --namespace <NS>", "its namespace")
    .requiredOption("--rule <RULE...>", "the rules that it exempts from, or '*'")
    .requiredOption("--reason <TEXT>", "why; shown whenever the waiver is used")
    .requiredOption(
      "--until <TIME>",
      "when it expires: a date (2027-01-31), a time (RFC 3339) or days from now (30d)",
    )
    .requiredOption("--issuer <NAME>", "the key's issuer in the configuration")
    .requiredOption("--key <FILE>", "the private key, PEM or JWK")
    .option("--key-id <ID>", "the key's id, if the file does not contain it (PEM)")
    .action(async (object: string, options) => {
      const { waiverSign } = await import("../waiver.ts");
      done(await waiverSign(object, options, terminal));
    });
  subcommand(waiver, "verify", "verify a waiver; exits with 1 if it is refused")
    .argument("<KIND/NAME>", "the object that carries it, e.g. deployment/web")
    .argument("[WAIVER]", "the annotation's value, or - for standard input", "-")
    .requiredOption("-n, --namespace <NS>", "the object's namespace")
    .requiredOption("--config <FILE>", "configuration file with the keys (waivers.keys)")
    .action(async (object: string, jws: string, options) => {
      const { waiverVerify } = await import("../waiver.ts");
      done(await waiverVerify(object, jws, options, terminal));
    });
  return waiver;
}
