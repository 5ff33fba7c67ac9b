"""A live session as a library has it, without a web server; and what is recorded of it."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline import Options, Recaster
from pipeline.errors import Cancelled, EncoderError, RecastError
from pipeline.marking import Marking
from pipeline.marking.manifest import DIGITAL_SOURCE_TYPE
from pipeline.media import open_target
from pipeline.recording import Recording
from tests import faces, media


@pytest.fixture(scope="module")
def recaster() -> Recaster:
    return Recaster()


def test_each_frame_comes_back_recast_and_nothing_else_in_it_changes(recaster: Recaster) -> None:
    clip = media.webcam(8)
    unmarked = Recaster(marking=Marking(frozenset()))  # the watermark changes every pixel a little
    with unmarked.live(recaster.identify([media.portrait("astronaut")])) as session:
        for index, image in enumerate(clip.frames):
            before = image.copy()
            done = session.recast(image, index / 20)
            assert (done.faces, done.changed) == (1, 1)
            assert np.array_equal(done.image[:40], before[:40]) and np.array_equal(done.image[:, :120], before[:, :120])
    face = faces.faces(clip.frames[-1])[0]
    source = faces.arcface(media.portrait("astronaut"), faces.portrait_face("astronaut"))
    target = faces.arcface(media.portrait("hopper"), faces.portrait_face("hopper"))
    now = faces.arcface(clip.frames[-1], face)
    still = faces.arcface(recaster.recast_frame(media.webcam(8).frames[-1], _cast(recaster)), face)
    # As like the source as the same frame recast by itself.
    assert now @ source > still @ source - 0.05
    assert now @ source > target @ source + 0.1


def test_a_face_at_rest_does_not_flicker(recaster: Recaster) -> None:
    """Read by itself in each frame, its light and borders are a little different each time."""
    unmarked, cast = Recaster(marking=Marking(frozenset())), _cast(recaster)
    frames = media.still(14, "hopper", 130.0).frames
    with unmarked.live(cast.everyone) as session:
        live = [session.recast(image.copy(), index / 20).image for index, image in enumerate(frames)]
    alone = [unmarked.recast_frame(image.copy(), cast) for image in frames]
    inside = np.abs(live[-1].astype(int) - frames[-1]).max(-1) > 12
    restless = [
        np.mean([
            np.abs(cv2.blur(b, (9, 9)).astype(float) - cv2.blur(a, (9, 9)))[inside].mean()
            for a, b in pairwise(film[6:])
        ])
        for film in (live, alone)
    ]  # fmt: skip
    assert restless[0] < 0.85 * restless[1]


def test_a_light_that_is_switched_is_followed_at_once(recaster: Recaster) -> None:
    unmarked, cast = Recaster(marking=Marking(frozenset())), _cast(recaster)
    frames = media.still(9, "hopper", 130.0).frames
    frames[6:] = [np.asarray(image * 0.55, np.uint8) for image in frames[6:]]
    with unmarked.live(cast.everyone) as session:
        live = [session.recast(image.copy(), index / 20).image for index, image in enumerate(frames)]
    inside = np.abs(live[6].astype(int) - frames[6]).max(-1) > 12
    alone = unmarked.recast_frame(frames[6].copy(), cast)
    assert abs(float(live[6][inside].mean()) / float(alone[inside].mean()) - 1) < 0.03


def _cast(recaster: Recaster):
    from pipeline import Cast

    return Cast(everyone=recaster.identify([media.portrait("astronaut")]))


def test_options_change_from_one_frame_to_the_next(recaster: Recaster) -> None:
    image = media.webcam(2).frames[0]
    with recaster.live(recaster.identify([media.portrait("astronaut")])) as session:
        kept = session.recast(image.copy(), 0.0).image
        session.change(Options(keep_occluders=False))
        changed = session.recast(image.copy(), 0.05).image
    assert np.abs(kept.astype(int) - changed).max() > 20


def test_smoothing_that_is_turned_on_while_live_smooths_from_there_on(recaster: Recaster) -> None:
    """A face that trembles by a pixel from frame to frame."""
    still = media.still(1, "hopper", 130.0).frames[0]
    frames = [np.roll(still, (index * 7) % 3 - 1, axis=index % 2) for index in range(10)]
    shown = []
    for later in (0.0, 1.0):
        with recaster.live(recaster.identify([media.portrait("astronaut")]), Options(smooth=0.0)) as session:
            for index, image in enumerate(frames):
                session.change(Options(smooth=later if index in (2, 4, 5) or index > 6 else 0.0))
                done = session.recast(image.copy(), index / 20)
            shown.append(done.image)
    assert np.abs(shown[0].astype(int) - shown[1]).max() > 20


def test_an_engine_that_is_not_here_leaves_the_one_before(recaster: Recaster) -> None:
    image = media.webcam(1).frames[0]
    with recaster.live(recaster.identify([media.portrait("astronaut")])) as session:
        with pytest.raises(RecastError):
            session.change(Options(engine="inswapper_128"))
        assert session.options.engine == "mesh" and session.recast(image, 0.0).changed == 1


def test_a_closed_session_forgets_whose_face_it_was(recaster: Recaster) -> None:
    identity = recaster.identify([media.portrait("astronaut")])
    session = recaster.live(identity)
    session.recast(media.webcam(2).frames[0], 0.0)
    known = weakref.ref(identity)
    del identity
    session.close()
    gc.collect()
    assert known() is None
    with pytest.raises(Cancelled):
        session.recast(media.webcam(2).frames[0])


def test_a_recording_keeps_times_and_is_marked(tmp_path: Path) -> None:
    frames = media.camera(12).frames
    times = [100 + moment for moment in (0, 0.03, 0.07, 0.1, 0.5, 0.54, 0.58, 0.6, 0.64, 0.7, 0.72, 0.8)]
    recording = Recording(tmp_path / "live.mp4")
    for image, moment in zip(frames, times, strict=True):
        # Half-way the camera becomes smaller, and odd.
        recording.write(image if moment < 100.5 else image[:271, :481], moment)
    assert recording.finish() == pytest.approx(0.8)
    with av.open(str(tmp_path / "live.mp4")) as file:
        assert file.metadata["DigitalSourceType"] == DIGITAL_SOURCE_TYPE
        shown = [float(frame.pts * frame.time_base) for frame in file.decode(video=0)]
    assert shown == pytest.approx([moment - 100 for moment in times], abs=1e-3)
    first = next(iter(open_target(tmp_path / "live.mp4"))).image()
    assert first.shape == frames[0].shape
    assert np.abs(first.astype(int) - frames[0]).mean() < 3


def test_a_camera_that_is_turned_upright_is_recorded_in_its_own_proportions(tmp_path: Path) -> None:
    """As a phone is: what is shown fits in between bars."""
    lying, upright = np.full((360, 640, 3), 90, np.uint8), np.full((640, 360, 3), 90, np.uint8)
    cv2.circle(lying, (320, 180), 100, (200, 200, 200), -1)
    cv2.circle(upright, (180, 320), 150, (200, 200, 200), -1)
    recording = Recording(tmp_path / "live.mp4")
    recording.write(lying, 0.0)
    recording.write(upright, 0.1)
    recording.finish()
    last = [frame.image() for frame in open_target(tmp_path / "live.mp4")][-1]
    rows, columns = np.nonzero(last[..., 1] > 150)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=4) and np.ptp(rows) > 140
    assert last[:, :200].max() < 30 and last[180, 230].min() > 70


def test_a_recording_of_nothing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(EncoderError):
        Recording(tmp_path / "live.mp4").finish()
    recording = Recording(tmp_path / "live.mp4")
    recording.write(media.camera(2).frames[0], 0.0)
    recording.abort()
    assert list(tmp_path.iterdir()) == []


def test_a_recording_of_a_session_is_signed_like_every_result(recaster: Recaster, tmp_path: Path) -> None:
    from pipeline.verification import verify

    with recaster.live(recaster.identify([media.portrait("astronaut")])) as session:
        recording = Recording(tmp_path / "live.mp4", session.options, session.mark)
        for index, image in enumerate(media.webcam(6).frames):
            recording.write(session.recast(image, index / 20).image, index / 20)
        recording.finish()
    assert session.mark is not None and session.mark.marks == ("manifest", "watermark")
    found = verify(tmp_path / "live.mp4")
    assert found.manifest.state == "trusted" and found.manifest.synthetic
    assert found.watermark.payload is not None and found.watermark.payload.text == session.mark.fingerprint


def test_a_label_that_is_asked_for_while_live_is_there_from_the_next_frame(recaster: Recaster) -> None:
    image = media.webcam(1).frames[0]
    with recaster.live(recaster.identify([media.portrait("astronaut")])) as session:
        before, mark = session.recast(image.copy(), 0.0).image, session.mark
        session.change(replace(session.options, label="text", label_corner="bottom-right"))
        after = session.recast(image.copy(), 0.05).image
    assert mark is not None and session.mark is not None and session.mark.fingerprint == mark.fingerprint
    changed = np.abs(after.astype(int) - before).max(2) > 30
    height, width = changed.shape
    assert changed[-height // 6 :, -width // 2 :].sum() > 200 and not changed[: height // 8, : width // 4].any()
