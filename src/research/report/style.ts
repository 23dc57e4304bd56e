/** Ink on paper; every pair of colours has a contrast of at least 4.5:1, wide tables scroll by themselves (a shadow says where there is more), and it prints. */
export const STYLE = `
:root { color-scheme: light; --ink: #1a2027; --soft: #4c5661; --line: #d0d5da; --accent: #0b5a8a; --paper: #fbfbf9 }
*, *::before, *::after { box-sizing: border-box }
html { font: 100%/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; -webkit-text-size-adjust: 100% }
body { margin: 0 auto; padding: 1.25rem 1rem 3rem; max-width: 64rem; background: var(--paper); color: var(--ink); overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
h1 { font-size: 1.6rem; line-height: 1.25 }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; border-top: 2px solid var(--line); padding-top: 1rem }
header h2 { font-size: 1rem; border: 0; margin: 1rem 0 0; padding: 0 }
h3 { font-size: 1rem; margin: 1rem 0 0 }
a { color: var(--accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.skip { position: absolute; left: -999px }
.skip:focus { left: 1rem; top: .5rem; background: #fff; padding: .25rem .5rem }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0 }
.facts dt, .values dt { color: var(--soft) }
.facts dd, .values dd { margin: 0 }
.values { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem }
.values dd { font-size: 1.35rem }
.note { display: block; font-size: .85rem; color: var(--soft) }
figure { margin: 1.5rem 0 }
figcaption { font-weight: 600; margin-bottom: .5rem }
figure img { display: block; max-width: 100%; min-width: 34rem; height: auto; border: 1px solid var(--line); background: #fff }
.scroll { overflow: auto; max-width: 100%; max-height: 26rem; background:
  linear-gradient(to right, var(--paper) 40%, transparent) 0 0 / 2rem 100% local no-repeat,
  linear-gradient(to left, var(--paper) 40%, transparent) 100% 0 / 2rem 100% local no-repeat,
  linear-gradient(to right, #0003, transparent) 0 0 / .6rem 100% scroll no-repeat,
  linear-gradient(to left, #0003, transparent) 100% 0 / .6rem 100% scroll no-repeat }
table { border-collapse: collapse; font-size: .9rem; margin-top: .5rem; overflow-wrap: normal }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--soft); font-weight: 600 }
.num { text-align: right }
.num, .time, thead th { white-space: nowrap }
td:first-child:not(.num) { min-width: 7rem }
.links { font-size: .9rem; margin: .35rem 0 0 }
details { margin: 1rem 0; color: var(--soft) }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
@media (max-width: 40rem) { .facts { grid-template-columns: 1fr } .facts dd { margin-bottom: .4rem } }
@media print { .scroll { overflow: visible; max-height: none } nav, .skip { display: none } }
`
