"""Public-domain portraits to try Recast with, taken from packages that are installed anyway.

Eileen Collins (NASA, in scikit-image) and Grace Hopper (US Navy, in matplotlib) are works of the US government.
"""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from pipeline.types import ImageArray
from studio.pictures import jpeg

log = logging.getLogger(__name__)

_PORTRAITS = {
    "eileen-collins.jpg": ("skimage", "data/astronaut.png"),
    "grace-hopper.jpg": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
}
CLIP_SECONDS = 3.0
CLIP_RATE = 25


@dataclass(frozen=True)
class Example:
    """One thing to try: photos, a target, and small pictures of the heads in both.

    Attributes:
        seconds: how long the target is; ``None`` for a picture.
    """

    title: str
    sources: tuple[Path, ...]
    target: Path
    face: Path
    card: Path
    seconds: float | None = None


def examples(folder: Path) -> tuple[Example, ...]:
    """The examples, with their files in `folder`; those that are not there yet are made."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: _portrait(folder / name, *where) for name, where in _PORTRAITS.items()}
    eileen, grace = paths["eileen-collins.jpg"], paths["grace-hopper.jpg"]
    if eileen is None or grace is None:
        log.info("the packages with the example portraits are not installed")
        return ()
    clip = folder / "eileen-collins.mp4"
    if not clip.exists():
        part = clip.with_suffix(".part.mp4")
        write_clip(part, _read(eileen))
        part.replace(clip)
    rows = (
        ("Picture", grace, eileen),
        ("With glasses", eileen, grace),
        ("Video", grace, clip),
    )
    return tuple(
        Example(title, (source,), target, head(source), head(eileen if target == clip else target),
                CLIP_SECONDS if target == clip else None)
        for title, source, target in rows
    )  # fmt: skip


def _portrait(path: Path, package: str, inside: str) -> Path | None:
    if path.exists():
        return path
    spec = importlib.util.find_spec(package)
    for root in (spec.submodule_search_locations or []) if spec else []:
        image = cv2.imread(str(Path(root) / inside))
        if image is not None:
            path.write_bytes(jpeg(image, quality=95))
            return path
    return None


def write_clip(
    path: Path, image: ImageArray, width: int = 640, height: int = 480, seconds: float = CLIP_SECONDS
) -> None:
    """A few seconds of a hand-held camera on a portrait: it drifts, turns and comes nearer."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(CLIP_RATE), options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(round(seconds * CLIP_RATE)):
            frame = av.VideoFrame.from_ndarray(_shot(image, number / CLIP_RATE, width, height), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _shot(image: ImageArray, time: float, width: int, height: int) -> ImageArray:
    rows, columns = image.shape[:2]
    near = max(width / columns, height / rows) * (1.12 + 0.06 * np.sin(time))
    matrix = cv2.getRotationMatrix2D((columns * 0.46, rows * 0.3), 4 * np.sin(1.7 * time), near)
    matrix[:, 2] += (
        width / 2 + 14 * np.sin(2.1 * time) - columns * 0.46,
        height * 0.42 + 9 * np.cos(1.3 * time) - rows * 0.3,
    )
    shot = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(shot, np.uint8)


def head(portrait: Path, side: int = 480) -> Path:
    """The head of one of the portraits as a small square picture beside it."""
    path = portrait.with_name(f"{portrait.stem}-head.jpg")
    if not path.exists():
        path.write_bytes(jpeg(_square(_read(portrait), side), quality=90))
    return path


def _read(path: Path) -> ImageArray:
    return np.asarray(cv2.imread(str(path)), np.uint8)


def _square(image: ImageArray, side: int) -> ImageArray:
    """The top of a portrait, where the head is."""
    edge = round(min(image.shape[:2]) * 0.62)
    left = max(0, round(image.shape[1] * 0.46) - edge // 2)
    cut = image[:edge, left : left + edge]
    return np.asarray(cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
