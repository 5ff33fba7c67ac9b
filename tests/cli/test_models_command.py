"""``python app.py models`` as a user meets it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from pipeline.models.catalogue import CATALOGUE
from tests.pipeline_models.hub import Hub, hub

NAMES = ("uniface_256", "gfpgan_1.4")


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    files = {f"{CATALOGUE[name].repository}/{CATALOGUE[name].file}": name.encode() * 1000 for name in NAMES}
    with hub(files) as state:
        monkeypatch.setenv("HF_ENDPOINT", state.url)
        monkeypatch.setenv("RECAST_MODELS", str(tmp_path / "models"))
        monkeypatch.setenv("RECAST_HOME", str(tmp_path / "home"))
        yield state


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = app.main(["models", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def listed(capsys: pytest.CaptureFixture[str], name: str) -> dict[str, object]:
    code, out, _ = run(capsys, "list", "--json")
    assert code == 0
    rows = json.loads(out)["models"]
    found: dict[str, object] = next(row for row in rows if row["name"] == name)
    return found


def test_from_none_to_one_and_back(remote: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, "gfpgan_1.4")["installed"] is False
    code, out, _ = run(capsys, "get", "gfpgan_1.4")
    assert code == 0 and "fetched" in out
    row = listed(capsys, "gfpgan_1.4")
    assert row["installed"] is row["ready"] is True and row["licence"] == "Apache-2.0" and row["bytes"] == 10_000
    assert "was here already" in run(capsys, "get", "gfpgan_1.4")[1]
    assert "as expected" in run(capsys, "verify")[1]
    Path(str(row["path"])).write_bytes(b"altered")
    code, out, _ = run(capsys, "verify", "gfpgan_1.4")
    assert code == 1 and "not the expected one" in out
    assert run(capsys, "remove", "gfpgan_1.4")[0] == 0
    assert listed(capsys, "gfpgan_1.4")["installed"] is False


def test_one_bit_that_has_changed_is_found(remote: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where neither size nor date tell, as when a disk decays."""
    run(capsys, "get", "gfpgan_1.4")
    path = Path(str(listed(capsys, "gfpgan_1.4")["path"]))
    data, times = bytearray(path.read_bytes()), path.stat()
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    code, out, _ = run(capsys, "verify")
    assert code == 1 and "gfpgan_1.4: The model file of gfpgan_1.4 is not the expected one" in out


def test_an_entry_of_one_s_own_that_cannot_be_used_is_named(
    remote: Hub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "home" / "entries"
    folder.mkdir(parents=True)
    (folder / "mine.json").write_text('{"file": "a.onnx", "template": "arcface_128", "size": "128"}')
    wanted = "'size' in the model entry mine.json has to be a whole number from 32 to 1024."
    assert f"Cannot be used: {wanted}" in run(capsys, "list")[1]
    assert json.loads(run(capsys, "list", "--json")[1])["unusable"] == [wanted]
    (folder / "mine.json").write_text('{"file": "a.onnx", "template": "arcface_128", "size": 128}')
    code, out, _ = run(capsys, "list")
    assert code == 0 and "Cannot be used" not in out and "mine " in out


def test_a_licence_is_shown_and_accepted_by_a_flag(remote: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "get", "uniface_256", "--json")
    assert code == 2 and json.loads(out)["error"]["code"] == "licence" and "states no licence" in err
    assert not remote.transfers
    assert run(capsys, "get", "uniface_256", "--accept-licence")[0] == 0
    assert listed(capsys, "uniface_256")["accepted"] is True


def test_the_table_names_all(remote: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "list")
    assert all(name in out for name in CATALOGUE)


def test_a_name_that_is_none(remote: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "get", "nothing")
    assert code == 2 and "no model called 'nothing'" in err
    code, _, err = run(capsys, "remove", "gfpgan_1.4")
    assert code == 2 and "not on this machine" in err
