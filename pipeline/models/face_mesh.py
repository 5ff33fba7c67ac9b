"""The topology of MediaPipe's face mesh, read from the landmarker bundle: no table of it is kept here.

Source: ``geometry_pipeline_metadata_landmarks.binarypb`` inside the bundle, a serialised `GeometryPipelineMetadata`
message of MediaPipe's face geometry module. Only the three fields needed are decoded, straight from the Protocol
Buffers wire format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.models.embedded import landmarker_parts
from pipeline.types import FloatArray

VERTICES = 468
"""Points of the skin surface; landmarks 468 to 477 are the irises (centre and four rim points each)."""

# Contours by landmark index, after MediaPipe's published face mesh map. "Right" is the person's right (left in the
# picture).
FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_EYE = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
RIGHT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
LEFT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)


@dataclass(frozen=True, eq=False)
class FaceMesh:
    """The canonical face.

    Attributes:
        vertices: ``(468, 3)`` float32, centimetres, x to the picture's right, y up, z towards the camera.
        uv: ``(468, 2)`` float32 texture coordinates in the unit square, v downwards.
        triangles: ``(898, 3)`` int32 vertex indices; a disk without holes (eyes and mouth are covered).
        weights: ``(468,)`` float32, importance of each vertex when the pose is fitted (most are 0).
    """

    vertices: FloatArray
    uv: FloatArray
    triangles: NDArray[np.int32]
    weights: FloatArray


@cache
def face_mesh() -> FaceMesh:
    """The mesh of the embedded landmarker.

    Raises:
        ModelError: the bundle does not hold what is expected.
    """
    data = landmarker_parts()["geometry_pipeline_metadata_landmarks.binarypb"]
    floats: list[float] = []
    indices: list[int] = []
    weights = np.zeros(VERTICES, np.float32)
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            for inner, item in _fields(value):
                if inner == 3 and isinstance(item, float):
                    floats.append(item)
                elif inner == 4 and isinstance(item, int):
                    indices.append(item)
        elif number == 2 and isinstance(value, bytes):
            entry = dict(_fields(value))
            weights[int(entry.get(1, 0))] = float(entry.get(2, 0.0))
    if len(floats) != VERTICES * 5 or len(indices) != 898 * 3:
        raise ModelError("The face landmarker's mesh has an unexpected shape.")
    buffer = np.asarray(floats, np.float32).reshape(VERTICES, 5)
    uv = np.ascontiguousarray(buffer[:, 3:])
    if uv[10, 1] > uv[152, 1]:
        uv[:, 1] = 1.0 - uv[:, 1]
    return FaceMesh(
        vertices=np.ascontiguousarray(buffer[:, :3]),
        uv=uv,
        triangles=np.asarray(indices, np.int32).reshape(-1, 3),
        weights=weights,
    )


def _fields(data: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Field number and value of each entry of one message (varint, 32-bit float and length-delimited only)."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
        elif kind == 2:
            size, at = _varint(data, at)
            yield key >> 3, data[at : at + size]
            at += size
        elif kind == 5:
            yield key >> 3, struct.unpack_from("<f", data, at)[0]
            at += 4
        else:
            raise ModelError("The face landmarker's mesh cannot be read.")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return result, at
