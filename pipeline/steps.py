"""Steps that several ways of doing a job share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pipeline.analysis import Tracker
from pipeline.casting import Casting
from pipeline.crew import Crew
from pipeline.errors import CorruptMedia
from pipeline.flow import StageClock
from pipeline.marking import JobMark
from pipeline.media import open_target, read_picture
from pipeline.options import Options
from pipeline.rows import Found
from pipeline.types import Face, Frame, MediaInfo, MediaLimits
from pipeline.wardrobe import Wardrobe


def tracked(
    tracker: Tracker, frames: Iterable[Frame], clock: StageClock, crew: Crew
) -> Iterator[tuple[Frame, tuple[Face, ...]]]:
    for frame in frames:
        with crew.turn(), clock.work("analyse"):
            ready = tracker.push(frame)
        yield from ready
    with crew.turn(), clock.work("analyse", 0):
        ready = tracker.flush()
    yield from ready


def cast_in(frames: Iterable[tuple[Frame, tuple[Face, ...]]], casting: Casting) -> Iterator[Found]:
    """The frames, in order, with who in them becomes whom."""
    for frame, faces in frames:
        roles = casting.roles(faces)
        yield Found(frame, roles, bool(faces), casting.shown)


def marked(found: Iterable[Found], mark: JobMark) -> Iterator[Found]:
    """The frames, in order, with what marks them."""
    shade = mark.film()
    for each in found:
        yield replace(each, shade=shade(each.frame))


def first_at(info: MediaInfo, moment: float, limits: MediaLimits) -> Frame:
    """The first frame of a target from `moment` seconds on.

    Raises:
        InputError: it cannot be read, or ends before.
    """
    if info.kind == "image":
        return read_picture(info.path, limits)
    with open_target(info.path, info, moment or None, limits=limits) as reader:
        for frame in reader:
            return frame
    raise CorruptMedia()


def expected(info: MediaInfo, options: Options) -> int | None:
    """Frames that will come, as far as can be known."""
    if info.frames is None or (options.start is None and options.end is None):
        return info.frames
    if not info.duration:
        return None
    begin, end = options.start or 0.0, min(options.end or info.duration, info.duration)
    return max(1, round(info.frames * (end - begin) / info.duration))


NETWORKS_ONLY = (
    "resemblance", "pixel_boost", "mask", "keep_texture", "keep_mouth", "keep_eyes", "expression",
    "restorer", "photo_detail",
)  # fmt: skip
"""Options that mean nothing to the mesh engine."""


def device_notes(options: Options, wardrobe: Wardrobe) -> tuple[str, ...]:
    engine = wardrobe.engine
    aside: tuple[str, ...] = ()
    if options.engine == "mesh":
        unused = [name for name in NETWORKS_ONLY if getattr(options, name) != getattr(Options(), name)]
        if unused:
            what = ", ".join(name.replace("_", " ") for name in unused)
            return (f"The mesh engine knows no {what}: networks only do. What was set there was left aside.",)
    else:
        # Only where it is in memory already: the embedded engine begins without it.
        from pipeline.engines.network import NetworkEngine

        if isinstance(engine, NetworkEngine):
            aside = engine.left_aside(options)
    if options.device not in ("auto", "cpu") and engine.device == "cpu" and not engine.notes:
        return (f"The engine {engine.name} runs on the CPU; the {options.device} device was not needed.",)
    return (*engine.notes, *aside)


def numbered(faces: tuple[Face, ...]) -> tuple[Face, ...]:
    """Faces of a still, each a track of its own."""
    return tuple(replace(face, track=number) for number, face in enumerate(faces, start=1))
