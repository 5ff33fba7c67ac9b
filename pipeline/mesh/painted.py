"""Painted masks as options carry them: grey PNG pictures in base64, over the atlas or over a frame.

A mask over the atlas says so itself (a text in the PNG called ``recast``), so that whoever has only a picture of the
frame can give that: it is laid on the atlas before the job begins.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from PIL import Image, PngImagePlugin

from pipeline.errors import OptionError
from pipeline.options import PaintedMask
from pipeline.types import ImageArray

EXCLUSION_SIDE = 192
"""Side of a mask over the atlas."""
LONGEST_SIDE = 1920
"""Side to which a larger mask over a frame is brought."""
MOST_PIXELS = 64_000_000
MOST_CHARACTERS = 1_000_000
_KIND, _ATLAS = "recast", "atlas"
TOO_LARGE = "The painted mask is too large."
NOT_A_MASK = "exclude has to be a PNG picture in base64: white, or opaque, where the target stays."


def is_exclusion(text: str) -> bool:
    """Whether a mask lies over the atlas.

    Raises:
        OptionError: it is none at all.
    """
    with _opened(text) as image:
        return image.info.get(_KIND) == _ATLAS and image.size == (EXCLUSION_SIDE, EXCLUSION_SIDE)


def read_exclusion(text: str) -> ImageArray:
    """``(192, 192)`` uint8, 255 where the target stays.

    Raises:
        OptionError: it is no mask over the atlas.
    """
    if not is_exclusion(text):
        raise OptionError("exclude is painted over a frame, and there is no frame here to find it in.")
    return read_painted(text)


def read_painted(text: str) -> ImageArray:
    """``(h, w)`` uint8, 255 where somebody has painted: by how opaque it is, or how light where all of it is opaque.

    Raises:
        OptionError: it is no PNG in base64, or too large.
    """
    with _opened(text) as image:
        try:
            image.load()
            alpha = np.asarray(image.convert("RGBA").getchannel("A"))
            grey = np.asarray(image.convert("RGB").convert("L"))
        except (OSError, SyntaxError, ValueError, MemoryError, EOFError) as error:
            raise OptionError(NOT_A_MASK) from error
    return np.array(grey if alpha.min() == 255 else alpha, np.uint8)


def write_exclusion(exclusion: ImageArray) -> PaintedMask:
    """A mask over the atlas as an option carries it; empty where nothing is painted."""
    if not exclusion.any():
        return PaintedMask("")
    about = PngImagePlugin.PngInfo()
    about.add_text(_KIND, _ATLAS)
    # Sixteen levels are enough for a border that is softened later, and a third of the bytes.
    return _written(np.minimum(exclusion // 17 * 17, 255).astype(np.uint8), about)


def checked(texts: Sequence[str]) -> list[PaintedMask]:
    """Masks from outside, made small, with nothing in them but themselves; empty where nothing is painted.

    Raises:
        OptionError: see `read_painted`; together they may be as large as one.
    """
    if sum(_pixels(text) for text in texts if text) > MOST_PIXELS:
        raise OptionError(TOO_LARGE)
    return [_checked(text) if text else PaintedMask("") for text in texts]


def _pixels(text: str) -> int:
    with _opened(text) as image:
        return int(image.width * image.height)


def _checked(text: str) -> PaintedMask:
    if is_exclusion(text):
        return write_exclusion(read_painted(text))
    painted = read_painted(text)
    scale = LONGEST_SIDE / max(painted.shape)
    if scale < 1:
        painted = np.asarray(cv2.resize(painted, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return _written(painted, None)


def _written(grey: ImageArray, about: PngImagePlugin.PngInfo | None) -> PaintedMask:
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG", pnginfo=about, optimize=True)
    return PaintedMask(base64.b64encode(file.getvalue()).decode("ascii"))


def _opened(text: str) -> Any:
    if len(text) > MOST_CHARACTERS:
        raise OptionError(TOO_LARGE)
    try:
        data = base64.b64decode(text.removeprefix("data:image/png;base64,"), validate=True)
        image = Image.open(io.BytesIO(data), formats=["PNG"])
    except (binascii.Error, OSError, SyntaxError, ValueError) as error:
        raise OptionError(NOT_A_MASK) from error
    if image.width * image.height > MOST_PIXELS:
        raise OptionError(TOO_LARGE)
    return image
