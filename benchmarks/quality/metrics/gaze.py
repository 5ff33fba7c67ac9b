"""Where the eyes look: the iris' place between the corners and the lids.

``gaze.shift``: distance between result and target of the iris' centre, in eye widths, in a frame of the eye's own
(origin halfway between its corners, x along them). Mean of both eyes; left out when an eye is shut or narrower than
10 pixels.

Source: iris landmarks of MediaPipe (Ablavatski et al., "Real-time Pupil Tracking from Monocular Video for Digital
Puppetry", 2020). Calibration: the landmarker's own noise (half a pixel's shift, JPEG at quality 90) is 0.003-0.011 on
eyes of 17 to 36 pixels and 0.045 on one of 11. The engine shows the target's own eyes, so departures above 0.05 are
mostly misplaced landmarks rather than another gaze; an eye sees a shift from about 0.08.
"""

from __future__ import annotations

import numpy as np

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.metrics.geometry import eye_opening
from pipeline.types import FloatArray

EYES = ((468, 33, 133), (473, 362, 263))
SHUT = 0.16
SMALLEST = 10.0


def gaze(target: FloatArray, result: FloatArray) -> Numbers:
    """Both ``(478, 3)`` landmarks."""
    if min(eye_opening(target), eye_opening(result)) < SHUT:
        return {}
    if min(float(np.linalg.norm(target[a, :2] - target[b, :2])) for _, a, b in EYES) < SMALLEST:
        return {}
    shifts = [np.linalg.norm(_place(result, eye) - _place(target, eye)) for eye in EYES]
    return {"gaze.shift": float(np.mean(shifts))}


def _place(landmarks: FloatArray, eye: tuple[int, int, int]) -> FloatArray:
    iris, left, right = (landmarks[i, :2] for i in eye)
    along = right - left
    width = max(float(np.linalg.norm(along)), 1e-3)
    x = along / width
    offset = (iris - (left + right) / 2) / width
    return np.array([offset @ x, offset @ np.array([-x[1], x[0]])], np.float32)
