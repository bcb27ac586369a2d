import type { RenderOptions } from "../../../src/report/report.ts";

/** How a machine format is rendered where nothing else was asked for. */
export const PLAIN: RenderOptions = {
  colour: false,
  width: 80,
  failOn: "error",
  includeExempted: false,
  detail: "full",
  all: false,
};
