"""Does the mouth open and do the eyes close as far, and when, the target's do?

The curve of the result is compared with the target's over the frames of a clip: correlation (is it the same movement?)
and gain, the slope of the least-squares line through both (1 is as far, 0.7 is 30 % less: the complaint of the field).

* ``mouth.correlation``, ``mouth.gain``: gap between the lips in eye distances.
* ``eyes.correlation``, ``eyes.gain``: gap between the lids over the eyes' width.

Openings come from the landmarks, not from the blendshapes, which saturate. A curve whose standard deviation in the
target is below `STILL` tells nothing and is left out.

Calibration: on the synthetic clips (`tests.media.talking`) the target's own landmark curves correlate 0.97-1.0 with the
ground truth; ``truth.*`` gives that figure for each clip, so that a gain is not blamed on the engine where the
landmarker itself is lost. On the shared clips a gain of 0.4 is a mouth that stays shut while the person speaks, which
the strips show; 0.9 and 1.1 cannot be told from 1 by eye.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.quality.metrics import Numbers

STILL = {"mouth": 0.015, "eyes": 0.018}


def curve(name: str, target: ArrayLike, result: ArrayLike) -> Numbers:
    """
    Args:
        name: ``"mouth"`` or ``"eyes"``.
        target, result: ``(n,)`` openings over time.
    """
    own, new = np.asarray(target, np.float64), np.asarray(result, np.float64)
    if len(own) < 6 or own.std() < STILL[name]:
        return {}
    a, b = own - own.mean(), new - new.mean()
    both = float((a * b).sum())
    return {
        f"{name}.correlation": both / max(float(np.sqrt((a * a).sum() * (b * b).sum())), 1e-12),
        f"{name}.gain": both / float((a * a).sum()),
    }


def truth(name: str, known: ArrayLike, target: ArrayLike, result: ArrayLike) -> Numbers:
    """How well the target's and the result's curve follow what is known about a synthetic clip (correlation)."""
    sure = np.asarray(known, np.float64)
    if len(sure) < 6 or sure.std() < 1e-6:
        return {}
    return {
        f"truth.{name}_target": abs(float(np.corrcoef(sure, np.asarray(target))[0, 1])),
        f"truth.{name}_result": abs(float(np.corrcoef(sure, np.asarray(result))[0, 1])),
    }
