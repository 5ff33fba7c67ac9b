"""What films are recast with here. `recaster` is each file's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import Cast, Recaster
from tests import media


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.portrait_file("astronaut", tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def cast(recaster: Recaster, photo: Path) -> Cast:
    return Cast(everyone=recaster.identify([photo]))
