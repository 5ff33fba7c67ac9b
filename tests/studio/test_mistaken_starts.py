"""What an operator set wrongly is told in a sentence, before anything heavy is loaded."""

from __future__ import annotations

import argparse
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from studio import server, setup
from tests.studio.conftest import ROOT, serving


def started(*words: str) -> int:
    parser = argparse.ArgumentParser()
    setup.add_arguments(parser)
    return server.main(parser.parse_args(words))


def test_a_folder_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECAST_DATA", "")  # and put back in the end
    (tmp_path / "file").write_text("")
    assert started("--port", "0", "--data", str(tmp_path / "file" / "data")) == 2
    said = capsys.readouterr().err
    assert f"The data folder {tmp_path}/file/data cannot be written to" in said and "--data" in said


@pytest.mark.parametrize("words", [["--port", "0"], ["--headless", "-s", "a.jpg", "-t", "b.jpg"]])
def test_no_folder_for_temporary_files(words: list[str], tmp_path: Path) -> None:
    """Where the file system may only be read. No file may have a byte here, so no folder is one to write to."""
    run = subprocess.run(
        [sys.executable, "app.py", *words, "--data", str(tmp_path)],
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 2
    assert "--tmpfs /tmp" in run.stderr and "TMPDIR" in run.stderr and "Traceback" not in run.stderr


@pytest.mark.parametrize("port", ["99999", "-4", "abc"])
def test_a_port_that_is_none(port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PORT", port)
    assert started() == 2
    assert "A port is a number from 0 to 65535" in capsys.readouterr().err


def test_a_port_that_is_taken_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECAST_DATA", "")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert started("--port", str(port), "--data", str(tmp_path)) == 2
    said = capsys.readouterr().err
    assert f"http://127.0.0.1:{port}" in said and f'make run ARGS="--port {port + 1}"' in said


@pytest.mark.slow
def test_credentials_that_cannot_be_used_are_told_at_the_start(tmp_path: Path) -> None:
    given = {"RECAST_SIGN_CERT": str(tmp_path / "none.pem"), "RECAST_SIGN_KEY": str(tmp_path / "none.key")}
    with serving(tmp_path / "data", **given) as running:
        assert "results cannot be signed" in "".join(running.log)
