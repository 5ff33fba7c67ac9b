"""What a result is called when nobody says."""

from __future__ import annotations

from pathlib import Path

from pipeline.media.numbering import Numbering, numbered_result
from pipeline.options import Options
from pipeline.types import MediaInfo

_PICTURES = {
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".png": "png",
    ".webp": "webp",
    ".avif": "avif",
    ".bmp": "bmp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".gif": "gif",
    ".exr": "exr",
}
_ENDINGS = {content: ending for ending, content in reversed(_PICTURES.items())} | {"heif": ".jpg"}
_MOVING = ("webp", "png")
"""Formats that hold an animation as well as a picture."""
_UNWRITTEN = {("image", "gif"): ".png", ("animation", "avif"): ".webp"}
"""What is read and not written, and what is written instead."""
_KEPT_CONTAINERS = (".mp4", ".mov", ".mkv")
_EDITED = ("mxf", "dv")
"""Containers of what is edited further: QuickTime holds their uncompressed sound and their timecode."""
MARK = "-recast"
_DIGITS = 4
"""Of a frame's number, at least: as many as programs that read numbered pictures expect."""
_PLAIN = str.maketrans("#%", "__")


def result_name(target: Path, info: MediaInfo, options: Options, name: str | None = None) -> str:
    """``holiday.mov`` becomes ``holiday-recast.mov``; the ending is one that can hold the result. Where frames are
    asked for, it becomes ``holiday-recast.####.png``, the name that theirs follow.

    Args:
        target: the file, for its ending; `name` is used for the rest where the file on disk has another name.
        info: what `pipeline.media.probe` said about it.
    """
    numbering = Numbering.of(target) if info.kind == "sequence" else None
    if numbering is not None:
        return _of_frames(numbering, options)
    given = Path(name or target.name)
    pictures, _, frames = options.video_format.partition("-")
    if frames and info.kind == "video":
        stem, digits = ((given.stem or "result") + MARK).translate(_PLAIN), max(_DIGITS, len(str(info.frames or 0)))
        return f"{stem}.{'#' * digits}{_ENDINGS[pictures]}"
    result = (given.stem or "result") + MARK + _ending(given.suffix.lower(), info, options)
    # A loop called `a##.webp` is to become a loop again and no row of pictures.
    return result.translate(_PLAIN) if info.kind == "animation" and numbered_result(Path(result)) else result


def _of_frames(numbering: Numbering, options: Options) -> str:
    """Numbered frames become such again, unless a film or other frames are asked for."""
    result = numbering.beside(MARK)
    path = result.path
    pictures, _, frames = options.video_format.partition("-")
    if not frames and pictures != "same":
        return result.before.rstrip("._- ") + f".{options.video_format}"
    if frames or options.picture_format != "same":
        return path.with_suffix(_ENDINGS[pictures if frames else options.picture_format]).name
    written = path.suffix.lower() in _PICTURES and path.suffix.lower() != ".gif"
    return path.name if written else path.with_suffix(".png").name


def _ending(given: str, info: MediaInfo, options: Options) -> str:
    if info.kind == "video":
        if options.video_format != "same":
            return f".{options.video_format}"
        if options.codec == "lossless":
            return ".mkv"
        if options.codec == "prores":
            return given if given in (".mov", ".mkv") else ".mov"
        if given == ".webm" and options.codec in ("vp9", "av1"):
            return given
        if info.alpha and options.codec == "h264":  # what keeps transparency is used, which no MP4 can hold
            return given if given in (".mov", ".mkv", ".webm") else ".mov"
        if info.container in _EDITED:
            return ".mov"
        return given if given in _KEPT_CONTAINERS else ".mp4"
    if options.picture_format != "same" and (info.kind == "image" or options.picture_format in _MOVING):
        return _ENDINGS[options.picture_format]
    if (instead := _UNWRITTEN.get((info.kind, info.container))) is not None:
        return instead
    if _PICTURES.get(given) == info.container:
        return given
    return _ENDINGS.get(info.container, ".gif" if info.kind == "animation" else ".png")
