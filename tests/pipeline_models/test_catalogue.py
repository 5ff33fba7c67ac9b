"""The catalogue is complete and agrees with what interfaces offer."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.models.align import TEMPLATES, to_crop
from pipeline.models.catalogue import CATALOGUE, ENTRIES, ModelEntry
from pipeline.options import ENGINES


def test_engines_to_choose_are_the_swap_networks_of_the_catalogue() -> None:
    assert ("mesh", *(entry.name for entry in ENTRIES if entry.kind == "swap")) == ENGINES
    assert len(CATALOGUE) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_is_whole(entry: ModelEntry) -> None:
    assert entry.title and entry.origin and entry.repository.count("/") == 1 and entry.file.endswith(".onnx")
    assert entry.licence.words.endswith(".")
    assert entry.sha256 is None or len(entry.sha256) == 64
    assert (entry.swap is not None) == (entry.kind == "swap")
    assert (entry.restore is not None) == (entry.kind == "restorer")
    assert all(need in CATALOGUE for need in entry.needs)


def test_templates_are_insightface_s_where_it_has_them() -> None:
    from insightface.utils import face_align

    assert np.allclose(TEMPLATES["arcface_112_v2"] * 112, face_align.arcface_dst, atol=1e-4)
    matrix = to_crop(face_align.arcface_dst + np.float32([8, 0]), "arcface_128", 128)
    assert np.allclose(matrix, np.eye(2, 3), atol=1e-5)
