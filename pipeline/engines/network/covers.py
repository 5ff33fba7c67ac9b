"""Networks that see what covers a face, or which part of it is where."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.network.contract import numbers
from pipeline.engines.network.crop import take
from pipeline.engines.network.masks import MASK, smooth
from pipeline.engines.network.sight import Sight
from pipeline.errors import ModelError
from pipeline.models.align import TemplateName, to_crop
from pipeline.models.library import Library
from pipeline.models.session import Session
from pipeline.options import Options
from pipeline.types import FloatArray, ImageArray

OCCLUDER_SIDE, PARSER_SIDE = 256, 512
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FACE_CLASSES = (1, 2, 3, 4, 5, 10, 11, 12, 13)
"""Skin, brows, eyes, nose, mouth and lips, after CelebAMask-HQ's list of 19."""
GLASSES = 6
_SOFT = 3.0
"""Blur of a mask (sigma) in pixels of `MASK`."""


def bare(library: Library, sight: Sight, template: TemplateName, options: Options) -> FloatArray | None:
    """``(256, 256)`` float32 over the crop of `template`: 1 where all networks that the options name see the bare face;
    ``None`` where they name none."""
    masks: list[FloatArray] = []
    if options.occluder != "none":
        masks.append(unoccluded(library.session(options.occluder), sight.image, sight.points, template))
    if options.parser != "none":
        session, glasses = library.session(options.parser), not options.keep_occluders
        masks.append(parsed(session, sight.image, sight.points, template, glasses=glasses))
    return np.minimum.reduce(masks) if masks else None


def unoccluded(session: Session, image: ImageArray, points: FloatArray, template: TemplateName) -> FloatArray:
    """``(256, 256)`` float32 over the crop of `template`: 1 where XSeg sees the bare face.

    Args:
        image: the target's own pixels.
        points: ``(5, 2)`` in it.
    """
    crop = take(image, to_crop(points, template, OCCLUDER_SIDE), OCCLUDER_SIDE)
    output = _only(session, crop[None].astype(np.float32) / np.float32(255))
    return _mask(output.reshape(OCCLUDER_SIDE, OCCLUDER_SIDE))


def parsed(
    session: Session, image: ImageArray, points: FloatArray, template: TemplateName, *, glasses: bool
) -> FloatArray:
    """``(256, 256)`` float32 over the crop of `template`: 1 on the parts of a face, by a parser of 19 classes.

    Args:
        glasses: whether glasses are replaced along with the face.
    """
    crop = take(image, to_crop(points, template, PARSER_SIDE), PARSER_SIDE)
    rgb = crop[..., ::-1].astype(np.float32) / np.float32(255)
    normal = (rgb - np.array(_MEAN, np.float32)) / np.array(_DEVIATION, np.float32)
    classes = _only(session, np.ascontiguousarray(normal.transpose(2, 0, 1)[None]))[0].argmax(0)
    wanted = (*FACE_CLASSES, GLASSES) if glasses else FACE_CLASSES
    return _mask(np.isin(classes, wanted).astype(np.float32))


def _only(session: Session, value: FloatArray) -> FloatArray:
    if len(session.inputs) != 1:
        raise ModelError(f"The network {session.path.stem} is not a mask network: it takes more than a picture.")
    return numbers(session(**{next(iter(session.inputs)): value})[0], f"The network {session.path.stem}")


def _mask(values: FloatArray) -> FloatArray:
    """Reduced, and softened inwards: what is doubtful stays the target's."""
    small = cv2.resize(np.clip(values, 0, 1), (MASK, MASK), interpolation=cv2.INTER_AREA)
    return smooth(cv2.GaussianBlur(small, (0, 0), _SOFT), 0.5, 0.95)
