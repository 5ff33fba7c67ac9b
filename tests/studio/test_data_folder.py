"""Everything that a server or a command keeps is in the one folder that it was given."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from pipeline.marking import Marking
from studio import setup
from studio.commands import run
from tests.studio.conftest import eventually, serving


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where things would be kept that nobody gave a folder."""
    home = tmp_path / "home"
    for name in ("RECAST_DATA", "RECAST_CREDENTIALS"):
        monkeypatch.setenv(name, "")  # and put back in the end, whatever is set meanwhile
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    return home


def test_credentials_of_a_server_that_is_given_a_folder_are_in_it(home: Path, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    setup.add_arguments(parser)
    data = setup.from_namespace(parser.parse_args(["--data", str(tmp_path / "data")])).data
    assert Marking.from_environment().credentials.chain
    assert any((data / "credentials").iterdir()) and not home.exists()


def test_a_list_of_identities_is_that_of_the_server_with_the_same_folder(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("identities", ["--data", str(tmp_path / "data"), "list"]) == 0
    assert "Nobody is on the list." in capsys.readouterr().err
    assert run("verify", ["--data", str(tmp_path / "other"), str(tmp_path / "absent.png")]) == 2
    assert not home.exists()


def test_whether_a_server_is_well_is_asked_where_it_listens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever port it was given, and by whichever flag or variable."""
    monkeypatch.setenv("RECAST_DATA", "")  # and put back in the end
    monkeypatch.setenv("PORT", "1")
    data = tmp_path / "data"

    def health(*words: str) -> int:
        return run("health", ["--data", str(data), *words])

    assert health() == 1 and "No studio was started" in capsys.readouterr().err
    with serving(data, PORT="1"):  # with `--port 0`, which goes before
        assert health() == 0 and '"status":"ok"' in capsys.readouterr().out
        eventually(lambda: health("--ready") == 0)
    assert health() == 1 and "does not answer" in capsys.readouterr().err
