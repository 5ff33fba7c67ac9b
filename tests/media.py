"""Every test clip, made from code out of the portraits that ship in dependencies, with the truth about each frame.

The portraits are `skimage.data.astronaut()` (NASA) and matplotlib's ``grace_hopper.jpg`` (US Navy), both public domain.
The same call gives the same pixels, each time and everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import skimage.data

from pipeline.types import FloatArray, ImageArray
from tests.media_files import RATE, write_camera, write_clip

__all__ = ["RATE", "write_camera", "write_clip"]

# The face in each portrait: its centre and width in pixels, and the part of the portrait that is shown.
_PORTRAITS: dict[str, tuple[tuple[float, float], float, tuple[int, int, int, int]]] = {
    "astronaut": ((224.0, 122.0), 92.0, (90, 5, 370, 305)),
    "hopper": ((262.0, 232.0), 185.0, (45, 5, 470, 500)),
}


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames, and where the faces are in each.

    Attributes:
        frames: ``(height, width, 3)`` uint8 BGR each.
        places: for each frame, by name of the portrait, the ``(2, 3)`` affine from portrait pixels to frame pixels;
            names that are missing are not in the frame.
    """

    frames: list[ImageArray]
    places: list[Mapping[str, FloatArray]]

    def centre(self, index: int, name: str) -> tuple[float, float]:
        """Where the face of `name` is in frame `index`."""
        x, y = self.places[index][name] @ np.array([*_PORTRAITS[name][0], 1.0], np.float32)
        return float(x), float(y)


@cache
def portrait(name: str) -> ImageArray:
    """``"astronaut"`` or ``"hopper"`` as BGR uint8. Shared: do not write into it."""
    if name == "astronaut":
        return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    return cv2.imread(str(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"))


def portrait_file(name: str, folder: Path) -> Path:
    """The portrait as a PNG file in `folder`."""
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), portrait(name))
    return path


@cache
def background(width: int, height: int, seed: int = 0) -> ImageArray:
    """A blurred, evenly lit wall with some structure, in which nobody is."""
    noise = np.random.default_rng(seed).normal(0, 1, (height // 16 + 2, width // 16 + 2, 3)).astype(np.float32)
    wall = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * 14
    tint = np.random.default_rng(seed + 1).uniform(70, 150, 3).astype(np.float32)
    slope = np.linspace(-25, 25, width, dtype=np.float32)[None, :, None]
    return np.clip(wall + tint + slope, 0, 255).astype(np.uint8)


def placed(name: str, centre: tuple[float, float], face_width: float, degrees: float = 0.0) -> FloatArray:
    """The affine that puts the face of a portrait at `centre`, `face_width` pixels wide, turned clockwise."""
    (x, y), width, _ = _PORTRAITS[name]
    scale, angle = face_width / width, math.radians(degrees)
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    return np.array([[c, -s, centre[0] - c * x + s * y], [s, c, centre[1] - s * x - c * y]], np.float32)


def paste(frame: ImageArray, name: str, place: FloatArray, image: ImageArray | None = None) -> ImageArray:
    """`frame` with the bust of a portrait (or of `image`, a changed copy of it) in front."""
    height, width = frame.shape[:2]
    source = portrait(name) if image is None else image
    scale = math.sqrt(abs(float(np.linalg.det(place[:, :2]))))
    mask = _mask(name)
    if scale < 0.5:
        # A bilinear warp would alias: reduce the portrait first.
        small = 2 * scale
        source = cv2.resize(source, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
        place = place @ np.array([[1 / small, 0, 0.5 / small - 0.5], [0, 1 / small, 0.5 / small - 0.5], [0, 0, 1]])
    alpha = cv2.warpAffine(mask, place, (width, height), flags=cv2.INTER_LINEAR)[:, :, None]
    seen = cv2.warpAffine(source, place, (width, height), flags=cv2.INTER_LINEAR)
    return np.clip(frame + alpha * (seen.astype(np.float32) - frame) + 0.5, 0, 255).astype(np.uint8)


@cache
def _mask(name: str) -> FloatArray:
    """Where the bust of a portrait is, 0 to 1, with soft borders."""
    x0, y0, x1, y1 = _PORTRAITS[name][2]
    mask = np.zeros(portrait(name).shape[:2], np.float32)
    cv2.ellipse(mask, ((x0 + x1) // 2, (y0 + y1) // 2), ((x1 - x0) // 2, (y1 - y0) // 2), 0, 0, 360, 1.0, -1)
    return cv2.GaussianBlur(mask, (0, 0), 6)


def fingers(image: ImageArray, landmarks: FloatArray) -> tuple[ImageArray, ImageArray]:
    """`image` with three fingers of the face's own skin colour held up before mouth and cheek, and where they are
    (uint8, 1 on them). `landmarks` are the face's 478."""
    mask, height = np.zeros(image.shape[:2], np.uint8), np.zeros(image.shape[:2], np.float32)
    chin, mouth, cheek = landmarks[152, :2], landmarks[13, :2], landmarks[425, :2]
    width = float(np.linalg.norm(landmarks[234, :2] - landmarks[454, :2]))
    radius = 0.055 * width
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    for number in range(3):
        tip = mouth + (cheek - mouth) * (0.15 + 0.55 * number) + (0, 0.04 * width * (number != 1))
        root = chin + (cheek - mouth) * (0.5 + 0.45 * number) + (0, 0.45 * width)
        along = tip - root
        t = np.clip(((x - root[0]) * along[0] + (y - root[1]) * along[1]) / float(along @ along), 0, 1)
        distance = np.hypot(x - root[0] - t * along[0], y - root[1] - t * along[1]) / radius
        mask[distance < 1] = 1
        height = np.maximum(height, np.sqrt(np.clip(1 - distance**2, 0, 1)))
    at = np.round(landmarks[205, :2]).astype(int)
    tone = image[at[1] - 5 : at[1] + 6, at[0] - 5 : at[0] + 6].reshape(-1, 3).mean(0)
    grain = np.random.default_rng(2).normal(0, 2, image.shape[:2]).astype(np.float32)
    skin = tone * (0.62 + 0.42 * height[..., None]) + grain[..., None]
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)[..., None]
    return np.clip(image + soft * (skin - image) + 0.5, 0, 255).astype(np.uint8), mask


def scene(
    count: int,
    people: Mapping[str, Callable[[int], FloatArray | None]],
    size: tuple[int, int] = (640, 360),
    seed: int = 0,
) -> Clip:
    """`count` frames in which each of `people` is where its function says, later names in front of earlier ones."""
    frames, places = [], []
    for index in range(count):
        frame, where = background(*size, seed), {}
        for name, motion in people.items():
            place = motion(index)
            if place is not None:
                frame, where[name] = paste(frame, name, place), place
        frames.append(frame)
        places.append(where)
    return Clip(frames, places)


def still(count: int = 30, name: str = "hopper", face_width: float = 110.0, noise: float = 3.0) -> Clip:
    """Somebody who does not move at all, before a camera with `noise` (standard deviation in grey levels)."""
    clip = scene(1, {name: lambda _: placed(name, (320, 190), face_width)})
    random = np.random.default_rng(3)
    frames = [
        np.clip(clip.frames[0] + random.normal(0, noise, clip.frames[0].shape), 0, 255).astype(np.uint8)
        for _ in range(count)
    ]
    return Clip(frames, clip.places * count)


def camera(count: int = 48, name: str = "hopper") -> Clip:
    """A pan and a zoom."""

    def motion(i: int) -> FloatArray:
        t = i / count
        return placed(name, (200 + 240 * t, 180 + 25 * math.sin(4 * t)), 80 + 60 * t)

    return scene(count, {name: motion})


def rotation(count: int = 72, name: str = "hopper", turn: float = 360.0) -> Clip:
    """A full turn in the picture plane."""
    return scene(count, {name: lambda i: placed(name, (320, 180), 100, turn * i / count)})


def crossing(count: int = 60) -> Clip:
    """Two people change sides; the astronaut passes behind Hopper and is hidden for a moment."""
    return scene(
        count,
        {
            "astronaut": lambda i: placed("astronaut", (540 - 440 * i / count, 185), 84),
            "hopper": lambda i: placed("hopper", (100 + 440 * i / count, 180), 96),
        },
    )


def cut(count: int = 40, at: int = 20) -> Clip:
    """Hopper, then from frame `at` the astronaut, in the same place of another room."""
    first = scene(at, {"hopper": lambda i: placed("hopper", (320 + i, 180), 100)})
    second = scene(count - at, {"astronaut": lambda i: placed("astronaut", (330 - i, 180), 100)}, seed=7)
    return Clip(first.frames + second.frames, first.places + second.places)


def dissolve(count: int = 60, first: int = 20, last: int = 32) -> Clip:
    """Hopper turns into the astronaut in the same place, between frames `first` and `last`; which is no cut."""
    people = {name: placed(name, (320, 180), 110) for name in ("hopper", "astronaut")}
    one, other = (paste(background(640, 360), name, place) for name, place in people.items())
    frames, places = [], []
    for i in range(count):
        share = min(1.0, max(0.0, (i - first) / (last - first)))
        frames.append(cv2.addWeighted(one, 1 - share, other, share, 0))
        places.append(
            people if 0 < share < 1 else {name: people[name] for name in [("hopper", "astronaut")[share == 1]]}
        )
    return Clip(frames, places)


def leaving(count: int = 84, name: str = "hopper") -> Clip:
    """Somebody walks out of the picture, stays away for a third of the time, and comes back."""

    def motion(i: int) -> FloatArray | None:
        t = 3 * i / count
        if 1 <= t < 2:
            return None
        away = t if t < 1 else 3 - t
        return placed(name, (300 + 480 * away, 180), 100)

    return scene(count, {name: motion})


def occluded(count: int = 60, name: str = "hopper") -> Clip:
    """A skin-coloured bar, the breadth of a hand, passes over the face."""
    clip = scene(1, {name: lambda _: placed(name, (320, 180), 110)})
    frames = []
    for i in range(count):
        frame, x = clip.frames[0].copy(), round(150 + 340 * i / count)
        cv2.rectangle(frame, (x, 90), (x + 45, 300), (120, 150, 205), -1)
        frames.append(frame)
    return Clip(frames, clip.places * count)


def small_face(count: int = 30, name: str = "hopper", face_width: float = 40.0) -> Clip:
    """A face of 40 pixels in a 1280x720 frame, walking."""
    return scene(count, {name: lambda i: placed(name, (700 + 2 * i, 300 + i), face_width)}, (1280, 720))


def opening(i: int) -> float:
    """How far the mouth of `talking` is open in frame `i`, 0 to 1."""
    return (1 - math.cos(2 * math.pi * i / 14)) / 2


def closing(i: int) -> float:
    """How far the eyes of `talking` are closed in frame `i`, 0 to 1: a blink of six frames every 24."""
    return max(0.0, 1 - abs((i + 12) % 24 - 12) / 3)


def talking(
    landmarks: FloatArray, count: int = 48, name: str = "hopper", face_width: float = 150.0, motion: float = 0.0
) -> Clip:
    """Somebody talks and blinks, made by warping the mesh of the portrait (see `opening`, `closing`).

    Args:
        landmarks: ``(478, 3)`` of the portrait itself.
        motion: pixels that the head sways to either side.
    """
    frames, places, looks = [], [], {}
    for i in range(count):
        key = round(opening(i), 3), round(closing(i), 3)
        if key not in looks:
            looks[key] = grimace(portrait(name), landmarks, *key)
        place = placed(name, (320 + motion * math.sin(i / 6), 190), face_width)
        frames.append(paste(background(640, 360), name, place, looks[key]))
        places.append({name: place})
    return Clip(frames, places)


# Lower lip and what hangs on it; upper lids with the lower lids they meet.
_LOWER = (95, 88, 178, 87, 14, 317, 402, 318, 324, 146, 91, 181, 84, 17, 314, 405, 321, 375)
_INSIDE = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
_LIDS = (
    *((246, 7), (161, 163), (160, 144), (159, 145), (158, 153), (157, 154), (173, 155)),
    *((466, 249), (388, 390), (387, 373), (386, 374), (385, 380), (384, 381), (398, 382)),
)


def grimace(image: ImageArray, landmarks: FloatArray, mouth: float, eyes: float) -> ImageArray:
    """`image` with the mouth opened (0 to 1: a fifth of the face's height) and the eyes closed (0 to 1)."""
    points = landmarks[:468, :2].astype(np.float32)
    moved = points.copy()
    height = float(points[152, 1] - points[10, 1])
    corner = float(points[[61, 291], 1].mean())
    half = float(points[291, 0] - points[61, 0]) / 2
    across = np.clip(1 - np.abs(points[:, 0] - points[14, 0]) / half, 0, 1) ** 0.5
    # The lower lip goes down with the jaw; what lies below follows, less towards the cheeks.
    below = (points[:, 1] > corner + 0.02 * height) & (np.arange(468) != 13)
    below[list(_LOWER)] = True
    below[[78, 308, 61, 291, *(0, 11, 12, 37, 267, 82, 312, 81, 311, 80, 310, 191, 415)]] = False
    moved[below, 1] += 0.2 * mouth * height * across[below]
    for upper, lower in _LIDS:
        moved[upper] += eyes * (points[lower] - points[upper])
    result = _morphed(image, points, moved)
    if mouth > 0.02:
        inside = np.zeros(image.shape[:2], np.float32)
        rim = moved[list(_INSIDE)]
        cv2.fillPoly(inside, [np.round(rim * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
        hole = np.full_like(image, (28, 22, 48))
        top, reach = moved[13], 0.75 * half
        teeth = [(top[0] - reach, top[1] - 4), (top[0] + reach, top[1] + 0.05 * height * min(1.0, 2 * mouth))]
        cv2.rectangle(hole, *[tuple(int(v) for v in corner_) for corner_ in teeth], (205, 220, 225), -1)
        alpha = cv2.GaussianBlur(inside, (0, 0), 1.0)[:, :, None]
        result = np.clip(result + alpha * (hole.astype(np.float32) - result) + 0.5, 0, 255).astype(np.uint8)
    return result


def _morphed(image: ImageArray, points: FloatArray, moved: FloatArray) -> ImageArray:
    """`image` with each triangle of the face mesh that has a moved corner warped affinely to where it went."""
    from pipeline.models.face_mesh import face_mesh

    result = image.copy()
    for triangle in face_mesh().triangles:
        before, after = points[triangle], moved[triangle]
        if np.abs(before - after).max() < 0.01 or abs(float(np.cross(after[1] - after[0], after[2] - after[0]))) < 0.5:
            continue
        x0, y0 = np.floor(after.min(0)).astype(int) - 1
        x1, y1 = np.ceil(after.max(0)).astype(int) + 2
        matrix = cv2.getAffineTransform(before, after - np.array([x0, y0], np.float32))
        patch = cv2.warpAffine(image, matrix, (int(x1 - x0), int(y1 - y0)), borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros(patch.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, np.round((after - [x0, y0]) * 16).astype(np.int32), 255, cv2.LINE_8, 4)
        part = result[y0:y1, x0:x1]
        part[mask > 0] = patch[mask > 0]
    return result


def webcam(count: int = 90, name: str = "hopper", size: tuple[int, int] = (640, 480)) -> Clip:
    """Somebody before a webcam, in a loop: a face nearly a third of the picture wide that sways, nods and tilts."""
    width, height = size
    random = np.random.default_rng(5)
    grain = [random.normal(0, 2, (height, width, 3)) for _ in range(5)]

    def motion(i: int) -> FloatArray:
        t = 2 * math.pi * i / count
        centre = width * (0.5 + 0.06 * math.sin(t)), height * (0.5 + 0.03 * math.sin(2 * t))
        return placed(name, centre, 0.29 * width * (1 + 0.05 * math.sin(t + 1)), 7 * math.sin(t))

    clip = scene(count, {name: motion}, size)
    frames = [np.clip(frame + grain[i % len(grain)], 0, 255).astype(np.uint8) for i, frame in enumerate(clip.frames)]
    return Clip(frames, clip.places)
