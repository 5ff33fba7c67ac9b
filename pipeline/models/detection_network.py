"""The embedded face detection network, YuNet, run by ONNX Runtime on a picture of any size."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.errors import ModelError
from pipeline.models.embedded import YUNET, load
from pipeline.models.plain import cpu_session, dequantised
from pipeline.types import FloatArray, ImageArray

STRIDES = (8, 16, 32)
"""Pixels between the places that each level of the network looks at."""


class DetectionNetwork:
    """Holds no state between calls; may be shared by threads."""

    def __init__(self) -> None:
        """
        Raises:
            ModelError: the network's file is missing or altered, or cannot be run.
        """
        try:
            self._session = cpu_session(dequantised(load(YUNET)))
        except ModelError:
            raise
        except Exception as error:  # those of onnx and onnxruntime, which have no common root
            raise ModelError("The face detection network could not be loaded.") from error
        self._outputs = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES]

    def __call__(self, picture: ImageArray) -> list[FloatArray]:
        """For each kind (class, presence, box, points) and each of `STRIDES`: ``(1, places, values)`` float32.

        Args:
            picture: ``(height, width, 3)`` uint8 BGR, both multiples of 32.
        """
        feed = {"input": cv2.dnn.blobFromImage(picture)}
        return [np.asarray(output) for output in self._session.run(self._outputs, feed)]
