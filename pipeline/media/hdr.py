"""HDR10 metadata: from the side data of decoded frames to the options of encoders that can carry it."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from fractions import Fraction

from pipeline.media.details import StreamDetails
from pipeline.media.encoders import Choice


@dataclass(frozen=True)
class Mastering:
    """The display a film was made on: CIE xy of red, green, blue and white, and luminance in cd/m²."""

    red: tuple[Fraction, Fraction]
    green: tuple[Fraction, Fraction]
    blue: tuple[Fraction, Fraction]
    white: tuple[Fraction, Fraction]
    darkest: Fraction
    brightest: Fraction


def mastering_of(data: bytes) -> Mastering | None:
    """Read FFmpeg's ``AVMasteringDisplayMetadata``; ``None`` when it is absent or not complete."""
    # Ten rationals (three primaries and white as x and y, lowest and highest luminance), then two flags.
    if len(data) < 10 * 8 + 2 * 4:
        return None
    numbers = struct.unpack_from("=22i", data)
    if not (numbers[20] and numbers[21]) or any(numbers[i] <= 0 for i in range(1, 20, 2)):
        return None
    values = [Fraction(numbers[i], numbers[i + 1]) for i in range(0, 20, 2)]
    pairs = [(values[i], values[i + 1]) for i in range(0, 8, 2)]
    return Mastering(pairs[0], pairs[1], pairs[2], pairs[3], values[8], values[9])


def light_level_of(data: bytes) -> tuple[int, int] | None:
    """Read FFmpeg's ``AVContentLightMetadata``: highest and mean light level of the film, ``None`` when absent."""
    if len(data) < 8:
        return None
    highest, mean = struct.unpack_from("=2I", data)
    return (highest, mean) if highest or mean else None


def with_hdr(choice: Choice, details: StreamDetails) -> Choice:
    """`choice` with the source's HDR10 metadata, for the encoders that take it."""
    mastering, light = mastering_of(details.mastering), light_level_of(details.light_level)
    if choice.encoder == "libx265":
        return _with(choice, "x265-params", _x265(mastering, light))
    if choice.encoder == "libsvtav1":
        return _with(choice, "svtav1-params", _svt(mastering, light))
    return choice


def _with(choice: Choice, key: str, parameters: list[str]) -> Choice:
    joined = ":".join([*filter(None, [choice.options.get(key, "")]), *parameters])
    return replace(choice, options={**choice.options, key: joined}) if parameters else choice


def _x265(mastering: Mastering | None, light: tuple[int, int] | None) -> list[str]:
    """Chromaticities in steps of 1/50000, luminance in steps of 1/10000."""
    parameters = ["repeat-headers=1"]
    if mastering is not None:
        places = "".join(
            f"{name}({round(x * 50000)},{round(y * 50000)})"
            for name, (x, y) in (
                ("G", mastering.green),
                ("B", mastering.blue),
                ("R", mastering.red),
                ("WP", mastering.white),
            )
        )
        luminance = f"L({round(mastering.brightest * 10000)},{round(mastering.darkest * 10000)})"
        parameters.append(f"master-display={places}{luminance}")
    if light is not None:
        parameters.append(f"max-cll={light[0]},{light[1]}")
    return parameters


def _svt(mastering: Mastering | None, light: tuple[int, int] | None) -> list[str]:
    parameters = []
    if mastering is not None:
        places = "".join(
            f"{name}({float(x):.5f},{float(y):.5f})"
            for name, (x, y) in (
                ("G", mastering.green),
                ("B", mastering.blue),
                ("R", mastering.red),
                ("WP", mastering.white),
            )
        )
        luminance = f"L({float(mastering.brightest):.4f},{float(mastering.darkest):.4f})"
        parameters.append(f"mastering-display={places}{luminance}")
    if light is not None:
        parameters.append(f"content-light={light[0]},{light[1]}")
    return parameters
