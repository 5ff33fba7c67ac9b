"""One static page to browse a run: the ten worst on top, all pairs in a table that sorts by any column."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.report import worst_first
from benchmarks.quality.scale import SCALES, complaints, fault

_STYLE = """
body{font:14px/1.4 system-ui,sans-serif;margin:2rem;color:#222;background:#fff}
figure{margin:0 0 2rem}figure img{max-width:100%;display:block}figcaption{margin:.3rem 0}
table{border-collapse:collapse;font-size:12px}
th,td{padding:.2rem .45rem;text-align:right;border-bottom:1px solid #ddd}
th{position:sticky;top:0;background:#eee;cursor:pointer;vertical-align:bottom;max-width:6rem}
td:first-child,th:first-child{text-align:left;white-space:nowrap}
tr:hover td{outline:1px solid #999}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}th{background:#333}td,th{border-color:#444}
td[style]{color:#111}a{color:#8bf}}
"""

_SCRIPT = """
for (const head of document.querySelectorAll('th')) head.onclick = () => {
  const body = document.querySelector('tbody'), column = head.cellIndex;
  const down = head.dataset.down !== 'yes';
  head.dataset.down = down ? 'yes' : 'no';
  const value = row => row.cells[column].dataset.v ?? '';
  const order = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === '' || y === '') return (x === '') - (y === '');
    const sign = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
    return down ? -sign : sign;
  };
  body.append(...[...body.rows].sort(order));
};
"""


def write(folder: Path, pairs: Mapping[str, Numbers], engine: str, strips: set[str]) -> Path:
    """Write ``index.html`` beside the sheets."""
    order = worst_first(pairs)
    columns = [name for name in SCALES if any(name in numbers for numbers in pairs.values())]
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>",
        f"<title>Quality: {html.escape(engine)}</title><style>{_STYLE}</style>",
        f"<h1>Quality of the engine {html.escape(engine)}</h1><p>{len(pairs)} pairs. "
        "<a href='overview.jpg'>All results in one picture</a> · <a href='table.md'>Means and worst</a></p>",
        "<h2>The ten worst</h2>",
    ]
    parts += [_figure(pair, pairs[pair], pair in strips) for pair in order[:10]]
    heads = "".join(
        f"<th scope='col' title='{name}: {SCALES[name].better()} is good'>{html.escape(SCALES[name].title)}"
        for name in columns
    )
    parts.append(f"<h2>All pairs</h2><table><thead><tr><th scope='col'>pair<th scope='col'>fault{heads}</thead><tbody>")
    for pair in order:
        cells = "".join(_cell(name, pairs[pair].get(name)) for name in columns)
        more = f" <a href='strips/{pair}.jpg'>strip</a>" if pair in strips else ""
        parts.append(
            f"<tr><td data-v='{pair}'><a href='sheets/{pair}.jpg'>{html.escape(pair)}</a>{more}"
            f"<td data-v='{fault(pairs[pair]):.4f}'>{fault(pairs[pair]):.1f}{cells}"
        )
    parts.append(f"</tbody></table><script>{_SCRIPT}</script></html>")
    path = folder / "index.html"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def _figure(pair: str, numbers: Numbers, has_strip: bool) -> str:
    pictures = (
        f"<img src='sheets/{pair}.jpg' alt='source, target, result, difference and details of {pair}' loading='lazy'>"
    )
    if has_strip:
        pictures += f"<img src='strips/{pair}.jpg' alt='frames of {pair}' loading='lazy'>"
    why = html.escape("; ".join(complaints(numbers, 6)))
    caption = f"<b>{html.escape(pair)}</b> (fault {fault(numbers):.1f}): {why}"
    return f"<figure><figcaption>{caption}</figcaption>{pictures}</figure>"


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "<td>"
    penalty = SCALES[name].penalty(value)
    tint = f" style='background:hsl(12 90% {96 - 18 * penalty:.0f}%)'" if penalty > 0 else ""
    return f"<td data-v='{value:.5f}'{tint}>{value:.{SCALES[name].digits}f}"
