"""Rendering a row of frames of which only windows are at hand. What a process does; this one does it where none is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.frame_recaster import recast_frame
from pipeline.media.window import WindowFrame
from pipeline.processes.wire import Changed, Piece, Rendered, Rows
from pipeline.rows import Found, Row, along, remembered
from pipeline.types import Identity
from pipeline.wardrobe import FaceRole, Wardrobe


def rendered(
    rows: Rows, identities: Mapping[int, Identity], wardrobe: Wardrobe, stopped: Callable[[], bool]
) -> Rendered | None:
    """What becomes of each frame that is wanted; the same as of whole frames, one after the other.

    Args:
        stopped: asked before each frame; ``None`` is returned once it is true.
    """
    trail, frames = (tuple(_found(piece, identities) for piece in some) for some in (rows.trail, rows.pieces))
    row = Row(trail, frames)
    placed, known = along(row, None, wardrobe, rows.options)
    changed = []
    for piece, found in zip(rows.pieces, placed, strict=True):
        if not piece.wanted:
            continue
        if stopped():
            return None
        assert isinstance(found.frame, WindowFrame)
        faces = recast_frame(found.frame, found.roles, wardrobe, rows.options, found.beside)
        changed.append(Changed(faces, found.frame.samples() if faces else ()))
    return Rendered(tuple(changed), remembered(row, known))


def _found(piece: Piece, identities: Mapping[int, Identity]) -> Found:
    roles = tuple(FaceRole(shown.face, identities[shown.number], shown.painted) for shown in piece.roles)
    return Found(WindowFrame(piece.window), roles, bool(roles), (), memory=piece.memory)
