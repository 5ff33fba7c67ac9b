"""Pictures to look at: a contact sheet for each pair, strips for clips, and one picture of all pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.quality.measure import Outcome, Shot
from pipeline.models.face_mesh import OUTER_LIPS
from pipeline.types import Face, FloatArray, ImageArray

TILE = 300
GAP = 4
PAPER = (245, 245, 245)
QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 90)


def sheet(outcome: Outcome, source: ImageArray, source_face: Face) -> ImageArray:
    """Above: source, target, result, difference × 4, zoom on the worst of the border. Below: eyes and mouth of target
    and result, and the border's worst place in the target."""
    shot = outcome.shot
    away = cv2.absdiff(shot.result, shot.target)
    spot = shot.seam or _centre(shot.landmarks)
    eyes, mouth = _around(shot.landmarks, (33, 263, 168, 27, 257)), _around(shot.landmarks, OUTER_LIPS)
    size = float(np.ptp(shot.landmarks[:468, 0]))
    near = (spot[0] - 0.2 * size, spot[1] - 0.2 * size, 0.4 * size)
    upper = [
        _face(source, source_face),
        fit(shot.target, "target"),
        fit(shot.result, "result"),
        fit(cv2.convertScaleAbs(away, alpha=4), "difference x4"),
        fit(_cut(shot.result, near), "worst border: result"),
    ]
    lower = [
        fit(_cut(shot.target, eyes), "eyes: target"),
        fit(_cut(shot.result, eyes), "eyes: result"),
        fit(_cut(shot.target, mouth), "mouth: target"),
        fit(_cut(shot.result, mouth), "mouth: result"),
        fit(_cut(shot.target, near), "worst border: target"),
    ]
    return grid([upper, lower])


def strip(shots: Sequence[Shot], most: int = 8) -> ImageArray:
    """Target above, result below, frame after frame."""
    chosen = [shots[i] for i in np.unique(np.linspace(0, len(shots) - 1, min(most, len(shots))).astype(int))]
    return grid([[fit(shot.target) for shot in chosen], [fit(shot.result) for shot in chosen]])


def overview(results: Mapping[tuple[str, str], ImageArray], tile: int = 150) -> ImageArray:
    """All results: a row for each target, a column for each source."""
    targets = list(dict.fromkeys(target for target, _ in results))
    columns = list(dict.fromkeys(source for _, source in results))
    empty = np.full((tile, tile, 3), PAPER, np.uint8)
    rows = [
        [fit(results[target, source], tile=tile) if (target, source) in results else empty for source in columns]
        for target in targets
    ]
    return grid(rows)


def grid(rows: Sequence[Sequence[ImageArray]]) -> ImageArray:
    """Pictures of one size in rows, with gaps."""
    height, width = rows[0][0].shape[:2]
    across = max(len(row) for row in rows)
    page = np.full((len(rows) * (height + GAP) - GAP, across * (width + GAP) - GAP, 3), PAPER, np.uint8)
    for r, row in enumerate(rows):
        for c, picture in enumerate(row):
            y, x = r * (height + GAP), c * (width + GAP)
            page[y : y + height, x : x + width] = picture
    return page


def fit(image: ImageArray, label: str = "", tile: int = TILE) -> ImageArray:
    """The picture as large as a square tile allows, on paper."""
    height, width = image.shape[:2]
    scale = tile / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    page = np.full((tile, tile, 3), PAPER, np.uint8)
    x, y = (tile - size[0]) // 2, (tile - size[1]) // 2
    page[y : y + size[1], x : x + size[0]] = cv2.resize(image, size, interpolation=how)
    if label:
        for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(page, label, (6, tile - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness, cv2.LINE_AA)
    return page


def write(path: Path, image: ImageArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image, list(QUALITY) if path.suffix == ".jpg" else [])


def _face(image: ImageArray, face: Face) -> ImageArray:
    box = face.box.scaled(1.9)
    side = max(box.width, box.height)
    x, y = face.box.centre
    return fit(_cut(image, (x - side / 2, y - side / 2, side)), "source")


def _centre(landmarks: FloatArray) -> tuple[float, float]:
    x, y = landmarks[:468, :2].mean(0)
    return float(x), float(y)


def _around(landmarks: FloatArray, group: Sequence[int]) -> tuple[float, float, float]:
    """A square about some landmarks: left, top, side."""
    points = landmarks[list(group), :2]
    low, high = points.min(0), points.max(0)
    side = float((high - low).max()) * 1.35
    x, y = (low + high) / 2
    return float(x) - side / 2, float(y) - side / 2, side


def _cut(image: ImageArray, square: tuple[float, float, float]) -> ImageArray:
    height, width = image.shape[:2]
    x, y, side = square
    x0, y0 = int(np.clip(x, 0, width - 2)), int(np.clip(y, 0, height - 2))
    x1, y1 = int(np.clip(x + side, x0 + 2, width)), int(np.clip(y + side, y0 + 2, height))
    return image[y0:y1, x0:x1]
