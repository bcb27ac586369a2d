import { harmless } from "./harmless.ts";
import type { RenderOptions, Report } from "./report.ts";

export const FORMATS = ["text", "json", "sarif", "github", "gitlab", "junit", "markdown", "html"] as const;
export type Format = (typeof FORMATS)[number];

export interface Renderer {
  /** True where the report holds the input's errors and notes too, so that they need not stand beside it. */
  readonly holdsProblems: boolean;
  /** True where some of its lines are meant to be commands to a CI system. */
  readonly holdsCommands: boolean;
  render(report: Report, options: RenderOptions): string;
}

type Render = Renderer["render"];

const plain = (render: Render): Renderer => ({ holdsProblems: false, holdsCommands: false, render });

/** One module per format, loaded when it is needed. A name above without a renderer here does not compile. */
const RENDERERS: Readonly<Record<Format, () => Promise<Renderer>>> = {
  text: async () => {
    const { renderText } = await import("./formats/text.ts");
    return plain((report, options) => harmless(renderText(report, options)));
  },
  json: async () => ({ ...plain((await import("./formats/json.ts")).renderJson), holdsProblems: true }),
  sarif: async () => plain((await import("./formats/sarif.ts")).renderSarif),
  github: async () => ({ ...plain((await import("./formats/github.ts")).renderGithub), holdsCommands: true }),
  gitlab: async () => plain((await import("./formats/gitlab.ts")).renderGitlab),
  junit: async () => plain((await import("./formats/junit.ts")).renderJunit),
  markdown: async () => plain((await import("./formats/markdown.ts")).renderMarkdown),
  html: async () => ({ ...plain((await import("./formats/html.ts")).renderHtml), holdsProblems: true }),
};

export function rendererOf(format: Format): Promise<Renderer> {
  return RENDERERS[format]();
}
