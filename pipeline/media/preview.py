"""A few seconds of a video as a small animation, to be shown before anybody plays it."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from pipeline.errors import OptionError, OutputError
from pipeline.media.animation_write import AnimationWriter
from pipeline.media.edit import editor, tell
from pipeline.media.guard import LIMITS
from pipeline.media.liveliest import liveliest
from pipeline.media.open import open_target
from pipeline.media.output import PendingFile, Seal
from pipeline.media.picture import Picture
from pipeline.media.probe import probe
from pipeline.media.stills import Shown, swapped
from pipeline.options import Options
from pipeline.report import ProgressCallback
from pipeline.types import MediaInfo, MediaLimits

PREVIEWS = (".gif", ".webp")
PREVIEWING = "Making a preview"


def preview(
    video: Path,
    output: Path,
    *,
    seconds: float = 3.0,
    width: int = 360,
    fps: float = 12,
    tags: Mapping[str, str] | None = None,
    seal: Seal | None = None,
    limits: MediaLimits = LIMITS,
    progress: ProgressCallback | None = None,
    cancel: threading.Event | None = None,
    rate: Fraction | None = None,
) -> Path:
    """A few seconds of a video as a small animated GIF or WebP: where most moves, or the middle.

    Args:
        output: the file to write, ``.gif`` or ``.webp``.
        seconds: length; shorter for a shorter video.
        width: in pixels; a narrower video is not enlarged.
        tags: descriptions to put into the file.
        seal: what is done to the finished file before it gets its name.
        rate: frames a second of numbered pictures, 24 when ``None``.

    Raises:
        InputError: the video cannot be read, the output not written, or it is a single picture.
        Cancelled: `cancel` was set.
    """
    if not (0 < seconds <= 60 and 16 <= width <= 1920 and 1 <= fps <= 50):
        raise OptionError("A preview has at most 60 seconds, 16 to 1920 pixels across and 1 to 50 frames a second.")
    video, output = Path(video), Path(output)
    info = probe(video, limits, rate)
    require_preview_name(output, info.kind)
    PendingFile(output, (video,))
    start = liveliest(info, seconds, limits, cancel)
    end = None if start is None else start + seconds
    movie = editor()
    with (
        open_target(video, info, start, end, limits) as reader,
        AnimationWriter(output, reader, Options(quality="standard"), tags, seal) as writer,
    ):
        shown = Shown(reader, info, cancel)
        clip = movie.VideoClip(shown.at).with_effects([movie.vfx.Resize(_preview_size(info, width))])
        total = math.ceil(seconds * fps)
        for index in range(total):
            time = index / fps
            frame = clip.get_frame(time)
            if index and shown.over(time):
                break
            writer.write(Picture(swapped(frame), index=index, time=time, duration=1 / fps))
            tell(progress, PREVIEWING, index + 1, total)
        writer.finish()
    return output


def require_preview_name(output: Path, kind: str) -> None:
    """Raise for an ending other than those of previews, and for single pictures, of which there is none."""
    if kind == "image":
        raise OptionError("A preview is made of videos and animations; this is a single picture.")
    if output.suffix.lower() not in PREVIEWS:
        raise OutputError(f"A preview can be saved as {' or '.join(PREVIEWS)}.")


def _preview_size(info: MediaInfo, width: int) -> tuple[int, int]:
    """Of square pixels, and not enlarged."""
    across = info.width * float(info.sample_aspect or 1)
    shown = min(width, max(1, round(across)))
    return shown, max(1, round(info.height * shown / across))
