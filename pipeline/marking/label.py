"""A visible label in a corner of every frame: quiet, readable on any ground, as large as the frame asks for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.errors import MarkingError
from pipeline.options import LabelCorner, LabelLanguage, LabelSize, Options
from pipeline.types import Box, FloatArray, Frame

Form = Literal["text", "icon"]
CORNERS: tuple[LabelCorner, ...] = get_args(LabelCorner)
LANGUAGES: tuple[LabelLanguage, ...] = get_args(LabelLanguage)
SIZES: Mapping[LabelSize, float] = {"small": 0.022, "medium": 0.03, "large": 0.045}
"""Height of the letters over the frame's shorter side."""
ICONS: Mapping[LabelLanguage, str] = {"en": "AI", "de": "KI", "fr": "IA", "es": "IA", "it": "IA"}
"""The letters that stand in the icon: what the technique is called for short."""
WORDS: Mapping[LabelLanguage, str] = {
    "en": "AI: face replaced", "de": "KI: Gesicht ersetzt", "fr": "IA : visage remplacé", "es": "IA: rostro sustituido",
    "it": "IA: volto sostituito",
}  # fmt: skip
_ON, _CORNER, _LANGUAGE, _SIZE = (
    "RECAST_LABEL", "RECAST_LABEL_CORNER", "RECAST_LABEL_LANGUAGE", "RECAST_LABEL_SIZE",
)  # fmt: skip
_REQUIRED: Mapping[str, Form] = {"required": "text", "text": "text", "icon": "icon"}
_ICON_SCALE = 1.35
"""An icon's letters are so much larger than a sentence's: there are only two of them."""
_LEAST_HEIGHT = 9
_INK, _PLATE, _PLATE_COVER = 255.0, 0.0, 0.45


@dataclass(frozen=True)
class Label:
    """How it looks.

    Attributes:
        size: height of its letters over the frame's shorter side.
        form: a few words, or a small badge.
    """

    corner: LabelCorner = "bottom-right"
    language: LabelLanguage = "en"
    size: float = SIZES["medium"]
    form: Form = "text"


def label_of(options: Options) -> Label | None:
    """The label that a job asks for."""
    if options.label == "none":
        return None
    return Label(options.label_corner, options.label_language, SIZES[options.label_size], options.label)


def label_from(environment: Mapping[str, str]) -> Label | None:
    """``RECAST_LABEL`` is ``required`` (or ``text``) or ``icon``, and puts it on every result; corner, language and
    size have variables of their own.

    Raises:
        MarkingError: one of them has a value that is not allowed.
    """
    wanted = environment.get(_ON, "").strip().lower()
    if wanted in ("", "off"):
        return None
    if wanted not in _REQUIRED:
        raise MarkingError(f"{_ON} has to be required, text, icon or off.")
    corner, language = environment.get(_CORNER) or "bottom-right", environment.get(_LANGUAGE) or "en"
    if corner not in CORNERS:
        raise MarkingError(f"{_CORNER} has to be one of {', '.join(CORNERS)}.")
    if language not in LANGUAGES:
        raise MarkingError(f"{_LANGUAGE} has to be one of {', '.join(LANGUAGES)}.")
    try:
        size = float(environment.get(_SIZE) or 0.03)
    except ValueError:
        size = 0.0
    if not 0.01 <= size <= 0.2:
        raise MarkingError(f"{_SIZE} has to be a number from 0.01 to 0.2, the part of the frame's shorter side.")
    return Label(corner, language, size, _REQUIRED[wanted])


class LabelPainter:
    """Paints a label on frames. The same frame is always painted alike. Thread-safe."""

    def __init__(self, label: Label) -> None:
        self.label = label
        self._lock = threading.Lock()
        self._made: tuple[tuple[int, int], FloatArray, FloatArray] | None = None

    def paint(self, frame: Frame) -> None:
        """Put it on a frame, in that frame's own pixel format; nothing else is touched."""
        size = frame.width, frame.height
        with self._lock:
            if self._made is None or self._made[0] != size:
                self._made = (size, *_drawn(self.label, *size))
            _, ink, cover = self._made
        height, width = ink.shape
        margin = height // 2
        x = margin if self.label.corner.endswith("left") else frame.width - width - margin
        y = margin if self.label.corner.startswith("top") else frame.height - height - margin
        x, y = max(0, x), max(0, y)
        before, origin = frame.region(Box(x, y, x + width, y + height))
        place = np.zeros((2, *before.shape[:2]), np.float32)
        top, left = y - origin[1], x - origin[0]
        fitting = before.shape[0] - top, before.shape[1] - left
        rows, columns = min(height, fitting[0]), min(width, fitting[1])
        place[0, top : top + rows, left : left + columns] = ink[:rows, :columns]
        place[1, top : top + rows, left : left + columns] = cover[:rows, :columns]
        after = before + place[1][:, :, None] * (place[0][:, :, None] - before)
        frame.change(origin, before, np.asarray(cv2.convertScaleAbs(after), np.uint8))


def _drawn(label: Label, width: int, height: int) -> tuple[FloatArray, FloatArray]:
    """``(h, w)`` float32 each: grey levels of the label, and how much it covers, 0 to 1."""
    icon = label.form == "icon"
    text = ICONS[label.language] if icon else WORDS[label.language]
    letters = max(_LEAST_HEIGHT, round(min(width, height) * label.size * (_ICON_SCALE if icon else 1)))
    font = _font(letters)
    left, top, right, bottom = (round(value) for value in font.getbbox(text))
    pad = max(2, letters // 3)
    size = right - left + 2 * pad, bottom - top + 2 * pad
    plate, words = Image.new("L", size, 0), Image.new("L", size, 0)
    ImageDraw.Draw(plate).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), pad, fill=255)
    ImageDraw.Draw(words).text((pad - left, pad - top), text, fill=255, font=font)
    if icon:
        line = max(1, letters // 12)
        edge = (line, line, size[0] - 1 - line, size[1] - 1 - line)
        ImageDraw.Draw(words).rounded_rectangle(edge, max(1, pad - line), outline=230, width=line)
    if size[0] > width * 0.9:
        small = max(1, round(width * 0.9)), max(1, round(size[1] * width * 0.9 / size[0]))
        plate, words = plate.resize(small), words.resize(small)
    behind, written = (np.asarray(image, np.float32) / 255 for image in (plate, words))
    cover = np.maximum(behind * _PLATE_COVER, written * 0.95)
    ink = np.where(written > 0, _PLATE + (_INK - _PLATE) * written, _PLATE)
    return np.asarray(ink, np.float32), np.asarray(cover, np.float32)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """DejaVu Sans, which matplotlib brings along: Pillow's own font knows no accents."""
    spec = find_spec("matplotlib")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        path = Path(folder, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")
        if path.is_file():
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)
