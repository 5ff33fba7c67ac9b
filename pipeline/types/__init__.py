"""Frozen values that the rooms hand each other.

Conventions used everywhere in `pipeline`:

* images are ``uint8`` arrays of shape ``(height, width, 3)`` in BGR order unless a docstring says otherwise;
* points are ``(x, y)`` in pixels of the upright frame, the centre of the top-left pixel at ``(0, 0)``;
* times are seconds from the first frame of the target, rates are `fractions.Fraction`.
"""

from pipeline.types.geometry import Box, FloatArray, ImageArray
from pipeline.types.media import Frame, MediaInfo, MediaKind, MediaLimits, Shade
from pipeline.types.people import Advice, AdviceCode, Cast, Face, Identity, Person, Role, SourcePhoto
from pipeline.types.rendering import Crop, Patch, Rendering

__all__ = [
    "Advice",
    "AdviceCode",
    "Box",
    "Cast",
    "Crop",
    "Face",
    "FloatArray",
    "Frame",
    "Identity",
    "ImageArray",
    "MediaInfo",
    "MediaKind",
    "MediaLimits",
    "Patch",
    "Person",
    "Rendering",
    "Role",
    "Shade",
    "SourcePhoto",
]
