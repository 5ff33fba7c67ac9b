"""The `mesh` engine: the source's face, laid over the target's mesh triangle by triangle. Needs no weights of its
own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from pipeline.engines.mesh.atlas import Atlas, build_atlas
from pipeline.engines.mesh.drawn import drawn_smooth
from pipeline.engines.mesh.fade import fade
from pipeline.engines.mesh.gaze import put_in, shares
from pipeline.engines.mesh.inner_lips import without_lips
from pipeline.engines.mesh.irises import recolour
from pipeline.engines.mesh.likeness import move_towards
from pipeline.engines.mesh.looks import Carried
from pipeline.engines.mesh.openings import openings, shut_lids
from pipeline.engines.mesh.seam import with_seam
from pipeline.engines.mesh.smile import SMILES, smile_of, without_folds
from pipeline.engines.mesh.squeeze import unsqueezed
from pipeline.mesh import FaceView, topology
from pipeline.models.align import TemplateName, square_of, to_crop
from pipeline.models.library import Library
from pipeline.options import Options
from pipeline.types import Box, Crop, Face, FloatArray, Identity, ImageArray, Rendering

COVERS: TemplateName = "ffhq_512"
"""How a face lies in what occluders and parsers get: with room for all of it."""
SURROUND = 1.08
"""The crop is the face's box enlarged by this: room for the mesh's margin, beyond which nothing is drawn."""


class MeshEngine:
    """See the module. `prepare` returns an `Atlas`."""

    name = "mesh"
    device = "cpu"
    together = 1
    weights = ""

    def __init__(self, library: Callable[[], Library] = Library) -> None:
        """
        Args:
            library: where networks come from that say what covers a face; called when options name one.
        """
        self._open = library

    @cached_property
    def _library(self) -> Library:
        return self._open()

    @property
    def notes(self) -> tuple[str, ...]:
        return self._library.notes if "_library" in self.__dict__ else ()

    def ready(self, options: Options) -> None:
        """Load the networks that the options name."""
        for name in (options.occluder, options.parser):
            if name != "none":
                self._library.session(name)

    def prepare(self, identity: Identity) -> Atlas:
        return build_atlas(identity)

    def area(self, face: Face, options: Options) -> Box:
        """What is shown; with an occluder or a parser, all that they get to see."""
        shown = self.shown(face, options)
        if options.occluder == options.parser == "none" or face.points is None:
            return shown
        seen = square_of(face.points, COVERS)
        return Box(min(shown.x0, seen.x0), min(shown.y0, seen.y0), max(shown.x1, seen.x1), max(shown.y1, seen.y1))

    def shown(self, face: Face, options: Options) -> Box:
        return face.box.scaled(SURROUND)

    def placed(self, crop: Crop, prepared: Atlas, options: Options) -> FloatArray:
        """Where the new face's landmarks will be: ``(478, 3)`` in crop pixels."""
        return move_towards(crop.landmarks, crop.pose, prepared.shape, options.likeness, crop.form)

    def render(self, views: Sequence[tuple[FaceView, Atlas]], options: Options) -> list[Rendering]:
        drawn = []
        for view, prepared in views:
            rendering, bare = self.draw(view, prepared, options), self._bare(view, options)
            if bare is not None:
                rendering = replace(rendering, coverage=np.minimum(view.to_middle(rendering.coverage), bare))
            drawn.append(rendering)
        return drawn

    def _bare(self, view: FaceView, options: Options) -> FloatArray | None:
        """A middling map, 1 where networks see the bare face; ``None`` where the options name none."""
        if options.occluder == options.parser == "none":
            return None
        # They take time to load, and few ask for one.
        from pipeline.engines.network.covers import MASK, bare
        from pipeline.engines.network.crop import lay_back, reduced
        from pipeline.engines.network.sight import Sight

        sight = Sight.of(view.crop)
        mask = bare(self._library, sight, COVERS, options)
        assert mask is not None
        matrix = sight.within(to_crop(sight.points, COVERS, MASK))
        return lay_back(mask, reduced(matrix, view.size, view.middle), view.middle)

    def draw(self, view: FaceView, prepared: Atlas, options: Options) -> Rendering:
        """One of them."""
        carried = Carried.of(options)
        level, scale = _level(view.points, prepared.looks.sheets(carried))
        irises = prepared.looks.irises(carried) if options.eyes == "source" else None
        image = view.fold_fine(level)
        coverage = fade(view) * view.fold_on(prepared.valid)
        through = view.through()
        more = prepared.smile - smile_of(view.landmarks, view.crop.pose) if prepared.smile > SMILES else 0.0
        image = without_folds(image, view, prepared.folds, more)
        image = drawn_smooth(image, view, prepared.creases, prepared.gap)
        image = unsqueezed(image, view, prepared.shown, prepared.tone)
        image = with_seam(image, through, view.landmarks)
        own = shares(view.landmarks, irises) if irises is not None else (0.0, 0.0)
        shown = without_lips(openings(view.landmarks, view.size, own=own), through, view.landmarks)
        if irises is not None and max(own) > 0:
            for theirs in put_in(image, through, view.landmarks, irises):
                np.maximum(shown[theirs.part], theirs.mask, out=shown[theirs.part])
        if options.eyes == "source" and prepared.irises is not None:
            through = recolour(through, view.landmarks, prepared.irises)
        return Rendering(
            image,
            coverage,
            tone=prepared.tone,
            deep=prepared.deep,
            relief=prepared.looks.relief(carried),
            beard=prepared.beard if options.source_beard else None,
            openings=shown,
            lids=shut_lids(view.landmarks, view.size),
            through=through,
            scale=scale,
        )


def _level(points: FloatArray, levels: tuple[ImageArray, ...]) -> tuple[ImageArray, float]:
    """The atlas level fit for the size of the face, and texels of the full atlas per pixel."""
    uv, size = topology().uv, levels[0].shape[0]
    ratios = [
        math.dist(uv[a], uv[b]) * size / max(math.dist(points[a, :2], points[b, :2]), 1.0)
        for a, b in ((10, 152), (234, 454), (33, 263))
    ]
    scale = min(ratios)
    level = min(max(math.floor(math.log2(max(scale, 1e-3)) + 0.35), 0), len(levels) - 1)
    return levels[level], scale
