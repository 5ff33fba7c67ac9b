"""Reading pictures: JPEG, PNG, WebP, AVIF, HEIC, BMP, TIFF, EXR and single frames of GIF."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError

from pipeline.errors import CorruptMedia, FileEmpty, MediaTooLarge, UnsupportedMedia
from pipeline.media import exif as exif_tags
from pipeline.media.exr import exr_info, read_exr
from pipeline.media.guard import LIMITS, SourceFile
from pipeline.media.orient import Turn, exif_turn, turn_array
from pipeline.media.picture import Picture
from pipeline.media.probe import check_limits, too_many_pixels
from pipeline.media.sniff import PictureFormat, sniff
from pipeline.types import MediaInfo, MediaLimits

log = logging.getLogger(__name__)

# PIL warns about bombs, where our own limit is checked, and about damaged tags, which are no longer used then. Set
# once, since changing filters for the length of a call would not be safe with several threads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

# HEIC is read once PIL knows of it. What else a phone keeps in the file (thumbnails, depth) is not wanted.
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

_DEEP_GREY = ("I;16", "I;16B", "I;16L", "I")
_DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, ArithmeticError, RuntimeError,
)  # fmt: skip
"""What decoders raise for pictures that are not whole."""
_SPACES = {"CMYK": "CMYK", "LAB": "Lab"}
_CLEAR = ("RGBA", "RGBa", "LA", "La", "PA")
_EXTRA_SAMPLES, _ASSOCIATED = 338, 1
_ANIMATED: tuple[PictureFormat, ...] = ("GIF", "WEBP", "PNG", "AVIF")


@contextmanager
def picture_errors() -> Iterator[None]:
    """Turn what PIL raises into sentences."""
    try:
        yield
    except (Image.DecompressionBombError, MemoryError) as error:
        raise MediaTooLarge("The picture has more pixels than allowed.") from error
    except UnidentifiedImageError as error:
        raise CorruptMedia("The picture is damaged, or of a kind that Recast cannot open.") from error
    except _DAMAGED as error:
        raise CorruptMedia("The picture is damaged or cut off.") from error


def open_picture(file: BinaryIO, found: PictureFormat) -> ImageFile.ImageFile:
    """PIL's image of the one format that was sniffed, not yet decoded."""
    file.seek(0)
    with picture_errors():
        return Image.open(file, formats=[found])


def picture_info(source: SourceFile, found: PictureFormat, limits: MediaLimits) -> MediaInfo:
    """What `probe` tells about a picture or an animation, from its header; checks every limit."""
    if found == "EXR":
        return exr_info(source.path, limits)
    with open_picture(source.file, found) as image:
        return info_of(source.path, image, found, limits)


def info_of(path: Path, image: ImageFile.ImageFile, found: PictureFormat, limits: MediaLimits) -> MediaInfo:
    """`MediaInfo` of an opened picture. Counts the frames of an animation without decoding them."""
    if image.width * image.height > limits.pixels:
        raise MediaTooLarge(too_many_pixels(image.width, image.height, limits))
    with picture_errors():
        frames = int(getattr(image, "n_frames", 1)) if found in _ANIMATED else 1
        turn = _turn(image)
    depth = _depth(image)
    width, height = (image.height, image.width) if turn.swaps else (image.width, image.height)
    info = MediaInfo(
        path=path,
        kind="animation" if frames > 1 else "image",
        container=found.lower(),
        codec=found.lower(),
        pixel_format=image.mode,
        width=width,
        height=height,
        rotation=turn.quarters * 90,
        frames=frames,
        bit_depth=depth,
        alpha=image.mode in _CLEAR or "transparency" in image.info,
    )
    check_limits(info, limits)
    if width * height * 4 * (depth // 8) > limits.decoded_bytes:
        raise MediaTooLarge("The picture takes more memory than allowed.")
    return info


def read_picture(source: Path | bytes, limits: MediaLimits = LIMITS) -> Picture:
    """Decode a picture, upright, with its ICC profile and what is not personal of its EXIF.

    16-bit PNG and TIFF stay 16 bits deep, grey stays grey, alpha is kept. CMYK is brought to RGB by its profile. Of an
    animation the first frame is read.

    Raises:
        FileMissing, FileEmpty, UnsupportedMedia, CorruptMedia, MediaTooLarge, MediaChanged.
    """
    if isinstance(source, bytes):
        if not source:
            raise FileEmpty
        return _read(io.BytesIO(source), sniff(source), limits, Path("picture"))
    with SourceFile(source) as opened:
        try:
            picture = _read(opened.file, opened.sniff(), limits, opened.path)
        finally:
            opened.check()
        return picture


def _read(file: BinaryIO, sniffed: Any, limits: MediaLimits, path: Path) -> Picture:
    found: PictureFormat | None = sniffed.picture
    if found is None:
        raise UnsupportedMedia("This is a video, not a picture.")
    if found == "EXR":
        if isinstance(file, io.BytesIO):
            raise UnsupportedMedia("An EXR file is opened from a disk only.")
        return read_exr(path, limits)
    with open_picture(file, found) as image:
        info_of(path, image, found, limits)
        with picture_errors():
            tags, turn = exif_of(image), _turn(image)
            icc = image.info.get("icc_profile") or b""
            if _depth(image) == 16 and found in ("PNG", "TIFF"):
                native, alpha = _deep(file)
                if alpha is not None and found == "TIFF" and _associated(image):
                    native = _straight(native, alpha)
            else:
                native, alpha, icc = samples(image, icc)
            picture = _upright(native, alpha, turn, icc, exif_tags.cleaned(tags))
            picture.notes = tuple(_notes(image, found))
            return picture


def _notes(image: ImageFile.ImageFile, found: PictureFormat) -> Iterator[str]:
    """What a result does not have of a picture that was read."""
    if image.mode in _SPACES:
        yield f"The picture's colours were in {_SPACES[image.mode]}; the result's are in RGB."
    pages = 1
    with suppress(*_DAMAGED):  # what comes after the first page may be damaged as it likes
        pages = int(getattr(image, "n_frames", 1))
    if found == "TIFF" and pages > 1:
        yield f"The file holds {pages} pages; only the first was kept."


def exif_of(image: ImageFile.ImageFile) -> Image.Exif:
    """The EXIF of an opened picture. Of a PNG without decoding it, which PIL would do to look behind the pixels."""
    if image.format != "PNG":
        return image.getexif()
    found = Image.Exif()
    found.load(image.info.get("exif") or b"")
    return found


def _turn(image: ImageFile.ImageFile) -> Turn:
    """What is left to do to have the picture upright: PIL and OpenCV turn TIFFs themselves."""
    return Turn() if image.format == "TIFF" else exif_turn(exif_tags.orientation(exif_of(image)))


def _upright(native: NDArray[Any], alpha: NDArray[Any] | None, turn: Turn, icc: bytes, exif: bytes) -> Picture:
    native = np.ascontiguousarray(turn_array(native, turn))
    alpha = np.ascontiguousarray(turn_array(alpha, turn)) if alpha is not None else None
    return Picture(native, alpha, icc, exif)


def _depth(image: ImageFile.ImageFile) -> int:
    """8 or 16 bits a sample, as stored; PIL's mode alone does not tell for colour."""
    if image.mode in _DEEP_GREY:
        return 16
    if image.format == "TIFF":
        bits = image.tag_v2.get(258, (8,))  # type: ignore[attr-defined]
        return 16 if max(bits if isinstance(bits, tuple) else (bits,)) == 16 else 8
    if image.format == "PNG":
        return 16 if any("16" in str(tile[3]) for tile in image.tile) else 8
    return 8


def _deep(file: BinaryIO) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """16-bit samples, which PIL would cut to 8, by OpenCV."""
    file.seek(0)
    decoded = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise CorruptMedia("The picture is damaged or cut off.")
    if decoded.ndim == 3 and decoded.shape[2] == 4:
        return decoded[:, :, :3], decoded[:, :, 3]
    return decoded, None


def _associated(image: ImageFile.ImageFile) -> bool:
    """Whether the colours of a TIFF are multiplied by its alpha already, as compositing programs write them."""
    return _ASSOCIATED in image.tag_v2.get(_EXTRA_SAMPLES, ())  # type: ignore[attr-defined]


def _straight(native: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """16-bit colours that were multiplied by alpha, without that; as PIL does it for those of 8 bits."""
    cover = np.maximum(alpha, 1).astype(np.float32)[:, :, None]
    straight = np.minimum(np.rint(native * (65535.0 / cover)), 65535).astype(np.uint16)
    return np.where(alpha[:, :, None] == 65535, native, straight)


def samples(image: Image.Image, icc: bytes) -> tuple[NDArray[Any], NDArray[Any] | None, bytes]:
    """Grey or BGR samples, alpha or ``None``, and the ICC profile that belongs to them, of any 8-bit mode."""
    mode = image.mode
    if mode in ("1", "L"):
        if "transparency" not in image.info:
            return np.array(image.convert("L")), None, icc
        mode, image = "LA", image.convert("LA")
    if mode in ("LA", "La"):
        both = np.array(image.convert("LA"))
        return both[:, :, 0], both[:, :, 1], icc
    if mode in ("CMYK", "LAB"):
        return _bgr(_to_srgb(image, icc)), None, b""
    if mode in ("RGBA", "RGBa", "PA") or "transparency" in image.info:
        rgba = np.array(image.convert("RGBA"))
        return _bgr(rgba[:, :, :3]), rgba[:, :, 3], icc
    if mode in ("RGB", "P", "YCbCr", "RGBX", "HSV"):
        return _bgr(np.array(image.convert("RGB"))), None, icc
    raise UnsupportedMedia("The picture stores its pixels in a form that Recast cannot work on.")


def _to_srgb(image: Image.Image, icc: bytes) -> NDArray[Any]:
    """CMYK or Lab to RGB, through its profile where there is one."""
    srgb = ImageCms.createProfile("sRGB")
    source: Any = io.BytesIO(icc) if icc else None
    if image.mode == "LAB":
        source = ImageCms.createProfile("LAB")
    if source is not None:
        try:
            converted = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
            if converted is not None:
                return np.array(converted)
        except ImageCms.PyCMSError as error:
            log.info("a colour profile could not be used: %s", error)
    return np.array(image.convert("RGB"))


def _bgr(rgb: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(rgb[:, :, ::-1])
