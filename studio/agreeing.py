"""Whether what came with a request goes together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from pipeline.errors import InputError
from pipeline.options import Options
from pipeline.types import MediaInfo
from studio.jobs.job import Kind
from studio.request import Request

_FILMS = ("video", "sequence")
FILM_KINDS = (*_FILMS, "animation")
"""Of targets: what /recast_video takes."""

Inspect = Callable[[Path, Fraction | None], MediaInfo]


def looked_at(
    inspect: Inspect, target: Path, sources: Sequence[Path], options: Options, kind: Kind | None, only: tuple[str, ...]
) -> MediaInfo:
    """What a target is, once all files have been looked at.

    Args:
        inspect: see `Studio.inspect`.
        kind: what is to be done; recast the target, where it is not said.
        only: kinds of targets that are allowed, where not all are.

    Raises:
        InputError: one of them cannot be used, or not for this.
    """
    info = inspect(target, options.exact_rate)
    for source in sources:
        if inspect(source, None).kind == "video" and kind != "comparison":
            raise InputError("A source has to be a photo, not a video.")
    if only and info.kind not in only:
        named = ("video", "/recast_video") if info.kind in _FILMS else ("picture", "/recast_image")
        raise InputError(f"This is a {named[0]}: use {named[1]}.")
    return info


def require_photos_of(request: Request) -> None:
    """Refuse a cast that names a photo which was not given.

    Raises:
        InputError: it does.
    """
    count = len(request.sources)
    if any(position >= count for positions in request.cast.values() for position in positions):
        raise InputError(f"The cast names a photo that is not there: {count} were given, the first is 0.")
