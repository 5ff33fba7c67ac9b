"""Colours that a picture's ICC profile tells, in sRGB: videos keep no profile, and are taken for that by players."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from pipeline.media.picture import Picture
from pipeline.types import ImageArray

log = logging.getLogger(__name__)

_ALIKE = 3
"""Grey levels by which a profile that is sRGB itself, or as good as that, moves no colour; such pictures stay exact."""
_STEPS = 6
"""Levels of each channel that are tried for that."""


def is_srgb(icc: bytes) -> bool:
    """Whether pictures with this profile, or without any, can be taken as they are."""
    return not icc or _transform(icc) is None


def in_srgb(picture: Picture) -> Picture:
    """A colour picture of 8 bits, in sRGB; any other one as it is."""
    if picture.grey or picture.deep or not picture.icc or (transform := _transform(picture.icc)) is None:
        return picture
    return replace(picture, native=_applied(transform, picture.native), icc=b"")


@lru_cache(maxsize=4)
def _transform(icc: bytes) -> ImageCms.ImageCmsTransform | None:
    """What takes a profile's colours to sRGB; ``None`` where that would change nothing, or cannot be told."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        found = ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError) as error:
        log.info("a colour profile could not be used: %s", error)
        return None
    levels = np.linspace(0, 255, _STEPS).astype(np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(_STEPS, -1, 3)
    moved = np.abs(_applied(found, colours).astype(int) - colours).max()
    return found if moved > _ALIKE else None


def _applied(transform: ImageCms.ImageCmsTransform, bgr: ImageArray) -> ImageArray:
    image = ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(bgr[:, :, ::-1])), transform)
    assert image is not None
    return np.ascontiguousarray(np.asarray(image, np.uint8)[:, :, ::-1])
