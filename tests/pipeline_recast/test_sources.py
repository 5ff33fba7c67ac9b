"""Several photos of one person, among them one of somebody else."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from pipeline import Cast, Recaster
from pipeline.marking import Marking
from tests import faces, media


def test_photos_of_somebody_else_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    recaster = Recaster(marking=Marking(frozenset()))
    own = media.portrait("astronaut")
    photos = [own, np.asarray(np.clip(own * 0.8, 0, 255), np.uint8), np.ascontiguousarray(own[:, ::-1])]
    clean = recaster.identify(photos)
    mixed = recaster.identify([photos[0], media.portrait("hopper"), *photos[1:], faces.test_photo("yaoming")])
    assert (clean.left_out, mixed.left_out) == (0, 2) and len(mixed.photos) == 3
    assert np.allclose(clean.embedding, mixed.embedding, atol=1e-5)
    # Of two nobody can tell which is the wrong one.
    both = recaster.identify([own, media.portrait("hopper")])
    assert both.left_out == 0 and len(both.photos) == 2

    target = tmp_path / "target.png"
    cv2.imwrite(str(target), media.portrait("hopper"))
    reports = [recaster.recast(Cast(everyone=who), target, tmp_path / "result.png") for who in (mixed, clean)]
    wanted = "2 of 5 source photos seem to show somebody else and were not used."
    assert reports[0].notes[0] == wanted and wanted not in reports[1].notes
