"""The original and the result in one picture or video: side by side, stacked, or divided by a line that moves."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from pipeline.errors import OptionError, OutputError
from pipeline.media import animation_write, encoders, image_write
from pipeline.media.cancelling import until_cancelled
from pipeline.media.edit import editor, tell
from pipeline.media.guard import LIMITS
from pipeline.media.image import read_picture
from pipeline.media.image_write import write_picture
from pipeline.media.open import open_result, open_target
from pipeline.media.output import PendingFile, Seal
from pipeline.media.picture import Picture
from pipeline.media.probe import probe
from pipeline.media.stills import Newest, Shown, in_place_of, rgb, swapped
from pipeline.options import COMPARISON_LAYOUTS, ComparisonLayout, Options
from pipeline.report import ProgressCallback
from pipeline.types import ImageArray, MediaInfo, MediaLimits

COMPARING = "Comparing"
LONGEST_SIDE = 3840
"""Pixels of a comparison, which would otherwise be twice as wide as a video that players just manage."""
GAP = 1 / 120
"""The gap between both sides, as a share of their height."""
SWEEP = 4.0
"""Seconds of one way of the wipe's line and back."""
_WHITE = (255, 255, 255)
_Still = Callable[[float], ImageArray]


def comparison(
    before: Path,
    after: Path,
    output: Path,
    *,
    layout: ComparisonLayout = "side-by-side",
    start: float | None = None,
    end: float | None = None,
    tags: Mapping[str, str] | None = None,
    seal: Seal | None = None,
    limits: MediaLimits = LIMITS,
    progress: ProgressCallback | None = None,
    cancel: threading.Event | None = None,
    rate: Fraction | None = None,
) -> Path:
    """The original on the left (or above), the result on the right, in one picture or video with the result's sound.

    Both are shown at one size, that of the smaller one. The comparison has the frames, times and sound of `after`.

    Args:
        before: the original.
        after: what was made of it.
        output: the file to write; its ending decides the format.
        layout: ``"wipe"`` shows one frame of both, divided by a line that moves in videos.
        start, end: the part of `before` that `after` was made of, in seconds, as in the job's `Options`.
        tags: descriptions to put into the file.
        seal: what is done to the finished file before it gets its name.
        rate: frames a second of numbered pictures, 24 when ``None``.

    Raises:
        InputError: a file cannot be read, the output not written, or one is a picture and the other is not.
        Cancelled: `cancel` was set.
    """
    if layout not in COMPARISON_LAYOUTS:
        raise OptionError(f"A comparison's layout has to be one of {', '.join(COMPARISON_LAYOUTS)}.")
    before, after, output = Path(before), Path(after), Path(output)
    old, new = probe(before, limits, rate), probe(after, limits, rate)
    if (old.kind == "image") != (new.kind == "image"):
        raise OptionError("A picture can only be compared with a picture, a video with a video.")
    require_comparison_name(output, new.kind)
    PendingFile(output, (before, after))  # tells early what is wrong with the name; writes nothing
    if new.kind == "image":
        _compare_pictures(before, after, output, layout, tags, seal, limits)
    else:
        _compare_videos(old, new, output, layout, (start, end), tags, seal, limits, progress, cancel)
    return output


def require_comparison_name(output: Path, kind: str) -> None:
    """Raise `OutputError` for an ending that a comparison of this kind of media cannot have."""
    suffix = output.suffix.lower()
    if kind == "image":
        allowed = sorted(image_write.FORMATS)
    else:
        allowed = [
            *encoders.MUXERS,
            *(name for name in animation_write.FORMATS if kind == "animation" or name != ".png"),
        ]
    if suffix not in allowed:
        raise OutputError(f"This comparison can be saved as {', '.join(allowed)}.")


def _compare_pictures(
    before: Path,
    after: Path,
    output: Path,
    layout: ComparisonLayout,
    tags: Mapping[str, str] | None,
    seal: Seal | None,
    limits: MediaLimits,
) -> None:
    one, other = read_picture(before, limits), read_picture(after, limits)
    plan = _Plan((one.width, one.height), (other.width, other.height), layout, LONGEST_SIDE * 2)
    old, new = (_fitted(rgb(picture), plan.size) for picture in (one, other))
    canvas = np.full((plan.height, plan.width, 3), 255, np.uint8)
    if layout == "wipe":
        edge = plan.edge(0)
        canvas[:, :edge], canvas[:, edge + plan.gap :] = old[:, :edge], new[:, edge + plan.gap :]
    else:
        for image, (x, y) in zip((old, new), plan.places, strict=True):
            canvas[y : y + plan.size[1], x : x + plan.size[0]] = image
    icc = other.icc if other.icc == one.icc and not other.grey else b""
    write_picture(output, Picture(swapped(canvas), icc=icc), "high", tags, (before, after), seal)


def _compare_videos(
    old: MediaInfo,
    new: MediaInfo,
    output: Path,
    layout: ComparisonLayout,
    part: tuple[float | None, float | None],
    tags: Mapping[str, str] | None,
    seal: Seal | None,
    limits: MediaLimits,
    progress: ProgressCallback | None,
    cancel: threading.Event | None,
) -> None:
    plan = _Plan((old.width, old.height), (new.width, new.height), layout, LONGEST_SIDE)
    options = Options(codec="vp9" if output.suffix.lower() == ".webm" else "h264", quality="standard")
    movie = editor()
    with (
        open_target(old.path, old, *part, limits) as originals,
        open_target(new.path, new, None, None, limits) as results,
        open_result(output, results, options, tags, seal) as writer,
    ):
        left = Shown(originals, old, cancel)
        right = Newest()
        arranged: Any = None
        origin = 0.0
        for number, frame in enumerate(until_cancelled(results, cancel), start=1):
            right.show(frame)
            if arranged is None:
                origin = frame.time
                arranged = _arranged(movie, left.at, right.at, plan)
            image = np.asarray(arranged.get_frame(frame.time - origin), np.uint8)
            writer.write(in_place_of(frame, image))
            tell(progress, COMPARING, number, new.frames)
        originals.source.check()
        writer.finish()


class _Plan:
    """Where both sides go.

    Attributes:
        size: width and height of each side, even numbers.
        gap: pixels between them, or of the wipe's line.
        width, height: of the whole.
        places: top-left corners of the original and the result.
    """

    def __init__(self, old: tuple[int, int], new: tuple[int, int], layout: ComparisonLayout, longest: int) -> None:
        width, height = new if new[1] <= old[1] else (round(new[0] * old[1] / new[1]), old[1])
        across, down = (2 if layout == "side-by-side" else 1), (2 if layout == "stacked" else 1)
        shrink = min(1.0, longest / max(across * width, down * height))
        width, height = _even(width * shrink), _even(height * shrink)
        self.layout, self.size, self.gap = layout, (width, height), _even(max(2.0, height * GAP))
        self.width = width * across + (self.gap if across == 2 else 0)
        self.height = height * down + (self.gap if down == 2 else 0)
        second = {"side-by-side": (width + self.gap, 0), "stacked": (0, height + self.gap), "wipe": (0, 0)}[layout]
        self.places: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), second)

    def edge(self, time: float) -> int:
        """Where the wipe's line is: half the width at first, swinging to both sides."""
        share = 0.5 + 0.45 * math.sin(2 * math.pi * time / SWEEP)
        return min(max(1, round(self.size[0] * share)), self.size[0] - self.gap)


def _arranged(movie: ModuleType, left: _Still, right: _Still, plan: _Plan) -> Any:
    """MoviePy's clip of both sides."""
    resize = [movie.vfx.Resize(plan.size)]
    old, new = (_sized(movie.VideoClip(still), plan.size, resize) for still in (left, right))
    if plan.layout == "wipe":
        # Cut instead of masked: of what has a mask MoviePy blends whole frames.
        old = old.transform(lambda get_frame, time: get_frame(time)[:, : plan.edge(time)])
        line = movie.ColorClip((plan.gap, plan.height), color=_WHITE).with_position(lambda time: (plan.edge(time), 0))
        return movie.CompositeVideoClip([new, old, line], size=plan.size, use_bgclip=True)
    sides = [clip.with_position(place) for clip, place in zip((old, new), plan.places, strict=True)]
    return movie.CompositeVideoClip(sides, size=(plan.width, plan.height), bg_color=_WHITE)


def _sized(clip: Any, size: tuple[int, int], resize: list[Any]) -> Any:
    return clip if tuple(clip.size) == size else clip.with_effects(resize)


def _fitted(image: ImageArray, size: tuple[int, int]) -> ImageArray:
    if image.shape[1::-1] == size:
        return image
    smaller = size[0] < image.shape[1]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC), np.uint8)


def _even(value: float) -> int:
    return max(2, round(value / 2) * 2)
