import type { Overlap } from "../../policy/factors.ts";
import type { ReportedFinding } from "../report.ts";
import { html, type Markup, NOTHING } from "./markup.ts";

/** One stretch of a lane, in tenths of the width. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly is: "runs" | "held" | "waits";
  readonly text: string;
}

interface Lane {
  readonly name: string;
  readonly stretches: readonly Stretch[];
}

const LANES: Readonly<Partial<Record<Overlap, readonly Lane[]>>> = {
  stuck: [
    { name: "old pod", stretches: [{ from: 0, to: 10, is: "runs", text: "kept until a new pod is Ready" }] },
    { name: "volume", stretches: [{ from: 0, to: 10, is: "held", text: "held for the old pod" }] },
    { name: "new pod", stretches: [{ from: 3, to: 10, is: "waits", text: "waits for the volume" }] },
  ],
  briefly: [
    { name: "old pod", stretches: [{ from: 0, to: 5, is: "runs", text: "is told to end" }] },
    {
      name: "volume",
      stretches: [
        { from: 0, to: 6, is: "held", text: "held for the old pod" },
        { from: 6, to: 10, is: "held", text: "moved" },
      ],
    },
    {
      name: "new pod",
      stretches: [
        { from: 3, to: 6, is: "waits", text: "waits" },
        { from: 6, to: 10, is: "runs", text: "runs" },
      ],
    },
  ],
  always: [
    { name: "first pod", stretches: [{ from: 0, to: 10, is: "runs", text: "runs" }] },
    { name: "volume", stretches: [{ from: 0, to: 10, is: "held", text: "held for the first pod's node" }] },
    { name: "other pods", stretches: [{ from: 2, to: 10, is: "waits", text: "wait on every other node" }] },
  ],
};

const WIDTH = 620;
const LABELS = 90;
const ROW = 34;

/** What happens when, by the overlap that decided; the workload's own numbers stand below it. */
export function timeline({ factors, evidence }: ReportedFinding): Markup {
  const lanes = factors === null ? undefined : LANES[factors.overlap];
  if (lanes === undefined) return NOTHING;
  const height = lanes.length * ROW + 4;
  const unit = (WIDTH - LABELS) / 10;
  const drawn = lanes.map(({ name, stretches }, at) => {
    const y = at * ROW + 4;
    const parts = stretches.map(({ from, to, is, text }) => {
      const x = LABELS + from * unit;
      return html`<rect class="${is}" x="${x}" y="${y + 18}" width="${(to - from) * unit - 2}" height="6"/><text class="small" x="${x}" y="${y + 13}">${text}</text>`;
    });
    return html`<text x="0" y="${y + 20}">${name}</text>${parts}`;
  });
  const label = `What happens: ${lanes.flatMap(({ name, stretches }) => stretches.map(({ text }) => `${name} ${text}`)).join("; ")}`;
  const numbers = evidence[0] === undefined ? NOTHING : html`<p class="dim">${evidence[0]}</p>`;
  return html`<svg role="img" aria-label="${label}" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">${drawn}</svg>${numbers}`;
}
