"""What an engine gets of a face, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.types.geometry import FloatArray, ImageArray


@dataclass(frozen=True, eq=False)
class Crop:
    """The square (or the frame's region) around a face that an engine works on.

    Attributes:
        image: ``(height, width, 3)`` uint8 BGR, the target's own pixels.
        landmarks: ``(478, 3)`` float32 in pixels of the crop.
        matrix: ``(2, 3)`` float32 affine from frame pixels to crop pixels; a whole-number translation for engines that
            work at the frame's own resolution.
        pose: ``(4, 4)`` float32, see `Face.pose`, in pixels of the crop.
        points: ``(5, 2)`` float32, see `Face.points`, in pixels of the crop; what networks align faces by.
        around: the crop with what surrounds it, for networks that look at more than they change; ``None`` for the crop
            itself.
        inset: ``(x, y)`` of the crop in `around`.
        form: see `Face.form`.
        motion: see `Face.motion`.
    """

    image: ImageArray
    landmarks: FloatArray
    matrix: FloatArray
    pose: FloatArray
    points: FloatArray | None = None
    around: ImageArray | None = None
    inset: tuple[int, int] = (0, 0)
    form: FloatArray | None = None
    motion: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Patch:
    """Part of a mask that is 0 elsewhere.

    Attributes:
        part: rows and columns.
        mask: ``(h, w)`` float32, 0 to 1.
    """

    part: tuple[slice, slice]
    mask: FloatArray


@dataclass(frozen=True, eq=False)
class Rendering:
    """What an engine returns for a crop.

    Attributes:
        image: ``(height, width, 3)`` uint8 BGR, the new face; meaningful where `coverage` is above 0.
        coverage: float32, 0 to 1: how much the engine has to show there. Of the crop's size or coarser: it is enlarged.
        tone: ``(3,)`` float32 BGR, the colour of bare skin in `image`, which is evenly lit; ``None`` from engines that
            render the target's light themselves.
        deep: ``(3,)`` float32, how the hue of its shade goes with its darkness, see `pipeline.mesh.hue`; ``None`` for
            skin's rule.
        relief: ``(96, 96, 3)`` float32 over the atlas each, that of the new face as drawn, and what was taken from
            the photo's, see `pipeline.mesh.relief`; ``None`` where nothing was.
        beard: ``(96, 96)`` float32 over the atlas, 1 where the new face has a beard; ``None`` where it has none.
        openings: ``(height, width)`` float32, 1 where the target's own mouth and eyes show through the new face.
        through: ``(height, width, 3)`` uint8 BGR, what is seen there; the crop itself, moved along where the engine
            moves features.
        lids: where that is a shut eyelid, which is to get the new face's skin.
        scale: pixels of the source photo per pixel of the crop; above 1 the photo is finer than the frame.
    """

    image: ImageArray
    coverage: FloatArray
    tone: FloatArray | None = None
    deep: FloatArray | None = None
    relief: tuple[FloatArray, FloatArray] | None = None
    beard: FloatArray | None = None
    openings: FloatArray | None = None
    through: ImageArray | None = None
    lids: tuple[Patch, ...] = ()
    scale: float = 1.0
