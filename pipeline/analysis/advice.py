"""Whether a photo is fit to be a source: what is wrong with it, so that it can be said before any work is done.

The limits were set by looking: blur and size by reducing and softening sharp portraits until the result showed it, pose
by turning heads until more than a third of the face had to be invented.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.analysis.choice import from_left
from pipeline.analysis.landmarks import pose_angles
from pipeline.errors import FROM_THE_FRONT
from pipeline.models.face_mesh import LEFT_EYE, RIGHT_EYE, VERTICES
from pipeline.types import Advice, AdviceCode, Box, Face, FloatArray, ImageArray

SMALL = 80.0
"""Width in pixels of a face below which its detail is visibly missing."""
SIDE = 160
"""Sharpness is measured on faces brought to this width, so that it does not depend on the photo's size."""
SOFT = 0.004
"""Share of contrast that is left in the finest scale of that crop, below which a photo looks blurred."""
TURNED = 38.0
TILTED = 28.0
"""Degrees of yaw and pitch."""
RIVAL = 0.3
"""A second face counts when it has this share of the area of the one that is used."""
CUT = 0.025
"""Share of a face's mesh beyond the picture's border."""
SHUT = 0.11
"""Area of the opening of an eye over its squared width, 0.2 to 0.3 for one that looks ahead."""
DARK, BRIGHT = 45.0, 215.0
"""Median luma of a face, 0 to 255."""

SENTENCES: dict[AdviceCode, str] = {
    "no_face": f"No face can be seen in this photo. {FROM_THE_FRONT}",
    "several": "There are {count} people in this photo. Number {number} from the left is used; you can choose another.",
    "small": "The face is only {width} pixels wide. A closer photo gives more detail.",
    "blurred": "This photo is blurred. A sharper one gives a sharper face.",
    "turned": "The head is turned far to the side. A photo from the front shows more of the face.",
    "tilted": "The head is tilted far up or down. A photo from the front shows more of the face.",
    "cut": "Part of the face is cut off in this photo. One that shows all of it is better.",
    "shut": "The eyes are shut or narrow in this photo. One with open eyes gives its own.",
    "dark": "The face is very dark. A brighter photo gives a better skin tone.",
    "bright": "The face is overexposed. A darker photo gives a better skin tone.",
}


def advise(image: ImageArray, faces: Sequence[Face], *, chosen: bool = False) -> tuple[Advice, ...]:
    """What is wrong with a photo as a source, the worst first; empty for a good one.

    Args:
        image: ``(height, width, 3)`` uint8 BGR.
        faces: those in it, the one that is used first, with `pose` where it is known.
        chosen: whether somebody has said that it is that one.
    """
    if not faces:
        return (_advice("no_face"),)
    face = faces[0]
    found = []
    if not chosen and any(other.box.area > RIVAL * face.box.area for other in faces[1:]):
        found.append(_advice("several", count=len(faces), number=1 + from_left(faces).index(face)))
    if face.box.width < SMALL:
        found.append(_advice("small", width=round(face.box.width)))
    elif sharpness(image, face.box) < SOFT:
        found.append(_advice("blurred"))
    yaw, pitch = pose_angles(face.pose)[:2] if face.pose is not None else (0.0, 0.0)
    if abs(yaw) > TURNED:
        found.append(_advice("turned"))
    elif abs(pitch) > TILTED:
        found.append(_advice("tilted"))
    if face.landmarks is not None:
        if _outside(image, face.landmarks) > CUT:
            found.append(_advice("cut"))
        if max(_open(face.landmarks, lids) for lids in (RIGHT_EYE, LEFT_EYE)) < SHUT:
            found.append(_advice("shut"))
    luma = np.median(cv2.cvtColor(_cut(image, face.box.scaled(0.7)), cv2.COLOR_BGR2GRAY))
    if luma < DARK:
        found.append(_advice("dark"))
    elif luma > BRIGHT:
        found.append(_advice("bright"))
    return tuple(found)


def sharpness(image: ImageArray, box: Box) -> float:
    """Energy of the finest scale of a face over its whole contrast; not changed by size, light or contrast."""
    cut = cv2.cvtColor(_cut(image, box), cv2.COLOR_BGR2GRAY).astype(np.float32)
    scale = SIDE / cut.shape[1]
    if scale < 1:
        cut = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    fine = cut - cv2.GaussianBlur(cut, (0, 0), 1.0)
    return float(fine.var() / (cut.var() + 1e-6))


def _outside(image: ImageArray, landmarks: FloatArray) -> float:
    """Share of a mesh that lies outside of a picture."""
    places = landmarks[:VERTICES, :2]
    inside = (places >= 0).all(1) & (places < (image.shape[1], image.shape[0])).all(1)
    return float(1 - inside.mean())


def _open(landmarks: FloatArray, lids: tuple[int, ...]) -> float:
    """How far an eye is open: its area over its squared width."""
    outline = landmarks[list(lids), :2].astype(np.float32)
    width = math.dist(*outline[[0, len(outline) // 2]].tolist())
    return float(cv2.contourArea(outline)) / max(width * width, 1e-6)


def _cut(image: ImageArray, box: Box) -> ImageArray:
    rows, columns = image.shape[:2]
    x0, y0 = (int(np.clip(edge, 0, most - 2)) for edge, most in ((box.x0, columns), (box.y0, rows)))
    x1, y1 = (int(np.clip(edge, least + 2, most)) for edge, least, most in ((box.x1, x0, columns), (box.y1, y0, rows)))
    return image[y0:y1, x0:x1]


def _advice(code: AdviceCode, **values: int) -> Advice:
    return Advice(code, SENTENCES[code].format(**values), fatal=code == "no_face")
