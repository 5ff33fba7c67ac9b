"""Photos that a new face is taken from, in the colours that the engines count in."""

from __future__ import annotations

from pathlib import Path

from pipeline.media.guard import LIMITS
from pipeline.media.image import read_picture
from pipeline.media.picture import Picture
from pipeline.media.profile import in_srgb, is_srgb
from pipeline.types import MediaLimits


def read_photo(source: Path | bytes, limits: MediaLimits = LIMITS) -> Picture:
    """Decode a photo, upright and in sRGB: telephones save in Display P3, in which skin taken for sRGB is pale.

    What is in sRGB, or tells no profile, keeps its samples; what is not, and has 16 bits, is brought to 8.

    Raises:
        FileMissing, FileEmpty, UnsupportedMedia, CorruptMedia, MediaTooLarge, MediaChanged.
    """
    picture = read_picture(source, limits)
    if picture.deep and not picture.grey and not is_srgb(picture.icc):
        picture = Picture(picture.image(), icc=picture.icc)
    return in_srgb(picture)
