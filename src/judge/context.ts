import { policyOptions } from "../config/config.ts";
import type { Config } from "../config/model.ts";
import { namespaceExemption } from "../config/scope.ts";
import type { JudgementContext } from "../policy/evaluate.ts";
import { type Waiver, waiverOn } from "../policy/exemptions.ts";
import type { Labels, ObjectRef } from "../policy/model.ts";
import type { Severity } from "../policy/verdict.ts";

/** Checks the waiver on an object; `now` in milliseconds since the epoch. */
export type WaiverCheck = (jws: string, subject: ObjectRef, now: number) => Promise<Waiver>;

/** What all objects judged in one run have in common. */
export interface JudgeSettings {
  readonly config: Config;
  readonly verifyWaiver: WaiverCheck;
  /** True where nothing will be stored. */
  readonly dryRun: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The severities of which nobody reads more than a line. */
  readonly inALine?: readonly Severity[] | undefined;
}

/** An object that may carry exemptions, on itself or on its pod template. */
export interface Annotated extends ObjectRef {
  readonly annotations: Labels;
  readonly template?: { readonly annotations: Labels };
}

/** Checks waivers with the configured keys. The cryptography is loaded when the first waiver is seen. */
export function waiverCheck(config: () => Config): WaiverCheck {
  return async (jws, subject, now) => {
    const { verifyWaiver } = await import("../waiver/waiver.ts");
    return verifyWaiver(jws, subject, config().waivers.keys, now);
  };
}

/** The settings and exemptions that hold for one object: the same for a request, a file and an audit. */
export async function contextOf(
  { config, verifyWaiver, dryRun, now, inALine }: JudgeSettings,
  subject: Annotated,
): Promise<JudgementContext> {
  const { apiVersion, kind, name } = subject;
  // An object without a namespace is applied to this one.
  const namespace = subject.namespace || "default";
  const jws = waiverOn(subject);
  return {
    options: policyOptions(config),
    dryRun,
    waiver: jws === undefined ? null : await verifyWaiver(jws, { apiVersion, kind, namespace, name }, now),
    namespace: namespaceExemption(config, namespace),
    inALine,
  };
}
