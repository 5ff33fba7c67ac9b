"""What a job may be asked for, and the literal types that every interface is derived from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NewType, get_args

from pipeline.errors import OptionError

EngineName = Literal[
    "mesh", "inswapper_128", "inswapper_128_fp16", "hyperswap_1a_256", "hyperswap_1b_256", "hyperswap_1c_256",
    "ghost_1_256", "ghost_2_256", "ghost_3_256", "simswap_256", "simswap_unofficial_512", "hififace_unofficial_256",
    "blendswap_256", "uniface_256",
]  # fmt: skip
UserEngine = NewType("UserEngine", str)
"""Name of a network that the user has added."""
PaintedMask = NewType("PaintedMask", str)
"""A grey PNG in base64, see `pipeline.mesh.painted`; empty for none."""
Rate = NewType("Rate", float)
"""Frames a second."""
EVERYONE = "everyone"
DeviceName = Literal["auto", "cpu", "cuda", "tensorrt", "rocm", "directml", "coreml", "openvino"]
Precision = Literal["auto", "single"]
Select = Literal["all", "largest"]
VideoCodec = Literal["h264", "hevc", "vp9", "av1", "prores", "lossless"]
Quality = Literal["draft", "standard", "high", "best"]
PictureFormat = Literal["same", "jpeg", "png", "webp", "avif"]
VideoFormat = Literal[
    "same", "mp4", "mkv", "mov", "webm", "png-frames", "tiff-frames", "exr-frames", "jpeg-frames"
]  # fmt: skip
HardwareUse = Literal["auto", "never"]
Eyes = Literal["target", "source"]
Turned = Literal["recast", "keep"]
PixelBoost = Literal["1x", "2x", "3x", "4x"]
FaceMask = Literal["face", "box"]
Restorer = Literal["none", "gfpgan_1.4", "restoreformer_plus_plus", "codeformer", "gpen_bfr_256", "gpen_bfr_512"]
Occluder = Literal["none", "xseg_1", "xseg_2", "xseg_3"]
Parser = Literal["none", "bisenet_resnet_34"]
LabelForm = Literal["none", "text", "icon"]
LabelCorner = Literal["bottom-right", "bottom-left", "top-right", "top-left"]
LabelSize = Literal["small", "medium", "large"]
LabelLanguage = Literal["en", "de", "fr", "es", "it"]
ComparisonLayout = Literal["side-by-side", "stacked", "wipe"]

ENGINES: tuple[EngineName, ...] = get_args(EngineName)
DEVICES: tuple[DeviceName, ...] = get_args(DeviceName)
VIDEO_CODECS: tuple[VideoCodec, ...] = get_args(VideoCodec)
QUALITIES: tuple[Quality, ...] = get_args(Quality)
COMPARISON_LAYOUTS: tuple[ComparisonLayout, ...] = get_args(ComparisonLayout)


@dataclass(frozen=True)
class Painting:
    """Places of a face that stay the target's.

    Attributes:
        mask: painted over the atlas, or over a frame of the target.
        whose: the number of a person, ``everyone``, or ``SECONDS@X,Y`` for whoever's face is there at that moment, in
            shares of the frame. Empty for whoever it lies on; over the atlas that is everyone.
    """

    mask: PaintedMask
    whose: str = ""


@dataclass(frozen=True)
class Options:
    """What a job may be asked for. The command line, the API and the page derive their choices from this class.

    Attributes:
        engine: what renders the new face.
        device: where networks run; ``auto`` takes a GPU when one works.
        precision: of network engines, restorers and masks on the CPU; ``auto`` calculates in bfloat16 where the
            processor has it and the network's picture stays the same (40 dB), ``single`` in single precision always.
        select: which faces `Cast.everyone` replaces in each frame.
        likeness: 0 keeps the target's proportions, 1 gives the inner features the source's as far as the target's
            outline allows.
        eyes: whose irises' colour is shown; gaze and lids are always the target's.
        keep_occluders: leave hair, glasses and hands of the target in front of the new face.
        source_glasses, source_beard, source_makeup: carry glasses, beard and make-up of the photo over to the target.
        turned: what becomes of faces turned far to the side: they are recast as well, or stay as they are.
        source_faces: for each source photo, which of its faces is meant, from the left; 0, or nothing, for the one that
            is seen best.
        exclude: places of faces that stay the target's.
        exclude_at: seconds of the target, of the frame that they were painted over; ``None`` for where the job begins.
        match_light: 0 keeps the photo's light, 1 takes the target's.
        match_detail: bring sharpness and grain of the new face to those of the frame.
        edge_softness: how gradually the new face begins at its edges; 0 leaves them as they were found.
        smooth: temporal smoothing of landmarks in videos, 0 to 1.
        resemblance: of network engines; 0.5 is the source's face, 0 leans to the target's, 1 goes beyond the source's.
        pixel_boost: of network engines; renders the face so many times finer than the network's own size.
        mask: of network engines; what is shown of their square: what lies within the face's outline, or all of it.
        keep_texture: of network engines; where the network changed little, the frame's own fine texture stays.
        keep_mouth, keep_eyes: of network engines; the target's own teeth and tongue, or eyes, are shown.
        expression: of network engines; where the network opens the mouth less than the target does, it is opened.
        occluder: a further network that keeps in front what covers the face.
        parser: a further network that keeps the new face to the parts of a face.
        restorer, restorer_strength: of network engines; a network that adds detail, and how much of it is mixed in.
        photo_detail: of network engines; fine detail of the photo's skin, laid over the target's mesh, finer than the
            network's own pixels. The network's face with all of the photo's detail is no engine of its own: looked at,
            the photo's folds and contours stood beside the network's, so only what is fine comes over.
        codec, hardware: how a video is encoded.
        start, end: seconds of the target to keep; ``None`` for its beginning or end.
        first_frame, last_frame: the same by numbers of frames, in place of times, and exact where the rate varies: both
            of them are kept. Frames of a video or an animation are counted from 1, those of numbered pictures have
            their own numbers.
        rate: frames a second of numbered pictures, which tell none; ``None`` for 24. A video keeps its own.
        label, label_corner, label_size, label_language: a visible label that says that the result is synthetic;
            what the operator requires goes before it.
    """

    engine: EngineName | UserEngine = "mesh"
    device: DeviceName = "auto"
    precision: Precision = "auto"
    select: Select = "all"
    likeness: float = 1.0
    eyes: Eyes = "source"
    keep_occluders: bool = True
    source_glasses: bool = False
    source_beard: bool = True
    source_makeup: bool = True
    turned: Turned = "recast"
    source_faces: tuple[int, ...] = ()
    exclude: tuple[Painting, ...] = ()
    exclude_at: float | None = None
    match_light: float = 1.0
    match_detail: bool = True
    edge_softness: float = 0.0
    smooth: float = 0.7
    resemblance: float = 0.5
    pixel_boost: PixelBoost = "1x"
    mask: FaceMask = "face"
    keep_texture: bool = True
    keep_mouth: bool = False
    keep_eyes: bool = False
    expression: float = 1.0
    occluder: Occluder = "none"
    parser: Parser = "none"
    restorer: Restorer = "none"
    restorer_strength: float = 0.7
    photo_detail: float = 0.0
    quality: Quality = "high"
    picture_format: PictureFormat = "same"
    video_format: VideoFormat = "same"
    codec: VideoCodec = "h264"
    hardware: HardwareUse = "auto"
    start: float | None = None
    end: float | None = None
    first_frame: int | None = None
    last_frame: int | None = None
    rate: Rate | None = None
    label: LabelForm = "none"
    label_corner: LabelCorner = "bottom-right"
    label_size: LabelSize = "medium"
    label_language: LabelLanguage = "en"

    @property
    def partial(self) -> bool:
        """Whether less than the whole target is asked for."""
        return any(one is not None for one in (self.start, self.end, self.first_frame, self.last_frame))

    @property
    def exact_rate(self) -> Fraction | None:
        """`rate`, where what is written as 23.976, 29.97 or 59.94 is a thousandth and one less than a whole number."""
        if self.rate is None:
            return None
        rate = Fraction(self.rate).limit_denominator(1001)
        exact = Fraction(round(rate) * 1000, 1001)
        return exact if rate.denominator > 1 and abs(rate - exact) < Fraction(1, 200) else rate

    def check_part(self) -> None:
        """Whether the part that is asked for can be one.

        Raises:
            OptionError: it ends before it starts, or an end of it is given by a time and by a frame.
        """
        first, last = self.first_frame, self.last_frame
        if self.end is not None and self.end <= (self.start or 0.0):
            raise OptionError("The end has to be after the start.")
        if first is not None and last is not None and last < first:
            raise OptionError(f"The last frame ({last}) comes before the first one ({first}).")
        if first is not None and self.start is not None:
            raise OptionError("start and first_frame both say where the part begins. Leave out one of them.")
        if last is not None and self.end is not None:
            raise OptionError("end and last_frame both say where the part ends. Leave out one of them.")
