"""What goes over the wire.

Texts are JSON objects with a ``type``. Pictures are binary, JPEG behind a header of eight bytes, little-endian:

=====================  ==========================================================================================
to the server          kind (1 photo, 2 frame), quality wanted of the answer in per cent, two bytes unused, number
to the server          kind (3 sound), three bytes unused, samples a second; then int16 samples of one channel
from the server        kind (2 frame), faces recast, milliseconds the server took, number of the frame it answers
=====================  ==========================================================================================
"""

from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import InputError
from pipeline.types import ImageArray

PHOTO, FRAME, SOUND = 1, 2, 3
_ASKED, _ANSWERED = struct.Struct("<BBHI"), struct.Struct("<BBHI")
QUALITIES = (30, 95)
"""Least and greatest JPEG quality of an answer."""
LONGEST_SIDE = 1920
FRAME_BYTES = 4 << 20
PHOTO_BYTES = 20 << 20
SOUND_BYTES = 1 << 16
SOUND_RATES = (8_000, 96_000)
"""Least and greatest samples a second."""
TEXT_CHARACTERS = 20_000


class BadMessage(InputError):
    """A client that speaks another language; nothing a visitor does leads to it."""

    code = "bad_message"
    sentence = "The live view was sent something it does not know."


class BadFrame(InputError):
    code = "bad_frame"
    sentence = "A picture of the camera could not be read."


@dataclass(frozen=True)
class Binary:
    """A photo or a frame, still JPEG (a photo may be of any kind); or sound, and then `number` is its rate."""

    kind: int
    quality: int
    number: int
    data: bytes


def read_text(text: str) -> dict[str, Any]:
    """The object in a text message.

    Raises:
        BadMessage: it is none, or too long.
    """
    try:
        found = json.loads(text) if len(text) <= TEXT_CHARACTERS else None
    except (ValueError, RecursionError):
        raise BadMessage() from None
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        raise BadMessage()
    return found


def read_binary(data: bytes) -> Binary:
    """The picture in a binary message.

    Raises:
        BadMessage: it is neither a photo nor a frame nor sound, or too large.
    """
    if len(data) <= _ASKED.size:
        raise BadMessage()
    kind, quality, _, number = _ASKED.unpack_from(data)
    limit = {PHOTO: PHOTO_BYTES, FRAME: FRAME_BYTES, SOUND: SOUND_BYTES}.get(kind, 0)
    if kind == SOUND and (len(data) % 2 or not SOUND_RATES[0] <= number <= SOUND_RATES[1]):
        raise BadMessage()
    if len(data) - _ASKED.size > limit:
        raise BadMessage("A picture is larger than allowed." if limit else None)
    return Binary(kind, min(max(quality, QUALITIES[0]), QUALITIES[1]), number, data[_ASKED.size :])


def decode_frame(data: bytes) -> ImageArray:
    """A JPEG as ``(height, width, 3)`` uint8 BGR. Its size is looked at before it is decoded.

    Raises:
        BadFrame: it is no JPEG, damaged, or longer than `LONGEST_SIDE`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as header:
            size = header.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise BadFrame() from None
    if min(size) < 16 or max(size) > LONGEST_SIDE:
        raise BadFrame("A picture of the camera has a size that is not allowed.")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise BadFrame()
    return np.asarray(image, np.uint8)


def sound_rate(word: dict[str, Any]) -> int:
    """Samples a second of the sound that will come with a recording; 0 for none.

    Raises:
        BadMessage: it is no rate.
    """
    rate = word.get("sound", 0)
    if not isinstance(rate, int) or (rate and not SOUND_RATES[0] <= rate <= SOUND_RATES[1]):
        raise BadMessage()
    return rate


def decode_sound(data: bytes) -> NDArray[np.int16]:
    """The samples of a message of sound, ``(n,)`` int16."""
    return np.frombuffer(data, "<i2").astype(np.int16)


def answer(number: int, image: ImageArray, quality: int, faces: int, seconds: float) -> bytes:
    """The message that a recast frame goes back in."""
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    header = _ANSWERED.pack(FRAME, min(faces, 255), min(round(seconds * 1000), 65_535), number)
    return header + jpeg.tobytes()
