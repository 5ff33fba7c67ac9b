"""Transparent videos: what can be seen through stays so, or it is told."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.media import VideoReader, probe
from pipeline.options import Options
from tests.pipeline_media.make import Clip
from tests.pipeline_media.rewriting import rewrite


def test_transparency_that_is_lost_is_told(tmp_path: Path) -> None:
    source = Clip(codec="qtrle", pixel_format="argb").make(tmp_path / "in.mov")
    assert any("which is lost in H.264" in note for note in rewrite(source, tmp_path / "out.mp4")[1])
    hevc = Options(codec="hevc", hardware="never")
    assert any("which is lost in HEVC" in note for note in rewrite(source, tmp_path / "out.mov", hevc)[1])
    lossless = Options(codec="lossless", hardware="never")
    assert not any("transparency" in note for note in rewrite(source, tmp_path / "out.mkv", lossless)[1])


@pytest.mark.parametrize(("ending", "title"), [("mov", "ProRes"), ("mkv", "VP9"), ("webm", "VP9")])
def test_transparency_is_kept_where_the_container_can(tmp_path: Path, ending: str, title: str) -> None:
    """Nobody who adds a cut-out figure wants it on black, and H.264 is only what is taken where nobody chooses."""
    source, output = Clip(codec="qtrle", pixel_format="argb").make(tmp_path / "in.mov"), tmp_path / f"out.{ending}"
    assert any(f"{title} was used to keep it" in note for note in rewrite(source, output)[1])
    assert probe(source).alpha and probe(output).alpha


@pytest.mark.parametrize(("codec", "start"), [("libvpx-vp9", None), ("libvpx-vp9", 0.4), ("libvpx", None)])
def test_transparency_of_webm_is_kept(tmp_path: Path, codec: str, start: float | None) -> None:
    """It lies beside the packets, where only one decoder looks."""
    source, output = tmp_path / "in.webm", tmp_path / "out.webm"
    shown = np.full((96, 128, 4), 120, np.uint8)
    with av.open(str(source), "w") as container:
        stream = container.add_stream(codec, rate=25, options={"auto-alt-ref": "0", "b": "1M", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuva420p"
        for number in range(20):
            shown[..., 3] = 0
            shown[:, : 40 + 4 * number, 3] = 255
            frame = av.VideoFrame.from_ndarray(shown, "rgba").reformat(format="yuva420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    _, notes = rewrite(source, output, Options(start=start, quality="draft", hardware="never"))
    assert not any("lost" in note for note in notes)
    with VideoReader(output) as reader:
        found = [frame.native.reformat(format="rgba").to_ndarray()[..., 3] for frame in reader]
    first = round((start or 0) * 25)
    assert len(found) == 20 - first
    for number, alpha in enumerate(found, first):
        edge = 40 + 4 * number
        assert alpha[:, : edge - 8].min() > 230 and alpha[:, edge + 8 :].max() < 25
    assert any("transparency" in note for note in rewrite(source, tmp_path / "out.mp4")[1])
