"""Frozen values that the rooms hand each other.

Conventions used everywhere in `pipeline`:

* images are ``uint8`` arrays of shape ``(height, width, 3)`` in BGR order unless a docstring says otherwise;
* points are ``(x, y)`` in pixels of the upright frame, the centre of the top-left pixel at ``(0, 0)``;
* times are seconds from the first frame of the target, rates are `fractions.Fraction`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

ImageArray = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

AdviceCode = Literal["no_face", "several", "small", "blurred", "turned", "tilted", "dark", "bright"]


@dataclass(frozen=True)
class Box:
    """An axis-aligned rectangle in pixels; ``x1`` and ``y1`` are exclusive."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 where the boxes do not meet."""
        meet = Box(max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1))
        if meet.width <= 0 or meet.height <= 0:
            return 0.0
        return meet.area / (self.area + other.area - meet.area)

    def scaled(self, factor: float) -> Box:
        """The box grown (or shrunk) about its centre."""
        (cx, cy), half_w, half_h = self.centre, self.width * factor / 2, self.height * factor / 2
        return Box(cx - half_w, cy - half_h, cx + half_w, cy + half_h)


@dataclass(frozen=True, eq=False)
class Face:
    """One detection in one frame. What has not been computed is ``None``.

    Attributes:
        box: upright bounding box of the face.
        score: confidence of the detector, or of the landmarker for a tracked face, 0 to 1.
        points: ``(5, 2)`` float32; left eye, right eye, nose tip, left and right mouth corner *as seen in the picture*
            of an upright face (the person's right eye first).
        landmarks: ``(478, 3)`` float32; MediaPipe's face mesh, ``x`` and ``y`` in pixels, ``z`` in pixels with the
            head's centre near 0 and smaller values nearer to the camera.
        embedding: ``(128,)`` float32, L2-normalised (SFace).
        pose: ``(4, 4)`` float32; weak-perspective transform of MediaPipe's canonical face (centimetres, y up, z towards
            the camera) to pixels: x right, y down, z towards the camera.
        track: id of the track within one run, or ``None``.
        form: ``(468, 3)`` float32; the face's shape in the frame of MediaPipe's canonical face (centimetres, y up), the
            mean over the frames around where there are any; ``None`` for that of `landmarks`.
        apart: area of the box when the track was last seen apart from others, or ``None``. A face half behind another
            one seems larger than it is, as its mesh is led astray.
        motion: pixels a frame that it moves across and down, as far as that is known.
    """

    box: Box
    score: float
    points: FloatArray | None = None
    landmarks: FloatArray | None = None
    embedding: FloatArray | None = None
    pose: FloatArray | None = None
    track: int | None = None
    form: FloatArray | None = None
    apart: float | None = None
    motion: tuple[float, float] = (0.0, 0.0)

    @property
    def nearness(self) -> float:
        """The larger, the nearer to the camera."""
        return self.box.area if self.apart is None else self.apart


@dataclass(frozen=True, eq=False)
class Person:
    """Tracks that show one human being, over the whole target.

    Attributes:
        number: 1 for the person seen most, and so on; what ``--cast NUMBER=PHOTO`` names.
        embedding: ``(128,)`` float32, L2-normalised mean over the person's detections.
        thumbnail: ``(160, 160, 3)`` uint8 BGR, the clearest view.
        first_time, last_time: seconds of the first and last frame that shows the person.
        frames: number of frames that show the person.
        share: `frames` over all frames of the target, 0 to 1.
    """

    number: int
    embedding: FloatArray
    thumbnail: ImageArray
    first_time: float
    last_time: float
    frames: int
    share: float


@dataclass(frozen=True, eq=False)
class SourcePhoto:
    """One photo of a source with the face that was found in it (landmarks, pose and embedding present)."""

    image: ImageArray
    face: Face


@dataclass(frozen=True)
class Advice:
    """One thing that is wrong with a photo as a source, with a sentence for whoever gave it.

    Attributes:
        fatal: nothing can be made of the photo.
    """

    code: AdviceCode
    sentence: str
    fatal: bool = False


@dataclass(frozen=True, eq=False)
class Identity:
    """A source, analysed once. `embedding` is the L2-normalised mean over the photos.

    Attributes:
        left_out: further photos that were given and seem to show somebody else.
    """

    photos: tuple[SourcePhoto, ...]
    embedding: FloatArray
    left_out: int = 0


@dataclass(frozen=True, eq=False)
class Role:
    """One line of a cast: this person becomes that identity."""

    person: Person
    identity: Identity


@dataclass(frozen=True, eq=False)
class Cast:
    """Who becomes whom. Persons in no role become `everyone`, or stay untouched where that is ``None``.

    Attributes:
        others: persons in no role who are told from each other all the same, for what options say of one of them.
    """

    everyone: Identity | None = None
    roles: tuple[Role, ...] = ()
    others: tuple[Person, ...] = ()


class Shade:
    """What lightens and darkens a whole frame, or several of one size. Thread-safe.

    Attributes:
        sixteenths: ``(h, w)`` uint8, enlarged to the frame. 128 leaves a place as it is; a step up or down is a
            sixteenth of an 8-bit grey level.
    """

    def __init__(self, sixteenths: ImageArray) -> None:
        self.sixteenths = sixteenths
        self._lock = threading.Lock()
        self._levels: NDArray[np.int8] | None = None

    def levels(self, enlarge: Callable[[ImageArray], NDArray[np.int8]]) -> NDArray[np.int8]:
        """The same in whole grey levels, enlarged for the first of several frames."""
        with self._lock:
            if self._levels is None:
                self._levels = enlarge(self.sixteenths)
            return self._levels


class Frame(Protocol):
    """One upright frame of a target that can be read as BGR and changed inside a region only.

    Pictures, animations and videos implement it over their own pixel format, so that what is not replaced keeps the
    decoder's exact values.
    """

    @property
    def index(self) -> int:
        """0-based number of the frame among those read."""
        ...

    @property
    def time(self) -> float:
        """Seconds from the first frame of the target."""
        ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def image(self) -> ImageArray:
        """The whole frame as BGR uint8. May be shared: do not write into it."""
        ...

    def region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        """The part of the frame that covers `box`, clipped to the frame, as BGR uint8, and its top-left ``(x, y)``.

        Cheaper than `image` for videos. Equal to the same part of `image`, up to chroma interpolation at its border.
        The region may be grown to even coordinates.
        """
        ...

    def luma_region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        """The luma under `box`, clipped to the frame, ``(h, w)`` uint8, and its top-left ``(x, y)``; empty outside.

        Much cheaper than `region`, for what only has to be recognised again. Of RGB it is the green. A copy.
        """
        ...

    def small(self, longest: int) -> ImageArray:
        """The whole frame as BGR uint8, reduced to at most so many pixels on its longer side. Do not write into it.

        Cheaper than reducing `image`.
        """
        ...

    def luma(self) -> ImageArray:
        """A ``(36, 64)`` uint8 luma miniature for finding scene cuts."""
        ...

    def change(self, origin: tuple[int, int], before: ImageArray, after: ImageArray) -> None:
        """Add ``after - before`` (BGR uint8, same shape, from `region`) at `origin` in the frame's own pixel format.

        Where both are equal the frame keeps its exact values.
        """
        ...

    def small_luma(self, size: tuple[int, int]) -> ImageArray:
        """The luma, reduced to ``(width, height)``, as ``(height, width)`` uint8."""
        ...

    def shade(self, shade: Shade) -> None:
        """Lighten and darken the whole frame. Hues are kept."""
        ...


@dataclass(frozen=True)
class MediaLimits:
    """Bounds on what is opened, checked before decoding.

    Attributes:
        pixels: of one picture or frame.
        seconds: of a video or animation.
        frames: of a video or animation.
        streams: in one container.
        decoded_bytes: of a whole picture or animation once decoded.
    """

    pixels: int = 64_000_000
    seconds: float = 4 * 3600.0
    frames: int = 1_000_000
    streams: int = 32
    decoded_bytes: int = 4_000_000_000


@dataclass(frozen=True)
class MediaInfo:
    """What a target is, read from its content.

    `width` and `height` are upright (after EXIF orientation or display rotation). `frames` is an estimate for videos
    and ``None`` when even that is unknown; `duration` is ``None`` when the container does not say. `alpha` tells of a
    video whether its frames hold transparency.
    """

    path: Path
    kind: Literal["image", "animation", "video"]
    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    rotation: int = 0
    rate: Fraction | None = None
    frames: int | None = None
    duration: float | None = None
    audio: tuple[str, ...] = ()
    subtitles: tuple[str, ...] = ()
    chapters: int = 0
    bit_depth: int = 8
    hdr: bool = False
    interlaced: bool = False
    sample_aspect: Fraction = Fraction(1)
    alpha: bool = False


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
    beard: FloatArray | None = None
    openings: FloatArray | None = None
    through: ImageArray | None = None
    lids: tuple[Patch, ...] = ()
    scale: float = 1.0
