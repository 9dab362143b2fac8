"""How the page of a report looks: two palettes, one column of cards where there is no room for a table."""

__all__ = ["STYLE"]

# Contrast of text on paper is at least 4.5 to 1 in both palettes; no meaning rests on colour alone.
STYLE = """
:root { --paper: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --card: #f6f8fa;
  --good: #116329; --bad: #a40e26; --doubt: #7d4e00; --span: #8cb4e8; --dot: #0a4f9e; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0d1117; --ink: #e6edf3; --soft: #9da7b3; --line: #30363d; --card: #161b22;
    --good: #56d364; --bad: #ff8f87; --doubt: #e3b341; --span: #2f5f9e; --dot: #9ecbff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
.sum { font-size: 1.1rem; margin: .25rem 0 1rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .5rem 1.5rem; }
dt, small { color: var(--soft); font-size: .82rem; } dd { margin: 0; overflow-wrap: anywhere; }
small { display: block; }
.wide { overflow-x: auto; } .wide:focus-visible, video:focus-visible { outline: 3px solid var(--dot); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .5rem; }
th, td { text-align: left; padding: .45rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { font-size: .82rem; color: var(--soft); font-weight: 600; } tbody th { font-weight: 600; }
.verdict { white-space: nowrap; } .pass .verdict, .right { color: var(--good); }
.below .verdict, .wrong { color: var(--bad); font-weight: 600; } .probe-not-valid .verdict { color: var(--doubt); }
svg { display: block; width: 10rem; height: .9rem; }
.rail { fill: var(--line); } .span { fill: var(--span); } .dot { fill: var(--dot); } .floor { fill: var(--ink); }
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
figure { margin: 0; padding: .8rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
video { width: 100%; aspect-ratio: 1; object-fit: contain; background: #000; border-radius: .25rem; }
figure ul { list-style: none; margin: .5rem 0 0; padding: 0; font-size: .85rem; }
@media (max-width: 48rem) {
  thead { position: absolute; clip-path: inset(50%); }
  table, tbody, tr, th, td { display: block; } tr { border: 1px solid var(--line); border-radius: .5rem;
    background: var(--card); margin-bottom: .8rem; padding: .4rem 0; }
  th, td { border: 0; padding: .15rem .8rem; } td:empty { display: none; }
  td::before { content: attr(data-of) ": "; color: var(--soft); } }
@media print { .clips { display: none; } }
"""
