"""Do the features tremble?

``jitter.landmarks``: mean frame-to-frame change of the offset between the result's and the target's landmarks, in
thousandths of the eye distance. A constant offset (moved features) costs nothing; a face that swims on the head does.

Both meshes are found frame by frame, unsmoothed, in the same region, so that the region's motion cancels.

Calibration: on clips without visible trembling 2.5 to 5, of which the landmarker's own noise on a grainy still is
about 2; an eye sees trembling from about 10. The first frame's result, made to talk by the same mesh as the target,
which is as steady as can be, comes to 7.0 to 8.6: of mouths drawn wide open the landmarker is not sure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.metrics.expression import INNER
from benchmarks.quality.metrics.geometry import eye_distance
from pipeline.types import FloatArray


def jitter(targets: Sequence[FloatArray | None], results: Sequence[FloatArray | None]) -> Numbers:
    """Landmarks ``(478, 3)`` of every frame, ``None`` where there are none."""
    moves = []
    for index in range(1, len(targets)):
        now, before = (targets[index], results[index]), (targets[index - 1], results[index - 1])
        if any(mesh is None for mesh in (*now, *before)):
            continue
        offset, earlier = now[1] - now[0], before[1] - before[0]  # type: ignore[operator]
        change = np.linalg.norm((offset - earlier)[INNER, :2], axis=1).mean()
        moves.append(float(change) / eye_distance(now[0]))  # type: ignore[arg-type]
    return {"jitter.landmarks": 1000 * float(np.mean(moves))} if moves else {}
