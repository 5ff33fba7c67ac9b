"""The catalogues in `assets/words`: no language falls behind another, and no part that varies is lost."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from studio.settings import ASSETS
from studio.words import preferred

CATALOGUES = sorted((ASSETS / "words").glob("*.json"))


def texts(path: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["texts"]
    return found


def test_two_languages_besides_english() -> None:
    assert len(CATALOGUES) >= 2


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_is_complete(path: Path) -> None:
    everything = {english for other in CATALOGUES for english in texts(other)}
    assert everything - set(texts(path)) == set()
    assert [english for english, text in texts(path).items() if not text.strip()] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_parts_that_vary_stay(path: Path) -> None:
    wrong = [
        english
        for english, text in texts(path).items()
        if set(re.findall(r"\{\w+\}", english)) != set(re.findall(r"\{\w+\}", text))
    ]
    assert wrong == []


NAMES = {"H.264", "HEVC", "VP9", "AV1", "ProRes", "CPU", "DirectML", "Core ML", "OpenVINO", "JPEG", "PNG", "WebP",
         "AVIF", "MP4", "MKV", "MOV", "WebM"}  # fmt: skip
"""What is called the same everywhere."""


def spoken() -> set[str]:
    """What the page says of every option and of poor photos."""
    from studio.options import FIELDS, GROUPS, OF_A_TARGET

    said = {*GROUPS}
    for field in FIELDS:
        if field.name not in OF_A_TARGET:
            said |= {field.text.label, field.text.about, *field.text.ends}
            said |= set(field.text.choices.values())
    from pipeline.analysis.advice import SENTENCES
    from pipeline.models.catalogue import ENTRIES

    networks = {entry.title for entry in ENTRIES}
    return {text for text in said | set(SENTENCES.values()) if text} - NAMES - networks


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_the_sign_in_is_translated(path: Path) -> None:
    from studio.access.login import TEXTS

    assert set(TEXTS) - set(texts(path)) == set()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("de", "de"), ("fr-CH, fr;q=0.9, en;q=0.8", "fr"), ("xx, de;q=0.2, en;q=0.1", "de"),
        ("en-US,en;q=0.9,de;q=0.8", "en"), ("de;q=0.1,fr;q=0.9", "fr"), ("../../x, *;q=z", "en"), ("es", "en"),
    ],
)  # fmt: skip
def test_the_language_a_browser_likes_best(header: str, language: str) -> None:
    assert preferred(header) == language


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_every_option_and_every_remark_is_translated(path: Path) -> None:
    assert spoken() - set(texts(path)) == set()
