"""Does the new face flicker where the target does not?

Each frame is compared with the one before, carried along by the optical flow of the *target* (dense inverse search:
Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016). What is left is what changed by itself. The
same is measured on the target, with the same flow, and the result is given in parts of it, so that noise, blinking
light and errors of the flow count on both sides. Source: the warping error of Lai et al., "Learning Blind Video
Temporal Consistency" (2018).

* ``flicker.ratio``: mean absolute residual of luma in the face, result over target. 1 is as steady as the target.
* ``flicker.slow``: the same after a blur of 3 % of the face's size on all channels: light and colour that pulsate,
  which an eye minds more than grain. Its unit is `FLOOR` where the target has next to none.
* ``flicker.worst``: the largest residual of a single frame (blurred, grey levels above the target's): a pop.

Frames that repeat the one before (a 15 fps recording in a 30 fps file) are left out on both sides: they have no
motion to judge, and would make every engine look steady.

Calibration: a clip against itself is 1.0 by definition; a face 8 grey levels brighter in every other frame comes to
more than 5 in ``slow``. Static skin texture of the target that is replaced by grain anew in each frame comes to about
2 in ``ratio``: it boils, which an eye sees at once although every single frame looks right.

Where the motion is known (a portrait swayed, turned and scaled, or made to talk by its own mesh), a perfect rendering
can be had: the first frame's result, moved in the very same way. In ``ratio`` it comes to 1.23-1.25 for a wrinkled face
on a smooth one, 0.75-0.83 for a smooth face on a wrinkled one, and 0.88-1.11 for others, since the flow is a fraction
of a pixel off and that counts by the texture it meets; in ``slow`` to 0.93-1.11. So a single pair may be a quarter off
either way, the mean over pairs is not. Landmarks that err by 0.3 pixels from frame to frame add 0.4 on wrinkles.

A portrait that is made to talk (`tests.media.talking`) has its chin pulled to a point, 13 to 19 pixels below where the
landmarker sees it on a face of 120 to 150. Rendered with the warp's own landmarks yaoming on the astronaut goes from
1.29 to 1.09, astronaut and lady on hopper from 1.23 and 1.24 to 1.01 and 1.00, and hopper on the astronaut from 1.85 to
1.52. So three of them are beyond 1.15 for a chin that nobody has, and hopper for half of what she is.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.metrics.geometry import face_size, hull
from pipeline.types import FloatArray, ImageArray

SAME = 0.35
"""Mean grey levels in the face below which a frame repeats the one before."""
FLOOR = 0.25
"""Grey levels added on both sides: less is not seen."""
WIDEST = 360
"""Flow is found on crops of at most this many pixels."""


class Flows:
    """The target's side of a clip: motion and residuals, found once for all sources."""

    def __init__(self, frames: Sequence[ImageArray], meshes: Sequence[FloatArray | None]) -> None:
        """
        Args:
            frames: the same window of every frame.
            meshes: the target's landmarks in that window; ``None`` where there is no face.
        """
        self.frames, self.meshes = frames, meshes
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self.steps: list[tuple[int, NDArray[np.bool_], FloatArray, tuple[float, float]]] = []
        height, width = frames[0].shape[:2]
        shrink = min(1.0, WIDEST / max(height, width))
        self.size = (max(16, round(width * shrink)), max(16, round(height * shrink)))
        known = [mesh for mesh in meshes if mesh is not None]
        self._sigma = 0.03 * (float(np.mean([face_size(mesh) for mesh in known])) if known else 100.0) * shrink
        for index in range(1, len(frames)):
            mesh = meshes[index]
            if mesh is None or meshes[index - 1] is None:
                continue
            scaled = mesh * np.float32(shrink)
            mask = hull(scaled, (self.size[1], self.size[0]), 0.03)
            now, before = self._small(frames[index]), self._small(frames[index - 1])
            if not mask.any() or float(np.abs(now.astype(np.int16) - before)[mask].mean()) < SAME:
                continue
            at = self._flow(now, before)
            self.steps.append((index, mask, at, self._residual(now, before, at, mask)))

    def against(self, results: Sequence[ImageArray]) -> Numbers:
        """
        Args:
            results: the same window of every frame of the result.
        """
        if not self.steps:
            return {}
        fine, slow, pops = [], [], []
        for index, mask, at, own in self.steps:
            new = self._residual(self._small(results[index]), self._small(results[index - 1]), at, mask)
            fine.append((new[0], own[0]))
            slow.append((new[1], own[1]))
            pops.append(new[1] - own[1])
        return {
            "flicker.ratio": _ratio(fine),
            "flicker.slow": _ratio(slow),
            "flicker.worst": max(0.0, float(np.max(pops))),
        }

    def _small(self, image: ImageArray) -> ImageArray:
        return np.asarray(cv2.resize(image, self.size, interpolation=cv2.INTER_AREA), np.uint8)

    def _flow(self, now: ImageArray, before: ImageArray) -> FloatArray:
        """``(h, w, 2)``: where each pixel of `now` was."""
        flow = self._search.calc(cv2.cvtColor(now, cv2.COLOR_BGR2GRAY), cv2.cvtColor(before, cv2.COLOR_BGR2GRAY), None)
        x, y = np.meshgrid(np.arange(self.size[0], dtype=np.float32), np.arange(self.size[1], dtype=np.float32))
        return np.asarray(np.dstack([x, y]) + flow, np.float32)

    def _residual(
        self, now: ImageArray, before: ImageArray, at: FloatArray, mask: NDArray[np.bool_]
    ) -> tuple[float, float]:
        carried = cv2.remap(
            before.astype(np.float32), at[..., 0], at[..., 1], cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
        )
        difference = now.astype(np.float32) - carried
        fine = float(np.abs(difference.mean(-1))[mask].mean())
        slow = cv2.GaussianBlur(difference, (0, 0), max(0.8, self._sigma))
        return fine, float(np.abs(slow).mean(-1)[mask].mean())


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    new, own = np.mean([p[0] for p in pairs]), np.mean([p[1] for p in pairs])
    return float((new + FLOOR) / (own + FLOOR))
