"""Manifests beside files whose format cannot hold them: each file has one of its own, whatever else has its stem."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.marking import Marking
from pipeline.marking.credentials import Credentials, credentials
from pipeline.marking.sidecar import LONGEST_NAME, lying_beside, sidecar_of
from pipeline.marking.verify import check_manifest
from pipeline.media import probe
from pipeline.options import Options
from tests.pipeline_marking.test_manifest import sealed


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return credentials({"RECAST_CREDENTIALS": str(tmp_path_factory.mktemp("own") / "credentials")})


def test_two_formats_of_one_stem_keep_both(own: Credentials, tmp_path: Path) -> None:
    files = [sealed(tmp_path, suffix, own)[0] for suffix in (".mkv", ".webm", ".bmp")]
    assert [sidecar_of(file).name for file in files] == ["result.mkv.c2pa", "result.webm.c2pa", "result.bmp.c2pa"]
    for file in files:
        assert check_manifest(file, "matroska" if file.suffix != ".bmp" else "bmp", own.anchors).state == "trusted"


def test_a_name_without_the_ending_is_found_too(own: Credentials, tmp_path: Path) -> None:
    """As earlier versions wrote it, and other programs do; where there are both, the whole name's counts."""
    file, seal = sealed(tmp_path, ".mkv", own)
    assert seal.sidecar is not None
    short = seal.sidecar.rename(tmp_path / "result.c2pa")
    assert lying_beside(file) == short
    assert check_manifest(file, "matroska", own.anchors).state == "trusted"
    sealed(tmp_path, ".mkv", own)
    short.write_bytes(b"another's")
    assert check_manifest(file, "matroska", own.anchors).state == "trusted"


def test_the_longest_names_that_a_file_may_have(own: Credentials, tmp_path: Path) -> None:
    name = "\N{CLAPPER BOARD}" * 63
    assert len((name + ".mkv").encode()) == LONGEST_NAME + 1
    file = tmp_path / f"{name[:-1]}xx.mkv"
    sidecar = sidecar_of(file)
    assert sidecar.name == f"{name[:-1]}xx.c2pa"
    sidecar.touch()
    assert lying_beside(file) == sidecar

    mark = Marking(environment={"RECAST_CREDENTIALS": str(tmp_path / "credentials")}).job(b"digest", Options())
    target, _ = sealed(tmp_path, ".png", own)
    mark.check(probe(target), file)
    with pytest.raises(OutputError, match="a shorter name"):
        mark.check(probe(target), tmp_path / f"{name[:-1]}xxx.mkv")


def test_a_result_never_takes_the_place_of_the_targets_credentials(own: Credentials, tmp_path: Path) -> None:
    mark = Marking(environment={"RECAST_CREDENTIALS": str(tmp_path / "credentials")}).job(b"digest", Options())
    target, _ = sealed(tmp_path, ".mkv", own)
    for name in ("result.webm", "result.mp4", "second.mkv"):
        mark.check(probe(target), tmp_path / name)
    long = target.rename(tmp_path / f"{'x' * 250}.mkv")
    sidecar_of(long).write_bytes(b"the target's")
    with pytest.raises(OutputError, match="would replace the target's"):
        mark.check(probe(long), long.with_suffix(".bmp"))
