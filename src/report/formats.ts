import type { RenderOptions, Report } from "./report.ts";

export const FORMATS = ["text", "json"] as const;
export type Format = (typeof FORMATS)[number];

export interface Renderer {
  /** True where the report holds the input's errors and notes too, so that they need not stand beside it. */
  readonly holdsProblems: boolean;
  render(report: Report, options: RenderOptions): string;
}

/** One module a format, loaded when it is asked for. A name above without a renderer here does not compile. */
const RENDERERS: Readonly<Record<Format, () => Promise<Renderer>>> = {
  text: async () => ({ holdsProblems: false, render: (await import("./text.ts")).renderText }),
  json: async () => ({ holdsProblems: true, render: (await import("./json.ts")).renderJson }),
};

export function rendererOf(format: Format): Promise<Renderer> {
  return RENDERERS[format]();
}
