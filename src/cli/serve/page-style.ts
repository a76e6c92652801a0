/** The style of the development page. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f5f6f8, #14171c);
  --card: light-dark(#fff, #1c2027);
  --line: light-dark(#d9dde4, #333a45);
  --text: light-dark(#1b2330, #e6e9ee);
  --quiet: light-dark(#5b6675, #9aa5b4);
  --accent: light-dark(#0b62c4, #6fb1ff);
  --good: light-dark(#17794a, #56c98b);
  --bad: light-dark(#b3261e, #ff8a80);
  --warn-ground: light-dark(#fff3d6, #3a2f12);
  --warn: light-dark(#7a5200, #f2c66d);
  --mono: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 24px 20px 48px; display: grid; gap: 16px; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; }
h1 { margin: 0; font-size: 22px; letter-spacing: -0.01em; }
h2 { margin: 0 0 10px; font-size: 14px; color: var(--quiet); font-weight: 600; }
.mode { background: var(--warn-ground); color: var(--warn); border-radius: 12px; padding: 2px 12px; font-size: 13px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; min-width: 0; }
.bar { display: flex; flex-wrap: wrap; gap: 12px 20px; align-items: end; }
.field { display: grid; gap: 4px; font-size: 13px; color: var(--quiet); }
input, textarea, button {
  font: inherit; color: var(--text); background: var(--ground); border: 1px solid var(--line); border-radius: 7px;
  padding: 6px 10px; min-height: 36px;
}
input, textarea { font-family: var(--mono); font-size: 14px; width: 100%; }
textarea { resize: vertical; min-height: 36px; }
button { cursor: pointer; }
button.main { background: var(--accent); border-color: var(--accent); color: light-dark(#fff, #0d1117); font-weight: 600; padding: 6px 20px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.picker { display: flex; border: 0; padding: 0; margin: 0; }
.picker button { border-radius: 0; margin-left: -1px; padding: 6px 14px; }
.picker button:first-child { border-radius: 7px 0 0 7px; margin-left: 0; }
.picker button:last-child { border-radius: 0 7px 7px 0; }
.picker button[aria-pressed='true'] { background: var(--accent); border-color: var(--accent); color: light-dark(#fff, #0d1117); }
.state { margin-left: auto; display: grid; gap: 4px; font-size: 13px; color: var(--quiet); text-align: right; }
.state b { color: var(--text); font-weight: 600; }
.dot { display: inline-block; width: 9px; height: 9px; border-radius: 50%; background: var(--quiet); margin-right: 6px; }
.dot.open { background: var(--good); }
.dot.waiting, .dot.closed { background: var(--bad); }
code, .mono { font-family: var(--mono); font-size: 13px; }
.columns { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 16px; align-items: start; }
.column { display: grid; gap: 16px; min-width: 0; }
#events { list-style: none; margin: 0; padding: 0; max-height: 62vh; overflow: auto; }
#events li { display: grid; grid-template-columns: 1fr auto; gap: 0 12px; padding: 8px 2px; border-top: 1px solid var(--line); }
#events li:first-child { border-top: 0; }
#events .name { color: var(--accent); font-weight: 600; overflow-wrap: anywhere; }
#events .meta { color: var(--quiet); text-align: right; white-space: nowrap; }
#events .data { grid-column: 1 / -1; white-space: pre-wrap; overflow-wrap: anywhere; }
#events .note { grid-column: 1 / -1; color: var(--warn); }
#empty { color: var(--quiet); margin: 8px 0; }
form.send { display: grid; gap: 10px; }
#answer { min-height: 1.5em; margin: 0; font-size: 13px; color: var(--good); overflow-wrap: anywhere; }
#answer.bad { color: var(--bad); }
.try p { margin: 0 0 4px; font-size: 13px; color: var(--quiet); }
.try pre {
  margin: 0 0 12px; padding: 8px 10px; background: var(--ground); border: 1px solid var(--line); border-radius: 7px;
  white-space: pre-wrap; overflow-wrap: anywhere; font-family: var(--mono); font-size: 12.5px;
}
.try pre:last-child { margin-bottom: 0; }
@media (max-width: 760px) {
  main { padding: 16px 12px 32px; gap: 12px; }
  .columns { grid-template-columns: minmax(0, 1fr); gap: 12px; }
  .field, .picker { width: 100%; }
  .picker button { flex: 1; padding: 6px 4px; }
  .state { margin-left: 0; width: 100%; text-align: left; }
  #events { max-height: 46vh; }
}
`
