"""The one engine class that runs every swap network of the catalogue, and the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import cv2
import numpy as np

from pipeline.engines.mesh import MeshEngine
from pipeline.engines.mesh.openings import openings
from pipeline.engines.network.contract import check, from_output, to_input
from pipeline.engines.network.covers import bare
from pipeline.engines.network.crop import interleaved, lay_back, phases, reduced, scale_of, take
from pipeline.engines.network.detail import crisper, unchanged, with_photo_detail, with_texture
from pipeline.engines.network.expression import MouthKeeper
from pipeline.engines.network.identity import Introducer, Prepared
from pipeline.engines.network.masks import MASK, box_mask, hull_box, hull_mask
from pipeline.engines.network.precision import HalfPrecision, reference
from pipeline.engines.network.restore import restored
from pipeline.engines.network.sight import Sight
from pipeline.errors import ModelError
from pipeline.mesh import FaceView
from pipeline.models.align import square_of, to_crop
from pipeline.models.library import Library, in_half_precision
from pipeline.options import Options
from pipeline.types import Box, Crop, Face, FloatArray, Identity, ImageArray, Rendering, SourcePhoto

Swap = tuple[FloatArray, FloatArray | None]
"""A network's face, ``(side, side, 3)`` float32 BGR, and where it says that it is, ``(side, side)``, if it does."""
LARGEST = 1024
"""Side of the finest crop that is rendered, whatever is asked for."""


class NetworkEngine:
    """See the module. `prepare` returns a `Prepared`."""

    def __init__(self, name: str, library: Library) -> None:
        """
        Args:
            name: of an entry of kind ``"swap"``.

        Raises:
            ModelError, ModelMissing, LicenceNotAccepted, DownloadError: its files cannot be had or used.
        """
        entry = library.entry(name)
        if entry.swap is None:
            raise ModelError(f"{entry.title} does not swap faces.")
        self.name, self.contract = name, entry.swap
        self._library = library
        self.weights = library.checksum(name)
        self._session = library.session(name)
        check(self._session, self.contract)
        self._introduce = Introducer(self.contract, library, name)
        self._device_notes = _device_notes(entry.title, library.device, self.device)
        half = entry.half_of is not None or (
            # A network of the user's own has no other beside it: on a GPU it has to agree with itself on the CPU.
            entry.local is not None and self.device != "cpu" and in_half_precision(library.path(name))
        )
        self._half = HalfPrecision(self._session, lambda: reference(library, entry)) if half else None

    @property
    def device(self) -> str:
        return self._session.device

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know by now."""
        melted = self._half.note if self._half is not None else None
        told = (*self._device_notes, *self._library.notes)
        return told if melted is None else (*told, melted)

    @property
    def together(self) -> int:
        return self._session.batch

    def left_aside(self, options: Options) -> tuple[str, ...]:
        """Sentences about options that mean nothing to this network, or less than was asked for."""
        told = []
        if self.contract.identity == "image" and options.resemblance != Options().resemblance:
            told.append(f"{self.name} goes by the source's picture and knows no resemblance: it was left aside.")
        if options.pixel_boost != f"{self._factor(options)}x":
            told.append(
                f"{self.name} renders {self.contract.size * self._factor(options)} pixels at most: pixel boost was "
                f"{self._factor(options)}x in place of {options.pixel_boost}."
            )
        return tuple(told)

    def ready(self, options: Options) -> None:
        """Load the further networks that the options name."""
        for name in (options.restorer, options.occluder, options.parser):
            if name != "none":
                self._library.session(name)

    def prepare(self, identity: Identity) -> Prepared:
        return self._introduce(identity)

    def example(self, photo: SourcePhoto) -> dict[str, FloatArray]:
        """What the network gets when a photo's face is recast with itself, ``(1, …)`` by input name."""
        assert photo.face.points is not None
        side = self.contract.size
        crop = take(photo.image, to_crop(photo.face.points, self.contract.template, side), side)
        empty = np.zeros(0, np.float32)
        source = self._introduce(Identity((photo,), empty)).source
        return {"target": to_input(crop[None], self.contract), "source": source}

    def area(self, face: Face, options: Options) -> Box:
        """All that the networks get to see."""
        assert face.points is not None
        box = square_of(face.points, self.contract.template)
        restorer = self._library.entry(options.restorer).restore if options.restorer != "none" else None
        if restorer is None:
            return box
        other = square_of(face.points, restorer.template)
        return Box(min(box.x0, other.x0), min(box.y0, other.y0), max(box.x1, other.x1), max(box.y1, other.y1))

    def shown(self, face: Face, options: Options) -> Box:
        """What lies within the face's outline, or all of their square."""
        assert face.points is not None and face.landmarks is not None
        box = square_of(face.points, self.contract.template)
        if options.mask == "box":
            return box
        outline = hull_box(face.landmarks, max(box.width, box.height))
        return Box(max(box.x0, outline.x0), max(box.y0, outline.y0), min(box.x1, outline.x1), min(box.y1, outline.y1))

    def placed(self, crop: Crop, prepared: Prepared, options: Options) -> FloatArray:
        """The crop's own landmarks: a network moves features as it sees fit."""
        return crop.landmarks

    def render(self, views: Sequence[tuple[FaceView, Prepared]], options: Options) -> list[Rendering]:
        """All of them go through the network together."""
        sights = [Sight.of(view.crop) for view, _ in views]
        side = self.contract.size * self._factor(options)
        matrices = [to_crop(sight.points, self.contract.template, side) for sight in sights]
        crops = [take(sight.image, matrix, side) for sight, matrix in zip(sights, matrices, strict=True)]
        sources = [self._source(sight, made, options) for sight, (_, made) in zip(sights, views, strict=True)]
        swaps = self._swap(crops, self._factor(options), sources)
        return [
            self._finished(view, made, sight, matrix, crop, swap, options)
            for (view, made), sight, matrix, crop, swap in zip(views, sights, matrices, crops, swaps, strict=True)
        ]

    def _finished(
        self,
        view: FaceView,
        prepared: Prepared,
        sight: Sight,
        matrix: FloatArray,
        aligned: ImageArray,
        swap: Swap,
        options: Options,
    ) -> Rendering:
        """What the network gave of one face, in the frame's own pixels and with all that is done to it there.

        Args:
            matrix: ``(2, 3)`` from the sight to `aligned`, which the network got.
        """
        crop, (swapped, shown) = view.crop, swap
        coverage = self._coverage(view, sight, shown, options)
        matrix = sight.within(matrix)
        same = unchanged(swapped, aligned)
        crisp = crisper(swapped, same, scale_of(matrix)) if options.match_detail else swapped
        image = lay_back(_bytes(crisp), matrix, view.size)
        if options.keep_texture:
            image = with_texture(image, same, aligned, matrix, crop.image)
        image, opened = self._with_mouth(image, coverage, view, sight, options)
        if options.restorer != "none":
            image = self._restored(image, coverage, view, sight, options)
        if options.photo_detail > 0:
            photo = self._mesh.draw(view, prepared.atlas, options)
            image = with_photo_detail(image, photo, view, scale_of(matrix), options.photo_detail)
        return Rendering(image, coverage, openings=_openings(view, options, opened))

    @cached_property
    def _mesh(self) -> MeshEngine:
        return MeshEngine()

    @cached_property
    def _mouths(self) -> MouthKeeper:
        return MouthKeeper()

    def _with_mouth(
        self, image: ImageArray, coverage: FloatArray, view: FaceView, sight: Sight, options: Options
    ) -> tuple[ImageArray, float]:
        """`image` with a mouth as open as the target's, and how much of the target's own is seen in it."""
        if options.expression <= 0:
            return image, 0.0
        return self._mouths.correct(
            image,
            lambda: sight.with_face(image, view.enlarge(coverage)),
            view.crop.landmarks,
            sight,
            options.expression,
        )

    def _restored(
        self, image: ImageArray, coverage: FloatArray, view: FaceView, sight: Sight, options: Options
    ) -> ImageArray:
        contract = self._library.entry(options.restorer).restore
        assert contract is not None
        seen = sight.with_face(image, view.enlarge(coverage))
        session = self._library.session(options.restorer)
        return restored(session, contract, image, seen, sight, options.restorer_strength)

    def _factor(self, options: Options) -> int:
        return max(1, min(int(options.pixel_boost.rstrip("x")), LARGEST // self.contract.size))

    def _source(self, sight: Sight, prepared: Prepared, options: Options) -> FloatArray:
        if prepared.embedding is None or options.resemblance == 0.5:
            return prepared.source
        own = self._introduce.embedding_at(sight.image, sight.points)
        return self._introduce.latent(self._introduce.towards(prepared.embedding, own, options.resemblance))

    def _swap(self, crops: Sequence[ImageArray], factor: int, sources: Sequence[FloatArray]) -> list[Swap]:
        rows = [to_input(phases(crop, factor), self.contract) for crop in crops]
        target = np.concatenate(rows)
        source = np.concatenate([np.repeat(one, factor * factor, axis=0) for one in sources])
        outputs = (self._half or self._session)(target=target, source=source)
        named = dict(zip(self._session.outputs, outputs, strict=True))
        mask = named.pop("mask", None)
        faces = from_output(next(iter(named.values())), self.contract)
        swaps: list[Swap] = []
        for number in range(len(crops)):
            part = slice(number * factor * factor, (number + 1) * factor * factor)
            shown = None if mask is None else np.clip(mask[part].transpose(0, 2, 3, 1), 0, 1)
            swaps.append((
                interleaved(faces[part], factor), None if shown is None else interleaved(shown, factor)[..., 0]
            ))  # fmt: skip
        return swaps

    def _coverage(self, view: FaceView, sight: Sight, shown: FloatArray | None, options: Options) -> FloatArray:
        """Where the face is shown, a middling map: the least of all masks, soft at their borders."""
        template = self.contract.template
        to_mask = sight.within(to_crop(sight.points, template, MASK))
        mask = box_mask()
        if options.mask == "face":
            mask = np.minimum(mask, hull_mask(view.crop.landmarks, to_mask))
        if shown is not None:
            mask = np.minimum(mask, cv2.resize(shown, (MASK, MASK), interpolation=cv2.INTER_AREA))
        uncovered = bare(self._library, sight, template, options)
        if uncovered is not None:
            mask = np.minimum(mask, uncovered)
        to_mask = reduced(to_mask, view.size, view.middle)
        return lay_back(np.asarray(mask, np.float32), to_mask, view.middle, outside=False)


def _bytes(image: FloatArray) -> ImageArray:
    return np.rint(image).astype(np.uint8)


def _openings(view: FaceView, options: Options, opened: float) -> FloatArray | None:
    """Where the target's own mouth and eyes are seen. A mouth that was moved apart shows the target's teeth: there are
    none of the new face's."""
    mouth = 1.0 if options.keep_mouth else opened
    if mouth <= 0 and not options.keep_eyes:
        return None
    result = openings(view.landmarks, view.size, mouth=mouth > 0, eyes=False) * np.float32(mouth)
    if options.keep_eyes:
        result = np.maximum(result, openings(view.landmarks, view.size, mouth=False))
    return np.asarray(result, np.float32)


def _device_notes(title: str, wanted: str, device: str) -> tuple[str, ...]:
    if wanted == device:
        return ()
    return (f"{title} was to run on {wanted}, but runs on {device}. The log says why.",)
