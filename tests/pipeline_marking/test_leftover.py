"""A result that is made anew without a manifest does not keep the manifest of the one before it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import Cast, Recaster, Report
from pipeline.marking import Marking
from pipeline.marking.sidecar import sidecar_of
from pipeline.marking.verify import check_manifest
from tests import media

Making = Callable[..., Report]


@pytest.fixture(scope="module")
def making(tmp_path_factory: pytest.TempPathFactory) -> Making:
    """Makes a result, with a manifest or without, of a target that has a name."""
    folder = tmp_path_factory.mktemp("leftover")
    own = {"RECAST_CREDENTIALS": str(folder / "credentials")}
    makers = {
        True: Recaster(marking=Marking(frozenset({"manifest"}), environment=own)),
        False: Recaster(marking=Marking(frozenset(), environment=own)),
    }
    cast = Cast(everyone=makers[True].identify([media.portrait_file("hopper", folder)]))

    def make(output: Path, signed: bool, target: str = "astronaut") -> Report:
        return makers[signed].recast(cast, media.portrait_file(target, folder), output)

    return make


def test_the_manifest_goes_with_the_result_that_it_was_made_for(making: Making, tmp_path: Path) -> None:
    output = tmp_path / "result.bmp"
    first = making(output, True)
    assert first.sidecar == sidecar_of(output) and sidecar_of(output).is_file()
    assert check_manifest(output, "bmp").state == "valid"
    second = making(output, False)
    assert [path.name for path in tmp_path.iterdir()] == ["result.bmp"]
    assert check_manifest(output, "bmp").state == "none"
    assert not any("Credentials" in note for note in second.notes)


def test_the_manifest_of_another_file_stays_and_is_told(making: Making, tmp_path: Path) -> None:
    other, output = tmp_path / "other.bmp", tmp_path / "result.bmp"
    making(other, True, "hopper")
    shutil.move(sidecar_of(other), sidecar_of(output))
    kept = sidecar_of(output).read_bytes()
    report = making(output, False)
    assert sidecar_of(output).read_bytes() == kept
    assert any(f"{sidecar_of(output).name} beside the result" in note for note in report.notes)
    making(output, False)
    assert sidecar_of(output).read_bytes() == kept


@pytest.mark.parametrize("content", [b"", b"not a manifest at all"])
def test_what_is_no_manifest_is_nobody_elses_to_remove(content: bytes, making: Making, tmp_path: Path) -> None:
    output = tmp_path / "result.bmp"
    making(output, False)
    sidecar_of(output).write_bytes(content)
    making(output, False)
    assert sidecar_of(output).read_bytes() == content


def test_a_result_that_would_hold_its_own_leaves_others_alone(making: Making, tmp_path: Path) -> None:
    making(tmp_path / "result.bmp", True)
    report = making(tmp_path / "result.png", False)
    assert check_manifest(tmp_path / "result.bmp", "bmp").state == "valid"
    assert not any("beside the result" in note for note in report.notes)
