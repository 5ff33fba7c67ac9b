"""Pose and expression: are they still the target's?

* ``expression.landmarks``: mean distance of the result's inner landmarks (no outline) from the target's in eye
  distances, after the similarity that aligns them best. Both meshes are found by the same network in the same region of
  both pictures. Giving features the source's proportions on purpose (`Options.likeness`) counts here too: at 1 it
  costs about 0.01 here, 0.01 in mean and 0.1 in the worst blendshape. Whether the expression moves as the target's does
  is what the curves of a clip tell.
* ``expression.blendshapes``: mean absolute difference of MediaPipe's 51 blendshapes; ``expression.blendshape_worst``:
  the largest. Source: the blendshape network inside the FaceLandmarker bundle (MediaPipe Blendshape V2 model card); it
  takes x and y of 146 of the 478 landmarks in pixels, see `SUBSET`.
* ``expression.pose``: angle in degrees between the rotations of the two poses (weighted Procrustes onto the canonical
  face, as in MediaPipe's face geometry module).

Calibration: the landmarker's own noise, measured on the bench's portraits after a shift of half a pixel and JPEG at
quality 90: 0.001-0.003 eye distances, 0.003-0.007 in mean and 0.015-0.05 in the worst blendshape, 0.1-0.6 degrees for
faces of 88 pixels and more; about twice the distance and four times the blendshapes for faces of 50 to 60 pixels. A
worst blendshape of 0.3 and more is mostly a mouth that smiles where the target does not, which an eye confirms; the
mean hides it.
"""

from __future__ import annotations

import threading
from functools import cache

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.metrics.geometry import eye_distance
from pipeline.analysis.embed import similarity
from pipeline.models.embedded import landmarker_parts
from pipeline.models.face_mesh import FACE_OVAL
from pipeline.types import FloatArray

# Which landmarks the blendshape network takes, a fact of MediaPipe's face_blendshapes_graph.cc (Apache-2.0).
SUBSET = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249,
    251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314,
    317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382,
    384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473,
    474, 475, 476, 477,
)  # fmt: skip
JAW_OPEN, BLINK_LEFT, BLINK_RIGHT = 25, 9, 10
"""Places of three of the 52 coefficients; place 0 is the neutral face and tells nothing."""

INNER = [i for i in range(468) if i not in FACE_OVAL]


def expression(target: FloatArray, result: FloatArray, target_pose: FloatArray, result_pose: FloatArray) -> Numbers:
    """
    Args:
        target, result: ``(478, 3)`` landmarks.
        target_pose, result_pose: see `pipeline.types.Face.pose`.
    """
    difference = np.abs(blendshapes(result) - blendshapes(target))[1:]
    return {
        "expression.landmarks": landmark_distance(target, result),
        "expression.blendshapes": float(difference.mean()),
        "expression.blendshape_worst": float(difference.max()),
        "expression.pose": angle_between(target_pose, result_pose),
    }


def landmark_distance(target: FloatArray, result: FloatArray) -> float:
    """Mean distance after alignment, in eye distances of the target."""
    one, other = result[INNER, :2], target[INNER, :2]
    matrix = similarity(one, other)
    moved = one @ matrix[:, :2].T + matrix[:, 2]
    return float(np.linalg.norm(moved - other, axis=1).mean()) / eye_distance(target)


def angle_between(one: FloatArray, other: FloatArray) -> float:
    """Degrees between the rotations of two poses."""
    first, second = _rotation(one), _rotation(other)
    cosine = (np.trace(first.T @ second) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def blendshapes(landmarks: FloatArray) -> FloatArray:
    """``(52,)`` float32 coefficients, 0 to 1."""
    network, lock = _network()
    with lock:
        network.set_tensor(
            network.get_input_details()[0]["index"], landmarks[None, list(SUBSET), :2].astype(np.float32)
        )
        network.invoke()
        return np.array(network.get_tensor(network.get_output_details()[0]["index"]), np.float32).reshape(52)


def _rotation(pose: FloatArray) -> FloatArray:
    u, _, vt = np.linalg.svd(pose[:3, :3].astype(np.float64))
    return np.asarray(u @ vt)


@cache
def _network() -> tuple[Interpreter, threading.Lock]:
    network = Interpreter(model_content=landmarker_parts()["face_blendshapes.tflite"], num_threads=1)
    network.allocate_tensors()
    return network, threading.Lock()
