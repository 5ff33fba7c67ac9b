"""Painted masks that lie over a frame, laid on the faces in it before a job begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from pipeline.errors import CorruptMedia, NoFaceInTarget, OptionError
from pipeline.media import open_target, probe, read_picture
from pipeline.mesh.exclusion import painted_over
from pipeline.mesh.painted import is_exclusion, read_painted, write_exclusion
from pipeline.options import Options
from pipeline.types import Face, Frame, ImageArray, MediaInfo, MediaLimits

ALIKE = 0.02
"""How far the proportions of a mask and its frame may differ."""


def laid_on_faces(options: Options, faces: Sequence[Face], size: tuple[int, int]) -> Options:
    """`options` with their painted mask on the atlas, where it lies over a frame.

    Args:
        faces: of that frame. The mask holds for all of them, each where it was painted over.
        size: ``(width, height)`` of that frame.

    Raises:
        OptionError: the mask has other proportions, or lies on no face.
        NoFaceInTarget: the frame shows none.
    """
    if not options.exclude or is_exclusion(options.exclude):
        return options
    strokes = fitted(read_painted(options.exclude), size)
    if not faces:
        raise NoFaceInTarget("No face was found in the frame that was painted over.")
    painted = painted_on(strokes, faces)
    if not painted.any():
        raise OptionError("What was painted lies on no face. Paint over a face of the frame that exclude_at names.")
    return replace(options, exclude=write_exclusion(painted), exclude_at=None)


def laid_on_target(
    options: Options, target: Path | MediaInfo, find: Callable[[Frame], Sequence[Face]], limits: MediaLimits
) -> Options:
    """The same, with the frame taken from a file.

    Raises:
        InputError: the target cannot be read, or ends before `exclude_at`.
    """
    if not options.exclude or is_exclusion(options.exclude):
        return options
    info = target if isinstance(target, MediaInfo) else probe(target, limits)
    frame = _frame(info, options.start if options.exclude_at is None else options.exclude_at, limits)
    return laid_on_faces(options, find(frame), (frame.width, frame.height))


def painted_on(strokes: ImageArray, faces: Sequence[Face]) -> ImageArray:
    """``(192, 192)`` uint8 over the atlas: strokes ``(h, w)`` over a frame, on any of its faces."""
    return np.asarray(np.maximum.reduce([painted_over(strokes, face) for face in faces if face.pose is not None]))


def fitted(strokes: ImageArray, size: tuple[int, int]) -> ImageArray:
    """Strokes at the size of their frame.

    Raises:
        OptionError: they have other proportions.
    """
    height, width = strokes.shape
    if abs(width * size[1] / (height * size[0]) - 1) > ALIKE:
        raise OptionError(
            f"The painted mask is {width} × {height}, its frame {size[0]} × {size[1]}: they have to be alike."
        )
    return np.asarray(cv2.resize(strokes, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _frame(info: MediaInfo, moment: float | None, limits: MediaLimits) -> Frame:
    if info.kind == "image":
        return read_picture(info.path, limits)
    with open_target(info.path, info, moment or None, limits=limits) as reader:
        for frame in reader:
            return frame
    raise CorruptMedia()
