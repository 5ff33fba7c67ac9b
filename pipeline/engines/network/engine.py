"""The one engine class that runs every swap network of the catalogue, and the user's own."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.network.contract import check, from_output, to_input
from pipeline.engines.network.crop import interleaved, lay_back, phases, take
from pipeline.engines.network.identity import Introducer, Prepared
from pipeline.engines.network.masks import MASK, box_mask, hull_mask
from pipeline.errors import ModelError
from pipeline.mesh import FaceView
from pipeline.models.align import TEMPLATES, similarity, to_crop
from pipeline.models.library import Library
from pipeline.types import Box, Crop, Face, FloatArray, Identity, ImageArray, Options, Rendering

LARGEST = 1024
"""Side of the finest crop that is rendered, whatever is asked for."""
UNCHANGED = 5.0
"""Grey levels: the less a network has changed of a pixel, compared to this, the more of the frame's own texture is
kept there."""


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
        self._session = library.session(name)
        check(self._session, self.contract)
        self._introduce = Introducer(self.contract, library, name)
        self.device: str = self._session.device
        self.notes = _device_notes(entry.title, library.device, self.device)

    def prepare(self, identity: Identity) -> Prepared:
        return self._introduce(identity)

    def area(self, face: Face) -> Box:
        """All that the network gets to see."""
        assert face.points is not None
        back = similarity(TEMPLATES[self.contract.template], face.points)
        corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32) @ back[:, :2].T + back[:, 2]
        (x0, y0), (x1, y1) = corners.min(0), corners.max(0)
        return Box(float(x0), float(y0), float(x1), float(y1))

    def placed(self, crop: Crop, prepared: Prepared, options: Options) -> FloatArray:
        """The crop's own landmarks: a network moves features as it sees fit."""
        return crop.landmarks

    def render(self, view: FaceView, prepared: Prepared, options: Options) -> Rendering:
        crop = view.crop
        assert crop.points is not None
        factor = self._factor(options)
        side = self.contract.size * factor
        matrix = to_crop(crop.points, self.contract.template, side)
        aligned = take(crop.image, matrix, side)
        swapped, shown = self._swap(aligned, factor, self._source(crop, prepared, options))
        image = lay_back(_bytes(swapped), matrix, view.size)
        if options.keep_texture:
            image = _with_texture(image, swapped, aligned, matrix, crop.image)
        return Rendering(image, self._coverage(crop, side, matrix, shown, view.size, options))

    def _factor(self, options: Options) -> int:
        return max(1, min(int(options.pixel_boost.rstrip("x")), LARGEST // self.contract.size))

    def _source(self, crop: Crop, prepared: Prepared, options: Options) -> FloatArray:
        if prepared.embedding is None or options.resemblance == 0.5:
            return prepared.source
        assert crop.points is not None
        own = self._introduce.embedding_at(crop.image, crop.points)
        return self._introduce.latent(self._introduce.towards(prepared.embedding, own, options.resemblance))

    def _swap(self, aligned: ImageArray, factor: int, source: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """The network's face, ``(side, side, 3)`` float32 BGR, and where it says that it is, if it does."""
        target = to_input(phases(aligned, factor), self.contract)
        outputs = self._session(target=target, source=np.repeat(source, len(target), axis=0))
        named = dict(zip(self._session.outputs, outputs, strict=True))
        mask = named.pop("mask", None)
        swapped = interleaved(from_output(next(iter(named.values())), self.contract), factor)
        if mask is None:
            return swapped, None
        return swapped, interleaved(np.clip(mask.transpose(0, 2, 3, 1), 0, 1), factor)[..., 0]

    def _coverage(
        self, crop: Crop, side: int, matrix: FloatArray, shown: FloatArray | None, size: tuple[int, int],
        options: Options,
    ) -> FloatArray:  # fmt: skip
        assert crop.points is not None
        to_mask = to_crop(crop.points, self.contract.template, MASK)
        mask = box_mask()
        if options.mask == "face":
            mask = np.minimum(mask, hull_mask(crop.landmarks, to_mask))
        if shown is not None:
            mask = np.minimum(mask, cv2.resize(shown, (MASK, MASK), interpolation=cv2.INTER_AREA))
        return lay_back(mask, to_mask, size, outside=False)


def _bytes(image: FloatArray) -> ImageArray:
    return np.rint(image).astype(np.uint8)


def _with_texture(
    image: ImageArray, swapped: FloatArray, aligned: ImageArray, matrix: FloatArray, frame: ImageArray
) -> ImageArray:
    """`image` with what the crop could not hold of the frame (pores, grain), where the network left the face as it
    was."""
    change = cv2.blur(np.abs(swapped - aligned).max(axis=2), (3, 3))
    same = np.exp(-((change / np.float32(UNCHANGED)) ** 2)).astype(np.float32)
    if float(same.max()) < 0.02:
        return image
    size = (frame.shape[1], frame.shape[0])
    lost = cv2.subtract(frame, lay_back(aligned, matrix, size), dtype=cv2.CV_16S)
    share = lay_back(same, matrix, size)
    kept = cv2.multiply(lost, cv2.merge([share] * 3), dtype=cv2.CV_16S)
    return np.asarray(cv2.add(image, kept, dtype=cv2.CV_8U), np.uint8)


def _device_notes(title: str, wanted: str, device: str) -> tuple[str, ...]:
    if wanted == device:
        return ()
    return (f"{title} was to run on {wanted}, but runs on {device}. The log says why.",)
