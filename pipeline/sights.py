"""What is seen of the faces in a frame, for it and for the frames beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from pipeline.mesh import FaceView
from pipeline.mesh.held import Held
from pipeline.mesh.reading import Exact, held_before
from pipeline.places import Place
from pipeline.types import Frame

Views = Mapping[int | None, FaceView]
"""By track."""


class Sight:
    """The faces of a frame, and what is held before them. Knows nothing of other frames. Thread-safe.

    Whoever asks first has all of them copied from the frame, which is not to be changed before.

    Args:
        held: by track, what is known of that already.
    """

    def __init__(
        self, frame: Frame, places: Callable[[], Sequence[Place]], held: Mapping[int | None, Held | None]
    ) -> None:
        self._lock = threading.Lock()
        self._look: Callable[[], Views] | None = lambda: _views(frame, places())
        self._views: Views = {}
        self._held = dict(held)

    def view(self, track: int | None) -> FaceView | None:
        """A face, unless it lies on another one: how such look depends on what is done to the others."""
        with self._lock:
            return self._view(track)

    def held(self, track: int | None) -> Held | None:
        """What is held before a face, as far as this frame alone says."""
        with self._lock:
            if track not in self._held:
                view = self._view(track)
                self._held[track] = None if view is None else held_before(view)
            return self._held[track]

    def learn(self, track: int | None, exact: Exact) -> None:
        """It was read."""
        with self._lock:
            self._held[track] = exact.held

    @property
    def known(self) -> Mapping[int | None, Held | None]:
        """What is known by now of what is held before its faces."""
        with self._lock:
            return dict(self._held)

    def _view(self, track: int | None) -> FaceView | None:
        if self._look is not None:
            self._views, self._look = self._look(), None
        return self._views.get(track)


def _views(frame: Frame, places: Sequence[Place]) -> Views:
    views = {}
    for place in places:
        others = (other for other in places if other is not place)
        if any(place.sees(other) or other.sees(place) for other in others):
            continue
        view = place.view(frame)
        if view is not None:
            views[place.face.track] = view
    return views
