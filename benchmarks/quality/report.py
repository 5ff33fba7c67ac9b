"""The table, as Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.scale import SCALES, complaints, fault, summarise


def worst_first(pairs: Mapping[str, Numbers]) -> list[str]:
    return sorted(pairs, key=lambda pair: -fault(pairs[pair]))


def markdown(pairs: Mapping[str, Numbers], engine: str, seconds: float) -> str:
    """A line for each number over all pairs, then the ten worst pairs."""
    margins = [numbers["identity.margin"] for numbers in pairs.values() if "identity.margin" in numbers]
    nearer = sum(margin > 0 for margin in margins) / max(len(margins), 1)
    lines = [
        f"# Quality of the engine `{engine}`",
        "",
        f"{len(pairs)} pairs in {seconds:.0f} s. "
        f"Nearer to the source than to the target: {nearer:.0%} of {len(margins)}.",
        "",
        "| number | pairs | mean | worst | in | goal | reached |",
        "|---|--:|--:|--:|---|---|--:|",
    ]
    for row in summarise(pairs):
        scale = SCALES[row.name]
        sign = {"low": "≤", "high": "≥", "near 1": "within ×/÷"}[scale.better()]
        lines.append(
            f"| {scale.title} (`{row.name}`) | {row.count} | {row.mean:.{scale.digits}f} "
            f"| {row.worst:.{scale.digits}f} | {row.worst_pair} | {sign} {scale.good:g} | {row.within:.0%} |"
        )
    lines += ["", "| worst pairs | fault | why |", "|---|--:|---|"]
    for pair in worst_first(pairs)[:10]:
        lines.append(f"| {pair} | {fault(pairs[pair]):.1f} | {'; '.join(complaints(pairs[pair]))} |")
    return "\n".join(lines) + "\n"


def write(folder: Path, pairs: Mapping[str, Numbers], engine: str, seconds: float) -> str:
    """Write both files and return the table."""
    text = markdown(pairs, engine, seconds)
    (folder / "table.md").write_text(text, encoding="utf-8")
    data = {
        "engine": engine,
        "seconds": round(seconds, 1),
        "summary": {row.name: vars(row) for row in summarise(pairs)},
        "pairs": {pair: {"fault": fault(pairs[pair]), **pairs[pair]} for pair in worst_first(pairs)},
    }
    (folder / "table.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
    return text
