"""Faces, the people they belong to, and who becomes whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.types.geometry import Box, FloatArray, ImageArray

AdviceCode = Literal["no_face", "several", "small", "blurred", "turned", "tilted", "cut", "shut", "dark", "bright"]


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
class SourcePhoto:
    """One photo of a source with the face that was found in it (landmarks, pose and embedding present).

    Attributes:
        advice: what is wrong with the photo as a source.
    """

    image: ImageArray
    face: Face
    advice: tuple[Advice, ...] = ()


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
