"""Part of a frame: read, changed and put back, it is as if the frame itself had been."""

from __future__ import annotations

import pickle
from fractions import Fraction

import av
import numpy as np
import pytest

from pipeline.media.frames import VideoFrame
from pipeline.media.planes import plane_view
from pipeline.media.window import WindowFrame, taken
from pipeline.types import Box

FORMATS = (
    "yuv420p", "yuvj420p", "yuv422p10le", "yuv411p", "yuv410p", "yuv440p", "yuv444p", "yuva420p", "gbrp", "gbrap",
    "gbrp16le", "gray", "gray12le",
)  # fmt: skip
BOXES = {
    "within": Box(50.3, 41.7, 97.2, 88.9), "at the top left": Box(-9.5, -3.2, 40.0, 33.0),
    "at the bottom right": Box(120.7, 60.1, 400.0, 300.0), "of one pixel": Box(77.2, 33.3, 77.9, 33.8),
}  # fmt: skip
AROUND = [Box(10, 12, 30, 30)]
SIZE = (171, 123)


def noise(name: str) -> VideoFrame:
    """The same each time."""
    native, rng = av.VideoFrame(*SIZE, name), np.random.default_rng(7)
    frame = VideoFrame(native, 3, 0.1, 5, 1, Fraction(1, 30))
    for plane in range(frame.layout.planes):
        view = plane_view(native, plane, frame.layout)
        view[:] = rng.integers(20 << (frame.layout.depth - 8), 200 << (frame.layout.depth - 8), view.shape)
    return frame


def planes(frame: VideoFrame) -> list[np.ndarray]:
    return [plane_view(frame.native, plane, frame.layout).copy() for plane in range(frame.layout.planes)]


@pytest.mark.parametrize("where", BOXES)
@pytest.mark.parametrize("name", FORMATS)
def test_a_window_is_read_and_changed_as_its_frame_is(name: str, where: str) -> None:
    box, frame, other = BOXES[where], noise(name), noise(name)
    window = pickle.loads(pickle.dumps(taken(frame, [*AROUND, box] if where == "within" else [box])))
    part = WindowFrame(window)
    assert (part.index, part.time, part.colour) == (frame.index, frame.time, frame.colour)
    (ours, corner), (theirs, same) = part.region(box), frame.region(box)
    assert corner == same
    assert np.array_equal(ours, theirs)
    (luma, corner), (theirs_luma, same) = part.luma_region(box), frame.luma_region(box)
    assert corner == same
    assert np.array_equal(luma, theirs_luma)

    _, corner = frame.region(box)
    after = np.asarray(255 - ours, np.uint8)
    part.change(part.region(box)[1], ours, after)
    other.restore(window.corner, part.samples())
    frame.change(frame.region(box)[1], theirs, after)
    for mine, wanted in zip(planes(other), planes(frame), strict=True):
        assert np.array_equal(mine, wanted)


def test_a_window_is_a_copy() -> None:
    frame = noise("yuv420p")
    window = taken(frame, [BOXES["within"]])
    before = [plane.copy() for plane in window.planes]
    part = WindowFrame(window)
    image, corner = frame.region(BOXES["within"])
    frame.change(corner, image, np.zeros_like(image))
    part.change(corner, image, np.zeros_like(image))
    for plane, same in zip(window.planes, before, strict=True):
        assert np.array_equal(plane, same)


def test_a_window_is_no_larger_than_it_has_to_be() -> None:
    window = taken(noise("yuv420p"), [Box(64.2, 50.1, 70, 60)])
    assert window.size[0] * window.size[1] < 48 * 48


@pytest.mark.parametrize("areas", [[], [Box(500, 10, 600, 50)], [Box(-90, 10, -20, 50)]])
def test_nothing_is_taken_where_nothing_is(areas: list[Box]) -> None:
    window = taken(noise("yuv420p"), areas)
    assert window.planes == ()
    assert window.size == (0, 0)
    for box in areas:
        assert WindowFrame(window).region(box)[0].size == 0
