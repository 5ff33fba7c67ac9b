"""Glasses and hair on the target, and glasses on the photo."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.compositor.matte import put_on
from pipeline.engines.mesh.atlas import build_atlas
from pipeline.engines.mesh.looks import Carried
from pipeline.mesh import FaceView, topology
from pipeline.mesh.glasses import find_glasses
from pipeline.options import Options
from pipeline.types import Crop
from tests import faces, media


def test_the_targets_thick_upper_rims_stay_in_front() -> None:
    """All along, also where they lie on the brows."""
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    kept = faces.recast(image, faces.identity("astronaut"), Options(likeness=0.0))
    assert face.landmarks is not None
    for landmark in (222, 223, 224, 442, 443, 444):
        x, y = np.round(face.landmarks[landmark, :2]).astype(int)
        column = image[y - 16 : y + 16, x].mean(-1)
        row = y - 16 + int(column.argmin())
        assert column.min() < 60, "there is a rim"
        assert kept[row, x].mean() < 95, landmark


def test_the_targets_glasses_stay_in_front() -> None:
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    kept = faces.recast(image, faces.identity("astronaut"), Options(likeness=0.0))
    gone = faces.recast(image, faces.identity("astronaut"), Options(likeness=0.0, keep_occluders=False))
    assert face.landmarks is not None
    x, y = np.round(face.landmarks[168, :2]).astype(int)
    bridge = (slice(y - 8, y + 12), slice(x - 8, x + 8))
    assert (
        np.abs(kept[bridge].astype(int) - image[bridge]).mean()
        < 0.5 * np.abs(gone[bridge].astype(int) - image[bridge]).mean()
    )


def test_rims_come_without_the_skin_beside_them() -> None:
    """Green skin with a thin black rim on it, which is looked for in twice its breadth, before a red face."""
    face = faces.portrait_face("astronaut")
    assert face.landmarks is not None and face.pose is not None
    image = media.portrait("astronaut")
    rim, broad = (np.zeros((192, 192), np.float32) for _ in range(2))
    rim[60:63, 60:132], broad[58:65, 60:132] = 1, 1
    bare = Crop(np.full_like(image, (60, 140, 60)), face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose)
    line = FaceView(bare).fold_fine(rim)[..., None]
    worn = FaceView(Crop((bare.image * (1 - line)).astype(np.uint8), face.landmarks, bare.matrix, face.pose))
    result = np.full_like(image, (60, 60, 160))
    put_on(result, worn.crop.image, broad, worn)
    about = worn.where((slice(50, 74), slice(64, 128)), 192)
    line, result = line[about][..., 0], result[about]
    assert (result[line > 0.95] < 40).all() and (line > 0.95).sum() > 50, "the rim is whole"
    beside = result[(line == 0) & (worn.fold_fine(broad, about) > 0)]
    assert beside[:, 1].mean() < 64 and len(beside) > 50, "no green skin"
    before = result.copy()
    put_on(result, worn.crop.image, np.zeros_like(broad), worn)
    assert (result == before).all(), "nothing is worn"


def test_the_photos_glasses_are_carried_over_only_when_asked_for() -> None:
    face = faces.portrait_face("astronaut")
    bare = faces.recast(media.portrait("astronaut"), faces.identity("hopper"))
    dressed = faces.recast(media.portrait("astronaut"), faces.identity("hopper"), Options(source_glasses=True))
    assert face.landmarks is not None and face.pose is not None
    atlas = build_atlas(faces.identity("hopper"))
    found = find_glasses(
        cv2.resize(atlas.looks.levels(Carried(glasses=True))[0], (192, 192)),
        np.full((96, 96, 3), atlas.tone, np.float32),
    )
    assert found is not None
    assert find_glasses(cv2.resize(atlas.levels[0], (192, 192)), np.full((96, 96, 3), atlas.tone, np.float32)) is None
    assert (bare != dressed).any()
    plain = build_atlas(faces.identity("astronaut"))
    assert plain.looks.levels(Carried(glasses=True)) is plain.levels


def test_the_targets_fringe_stays_in_front_and_the_sources_is_not_pasted() -> None:
    image, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    result = faces.recast(image, faces.identity("hopper"))
    assert face.landmarks is not None
    x, y = np.round(face.landmarks[10, :2]).astype(int)
    fringe = (slice(y - 2, y + 6), slice(x - 20, x + 20))
    assert np.abs(result[fringe].astype(int) - image[fringe]).mean() < 6

    atlas = build_atlas(faces.identity("astronaut"))
    u, v = (np.array([0.5, 0.19]) * 96).astype(int)
    assert atlas.valid[v, u] < 0.2, "the astronaut's fringe counts as her face"
    assert atlas.valid[52, 48] > 0.9


def test_the_photos_glasses_leave_no_bruise() -> None:
    """Where Grace Hopper's thick dark rims and their shade were, there is skin: as light as her cheeks, no redder."""
    level, tone = build_atlas(faces.identity("hopper")).levels[0], build_atlas(faces.identity("hopper")).tone
    size = level.shape[0]
    small = cv2.GaussianBlur(level, (0, 0), size / 96)
    for landmark in (31, 261, 228, 448, 229, 449, 124, 353):  # below and beside the lids, which are her own
        u, v = (topology().uv[landmark] * size).astype(int)
        colour = small[v, u].astype(float)
        assert colour.mean() > 0.72 * tone.mean(), landmark
        assert colour[2] / colour[1] < 1.2 * tone[2] / tone[1], landmark
