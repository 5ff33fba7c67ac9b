"""Everything that a server or a command keeps is in the one folder that it was given."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from pipeline.marking import Marking
from studio import settings
from studio.commands import run


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
    settings.add_arguments(parser)
    data = settings.from_namespace(parser.parse_args(["--data", str(tmp_path / "data")])).data
    assert Marking.from_environment().credentials.chain
    assert any((data / "credentials").iterdir()) and not home.exists()


def test_a_list_of_identities_is_that_of_the_server_with_the_same_folder(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("identities", ["--data", str(tmp_path / "data"), "list"]) == 0
    assert "Nobody is on the list." in capsys.readouterr().err
    assert run("verify", ["--data", str(tmp_path / "other"), str(tmp_path / "absent.png")]) == 2
    assert not home.exists()
