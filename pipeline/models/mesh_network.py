"""MediaPipe's face landmark network, run by LiteRT on a crop."""

from __future__ import annotations

import math
import threading

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from pipeline.errors import ModelError
from pipeline.models.embedded import landmarker_parts
from pipeline.types import FloatArray, ImageArray

CROP = 256


class MeshNetwork:
    """478 points of the face in a crop. Holds no state between calls; may be shared by threads (calls take turns)."""

    def __init__(self, threads: int = 1) -> None:
        """
        Raises:
            ModelError: the network's file is missing or altered, or cannot be run.
        """
        self._lock = threading.Lock()
        try:
            self._network = Interpreter(
                model_content=landmarker_parts()["face_landmarks_detector.tflite"], num_threads=threads
            )
            self._network.allocate_tensors()
        except (ValueError, RuntimeError, KeyError) as error:
            raise ModelError("The face landmark network could not be loaded.") from error
        self._input = self._network.get_input_details()[0]["index"]
        outputs = {detail["name"]: detail["index"] for detail in self._network.get_output_details()}
        self._points, self._presence = outputs["Identity"], outputs["Identity_1"]

    def __call__(self, crop: ImageArray) -> tuple[FloatArray, float]:
        """``(478, 3)`` float32 points in pixels of the crop, and the presence score, 0 to 1.

        Args:
            crop: ``(256, 256, 3)`` uint8 BGR; the mesh about two thirds as wide, eyes level.
        """
        pixels = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)
        with self._lock:
            # Straight into the network's own memory, which nobody may hold on to while it runs.
            np.multiply(pixels, np.float32(1 / 255), out=self._network.tensor(self._input)()[0])
            self._network.invoke()
            points = self._network.get_tensor(self._points).reshape(478, 3).astype(np.float32)
            logit = float(self._network.get_tensor(self._presence).reshape(-1)[0])
        # The network counts from the corner of the first pixel; our points from its centre.
        points[:, :2] -= np.float32(0.5)
        return points, 1 / (1 + math.exp(-logit))
