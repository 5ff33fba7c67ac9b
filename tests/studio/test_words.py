"""The catalogues in `assets/words`: no language falls behind another, and no part that varies is lost."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
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


NOT_SAID_TO_VISITORS = {"manifest.py", "user.py"}
"""What is written into files, in English as the standard has it, and what is wrong with an operator's own entries."""
MADE_OF_PARTS = {
    "No face in frames 77.": {"No face in frames 0-310, 400-500.", "No face in frames 0-310 and 3 more runs."},
    "The sequence has gaps: there is no frame 77.": {
        "The sequence has gaps: there is no frame 3-5.",
        "The sequence has gaps: there is no frame 3, 7 and 2 more gaps.",
    },
    "7 of 7 source photos 7.": {
        "1 of 3 source photos seems to show somebody else and was not used.",
        "2 of 4 source photos seem to show somebody else and were not used.",
    },
    "Recast's invisible watermark was found 7: job 7.": {"Recast's invisible watermark was found in it: job 12."},
    "Recast's invisible watermark was found 7; it is too faint for the job's number to be read.": {
        "Recast's invisible watermark was found in it; it is too faint for the job's number to be read."
    },
}
"""What sentences come to that are put together."""


def sentences(tree: ast.AST) -> Iterator[str]:
    """Those of a module that stand in its code: its notes and the general sentences of its errors. `raise` says more,
    and is left out, as are docstrings and what goes into the log."""
    silent: set[int] = set()
    for node in ast.walk(tree):
        to_log = (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and "log." in ast.unparse(node.func)
        )
        if isinstance(node, ast.Raise) or to_log:
            silent |= {id(inner) for inner in ast.walk(node)}
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in node.values}
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
        if id(node) not in silent and re.fullmatch(r"[A-Z0-9].* .*\.", text):
            yield text


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_what_a_job_notes_is_translated(path: Path) -> None:
    known = [re.compile("(.+?)".join(map(re.escape, re.split(r"\{\w+\}", english)))) for english in texts(path)]
    said: set[str] = set()
    for module in (ASSETS.parent / "pipeline").rglob("*.py"):
        if module.name not in NOT_SAID_TO_VISITORS:
            said |= set(sentences(ast.parse(module.read_text(encoding="utf-8"))))
    assert set(MADE_OF_PARTS) < said and len(said) > 90
    said = said.difference(MADE_OF_PARTS).union(*MADE_OF_PARTS.values())
    assert [text for text in sorted(said) if not any(one.fullmatch(text) for one in known)] == []
