"""EXIF that may go into a result: how the picture was taken, nothing about who took it, with which copy, or where."""

from __future__ import annotations

import logging

from PIL import ExifTags, Image

log = logging.getLogger(__name__)

_IFD_EXIF = 0x8769
_PICTURE = (
    271, 272,  # make and model of the camera
    282, 283, 296,  # resolution
    306, 531,  # date, chroma position
    33432,  # copyright: a right to be named, not a secret
)  # fmt: skip
_EXPOSURE = (
    33434, 33437, 34850, 34855, 34864, 34865, 34866, 36864, 36867, 36868, 37121, 37377, 37378, 37379, 37380, 37381,
    37382, 37383, 37384, 37385, 37386, 40960, 40961, 41486, 41487, 41488, 41495, 41985, 41986, 41987, 41988, 41989,
    41990, 41991, 41992, 41993, 41994, 41996, 42034, 42035, 42036,
)  # fmt: skip
"""Exposure, lens model and the like. Not: maker notes, comments, serial numbers, owner, unique image id."""


def orientation(exif: Image.Exif) -> int:
    """The EXIF orientation, 1 where there is none or nonsense."""
    value = exif.get(ExifTags.Base.Orientation, 1)
    return int(value) if isinstance(value, int) and 1 <= value <= 8 else 1


def cleaned(exif: Image.Exif) -> bytes:
    """EXIF with only the tags on the lists, orientation left out since pixels are upright; empty when nothing is left.

    GPS, thumbnails, maker notes, names, serial numbers and comments are on no list.
    """
    kept = Image.Exif()
    for tag in _PICTURE:
        if tag in exif:
            kept[tag] = exif[tag]
    details = exif.get_ifd(_IFD_EXIF)
    chosen = {tag: details[tag] for tag in _EXPOSURE if tag in details}
    if chosen:
        kept.get_ifd(_IFD_EXIF).update(chosen)
    if not len(kept) and not chosen:
        return b""
    try:
        return kept.tobytes()
    except (ValueError, TypeError, OverflowError, ArithmeticError) as error:
        # A damaged field cannot be written again; the picture matters more than its description.
        log.info("EXIF of a picture could not be kept: %s", error)
        return b""
