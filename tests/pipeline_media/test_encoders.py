"""The choice of encoders: plain tables, and hardware only when it works."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from typing import get_args

import av
import numpy as np
import pytest

from pipeline.errors import OptionError, OutputError
from pipeline.media import encoders, hardware
from pipeline.media.encoders import Container
from pipeline.media.layout import Layout, layout_of
from pipeline.options import QUALITIES, VIDEO_CODECS, Quality
from pipeline.types import ImageArray
from tests import media


def layout(name: str) -> Layout:
    found = layout_of(name)
    assert found is not None
    return found


@pytest.mark.parametrize("container", get_args(Container))
@pytest.mark.parametrize("codec", VIDEO_CODECS)
def test_every_choice_can_be_opened_or_is_refused_with_a_sentence(codec: str, container: Container) -> None:
    for name in ("yuv420p", "yuv422p10le", "gray", "gbrp", "yuvj420p", "yuva420p"):
        for quality in QUALITIES:
            try:
                settled, _ = encoders.settle_codec(codec, container, layout(name), hdr=False)  # type: ignore[arg-type]
                choice = encoders.software(settled, quality, container, layout(name), (64, 48))
            except (OptionError, OutputError) as error:
                assert str(error).endswith(".")
                continue
            found = av.Codec(choice.encoder, "w")
            assert choice.pixel_format in {f.name for f in found.video_formats or ()}


def test_endings() -> None:
    assert encoders.container_of(".MP4") == "mp4"
    with pytest.raises(OutputError):
        encoders.container_of(".exe")


def test_hdr_moves_to_a_codec_that_carries_it() -> None:
    ten = layout("yuv420p10le")
    assert encoders.settle_codec("h264", "mp4", ten, hdr=True)[0] == "hevc"
    assert encoders.settle_codec("h264", "webm", ten, hdr=True)[0] == "av1"
    assert encoders.settle_codec("vp9", "webm", ten, hdr=True)[0] == "av1"


def _maker(present: bool, options: dict[str, str]) -> hardware.Maker:
    """libx264 under a name that looks like hardware."""
    return hardware.Maker("Test", "test", lambda: present, ("yuv420p", "yuv420p"), lambda quality: options)


@pytest.fixture
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    hardware.trial.cache_clear()
    monkeypatch.setattr(hardware, "encoder_name", lambda codec, maker: "libx264")


@pytest.mark.usefixtures("_names")
def test_working_hardware_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "_MAKERS", (_maker(True, {"preset": "ultrafast"}),))
    choice, notes = hardware.choose("h264", "high", "mp4", layout("yuv420p"), (64, 48), "auto")
    assert choice.hardware
    assert notes == ()
    choice, notes = hardware.choose("h264", "high", "mp4", layout("yuv420p"), (64, 48), "never")
    assert not choice.hardware


@pytest.mark.usefixtures("_names")
def test_hardware_that_fails_is_told_and_absent_hardware_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "_MAKERS", (_maker(True, {"preset": "no such preset"}),))
    choice, notes = hardware.choose("h264", "high", "mp4", layout("yuv420p"), (64, 48), "auto")
    assert choice.encoder == "libx264"
    assert not choice.hardware
    assert any("did not work" in note for note in notes)
    monkeypatch.setattr(hardware, "_MAKERS", (_maker(False, {}),))
    assert hardware.choose("h264", "high", "mp4", layout("yuv420p"), (64, 48), "auto")[1] == ()


@pytest.mark.parametrize("quality", QUALITIES)
def test_the_same_frames_give_the_same_bits(quality: Quality) -> None:
    """A segment that is rendered again after a crash has to be the one that was lost."""
    frames = [image[60:300, 160:480] for image in media.still(12, "hopper", 90.0).frames]
    choice = encoders.software("h264", quality, "mp4", layout("yuv420p"), (320, 240))
    assert len({_encoded(frames, choice) for _ in range(12)}) == 1


def _encoded(frames: list[ImageArray], choice: encoders.Choice) -> str:
    context = av.CodecContext.create(choice.encoder, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 320, 240, choice.pixel_format
    context.time_base, context.framerate, context.thread_count = Fraction(1, 12800), Fraction(25), 0
    context.options = dict(choice.options)
    found = hashlib.sha256()
    for index, image in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "bgr24").reformat(format=choice.pixel_format)
        frame.pts, frame.time_base = index * 512, Fraction(1, 12800)
        for packet in context.encode(frame):
            found.update(bytes(packet))
    for packet in context.encode(None):
        found.update(bytes(packet))
    return found.hexdigest()
