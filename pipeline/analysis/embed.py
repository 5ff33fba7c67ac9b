"""Who a face is: 128 numbers by SFace, on the usual 112-pixel alignment.

The network (Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", 2021) is run by
OpenCV's graph engine; neither ONNX Runtime nor `cv2.FaceRecognizerSF` of OpenCV 5 runs this quantised file.
"""

from __future__ import annotations

import threading

import cv2
import numpy as np

from pipeline.analysis.landmarks import take_crop
from pipeline.errors import ModelError
from pipeline.models.align import similarity
from pipeline.models.embedded import SFACE, load
from pipeline.types import Face, FloatArray, Frame

SIZE = 112
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""Where the five points of `Face.points` lie in the aligned crop (ArcFace's template, which SFace shares)."""


class FaceEmbedder:
    """Turns faces into embeddings. Holds no state between calls; may be shared by threads (calls take turns)."""

    def __init__(self) -> None:
        """
        Raises:
            ModelError: the network's file is missing or altered, or cannot be run.
        """
        self._lock = threading.Lock()
        try:
            self._network = cv2.dnn.readNetFromONNX(np.frombuffer(load(SFACE), np.uint8))
        except cv2.error as error:
            raise ModelError("The face recognition network could not be loaded.") from error

    def __call__(self, frame: Frame, face: Face) -> FloatArray:
        """``(128,)`` float32, L2-normalised. `face` needs its `points`.

        Raises:
            ValueError: `face` has no points.
        """
        if face.points is None:
            raise ValueError("a face without points cannot be aligned")
        crop = take_crop(frame, similarity(face.points, TEMPLATE), SIZE)
        blob = cv2.dnn.blobFromImage(crop, swapRB=True)
        with self._lock:
            self._network.setInput(blob, "data")
            vector = np.asarray(self._network.forward(), np.float32).reshape(-1).copy()
        return normalised(vector)


def normalised(vector: FloatArray) -> FloatArray:
    """`vector` scaled to length one."""
    return (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
