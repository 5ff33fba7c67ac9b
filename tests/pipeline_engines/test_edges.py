"""Where the new face ends."""

from __future__ import annotations

import numpy as np

from pipeline.engines.mesh.atlas import build_atlas
from pipeline.engines.mesh.engine import MeshEngine, fade_depth
from pipeline.mesh import FaceView
from pipeline.options import Options
from pipeline.types import Crop
from tests import faces, media


def test_a_slanted_edge_of_the_new_face_has_no_steps() -> None:
    """A pixel of the coarse map is ten of the frame's in a close-up: beside a brow its steps would show."""
    rows, columns = np.mgrid[0:96, 0:78]
    depth = fade_depth((columns < 30 + 0.2 * rows).astype(np.uint8))
    edge = []
    for row in depth[10:-10]:
        last = int(np.flatnonzero(row > 0)[-1])
        edge.append(last + row[last] / (row[last] - row[last + 1]))
    line = np.polyval(np.polyfit(np.arange(len(edge)), edge, 1), np.arange(len(edge)))
    assert np.abs(edge - line).max() < 0.2


def test_a_face_that_the_picture_cuts_off_is_new_up_to_its_border() -> None:
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    assert face.landmarks is not None and face.pose is not None
    x, y = np.round(face.landmarks[1, :2]).astype(int)
    cut, shift = np.ascontiguousarray(image[:, x:]), np.array([x, 0, 0], np.float32)
    view = FaceView(Crop(cut, face.landmarks - shift, np.eye(2, 3, dtype=np.float32), face.pose))
    coverage = MeshEngine().draw(view, build_atlas(faces.identity("astronaut")), Options(likeness=0)).coverage
    assert view.enlarge(coverage)[y - 20 : y + 40, :6].min() > 0.9
