/** A change that once survived every test. */
export interface NamedMutant {
  /** Below src. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const NAMED: readonly NamedMutant[] = [
  {
    file: "policy/ratchet.ts",
    from: 'broken.moment === "rollout" && !broken.latent && rolloutUnfinished',
    to: 'broken.moment === "rollout" && rolloutUnfinished',
  },
  {
    file: "policy/evaluate.ts",
    from: "hasPods(change.previous) && hasBothAtOnce(now)",
    to: "hasBothAtOnce(now)",
  },
  { file: "admission/mode.ts", from: 'controller && mode !== "off"', to: "controller" },
  { file: "admission/answer-text.ts", from: "\\u2028-\\u202e\\u2066-\\u2069", to: "\\u2028\\u2029" },
  { file: "admission/answer-text.ts", from: "\\u061c\\u200e\\u200f", to: "" },
  {
    file: "cluster/live/resource-version.ts",
    from: "a.length === b.length ? a < b : a.length < b.length",
    to: "a < b",
  },
  {
    file: "cluster/live/transport.ts",
    from: "if (thrown instanceof StaleConnection) return await this.#attempt(wanted, signal);",
    to: "",
  },
];
