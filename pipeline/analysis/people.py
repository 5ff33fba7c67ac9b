"""Who is in a target: tracks gathered into people, over cuts and absences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from pipeline.analysis.embed import normalised
from pipeline.analysis.landmarks import Region, pose_angles, take_crop
from pipeline.types import Face, FloatArray, Frame, ImageArray, Person

THUMBNAIL = 160

ALIKE = 0.36
"""Mean cosine between tracks from which on they show one person. SFace's authors give 0.363 for single pictures."""

BRIEF, GLIMPSE = 4, 0.22
"""Somebody seen for no more than `BRIEF` frames of a video is taken for a blurred view of whom they are like."""

SURE = 0.6
"""Cosine from which on an ended track is merged at once, so that a long target keeps few summaries."""

TIDY = 64
"""Ended tracks that may gather before they are tidied up."""


@dataclass(eq=False)
class _Summary:
    """One track, or several that are sure to show one person."""

    tracks: set[int]
    first: float
    last: float
    newest: int = 0
    frames: int = 0
    total: FloatArray = field(default_factory=lambda: np.zeros(128, np.float32))
    clarity: float = -1.0
    view: bytes = b""
    beside: dict[int, int] = field(default_factory=dict)

    @property
    def embedding(self) -> FloatArray:
        return normalised(self.total)

    def apart(self, other: _Summary) -> bool:
        """Whether both were seen in one frame, for longer than a hiccup of the tracker lasts."""
        together = sum(count for track, count in self.beside.items() if track in other.tracks)
        return together > min(2, 0.2 * min(self.frames, other.frames))

    def absorb(self, other: _Summary) -> None:
        self.tracks |= other.tracks
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.newest = max(self.newest, other.newest)
        self.frames += other.frames
        self.total = self.total + other.total
        for track, count in other.beside.items():
            self.beside[track] = self.beside.get(track, 0) + count
        if other.clarity > self.clarity:
            self.clarity, self.view = other.clarity, other.view


class PeopleCollector:
    """Fed with every frame of a target, tells who is in it. Keeps a few kilobytes for each track, and no frames."""

    def __init__(self) -> None:
        self._summaries: list[_Summary] = []
        self._of_track: dict[int, _Summary] = {}
        self._ended = 0
        self._frames = 0

    def add(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Count a frame and its faces. Each needs `track`, `embedding`, `points`; a face without a track is skipped."""
        self._frames += 1
        known = [(face, face.track) for face in faces if face.track is not None and face.embedding is not None]
        for face, track in known:
            summary = self._of_track.get(track)
            if summary is None:
                summary = self._of_track[track] = _Summary({track}, frame.time, frame.time)
                self._summaries.append(summary)
            assert face.embedding is not None
            summary.frames += 1
            summary.last, summary.newest = frame.time, self._frames
            # The tracker's mean grows with the track: its newest state, weighted by length, stands for all of it.
            summary.total = summary.total + face.embedding
            for _, other in known:
                if other != track:
                    summary.beside[other] = summary.beside.get(other, 0) + 1
            clarity = _clarity(frame, face)
            if clarity > 1.1 * summary.clarity:
                self._picture(frame, face, summary, clarity)
        if len(self._summaries) - self._ended > TIDY:
            self._tidy()

    def people(self) -> tuple[Person, ...]:
        """Everybody seen so far, the one seen in most frames first."""
        groups = _merged([_copy(summary) for summary in self._summaries], ALIKE)
        brief = [group for group in groups if group.frames <= BRIEF < self._frames / 10]
        for glimpse in brief:
            others = [group for group in groups if group not in brief and not group.apart(glimpse)]
            nearest = max(others, key=lambda group: float(group.embedding @ glimpse.embedding), default=None)
            if nearest is not None and float(nearest.embedding @ glimpse.embedding) >= GLIMPSE:
                nearest.absorb(glimpse)
                groups.remove(glimpse)
        groups.sort(key=lambda group: (-group.frames, group.first))
        return tuple(
            Person(
                number=number,
                embedding=group.embedding,
                thumbnail=np.asarray(cv2.imdecode(np.frombuffer(group.view, np.uint8), cv2.IMREAD_COLOR), np.uint8),
                first_time=group.first,
                last_time=group.last,
                frames=group.frames,
                share=group.frames / max(1, self._frames),
            )
            for number, group in enumerate(groups, 1)
        )

    def _picture(self, frame: Frame, face: Face, summary: _Summary, clarity: float) -> None:
        thumbnail = _thumbnail(frame, face)
        sharpness = float(cv2.Laplacian(cv2.cvtColor(thumbnail, cv2.COLOR_BGR2GRAY), cv2.CV_32F).var())
        clarity *= 0.3 + min(1.0, sharpness / 150)
        if clarity > summary.clarity:
            summary.clarity = clarity
            summary.view = cv2.imencode(".jpg", thumbnail, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()

    def _tidy(self) -> None:
        """Merge ended tracks that are sure to belong together."""
        over = [summary for summary in self._summaries if summary.newest < self._frames - 300]
        running = [summary for summary in self._summaries if summary.newest >= self._frames - 300]
        over = _merged(over, SURE)
        self._ended = len(over)
        self._summaries = over + running
        self._of_track = {track: summary for summary in self._summaries for track in summary.tracks}


def _copy(summary: _Summary) -> _Summary:
    copy = _Summary(set(), summary.first, summary.last)
    copy.absorb(summary)
    return copy


def _merged(summaries: list[_Summary], alike: float) -> list[_Summary]:
    """Agglomerative clustering by cosine of the means; those seen side by side stay apart."""
    groups = list(summaries)
    if len(groups) < 2:
        return groups
    cosine = np.full((len(groups), len(groups)), -1.0, np.float32)
    for i, one in enumerate(groups):
        for j in range(i):
            cosine[i, j] = cosine[j, i] = -1.0 if one.apart(groups[j]) else float(one.embedding @ groups[j].embedding)
    alive = np.ones(len(groups), bool)
    while True:
        i, j = divmod(int(cosine.argmax()), len(groups))
        if cosine[i, j] < alike:
            return [group for group, there in zip(groups, alive, strict=True) if there]
        groups[i].absorb(groups[j])
        alive[j] = False
        cosine[j], cosine[:, j] = -1, -1
        for k in np.flatnonzero(alive):
            if k != i:
                other = groups[int(k)]
                value = -1.0 if groups[i].apart(other) else float(groups[i].embedding @ other.embedding)
                cosine[i, k] = cosine[k, i] = value


def _clarity(frame: Frame, face: Face) -> float:
    """How well a face shows whose it is: its size, up to the thumbnail's; facing the camera; inside the picture."""
    size = min(1.0, min(face.box.width, face.box.height) / (0.6 * THUMBNAIL))
    box = face.box
    inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= frame.width and box.y1 <= frame.height
    yaw, pitch, roll = pose_angles(face.pose) if face.pose is not None else (0.0, 0.0, 0.0)
    frontal = np.exp(-((yaw / 30) ** 2) - (pitch / 35) ** 2 - (roll / 90) ** 2)
    return float(size * (0.2 + frontal) * face.score * (1.0 if inside else 0.4))


def _thumbnail(frame: Frame, face: Face) -> ImageArray:
    """``(160, 160, 3)`` BGR uint8 with the head upright."""
    size = max(face.box.width, face.box.height) * 1.7
    roll = np.radians(pose_angles(face.pose)[2]) if face.pose is not None else 0.0
    x, y = face.box.centre
    # The mesh ends at the forehead; hair is part of how a person is known.
    up = 0.08 * size
    region = Region(x + up * float(np.sin(roll)), y - up * float(np.cos(roll)), size, float(roll))
    return take_crop(frame, region.to_crop(THUMBNAIL), THUMBNAIL)
