"""A person recast as themselves must give back nearly the same picture.

``self.psnr`` in dB and ``self.ssim`` inside the face's outline. Source: SSIM after Wang et al., "Image Quality
Assessment: From Error Visibility to Structural Similarity" (2004), Gaussian window of 1.5 pixels, on luma.

Calibration: 32 dB is the project's goal and looks the same side by side; at 20-22 dB a shadow is missing or torn
(side-lit painting). Fine skin texture costs PSNR and is not seen; a shifted eye costs little and is: look at the
sheet, too.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.metrics.geometry import hull
from pipeline.types import FloatArray, ImageArray


def selfswap(target: ImageArray, result: ImageArray, landmarks: FloatArray) -> Numbers:
    """
    Args:
        target, result: the same crop of both.
        landmarks: of the target in that crop.
    """
    inside = hull(landmarks, target.shape)
    if not inside.any():
        return {}
    error = float(((result.astype(np.float32) - target)[inside] ** 2).mean())
    return {
        "self.psnr": min(99.0, 10 * float(np.log10(255**2 / max(error, 1e-9)))),
        "self.ssim": float(_ssim(target, result)[inside].mean()),
    }


def _ssim(one: ImageArray, other: ImageArray) -> NDArray[np.float32]:
    a, b = (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32) for image in (one, other))

    def soft(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float32)

    mean_a, mean_b = soft(a), soft(b)
    var_a, var_b = soft(a * a) - mean_a**2, soft(b * b) - mean_b**2
    both = soft(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similar = ((2 * mean_a * mean_b + c1) * (2 * both + c2)) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return np.asarray(similar, np.float32)
