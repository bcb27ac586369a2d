/** The whole style; no line begins with a colon, which `harmless.ts` would break up, and with it the hash. */
export const STYLE = `
html { color-scheme: light dark; --bg: #ffffff; --panel: #f6f7f9; --line: #d5d9e0; --text: #1b2330; --soft: #535d6d; --link: #0b5bb5;
  --error: #b3261e; --warn: #8a5300; --good: #1f6f3f; --held: #cfe0f5; --held-line: #2f6cb3; --run: #cdebd7; --run-line: #2c7a4b; --wait: #f9d8d5; --wait-line: #b3261e; --free: #eceef2; --free-line: #6b7484;
  --c0: #2f6cb3; --c1: #c77700; --c2: #7448a8; --c3: #00788a; --c4: #9a3b74; --c5: #2c7a4b; --c6: #b3261e; --c7: #6b7484; }
@media (prefers-color-scheme: dark) { html { --bg: #12161d; --panel: #1a2029; --line: #364050; --text: #e4e8ee; --soft: #a5afbd; --link: #7db7f5;
  --error: #ff8a80; --warn: #f2b45c; --good: #78cf98; --held: #1d3654; --held-line: #6ea8e6; --run: #1b402a; --run-line: #69bf89; --wait: #54221f; --wait-line: #ff8a80; --free: #262d38; --free-line: #8b96a6;
  --c0: #6ea8e6; --c1: #f2b45c; --c2: #b694e3; --c3: #55c0cf; --c4: #e38cc0; --c5: #69bf89; --c6: #ff8a80; --c7: #a5afbd; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1.25rem 1.5rem 4rem; background: var(--bg); color: var(--text); font: 14px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0; }
h2 { font-size: 1.05rem; margin: 2rem 0 .6rem; padding-top: .9rem; border-top: 1px solid var(--line); }
h3 { font-size: .9rem; margin: 1rem 0 .35rem; }
h4 { font-size: .88rem; margin: .8rem 0 .2rem; }
h2.quiet { border: 0; margin: .8rem 0 .3rem; padding: 0; font-size: .9rem; color: var(--soft); }
summary h3 { display: inline; margin: 0; font-weight: 600; }
p { margin: .3rem 0 .6rem; max-width: 60rem; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.soft { color: var(--soft); }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--bg); padding: .3rem .6rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; margin: .7rem 0 0; padding: 0; }
dl.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 0; margin: 1rem 0 .6rem; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
dl.tiles div { box-shadow: 1px 1px 0 var(--line); padding: .6rem .8rem .7rem; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
dl.tiles dt { color: var(--soft); font-size: .82rem; line-height: 1.35; }
dl.tiles dd { margin: 0; font-size: 1.6rem; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums; }
dl.tiles.small { margin-top: .3rem; }
dl.tiles.small div { padding: .35rem .8rem .4rem; }
dl.tiles.small dd { font-size: 1.15rem; }
.bad, dl.tiles .bad dd { color: var(--error); }
.care, dl.tiles .care dd { color: var(--warn); }
.good { color: var(--good); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 0 2.5rem; align-items: start; }
.columns > * { min-width: 0; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .28rem .6rem .28rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 400; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.scroll { overflow: auto; }
.rows { max-height: 75vh; border: 1px solid var(--line); border-radius: 6px; }
.rows table { table-layout: fixed; min-width: 40rem; }
.rows th, .rows td { padding: .28rem .6rem; }
.rows caption { padding: .4rem .6rem; }
.rows thead th { position: sticky; top: 0; background: var(--panel); }
.rows thead button { all: unset; cursor: pointer; }
.rows thead button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.rows th[aria-sort="ascending"] button:after { content: " \\2191"; }
.rows th[aria-sort="descending"] button:after { content: " \\2193"; }
.narrow { width: 6rem; } .middle { width: 12rem; }
form { display: flex; flex-wrap: wrap; gap: .5rem .9rem; align-items: end; margin: .6rem 0; }
form[hidden] { display: none; }
label { display: grid; gap: .15rem; font-size: .82rem; color: var(--soft); }
input, select, button { font: inherit; color: var(--text); background: var(--bg); border: 1px solid var(--free-line); border-radius: 4px; padding: .25rem .5rem; max-width: 100%; min-height: 2rem; }
select { max-width: 15rem; }
input[type=search] { width: 20rem; }
button { cursor: pointer; background: var(--panel); }
button.copy { min-height: 1.7rem; padding: 0 .6rem; font-size: .8rem; flex: none; }
code { font: .86em/1.5 ui-monospace, SFMono-Regular, Consolas, "DejaVu Sans Mono", monospace; }
.command { display: flex; gap: .6rem; align-items: start; margin: .25rem 0 .5rem; }
.command code { flex: 1; min-width: 0; background: var(--panel); border: 1px solid var(--line); border-radius: 4px; padding: .2rem .5rem; white-space: pre-wrap; }
details.finding { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; content-visibility: auto; contain-intrinsic-size: auto 2.3rem; }
details.finding > summary { padding: .4rem .7rem; cursor: pointer; }
details.finding[open] > summary { border-bottom: 1px solid var(--line); background: var(--panel); }
details.finding > div { padding: .5rem .9rem .8rem; }
details.finding:target { border-color: var(--link); }
ol.ways > li { margin: .3rem 0; }
ul, ol { padding-left: 1.3rem; margin: .3rem 0 .6rem; }
svg { display: block; max-width: 100%; height: auto; }
svg text { fill: var(--text); font: 12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
svg .heading { fill: var(--soft); } svg .grid { stroke: var(--line); }
svg.time { min-width: 42rem; }
svg .runs { fill: var(--run); stroke: var(--run-line); } svg .held { fill: var(--held); stroke: var(--held-line); }
svg .waits { fill: var(--wait); stroke: var(--wait-line); stroke-dasharray: 4 3; } svg .free { fill: var(--free); stroke: var(--free-line); }
svg .c0 { fill: var(--c0); } svg .c1 { fill: var(--c1); } svg .c2 { fill: var(--c2); } svg .c3 { fill: var(--c3); } svg .c4 { fill: var(--c4); } svg .c5 { fill: var(--c5); } svg .c6 { fill: var(--c6); } svg .c7 { fill: var(--c7); }
@media (max-width: 44rem) { body { padding: 1rem .9rem 3rem; } dl.tiles { grid-template-columns: repeat(2, 1fr); } .columns { grid-template-columns: 1fr; } .rows table { min-width: 0; } .rows .extra, .rows .folding { display: none; } .rows table { font-size: .82rem; } .narrow { width: 4.6rem; } .rows .middle { width: auto; } .rows th, .rows td { padding: .28rem .35rem; } input[type=search] { width: 100%; } label:first-child { flex-basis: 100%; } }
@media print { html { color-scheme: light; --bg: #ffffff; --panel: #ffffff; --line: #b9bfc9; --text: #000000; --soft: #333b47; --link: #000000;
  --error: #9c1c15; --warn: #6d4100; --good: #17552f; --held: #cfe0f5; --run: #cdebd7; --wait: #f9d8d5; --free: #eceef2; --held-line: #2f6cb3; --run-line: #2c7a4b; --wait-line: #b3261e; --free-line: #6b7484;
  --c0: #2f6cb3; --c1: #c77700; --c2: #7448a8; --c3: #00788a; --c4: #9a3b74; --c5: #2c7a4b; --c6: #b3261e; --c7: #6b7484; }
  body { padding: 0; max-width: none; font-size: 10pt; } nav, form, button.copy, .skip { display: none; } .rows { max-height: none; overflow: visible; border: 0; } .rows thead th { position: static; } .rows table { min-width: 0; }
  thead { display: table-header-group; } tr, dl.tiles, svg { break-inside: avoid; } h2, h3, summary { break-after: avoid; } details.finding { content-visibility: visible; } svg.time { min-width: 0; width: 100%; } }
`;
