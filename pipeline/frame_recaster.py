"""The one function that changes a frame. Preview, picture, video and live view all call it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipeline.compositor import composite, composite_lit
from pipeline.engines.base import Engine
from pipeline.fading import faded, shown
from pipeline.mesh import FaceView
from pipeline.mesh.reading import Reading, read
from pipeline.nearer import behind
from pipeline.options import Options
from pipeline.places import Place, places
from pipeline.types import Frame
from pipeline.wardrobe import FaceRole, Wardrobe


class Around(Protocol):
    """What is known of the frames around one."""

    def seen(self, frame: Frame, place: Place) -> tuple[FaceView, Reading] | None:
        """How the face of a place is seen in a frame, and its reading; ``None`` where there is nothing to see."""


def recast_frame(
    frame: Frame, roles: Sequence[FaceRole], wardrobe: Wardrobe, options: Options, beside: Around | None = None
) -> int:
    """Give each face its new identity, in `frame` itself, and return how many were changed.

    Outside the faces' own regions the frame keeps its exact values. Farther (smaller) faces are done first, so that
    nearer ones end up in front. What is painted on a face is its role's; `Options.exclude` is what roles are made of.

    Args:
        beside: for the frames of a film or of a camera, what is known of those around; without it all is read from this
            one.

    Raises:
        Refused: the operator does not allow one of them as a source, or to be replaced; nothing was changed.
    """
    for role in roles:
        wardrobe.check(frame, role.face)
    engine = wardrobe.engine
    changed = 0
    waiting: list[Place] = []
    for place in places(roles, wardrobe, options):
        # Together, only those that see nothing of what another one of them changes: that is what one by one would give.
        if len(waiting) == engine.together or any(place.sees(other) for other in waiting):
            changed += _recast_faces(frame, waiting, engine, options, beside)
            waiting = []
        waiting.append(place)
    return changed + _recast_faces(frame, waiting, engine, options, beside)


def _recast_faces(
    frame: Frame, places: Sequence[Place], engine: Engine, options: Options, beside: Around | None
) -> int:
    looks = [(place, look) for place in places if (look := _look(frame, place, beside)) is not None]
    if not looks:
        return 0
    views = [(view, place.prepared) for place, (view, _) in looks]
    for (place, (view, reading)), rendering in zip(looks, engine.render(views, options), strict=True):
        compose = composite if rendering.tone is not None else composite_lit
        x, y = (-round(float(shift)) for shift in view.crop.matrix[:, 2])
        before, after = view.crop.image, compose(rendering, view, reading, options, place.painted)
        face = place.face
        after = faded(before, after, shown(face, options), options.edge_softness, face.box.width)
        frame.change((x, y), before, behind(before, after, (x, y), face, place.nearer))
    return len(views)


def _look(frame: Frame, place: Place, beside: Around | None) -> tuple[FaceView, Reading] | None:
    """How a face is seen, and what is read of it."""
    if beside is not None:
        return beside.seen(frame, place)
    view = place.view(frame)
    return None if view is None else (view, read(view))
