"""What tests of several rooms share: the public-domain portraits as files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from tests.temporary import temporary
from tests.watch import MARK, pytest_addoption, pytest_configure

__all__ = ["Material", "material", "pytest_addoption", "pytest_configure"]

# How whoever runs the tests has set Recast up, or the addresses that jobs are told to, is not what is tested.
for _name in [*os.environ]:
    if _name.startswith("RECAST_") and _name != MARK:
        del os.environ[_name]
# Processes that render are for tests that say so: others shall take the same way on every machine.
os.environ["RECAST_PROCESSES"] = "0"
# Results are signed; nothing of that may end up among the credentials of whoever runs the tests.
os.environ["RECAST_CREDENTIALS"] = str(temporary() / "credentials" / "own")


class Material(NamedTuple):
    """Files to recast, made once a run. `both` shows Eileen Collins and Grace Hopper side by side."""

    eileen: Path
    grace: Path
    clip: Path
    both: Path
    empty: Path


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Material]:
    from studio.examples import examples, write_clip

    folder = tmp_path_factory.mktemp("material")
    examples(folder)
    eileen, grace, clip = folder / "eileen-collins.jpg", folder / "grace-hopper.jpg", folder / "short.mp4"
    write_clip(clip, cv2.imread(str(eileen)), width=320, height=240, seconds=1)
    both, empty = folder / "both.png", folder / "empty.png"
    left, right = cv2.imread(str(eileen)), cv2.imread(str(grace))
    cv2.imwrite(str(both), np.hstack([left, cv2.resize(right, (427, 512))]))
    cv2.imwrite(str(empty), np.full((240, 320, 3), 128, np.uint8))
    yield Material(eileen, grace, clip, both, empty)
