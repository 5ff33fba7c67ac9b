"""A report in words. What varies stands alone in each sentence, so that a catalogue can translate it."""

from __future__ import annotations

from pipeline.report import Report, RoleReport
from studio.terminal import clock

_ENCODERS = {
    "libx264": "H.264", "libx265": "HEVC", "libvpx-vp9": "VP9", "libsvtav1": "AV1", "prores_ks": "ProRes",
    "ffv1": "lossless", "gif": "GIF", "webp": "WebP", "png": "APNG", "apng": "APNG",
}  # fmt: skip


def in_words(report: Report) -> list[str]:
    """What was done, who was seen when, how long it took, and what else is worth knowing."""
    sentences = [_whole(report)]
    for role in report.roles if report.kind != "image" and report.frames > 1 else ():
        sentences += _role(role)
    sentences.append(_work(report))
    return sentences + list(report.notes)


def _whole(report: Report) -> str:
    if report.kind == "image":
        return "1 face was recast." if report.faces == 1 else f"{report.faces} faces were recast."
    if report.frames == 1:
        return "The frame was recast."
    return f"{report.changed} of {report.frames} frames were recast."


def _role(role: RoleReport) -> list[str]:
    away = role.total - role.frames
    if not away:
        return [f"Person {role.number}: in all {role.total} frames."]
    spans = ", ".join(f"{clock(start)}–{clock(end)}" for start, end in role.missing)
    line = f"Person {role.number}: {role.frames} of {role.total} frames."
    return [line] + ([f"Person {role.number} was not seen in {away} frames: {spans}."] if spans else [])


def _work(report: Report) -> str:
    taken = f"{report.seconds:.1f} s" if report.seconds < 60 else clock(report.seconds)
    if report.kind == "image":
        return f"It took {taken} on the {report.device.upper()}."
    encoder = _ENCODERS.get(report.encoder, report.encoder)
    return f"It took {taken} on the {report.device.upper()}, {report.fps:.1f} frames a second, written as {encoder}."
