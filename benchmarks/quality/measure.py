"""Recasting one pair and measuring it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from benchmarks.quality.material import Moving, Still
from benchmarks.quality.metrics import Numbers
from benchmarks.quality.metrics import skin as flat
from benchmarks.quality.metrics.curves import curve, truth
from benchmarks.quality.metrics.detail import detail
from benchmarks.quality.metrics.expression import expression, landmark_distance
from benchmarks.quality.metrics.flicker import Flows
from benchmarks.quality.metrics.gaze import gaze
from benchmarks.quality.metrics.geometry import eye_opening, mouth_opening
from benchmarks.quality.metrics.identity import arcface, identity
from benchmarks.quality.metrics.jitter import jitter
from benchmarks.quality.metrics.outside import outside
from benchmarks.quality.metrics.seam import seam
from benchmarks.quality.metrics.selfswap import selfswap
from benchmarks.quality.metrics.tone import tone
from pipeline.analysis import FaceFinder, Region, Tracker
from pipeline.analysis.landmarks import face_from_landmarks, region_from_landmarks
from pipeline.frame_recaster import recast_frame
from pipeline.options import Options
from pipeline.rows import Found, anchored
from pipeline.types import Box, Face, FloatArray, Identity, ImageArray
from pipeline.wardrobe import FaceRole, Wardrobe
from tests.frames import ArrayFrame

ROOM = 1.9
"""Crops that are measured and shown: the face's box enlarged by this."""
EVERY = 6
"""Of a clip every so many frames are measured as a still; motion is measured on all."""


@dataclass(frozen=True, eq=False)
class Shot:
    """A frame's crop before and after, and the target's landmarks in it; `seam` is where its border is worst."""

    target: ImageArray
    result: ImageArray
    landmarks: FloatArray
    seam: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Outcome:
    """A pair's numbers, and what its sheet shows: one shot, and of a clip some more."""

    target: str
    source: str
    numbers: Numbers
    shot: Shot
    strip: list[Shot] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.source}-on-{self.target}"


class Judge:
    """Knows all sources and the engine; recasts and measures."""

    def __init__(
        self, finder: FaceFinder, wardrobe: Wardrobe, sources: Mapping[str, Identity], options: Options
    ) -> None:
        self.finder, self.wardrobe, self.sources, self.options = finder, wardrobe, sources, options
        self._skins = {name: _skin(i.photos[0].image, i.photos[0].face) for name, i in sources.items()}
        self.gallery = {name: arcface(i.photos[0].image, i.photos[0].face) for name, i in sources.items()}

    def still(self, target: Still, source: str) -> Outcome:
        result = self._recast(target.image, target.face, source)
        numbers, shot = self._numbers(target.image, result, target.face, source, same=target.name == source)
        return Outcome(target.name, source, numbers, shot)

    def moving(self, target: Moving) -> MovingJudge:
        return MovingJudge(self, target)

    def _recast(self, image: ImageArray, face: Face, source: str) -> ImageArray:
        frame = ArrayFrame(image)
        recast_frame(frame, self._roles(face, source), self.wardrobe, self.options)
        return frame.pixels

    def _film(self, images: Sequence[ImageArray], faces: Sequence[Face | None], source: str) -> list[ImageArray]:
        """Consecutive frames, recast as a job does it."""
        frames = [ArrayFrame(image, index) for index, image in enumerate(images)]
        found = (
            Found(frame, self._roles(face, source), face is not None, ())
            for frame, face in zip(frames, faces, strict=True)
        )
        for each in anchored(found, self.wardrobe, self.options):
            recast_frame(each.frame, each.roles, self.wardrobe, self.options, each.beside)
        return [frame.pixels for frame in frames]

    def _roles(self, face: Face | None, source: str) -> list[FaceRole]:
        return [FaceRole(face, self.sources[source])] if face is not None else []

    def _numbers(
        self, image: ImageArray, result: ImageArray, face: Face, source: str, *, same: bool = False
    ) -> tuple[Numbers, Shot]:
        """Everything that can be said about one frame."""
        assert face.landmarks is not None
        numbers = outside(image, result, [face.landmarks])
        region = region_from_landmarks(face.landmarks)
        before, after = self.face(image, region), self.face(result, region)
        numbers["presence"] = after.score
        numbers |= identity(arcface(result, after), source, arcface(image, before), self.gallery)
        assert before.landmarks is not None and after.landmarks is not None
        assert before.pose is not None and after.pose is not None
        numbers |= expression(before.landmarks, after.landmarks, before.pose, after.pose)
        numbers |= gaze(before.landmarks, after.landmarks)
        place, origin = window(image, face.box.scaled(ROOM))
        crop, new = image[place], result[place]
        mesh = face.landmarks - np.array([*origin, 0], np.float32)
        numbers |= flat.skin(self._skins[source], _skin(image, face), _skin(result, face))
        numbers |= tone(crop, new, mesh) | detail(crop, new, mesh)
        border = seam(crop, new, mesh)
        if border is not None:
            numbers |= border.numbers
        if same:
            numbers |= selfswap(crop, new, mesh)
            for name in ("identity.target", "identity.margin"):
                numbers.pop(name, None)
        return numbers, Shot(crop.copy(), new.copy(), mesh, border.worst if border else None)

    def face(self, image: ImageArray, region: Region) -> Face:
        """The mesh in a region, whatever its score."""
        return face_from_landmarks(*self.finder.landmarker(ArrayFrame(image), region))


class MovingJudge:
    """A clip: followed once, then measured for each source."""

    def __init__(self, judge: Judge, target: Moving) -> None:
        self._judge, self._target = judge, target
        tracker = Tracker(judge.finder, smooth=judge.options.smooth)
        found = [pair for i, image in enumerate(target.frames) for pair in tracker.push(ArrayFrame(image, i, i / 30))]
        found += tracker.flush()
        self._faces = [max(faces, key=lambda face: face.box.area, default=None) for _, faces in found]
        boxes = [face.box.scaled(1.5) for face in self._faces if face is not None]
        if not boxes:
            raise ValueError(f"no face in {target.name}")
        whole = Box(
            min(b.x0 for b in boxes), min(b.y0 for b in boxes), max(b.x1 for b in boxes), max(b.y1 for b in boxes)
        )
        self._place, origin = window(target.frames[0], whole)
        self._origin = np.array([*origin, 0], np.float32)
        self._own = [self._mesh(image, face) for image, face in zip(target.frames, self._faces, strict=True)]
        shifted = [None if mesh is None else mesh - self._origin for mesh in self._own]
        self._flows = Flows([image[self._place] for image in target.frames], shifted)

    def outcome(self, source: str) -> Outcome:
        judge, target = self._judge, self._target
        results = judge._film(target.frames, self._faces, source)
        meshes = [self._mesh(image, face) for image, face in zip(results, self._faces, strict=True)]
        numbers: Numbers = self._flows.against([image[self._place] for image in results])
        numbers |= jitter(self._own, meshes)
        numbers |= self._curves(meshes)
        known = [i for i, face in enumerate(self._faces) if face is not None]
        stills = {}
        for index in known[::EVERY]:
            face = self._faces[index]
            assert face is not None
            stills[index] = judge._numbers(target.frames[index], results[index], face, source)
        for name in sorted({name for still, _ in stills.values() for name in still}):
            numbers[name] = float(np.mean([still[name] for still, _ in stills.values() if name in still]))
        strange = {
            i: landmark_distance(a, b)
            for i in stills
            if (a := self._own[i]) is not None and (b := meshes[i]) is not None
        }
        worst = max(strange, key=lambda i: strange[i])
        shots = [shot for _, shot in stills.values()]
        return Outcome(target.name, source, numbers, stills[worst][1], shots)

    def _curves(self, meshes: list[FloatArray | None]) -> Numbers:
        pairs = [
            (i, a, b) for i, (a, b) in enumerate(zip(self._own, meshes, strict=True)) if a is not None and b is not None
        ]
        numbers: Numbers = {}
        for name, measure, known in (
            ("mouth", mouth_opening, self._target.mouth),
            ("eyes", eye_opening, self._target.eyes),
        ):
            own = np.array([measure(a) for _, a, _ in pairs], np.float32)
            new = np.array([measure(b) for _, _, b in pairs], np.float32)
            numbers |= curve(name, own, new)
            if known is not None:
                numbers |= truth(name, known[[i for i, _, _ in pairs]], own, new)
        return numbers

    def _mesh(self, image: ImageArray, face: Face | None) -> FloatArray | None:
        if face is None or face.landmarks is None:
            return None
        return self._judge.face(image, region_from_landmarks(face.landmarks)).landmarks


def _skin(image: ImageArray, face: Face) -> flat.Skin:
    assert face.landmarks is not None and face.pose is not None
    return flat.read(image, face.landmarks, face.pose)


def window(image: ImageArray, box: Box) -> tuple[tuple[slice, slice], tuple[int, int]]:
    """Rows and columns of `image` in a box, and their top-left point."""
    height, width = image.shape[:2]
    x0, y0 = int(np.clip(box.x0, 0, width - 1)), int(np.clip(box.y0, 0, height - 1))
    x1, y1 = int(np.clip(box.x1, x0 + 1, width)), int(np.clip(box.y1, y0 + 1, height))
    return (slice(y0, y1), slice(x0, x1)), (x0, y0)


def threads() -> None:
    """OpenCV's threads beside the networks' own gain nothing on pictures this small."""
    cv2.setNumThreads(2)
