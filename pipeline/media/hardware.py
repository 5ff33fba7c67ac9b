"""Hardware encoders: used when present and working, which only encoding a few frames can tell."""

from __future__ import annotations

from pipeline.media import encoders
from pipeline.media.encoders import Choice, Container
from pipeline.media.layout import Layout
from pipeline.types import HardwareUse, Quality, VideoCodec


def choose(
    codec: VideoCodec, quality: Quality, container: Container, layout: Layout, size: tuple[int, int], use: HardwareUse
) -> tuple[Choice, tuple[str, ...]]:
    return encoders.software(codec, quality, container, layout, size), ()
