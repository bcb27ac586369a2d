/** The page's one style. Colours are checked for contrast in both schemes by the browser test. */
export const STYLE = `
:root { color-scheme: light dark; --page: #fff; --ink: #1b1f24; --dim: #57606a; --line: #d0d7de; --soft: #f6f8fa; --error: #b3261e; --warning: #7a5200; --good: #1a6b34; --link: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --ink: #e6e9ee; --dim: #a3adb8; --line: #3a424c; --soft: #1d2228; --error: #ff8a80; --warning: #f0c36d; --good: #7fd495; --link: #8ab8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 80rem; padding: 1.5rem 1rem 4rem; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .25rem 0; } a { color: var(--link); } .dim { color: var(--dim); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1rem 0; padding: 0; list-style: none; }
.tiles li { border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .8rem; } .tiles b { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.error { color: var(--error); } .warning { color: var(--warning); } .good { color: var(--good); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } caption { text-align: left; color: var(--dim); padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; } th button { all: unset; cursor: pointer; text-decoration: underline dotted; } th button:focus-visible, a:focus-visible, summary:focus-visible, input:focus-visible, select:focus-visible, button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } tbody.rows { content-visibility: auto; contain-intrinsic-size: auto 40rem; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; padding: .4rem .8rem; } details[open] { background: var(--soft); } summary { cursor: pointer; overflow-wrap: anywhere; }
pre { margin: .25rem 0; padding: .5rem; background: var(--page); border: 1px solid var(--line); border-radius: .3rem; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.4 ui-monospace, monospace; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 13px system-ui, sans-serif; } svg .bar-error { fill: var(--error); } svg .bar-warning { fill: var(--warning); } svg .lane { fill: var(--soft); stroke: var(--line); } svg .held { fill: var(--good); } svg .waits { fill: var(--error); } svg .runs { fill: var(--dim); } svg .small { font-size: 12px; }
form { display: none; flex-wrap: wrap; gap: .75rem; align-items: end; margin: .5rem 0; } .scripted form { display: flex; } label { display: grid; font-size: .85rem; color: var(--dim); } input, select, .copy { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--dim); border-radius: .3rem; padding: .3rem .5rem; } .copy { display: none; font-size: .8rem; cursor: pointer; } .scripted .copy { display: inline-block; }
@media (max-width: 40rem) { th, td { padding-right: .4rem; } body { padding: 1rem .6rem 3rem; } }
@media print { form, .copy, .scripted form, .scripted .copy { display: none; } body { max-width: none; font-size: 11px; } details { break-inside: avoid; } tbody.rows { content-visibility: visible; } }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
