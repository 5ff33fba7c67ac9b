"""The right reader for a target and the right writer for a result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import OutputError, UnsupportedMedia
from pipeline.media import animation_write
from pipeline.media.animation import AnimationReader
from pipeline.media.animation_write import AnimationWriter
from pipeline.media.encoders import OPTIONS
from pipeline.media.guard import LIMITS
from pipeline.media.numbering import keep_apart
from pipeline.media.probe import probe
from pipeline.media.reader import VideoReader
from pipeline.media.sequence import SequenceReader
from pipeline.media.writer import VideoWriter
from pipeline.options import Options
from pipeline.report import Seal
from pipeline.types import MediaInfo, MediaLimits


def open_target(
    path: Path,
    info: MediaInfo | None = None,
    start: float | None = None,
    end: float | None = None,
    limits: MediaLimits = LIMITS,
) -> VideoReader | AnimationReader | SequenceReader:
    """A reader of the frames of a video, an animation or a sequence; `info` is what `probe` said.

    Raises:
        UnsupportedMedia: it is a single picture; `read_picture` reads those.
    """
    info = info or probe(path, limits)
    if info.kind == "video":
        return VideoReader(path, start, end, limits, info)
    if info.kind == "animation":
        return AnimationReader(path, start, end, limits, info)
    if info.kind == "sequence":
        return SequenceReader(path, start, end, limits, info)
    raise UnsupportedMedia("This is a single picture, not a video or an animation.")


def open_result(
    output: Path,
    source: VideoReader | AnimationReader | SequenceReader,
    options: Options = OPTIONS,
    tags: Mapping[str, str] | None = None,
    seal: Seal | None = None,
) -> VideoWriter | AnimationWriter:
    """A writer for frames of `source`; the ending of `output` chooses between video and animation.

    A video becomes no ``.png``: who asks for that means a picture, and would get an animation of all its frames.

    Raises:
        OutputError, OptionError: nothing can be written there, or not like this.
    """
    keep_apart(output, (source.path,))
    suffix = Path(output).suffix.lower()
    if suffix == ".png" and not isinstance(source, AnimationReader):
        raise OutputError(
            "A .png file is a picture, and the target is a video; choose .mp4, or .apng for an animation, or a name "
            "such as frame.####.png for a picture of each frame."
        )
    if suffix in animation_write.FORMATS:
        return AnimationWriter(output, source, options, tags, seal)
    return VideoWriter(output, source, options, tags, seal)
