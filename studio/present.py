"""Pieces of HTML for the page. Whatever comes from outside is escaped here and nowhere else."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from urllib.parse import quote

from pipeline.types import ImageArray, MediaInfo, Person, Progress, Report
from studio.operations import Look
from studio.pictures import jpeg
from studio.terminal import clock

_CODECS = {"h264": "H.264", "hevc": "HEVC", "vp9": "VP9", "av1": "AV1", "mjpeg": "JPEG", "jpeg": "JPEG", "png": "PNG"}


def address(path: Path) -> str:
    """Where the browser finds a file of the studio's folders, relative to the page."""
    return "gradio_api/file=" + quote(str(path))


def target_preview(path: Path, look: Look) -> str:
    """The target as it was uploaded: a picture, or a player with the first frame as its poster."""
    if look.info.kind == "video":
        media = (
            f'<video controls muted playsinline preload="metadata" poster="{address(look.picture)}" '
            f'src="{address(path)}"></video>'
        )
    else:
        media = f'<img alt="The target" src="{address(look.picture)}">'
    return f'<figure class="preview">{media}<figcaption>{escape(describe(look.info))}</figcaption></figure>'


def describe(info: MediaInfo) -> str:
    """``1280 × 720 · 10 s · 30 fps · H.264``."""
    parts = [f"{info.width} × {info.height}"]
    if info.kind != "image":
        if info.duration is not None:
            parts.append(
                clock(info.duration) if info.duration >= 60 else f"{info.duration:.1f} s".replace(".0 s", " s")
            )
        if info.rate is not None:
            parts.append(f"{float(info.rate):.2f}".rstrip("0").rstrip(".") + " fps")
    parts.append(_CODECS.get(info.codec, info.codec.upper()))
    if info.kind == "video":
        parts.append("with sound" if info.audio else "silent")
    return " · ".join(parts)


def waiting(ahead: int) -> str:
    """For a task that has not begun."""
    line = "Starting…" if ahead == 0 else f"Waiting: {ahead} job{'s' if ahead > 1 else ''} ahead of yours."
    return f'<div class="status"><div class="line"><b>{line}</b></div>{_bar(None)}</div>'


def running(progress: Progress | None, preview: ImageArray | None = None) -> str:
    """Stage, frames, speed, time left, and the newest finished frame."""
    if progress is None:
        return waiting(0)
    facts = [f"{progress.done} of {progress.total} frames" if progress.total else f"{progress.done} frames"]
    if progress.fps:
        facts.append(f"{progress.fps:.1f} fps")
    if progress.eta is not None:
        facts.append(f"{clock(progress.eta)} left")
    if progress.total == 1:
        facts = []
    picture = ""
    if preview is not None:
        data = base64.b64encode(jpeg(preview)).decode("ascii")
        picture = f'<img class="live" alt="The newest finished frame" src="data:image/jpeg;base64,{data}">'
    share = progress.done / progress.total if progress.total else None
    return (
        f'<div class="status"><div class="line"><b>{escape(progress.stage)}</b>'
        f"<span>{' · '.join(facts)}</span></div>{_bar(share)}{picture}</div>"
    )


def _bar(share: float | None) -> str:
    if share is None:
        return '<div class="bar idle"><i></i></div>'
    percent = f"{min(1.0, share) * 100:.1f}"
    return f'<div class="bar" role="progressbar" aria-valuenow="{percent}"><i style="width:{percent}%"></i></div>'


def said(sentence: str, tone: str = "error") -> str:
    """A sentence to the user; `tone` is error, calm or done."""
    return f'<div class="said {tone}" role="status">{escape(sentence)}</div>'


def finished(report: Report) -> str:
    """What was done, in a line, and the notes."""
    facts = [f"{report.faces} face{'' if report.faces == 1 else 's'} recast"]
    if report.kind != "image":
        facts.append(f"{report.changed} of {report.frames} frames")
        facts.append(f"{report.fps:.1f} fps")
    facts.append(f"{report.seconds:.1f} s")
    facts += [name for name in (report.engine, report.device, report.encoder) if name]
    notes = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
    return (
        f'<div class="said done" role="status"><b>Done.</b> {escape(" · ".join(facts))}'
        f"{f'<ul>{notes}</ul>' if notes else ''}</div>"
    )


def result_video(path: Path) -> str:
    """A player for a finished video or animation."""
    if path.suffix.lower() in (".gif", ".webp", ".png", ".avif"):
        return f'<figure class="preview result"><img alt="The result" src="{address(path)}"></figure>'
    player = f'<video controls playsinline preload="auto" src="{address(path)}"></video>'
    return f'<figure class="preview result">{player}</figure>'


def person_caption(person: Person, chosen: bool) -> str:
    """The words under a person's thumbnail."""
    return f"{'✓ ' if chosen else ''}Person {person.number}"
