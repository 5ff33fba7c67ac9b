"""Faces followed through a video."""

from __future__ import annotations

from dataclasses import replace

from pipeline.analysis.find import FaceFinder, same_mesh
from pipeline.analysis.landmarks import region_from_landmarks
from pipeline.types import Face, Frame


class Tracker:
    """Follows faces from frame to frame. One for each run through a video; not for several threads."""

    def __init__(self, finder: FaceFinder, *, interval: int = 12, smooth: float = 0.5) -> None:
        self._finder, self._interval = finder, interval
        self._faces: tuple[Face, ...] = ()
        self._next = 1

    def push(self, frame: Frame) -> list[tuple[Frame, tuple[Face, ...]]]:
        """Take the next frame; the frames that are ready by it, in order, each with its faces."""
        faces = []
        for old in self._faces:
            assert old.landmarks is not None
            face = self._finder.landmarker.face(frame, region_from_landmarks(old.landmarks), rounds=1)
            if face is not None:
                faces.append(replace(face, track=old.track, embedding=old.embedding))
        if frame.index % self._interval == 0 or len(faces) < len(self._faces):
            found = self._finder.meshes(frame, self._finder.detector(frame.image(), turns=not faces))
            for face in found:
                if not any(same_mesh(face, other) for other in faces):
                    faces.append(replace(self._finder.identified(frame, face), track=self._next))
                    self._next += 1
        self._faces = tuple(faces)
        return [(frame, self._faces)]

    def flush(self) -> list[tuple[Frame, tuple[Face, ...]]]:
        """The frames still held, at the end of the video."""
        return []
