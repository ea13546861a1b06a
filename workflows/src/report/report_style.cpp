#include "report/report_style.hpp"

namespace foldstream::workflows::report {
namespace {

constexpr std::string_view style = R"css(
:root { color-scheme: light dark;
  --page: #f4f6f8; --card: #ffffff; --ink: #1b2430; --soft: #5b6675; --line: #dfe4ea;
  --accent: #2a62c4; --good: #1d7a4c; --bad: #b3372c; --far: #b4bdc8; --realised: #3d4653;
  --vh: #1f5fbf; --hi: #4fa9dd; --lo: #e5b62f; --vl: #e57a3c;
  --t0: #4e79b8; --t1: #59a08a; --t2: #d99a45; --t3: #b0699b; --t4: #7f8ea3; --t5: #c2655a; }
@media screen and (prefers-color-scheme: dark) { :root {
  --page: #11151b; --card: #1a2028; --ink: #e3e8ee; --soft: #98a4b3; --line: #2d3641;
  --accent: #7fb0ff; --good: #5fcf98; --bad: #f0857a; --far: #4b5664; --realised: #b9c3cf;
  --vh: #4f8fec; --hi: #79c7f2; --lo: #f0cc5c; --vl: #f2965f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 20px 60px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 13px; font-weight: 600; margin: 0 0 6px; color: var(--soft); }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
.facts { color: var(--soft); margin: 0 0 22px; font-size: 13.5px; overflow-wrap: anywhere; }
.facts span { margin-right: 18px; } .facts b { color: var(--ink); font-weight: 600; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 0 0 22px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 10px 18px; min-width: 116px; }
.tile b { display: block; font-size: 22px; line-height: 1.3; } .tile span { color: var(--soft);
  font-size: 13px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  margin: 0 0 22px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; font-size: 12.5px; color: var(--soft);
  white-space: nowrap; }
th, td { padding: 8px 12px; border-bottom: 1px solid var(--line); vertical-align: middle; }
tbody tr:last-child td { border-bottom: 0; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.name { font-weight: 600; overflow-wrap: anywhere; min-width: 190px; }
td .why { display: block; font-weight: 400; color: var(--soft); font-size: 13px; }
.badge { font-size: 12.5px; font-weight: 600; color: var(--soft); white-space: nowrap; }
.badge.good { color: var(--good); } .badge.bad { color: var(--bad); }
.badge::before { content: ""; display: inline-block; width: 7px; height: 7px; margin-right: 6px;
  border-radius: 50%; background: currentColor; vertical-align: 1px; }
.bar { display: inline-block; width: 56px; height: 6px; border-radius: 3px; background: var(--line);
  margin-left: 8px; vertical-align: 2px; overflow: hidden; }
.bar i { display: block; height: 6px; background: var(--accent); }
.bar i.vh, .key i.vh { background: var(--vh); } .bar i.hi, .key i.hi { background: var(--hi); }
.bar i.lo, .key i.lo { background: var(--lo); } .bar i.vl, .key i.vl { background: var(--vl); }
.times { display: flex; width: 110px; height: 8px; margin-top: 3px; }
.times i { display: block; height: 8px; }
.t0 { background: var(--t0); } .t1 { background: var(--t1); } .t2 { background: var(--t2); }
.t3 { background: var(--t3); } .t4 { background: var(--t4); } .t5 { background: var(--t5); }
.key { color: var(--soft); font-size: 13px; margin: -10px 0 26px; }
.key span { margin-right: 16px; white-space: nowrap; }
.key i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 6px;
  vertical-align: -1px; }
.target { padding: 18px 20px 20px; break-inside: avoid; }
.target header { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: baseline; }
.numbers { color: var(--soft); font-size: 13.5px; margin: 4px 0 14px; }
.numbers span { margin-right: 16px; white-space: nowrap; } .numbers b { color: var(--ink); }
.note { border-left: 3px solid var(--lo); padding: 2px 12px; margin: 0 0 12px; font-size: 13.5px;
  overflow-wrap: anywhere; white-space: pre-line; }
.note.bad { border-color: var(--bad); }
.pictures { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) minmax(0, 1.35fr);
  gap: 18px; align-items: start; }
.four { grid-template-columns: repeat(3, minmax(0, 1fr)); }
.four .stack { grid-column: 1 / -1; grid-template-columns: repeat(2, minmax(0, 1fr)); }
.pictures figure { margin: 0; } .stack { display: grid; gap: 12px; }
figcaption { color: var(--soft); font-size: 12.5px; margin-top: 4px; }
.files { margin: 14px 0 0; font-size: 13px; color: var(--soft); overflow-wrap: anywhere; }
.files a { margin-right: 14px; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 10.5px system-ui, "Liberation Sans", sans-serif; fill: var(--soft); }
.mid { text-anchor: middle; } .end { text-anchor: end; }
.grid, .axis { fill: none; stroke: var(--line); } .axis { stroke: var(--soft); }
.plate { fill: none; stroke: var(--line); }
.predicted { fill: var(--accent); } .pae { fill: var(--good); }
.cut { fill: none; stroke: var(--realised); } .realised { fill: var(--realised); }
.area { fill: var(--accent); fill-opacity: 0.75; }
.s-vh, .s-hi, .s-lo, .s-vl { fill: none; }
.s-vh { stroke: var(--vh); } .s-hi { stroke: var(--hi); } .s-lo { stroke: var(--lo); }
.s-vl { stroke: var(--vl); }
.trace path { stroke-linecap: round; } .trace .rim { stroke: var(--card); stroke-linecap: butt; }
@supports (stroke: color-mix(in srgb, red 50%, blue)) {
  .d0 { --near: 40%; } .d1 { --near: 52%; } .d2 { --near: 64%; } .d3 { --near: 76%; }
  .d4 { --near: 88%; } .d5 { --near: 100%; }
  .trace .s-vh { stroke: color-mix(in srgb, var(--vh) var(--near), var(--far)); }
  .trace .s-hi { stroke: color-mix(in srgb, var(--hi) var(--near), var(--far)); }
  .trace .s-lo { stroke: color-mix(in srgb, var(--lo) var(--near), var(--far)); }
  .trace .s-vl { stroke: color-mix(in srgb, var(--vl) var(--near), var(--far)); } }
.terminus { fill: var(--card); stroke: var(--soft); }
svg .terminus-name { font-size: 10px; font-weight: 600; text-anchor: middle; fill: var(--ink); }
footer { color: var(--soft); font-size: 13px; }
@media (max-width: 900px) { .pictures, .four { grid-template-columns: 1fr 1fr; }
  .stack { grid-column: 1 / -1; } }
@media (max-width: 560px) { .pictures, .four, .four .stack { grid-template-columns: 1fr; } }
@media print { :root { --page: #ffffff; } body { font-size: 11pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { padding: 0; max-width: none; } .card { border-color: #cccccc; } a { color: inherit; }
  .wide { overflow: visible; } }
)css";

}  // namespace

std::string_view report_style() { return style; }

}  // namespace foldstream::workflows::report
