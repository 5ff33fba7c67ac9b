"""What the headless command shows: a progress bar where there is a terminal, a table of people, a report in words."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pipeline.report import Progress, ProgressCallback, Report


@contextmanager
def progress() -> Iterator[ProgressCallback | None]:
    """A callback that draws a bar on standard error: frames, speed, time left. ``None`` where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description:<16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TextColumn("{task.fields[left]}"),
        console=Console(stderr=True),
        transient=True,
    )
    with bars:
        task = bars.add_task("Loading", total=None, speed="", left="")

        def show(moment: Progress) -> None:
            bars.update(
                task,
                description=moment.stage,
                completed=moment.done,
                total=moment.total,
                speed=f"{moment.fps:.1f} fps" if moment.fps else "",
                left=f"{clock(moment.eta)} left" if moment.eta is not None else "",
            )

        yield show


def clock(seconds: float) -> str:
    """``75`` as ``1:15``, ``3725`` as ``1:02:05``."""
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def people_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The people of a target, one a line."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("Person", "From", "To", "Frames", "Share"):
        table.add_column(name, justify="right")
    pictures = any("thumbnail" in row for row in rows)
    if pictures:
        table.add_column("Thumbnail", overflow="fold")
    for row in rows:
        cells = [
            str(row["person"]),
            clock(row["first_time"]),
            clock(row["last_time"]),
            str(row["frames"]),
            f"{row['share']:.0%}",
        ]
        table.add_row(*cells, *([row.get("thumbnail", "")] if pictures else []))
    text = io.StringIO()
    Console(file=text, width=None if sys.stdout.isatty() else 200).print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def report_text(report: Report) -> str:
    """A report for people: where the result is on the first line, what was done on the second."""
    done = f"{report.faces} faces" if report.faces != 1 else "1 face"
    if report.kind != "image":
        done += f" in {report.changed} of {report.frames} frames, {report.fps:.1f} fps"
    how = ", ".join(part for part in (report.engine, report.device, report.encoder) if part)
    where = str(report.output)
    if report.frames_at:
        where += f" ({report.frames_at[0].name} to {report.frames_at[-1].name})"
    return f"{where}\nRecast {done} in {report.seconds:.1f} s ({how}).\n"
