"""The fixed set: who is put on whom.

Sources are portraits that ship with dependencies and, where the folder beside the repository has them, paintings.
Targets are the same pictures, the same made difficult (grey, dark, lit from one side, blurred, tilted, huge, cut
off), frames of the shared clips, and clips. The order and the pixels are the same in each run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import av
import cv2
import numpy as np

from pipeline.analysis import FaceFinder
from pipeline.types import Face, FloatArray, Identity, ImageArray, SourcePhoto
from tests import media
from tests.faces import test_photo
from tests.frames import ArrayFrame

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
PAINTINGS = ("lady", "mona-lisa", "child", "agnew", "unknown-lady")
SHARED_CLIPS = {"glasses": "face-480-audio", "walk": "scene-720-audio", "talk": "talking-1080-silent"}
SECONDS = 2.0


@dataclass(frozen=True, eq=False)
class Still:
    """A picture with one face that is to be changed; `person` names who it is, for self-swaps and comparisons."""

    name: str
    person: str
    image: ImageArray
    face: Face


@dataclass(frozen=True, eq=False)
class Moving:
    """A clip. `mouth` and `eyes` are how far they are open in each frame of a synthetic clip, 0 to 1, else ``None``."""

    name: str
    person: str
    frames: list[ImageArray]
    mouth: FloatArray | None = None
    eyes: FloatArray | None = None


@dataclass(frozen=True)
class Pairing:
    """One target, made when it is its turn, and the sources that are put on it."""

    target: str
    sources: tuple[str, ...]
    make: Callable[[], Still | Moving | None]


class Material:
    """Everything by name. Pictures are made when first asked for."""

    def __init__(self, finder: FaceFinder) -> None:
        self.finder = finder

    @cache  # noqa: B019  # one object lives as long as the run
    def portrait(self, name: str) -> Still | None:
        """A picture of one person with its face, ``None`` where the shared folder is missing."""
        if name in ("astronaut", "hopper"):
            return self._still(name, media.portrait(name))
        if name == "yaoming":
            return self._still(name, test_photo(name))
        if name in PAINTINGS:
            image = cv2.imread(str(DATA / "paintings" / f"{name}.jpg"))
            return self._still(name, image) if image is not None else None
        photo, order = _GROUPS[name]
        return _around(name, test_photo(photo), min(self._group(photo), key=order), self.finder)

    def identity(self, name: str) -> Identity | None:
        still = self.portrait(name)
        if still is None:
            return None
        assert still.face.embedding is not None
        return Identity((SourcePhoto(still.image, still.face),), still.face.embedding)

    @cache  # noqa: B019
    def clip(self, name: str) -> list[ImageArray] | None:
        """The first two seconds of a shared clip."""
        path = DATA / "clips" / f"{SHARED_CLIPS[name]}.mp4"
        if not path.is_file():
            return None
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            count = round(float(stream.average_rate or 30) * SECONDS)
            frames = zip(range(count), container.decode(stream), strict=False)
            return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for _, frame in frames]

    def _still(self, name: str, image: ImageArray) -> Still | None:
        faces = self.finder.faces(ArrayFrame(image))
        return Still(name, name, image, faces[0]) if faces else None

    @cache  # noqa: B019
    def _group(self, photo: str) -> tuple[Face, ...]:
        return self.finder.faces(ArrayFrame(test_photo(photo)))

    def changed(self, name: str) -> Still | None:
        """A portrait made difficult: ``"hopper-grey"`` and the like."""
        person, _, how = name.rpartition("-")
        still = self.portrait(person)
        if still is None:
            return None
        made = self._still(name, _CHANGES[how](still))
        return Still(name, person, made.image, made.face) if made else None

    def frame(self, name: str, index: int) -> Still | None:
        frames = self.clip(name)
        if frames is None:
            return None
        return self._still(f"{name}-frame", frames[min(index, len(frames) - 1)])

    def talking(self, name: str, count: int) -> Moving:
        still = self.portrait(name)
        assert still is not None and still.face.landmarks is not None
        width = 150.0 if name == "hopper" else 120.0
        made = media.talking(still.face.landmarks, count, name, width, motion=6.0)
        mouth = np.array([media.opening(i) for i in range(count)], np.float32)
        eyes = np.array([1 - media.closing(i) for i in range(count)], np.float32)
        return Moving(f"{name}-talking", name, made.frames, mouth, eyes)

    def noisy(self, name: str, count: int) -> Moving:
        """Nothing moves but the camera's grain."""
        return Moving(f"{name}-still", name, media.still(count, name, 130.0).frames)

    def shared(self, name: str, count: int) -> Moving | None:
        frames = self.clip(name)
        return Moving(f"{name}-clip", f"{name}-frame", frames[:count]) if frames else None


SOURCES = ("astronaut", "hopper", "yaoming", "gdp", "player", *PAINTINGS)
QUICK = ("astronaut", "hopper", "yaoming", "lady")
FEW = ("astronaut", "yaoming", "lady", "hopper", "mona-lisa")
CHANGED = {
    "hopper-grey": ("lady", "yaoming", "astronaut"),
    "astronaut-dark": ("hopper", "yaoming", "child"),
    "yaoming-sidelit": ("astronaut", "hopper", "lady"),
    "hopper-blurred": ("astronaut", "yaoming"),
    "astronaut-tilted": ("hopper", "yaoming"),
    "hopper-shout": ("astronaut", "yaoming", "lady"),
    "yaoming-shut": ("astronaut", "hopper", "lady"),
    "lady-huge": ("astronaut", "hopper"),
    "hopper-cut": ("astronaut", "yaoming"),
    "astronaut-small": ("hopper", "yaoming"),
}
FRAMES = {"glasses": 40, "walk": 30, "talk": 12}
TALKING = {"hopper": ("astronaut", "lady"), "astronaut": ("yaoming", "hopper")}
SHARED = {
    "glasses": ("astronaut", "lady", "hopper"),
    "walk": ("astronaut", "mona-lisa", "yaoming"),
    "talk": ("astronaut", "hopper", "yaoming"),
}


def sources(material: Material, *, quick: bool) -> dict[str, Identity]:
    """All identities that this machine has."""
    found = {name: material.identity(name) for name in (QUICK if quick else SOURCES)}
    return {name: identity for name, identity in found.items() if identity is not None}


def pairings(material: Material, *, quick: bool) -> Iterator[Pairing]:
    """Stills first, then clips. A quick run leaves out some of everything."""
    few, first = (FEW[:3], 1) if quick else (FEW, None)
    for name in QUICK if quick else SOURCES:
        everybody = QUICK if quick else few if name == "player" else SOURCES
        yield Pairing(name, everybody, partial(material.portrait, name))
    for name in ("turned",) if quick else ("turned", "coach"):
        yield Pairing(name, few, partial(material.portrait, name))
    for name, chosen in CHANGED.items():
        yield Pairing(name, chosen[:first], partial(material.changed, name))
    for name, index in FRAMES.items():
        yield Pairing(f"{name}-frame", few, partial(material.frame, name, index))
    for name, chosen in TALKING.items():
        yield Pairing(f"{name}-talking", chosen[:first], partial(material.talking, name, 24 if quick else 48))
    yield Pairing("hopper-still", FEW[:1], partial(material.noisy, "hopper", 12 if quick else 24))
    for name, chosen in SHARED.items():
        yield Pairing(f"{name}-clip", chosen[:first], partial(material.shared, name, 24 if quick else 60))


def _around(name: str, photo: ImageArray, face: Face, finder: FaceFinder) -> Still | None:
    """The part of a group photo around one face, which is then found again there."""
    box = face.box.scaled(4.0)
    x0, y0 = max(0, int(box.x0)), max(0, int(box.y0))
    part = np.ascontiguousarray(photo[y0 : int(box.y1), x0 : int(box.x1)])
    wanted = np.array(face.box.centre) - [x0, y0]
    found = finder.faces(ArrayFrame(part))
    if not found:
        return None
    nearest = min(found, key=lambda other: float(np.linalg.norm(np.array(other.box.centre) - wanted)))
    return Still(name, name, part, nearest)


def _yaw(face: Face) -> float:
    assert face.landmarks is not None
    left, right, nose = face.landmarks[33, 0], face.landmarks[263, 0], face.landmarks[1, 0]
    return float((nose - left) / max(right - left, 1e-3) - 0.5)


def _grey(still: Still) -> ImageArray:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(still.image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)


def _dark(still: Still) -> ImageArray:
    """A quarter of the light, yellowish, with the grain of a camera at its limit."""
    linear = (still.image.astype(np.float32) / 255) ** 2.2 * np.array([0.15, 0.22, 0.28], np.float32)
    noise = np.random.default_rng(5).normal(0, 6, still.image.shape).astype(np.float32)
    return np.clip(linear ** (1 / 2.2) * 255 + noise, 0, 255).astype(np.uint8)


def _sidelit(still: Still) -> ImageArray:
    """Light from the right only: falls off over the breadth of the face."""
    box = still.face.box
    x = (np.arange(still.image.shape[1], dtype=np.float32) - box.centre[0]) / box.width
    light = 0.12 + 0.88 / (1 + np.exp(-9 * x))
    linear = (still.image.astype(np.float32) / 255) ** 2.2 * light[None, :, None] * 1.1
    return np.clip(linear ** (1 / 2.2) * 255 + 0.5, 0, 255).astype(np.uint8)


def _blurred(still: Still) -> ImageArray:
    """A hand-held moment: motion blur of 6 % of the face."""
    length = max(3, round(0.06 * still.face.box.width)) | 1
    kernel = np.zeros((length, length), np.float32)
    cv2.line(kernel, (0, length * 2 // 3), (length - 1, length // 3), 1.0, 1, cv2.LINE_AA)
    return np.asarray(cv2.filter2D(still.image, -1, kernel / kernel.sum()), np.uint8)


def _tilted(still: Still) -> ImageArray:
    height, width = still.image.shape[:2]
    turn = cv2.getRotationMatrix2D(still.face.box.centre, 38, 1.0)
    return np.asarray(cv2.warpAffine(still.image, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def _grimace(mouth: float, eyes: float) -> Callable[[Still], ImageArray]:
    def make(still: Still) -> ImageArray:
        assert still.face.landmarks is not None
        return media.grimace(still.image, still.face.landmarks, mouth, eyes)

    return make


def _huge(still: Still) -> ImageArray:
    """A close-up, four times as large."""
    return np.asarray(cv2.resize(still.image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), np.uint8)


def _cut(still: Still) -> ImageArray:
    """A third of the face is outside of the picture."""
    box = still.face.box
    return np.ascontiguousarray(still.image[:, int(box.x0 + box.width * 0.3) :])


def _small(still: Still) -> ImageArray:
    return np.asarray(cv2.resize(still.image, None, fx=0.36, fy=0.36, interpolation=cv2.INTER_AREA), np.uint8)


_GROUPS: dict[str, tuple[str, Callable[[Face], float]]] = {
    "gdp": ("gdp", lambda face: abs(_yaw(face))),
    "turned": ("gdp", lambda face: -abs(_yaw(face))),
    "player": ("players", lambda face: -face.box.height),
    "coach": ("players", lambda face: -face.box.centre[1]),
}
"""Who is meant in a group photo: the one for whom this is least."""
_CHANGES: dict[str, Callable[[Still], ImageArray]] = {
    "grey": _grey,
    "dark": _dark,
    "sidelit": _sidelit,
    "blurred": _blurred,
    "tilted": _tilted,
    "shout": _grimace(0.9, 0.0),
    "shut": _grimace(0.0, 1.0),
    "huge": _huge,
    "cut": _cut,
    "small": _small,
}
