"""The content gate: a classifier of closed form stands before photos, pictures, videos, previews and cameras."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import Cast, Options, Recaster
from pipeline.errors import ContentRefused, PolicyUnusable
from pipeline.policy import Policy
from pipeline.policy.gate import ContentGate, read_gate
from tests import media
from tests.gates import red_gate

RED = np.full((240, 320, 3), (0, 0, 255), np.uint8)
GREY = np.full((240, 320, 3), 90, np.uint8)


def test_it_reads_as_its_entry_says(tmp_path: Path) -> None:
    gate = ContentGate(red_gate(tmp_path, sentence="Not so red."))
    gate.check(GREY)
    with pytest.raises(ContentRefused, match="Not so red") as refused:
        gate.check(RED)
    assert refused.value.exit_code == 4
    # The green of the same picture is another class.
    ContentGate(red_gate(tmp_path, name="green", **{"class": 1})).check(RED)
    # (x - mean) / deviation: red of 90/255 becomes (0.353 - 0.3) / 0.05 = 1.06.
    with pytest.raises(ContentRefused):
        ContentGate(red_gate(tmp_path, 1.0, "sharp", mean=[0.3] * 3, deviation=[0.05] * 3)).check(GREY)
    # A softmax over (1, 0, 0) is 0.576, over three alike a third; the sigmoid of 1 is 0.731.
    with pytest.raises(ContentRefused):
        ContentGate(red_gate(tmp_path, 0.57, "soft", output="logits")).check(RED)
    ContentGate(red_gate(tmp_path, 0.58, "softer", output="logits")).check(RED)
    with pytest.raises(ContentRefused):
        ContentGate(red_gate(tmp_path, 0.73, "logit", output="logit")).check(RED)


def guarded(tmp_path: Path, threshold: float = 0.6) -> Recaster:
    return Recaster(policy=Policy(gates=(ContentGate(red_gate(tmp_path, threshold)),)))


def reddened(image: np.ndarray) -> np.ndarray:
    red = image.copy()
    red[..., 2] = np.maximum(red[..., 2], 200)
    return red


def test_photos_pictures_previews_and_cameras_pass_it(tmp_path: Path) -> None:
    recaster = guarded(tmp_path)
    assert recaster.beside(1).policy is recaster.policy
    with pytest.raises(ContentRefused):
        recaster.identify([reddened(media.portrait("astronaut"))])
    identity = recaster.identify([media.portrait("astronaut")])
    cast, target = Cast(everyone=identity), tmp_path / "target.png"
    cv2.imwrite(str(target), reddened(media.portrait("hopper")))
    with pytest.raises(ContentRefused):
        recaster.recast(cast, target, tmp_path / "result.png")
    assert not (tmp_path / "result.png").exists()
    with pytest.raises(ContentRefused):
        recaster.recast_frame(reddened(media.portrait("hopper")), cast)
    assert recaster.recast_frame(media.portrait("hopper"), cast).any()
    with recaster.live(identity) as session:
        assert session.recast(media.webcam(2).frames[0], 0.0).changed == 1
        with pytest.raises(ContentRefused):
            session.recast(reddened(media.webcam(2).frames[0]), 2.0)


def test_a_video_is_looked_at_all_along(tmp_path: Path) -> None:
    """A second of red in the middle is enough, unless it is cut away."""
    clip, target = media.camera(36), tmp_path / "clip.mp4"
    frames = [reddened(frame) if 20 <= number < 26 else frame for number, frame in enumerate(clip.frames)]
    media.write_clip(target, frames)
    recaster = guarded(tmp_path)
    cast = Cast(everyone=recaster.identify([media.portrait("astronaut")]))
    with pytest.raises(ContentRefused):
        recaster.recast(cast, target, tmp_path / "result.mp4")
    report = recaster.recast(cast, target, tmp_path / "result.mp4", Options(end=0.5))
    assert report.changed


def test_a_broken_gate_is_shut(tmp_path: Path) -> None:
    entry = red_gate(tmp_path)
    (tmp_path / "red.onnx").write_bytes(b"no network")
    for broken in (entry, tmp_path / "missing.json"):
        with pytest.raises(PolicyUnusable, match="carries out nothing"):
            ContentGate(broken).check(GREY)
    data = json.loads(entry.read_text())
    for field, value in (("threshold", "high"), ("size", 0), ("output", "maybe"), ("mean", [1]), ("more", 1)):
        entry.write_text(json.dumps({**data, field: value}))
        with pytest.raises(ValueError):
            read_gate(entry)
    # The file is the one that the operator named, or nothing is carried out.
    other = red_gate(tmp_path, name="other")
    other.write_text(json.dumps({**json.loads(other.read_text()), "sha256": "0" * 64}))
    with pytest.raises(PolicyUnusable):
        Recaster(policy=Policy(gates=(ContentGate(other),))).identify([media.portrait("astronaut")])
    # A class that the network has not.
    with pytest.raises(PolicyUnusable):
        ContentGate(red_gate(tmp_path, name="third", **{"class": 7})).check(GREY)
