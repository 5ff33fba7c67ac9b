"""Checking files: on the page, as an endpoint, and on the command line; and the log of what was made here."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import httpx
import pytest
from gradio_client import Client, handle_file

from pipeline.marking import Marking
from tests import media
from tests.conftest import Material
from tests.studio.browsing import chromium, needs_chromium, opened
from tests.studio.conftest import ROOT, Server
from tests.studio.test_http import finished, get, send


@pytest.fixture(scope="module")
def result(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("made") / "result.png"
    words = ["--headless", "-s", str(material.grace), "-t", str(material.eileen), "-o", str(output)]
    subprocess.run([sys.executable, "app.py", *words], cwd=ROOT, check=True, timeout=240)
    return output


def command(*words: str | Path) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "app.py", "verify", *map(str, words), "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def test_the_command_line_knows_what_was_made_here(result: Path, tmp_path: Path) -> None:
    code, found = command(result)
    assert code == 0 and found["synthetic"] and found["manifest"]["state"] == "trusted"
    assert found["made_here"]["same_file"] and found["fingerprint"] == found["manifest"]["fingerprint"]
    copy = tmp_path / "copy.jpg"
    cv2.imwrite(str(copy), cv2.imread(str(result)), [cv2.IMWRITE_JPEG_QUALITY, 60])
    code, found = command(copy)
    assert code == 0 and found["manifest"]["state"] == "none" and found["watermark"]["found"]
    assert found["made_here"]["same_file"] is False


def test_a_stranger_cannot_say_that_a_picture_was_made_here(result: Path, material: Material, tmp_path: Path) -> None:
    """Everybody can read the number of a job in their result, and sign something else that names it."""
    fingerprint = command(result)[1]["fingerprint"]
    stranger = Marking(environment={"RECAST_CREDENTIALS": str(tmp_path / "stranger")})
    bare = cv2.imencode(".jpg", cv2.imread(str(material.eileen)))[1].tobytes()
    forged = tmp_path / "forged.jpg"
    forged.write_bytes(stranger.signed(bare, "mesh", fingerprint))
    _, found = command(forged)
    assert found["manifest"]["state"] == "valid" and found["manifest"]["fingerprint"] == fingerprint
    assert found["made_here"] is None and found["fingerprint"] == ""


def test_a_log_that_is_damaged_keeps_no_verdict_back(
    result: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAST_CREDENTIALS", str(tmp_path / "credentials"))
    (tmp_path / "made.sqlite3").write_text("no database at all, but as long as the head of one would have to be")
    code, found = command(result)
    assert code == 0 and found["watermark"]["found"] and found["made_here"] is None
    assert any("could not be read" in sentence for sentence in found["sentences"])


def test_an_unmarked_file_gets_no_verdict(material: Material, tmp_path: Path) -> None:
    code, found = command(material.eileen)
    assert (code, found["synthetic"], found["made_here"]) == (3, False, None)
    assert "does not mean that a file is real" in found["sentences"][-1]
    code, found = command(tmp_path / "nowhere.png")
    assert (code, found["error"]["code"]) == (2, "file_missing")


def test_the_log_holds_fingerprints_and_nothing_else(result: Path) -> None:
    from studio.made import NAME, MadeHere

    path = MadeHere()._path
    assert path.name == NAME
    with sqlite3.connect(path) as base:
        columns = [row[1] for row in base.execute("PRAGMA table_info(results)")]
        rows = base.execute("SELECT * FROM results").fetchall()
    assert columns == ["number", "fingerprint", "sha256", "kind", "marks", "at", "consent"] and rows
    assert not any(result.name in str(value) for row in rows for value in row)


def test_the_endpoint_says_the_same(server: Server, material: Material, result: Path, tmp_path: Path) -> None:
    client = Client(server.url, verbose=False, download_files=str(tmp_path))
    page, found = client.predict(handle_file(result), api_name="/verify")
    assert "This is synthetic." in page and found["made_here"]["same_file"]
    film, beside = (tmp_path / name for name in ("film.bmp", "film.bmp.c2pa"))
    words = ["--headless", "-s", str(material.grace), "-t", str(material.eileen), "-o", str(film)]
    subprocess.run([sys.executable, "app.py", *words], cwd=ROOT, check=True, timeout=240)
    _, apart = client.predict(handle_file(film), api_name="/verify")
    _, together = client.predict(handle_file(film), handle_file(beside), api_name="/verify")
    assert (apart["manifest"]["state"], together["manifest"]["state"]) == ("none", "trusted")
    with pytest.raises(Exception, match="unsupported_media"):
        client.predict(handle_file(ROOT / "README.md"), api_name="/verify")


@needs_chromium
def test_the_tab_shows_it(server: Server, result: Path, tmp_path: Path) -> None:
    with chromium() as browser, opened(browser, server.url, ready="#tabs") as page:
        page.get_by_role("tab", name="Check a file").click()
        page.set_input_files("#check-file input[type=file]", str(result))
        page.wait_for_selector("#check-outcome .check.found", timeout=240_000)
        assert "made here" in page.inner_text("#check-outcome")
        page.screenshot(path=str(tmp_path / "check.png"))


@needs_chromium
def test_the_tab_takes_the_credentials_that_lie_beside_a_file(server: Server, result: Path, tmp_path: Path) -> None:
    media.write_clip(tmp_path / "target.mp4", media.camera(6).frames)
    film = tmp_path / "film.mkv"
    done = subprocess.run(
        [sys.executable, "app.py", "--headless", "-s", media.portrait_file("astronaut", tmp_path)]
        + ["-t", tmp_path / "target.mp4", "-o", film],
        cwd=ROOT, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    beside = tmp_path / "film.mkv.c2pa"
    with chromium() as browser, opened(browser, server.url, ready="#tabs") as page:
        page.get_by_role("tab", name="Check a file").click()
        page.set_input_files("#check-file input[type=file]", [beside])
        page.get_by_text("This file tells of another.").wait_for()
        page.set_input_files("#check-file input[type=file]", [film])
        page.wait_for_selector("#check-outcome .check.found", timeout=240_000)
        assert "It carries no Content Credentials" in page.inner_text("#check-outcome ul")
        page.set_input_files("#check-outcome .apart input[type=file]", [beside])
        page.get_by_text("They are valid").wait_for(timeout=240_000)
        assert not page.locator("#check-outcome .apart").count()
        # Both at once, in any order.
        page.set_input_files("#check-file input[type=file]", [beside, film])
        page.wait_for_selector("#check-outcome .check:not(.found)")
        page.get_by_text("They are valid").wait_for(timeout=240_000)
        assert page.inner_text("#check-file b") == film.name
        # Somebody else's.
        page.set_input_files("#check-file input[type=file]", [result, beside])
        page.get_by_text("This very file was made here").wait_for(timeout=240_000)
    assert not list((server.data / "spool").glob("tmp*"))


def test_a_program_is_told_the_same_over_http(server: Server, result: Path, material: Material, tmp_path: Path) -> None:
    def verify(path: Path, **more: Path) -> httpx.Response:
        files = {name: (each.name, each.read_bytes()) for name, each in {"file": path, **more}.items()}
        return httpx.post(f"{server.url}/verify", files=files, timeout=120)

    answer = verify(result)
    assert answer.status_code == 200
    assert answer.json() == {**command(result)[1], "file": result.name}
    assert not list((server.data / "spool").rglob("*.png"))
    (tmp_path / "text.png").write_text("no picture")
    assert verify(tmp_path / "text.png").status_code == 415
    assert httpx.post(f"{server.url}/verify", timeout=60).status_code == 422
    described = httpx.get(f"{server.url}/openapi.json", timeout=60).json()["paths"]["/verify"]["post"]
    assert "Checked" in json.dumps(described)

    # A format that holds no credentials has them in a second file.
    film = media.write_clip(tmp_path / "film.mkv", media.camera(6).frames)
    job = send(server, material.eileen, film).json()
    report = finished(server, job)["report"]
    assert report["sidecar"].endswith(".c2pa")
    movie, beside = tmp_path / report["output"], tmp_path / report["sidecar"]
    for path, part in ((movie, "result"), (beside, "credentials")):
        path.write_bytes(get(server, f"/download/{job['id']}?part={part}", job["token"]).content)
    assert command(movie)[1]["manifest"]["state"] == "trusted"
    assert verify(movie, credentials=beside).json()["manifest"] == command(movie)[1]["manifest"]
    assert verify(movie).json()["manifest"]["state"] == "none"
    still = send(server, material.grace, material.eileen).json()
    finished(server, still)
    assert get(server, f"/download/{still['id']}?part=credentials", still["token"]).status_code == 409
