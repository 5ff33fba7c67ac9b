"""A film as a ZIP of its frames: the same from the page, programs and the command line, and nothing of it stays."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from pipeline.media import probe
from tests.conftest import Material
from tests.studio.browsing import give, needs_chromium, opened, save
from tests.studio.conftest import ROOT, Server, eventually, launch
from tests.studio.test_http import delete, files_of, finished, get, send

NUMBERS = range(1001, 1007)


@pytest.fixture(scope="module")
def plates(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six PNG frames of a portrait that moves a little, numbered from 1001, in a folder; and as a ZIP beside it."""
    folder = tmp_path_factory.mktemp("plates") / "plates"
    folder.mkdir()
    image = cv2.resize(cv2.imread(str(material.eileen)), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    for place, number in enumerate(NUMBERS):
        cv2.imwrite(str(folder / f"shot_{number}.png"), np.roll(image, 2 * place, 1))
    zipped(folder, folder.with_suffix(".zip"))
    return folder


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{folder.name}/{file.name}")
    return path


def headless(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "app.py", "--headless", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, timeout=240, capture_output=True, text=True, check=False)


def pixels(data: bytes) -> np.ndarray:
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return found


def test_frames_go_in_and_come_out(server: Server, material: Material, plates: Path, tmp_path: Path) -> None:
    """By default what comes out is what a folder of the frames gives on the command line."""
    before = files_of(server)
    job = send(server, material.grace, plates.with_suffix(".zip")).json()
    status = finished(server, job)
    assert (status["state"], status["kind"], status["report"]["frames"]) == ("done", "video", 6), status
    assert status["report"]["output"] == "shot-recast.zip" and str(server.data) not in json.dumps(status)
    eventually(lambda: not list((server.data / "jobs" / job["id"]).glob("*/")))  # the frames that came in are gone
    packed = zipfile.ZipFile(io.BytesIO(get(server, f"/download/{job['id']}", job["token"]).content))
    assert packed.namelist() == [f"shot-recast/shot-recast_{number}.png" for number in NUMBERS]
    done = headless("-s", material.grace, "-t", plates / "shot_####.png", "-o", f"{tmp_path / 'folder'}/")
    assert done.returncode == 0, done.stderr
    for name in packed.namelist():
        theirs = (tmp_path / "folder" / Path(name).name).read_bytes()
        assert np.array_equal(pixels(packed.read(name)), pixels(theirs))
    assert delete(server, job) == 204
    assert files_of(server) == before


def test_the_command_line_takes_a_zip(material: Material, plates: Path, tmp_path: Path) -> None:
    target = tmp_path / "in.zip"
    target.write_bytes(plates.with_suffix(".zip").read_bytes())
    done = headless("-s", material.grace, "-t", target, "--first-frame", "1003", "--last-frame", "1004", "--json")
    report = json.loads(done.stdout)
    assert [Path(name).name for name in report["files"]] == ["shot-recast_1003.png", "shot-recast_1004.png"]
    assert {Path(name).parent for name in report["files"]} == {tmp_path / "in-recast"}
    film = headless("-s", material.grace, "-t", target, "-o", tmp_path / "film.mov", "--rate", "12.5")
    assert film.returncode == 0 and (probe(tmp_path / "film.mov").rate, probe(tmp_path / "film.mov").frames) == (
        12.5,
        6,
    )
    people = headless("-t", target, "--people", "--json")
    assert len(json.loads(people.stdout)["people"]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mov", "in-recast", "in.zip"]
    (tmp_path / "bad.zip").write_bytes(target.read_bytes()[:-40])
    refused = headless("-s", material.grace, "-t", tmp_path / "bad.zip", "--json")
    assert refused.returncode == 2 and json.loads(refused.stdout)["error"]["code"] == "corrupt_media"
    assert "ZIP is damaged" in refused.stderr and not list(tmp_path.glob(".*"))


def test_a_film_of_them_through_the_client(server: Server, material: Material, plates: Path, tmp_path: Path) -> None:
    client = Client(server.url, verbose=False, download_files=str(tmp_path))
    target = handle_file(str(plates.with_suffix(".zip")))
    source = handle_file(str(material.grace))
    options = {"video_format": "mp4", "rate": "24000/1001", "last_frame": 1004}
    path, report = client.predict(sources=[source], target=target, options=options, api_name="/recast_video")
    info = probe(Path(path))
    assert (Path(path).name, info.kind, info.frames, str(info.rate)) == ("shot-recast.mp4", "video", 4, "24000/1001")
    assert report["kind"] == "sequence"
    _, found = client.predict(target=target, api_name="/find_people")
    assert len(found["people"]) == 1
    for name, wanted in (("/recast_image", "use /recast_video"), ("/recast_video", "no frame 7: the sequence goes")):
        with pytest.raises(AppError, match=wanted):
            client.predict(sources=[source], target=target, options={"last_frame": 7}, api_name=name)
    with pytest.raises(AppError, match="rate has to lie between"):
        client.predict(sources=[source], target=target, options={"rate": "1e99999999"}, api_name="/recast_video")
    with pytest.raises(AppError, match="not a picture or video"):
        client.predict(sources=[target], target=target, api_name="/recast_video")
    client.close()


def test_light_goes_in_and_comes_out_as_exr(server: Server, material: Material, tmp_path: Path) -> None:
    import OpenEXR

    (tmp_path / "in").mkdir()
    image = cv2.imread(str(material.eileen)).astype(np.float32)[..., ::-1] / 255
    for number in (5, 6):
        light = np.ascontiguousarray((image**2.2).astype(np.float16))
        OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": light}).write(
            str(tmp_path / "in" / f"sc.{number:04}.exr")
        )
    zipped(tmp_path / "in", tmp_path / "in.zip")
    job = send(server, material.grace, tmp_path / "in.zip").json()
    status = finished(server, job)
    assert status["state"] == "done", status
    packed = zipfile.ZipFile(io.BytesIO(get(server, f"/download/{job['id']}", job["token"]).content))
    assert [name for name in packed.namelist() if name.endswith(".exr")] == [
        f"sc-recast/sc-recast.{number:04}.exr" for number in (5, 6)
    ]
    packed.extractall(tmp_path)
    assert probe(tmp_path / "sc-recast" / "sc-recast.####.exr").codec == "exr"
    # What came out goes in again, with the credentials that lie beside each frame.
    again = tmp_path / "again.zip"
    again.write_bytes(get(server, f"/download/{job['id']}", job["token"]).content)
    second = send(server, material.eileen, again, options={"video_format": "png-frames"}).json()
    assert finished(server, second)["state"] == "done"
    for one in (job, second):
        delete(server, one)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"shot_1003.png": cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes()}, "bad_input", "9 x 9 pix"),
        ({"shot_1006.png": b"\x89PNG\r\n\x1a\nxxxx"}, "corrupt_media", "shot_1006.png: The picture is damaged"),
        ({"other.png": b"\x89PNG\r\n\x1a\n"}, "archive_mixed", "not numbered alike"),
        ({"../shot_1.png": b""}, "archive_unsafe", "outside of itself"),
    ],
)
def test_what_is_no_film_is_refused_before_it_is_a_job(
    server: Server, material: Material, plates: Path, tmp_path: Path, change: dict[str, bytes], code: str, said: str
) -> None:
    """The last frame as the first: all sizes are looked at, and a process without rights reads frames of everywhere."""
    before = files_of(server)
    files = {file.name: file.read_bytes() for file in sorted(plates.iterdir())} | change
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    answer = send(server, material.grace, tmp_path / "in.zip")
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert said in answer.json()["error"] and str(server.data) not in answer.text
    assert files_of(server) == before


@pytest.mark.slow
def test_a_killed_server_goes_on_with_the_frames(material: Material, plates: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for number in range(60):
            archive.write(plates / f"shot_{1001 + number % 6}.png", f"shot_{number}.png")
    server = launch(tmp_path / "data")
    try:
        job = send(server, material.grace, tmp_path / "in.zip").json()
        frames = server.data / "jobs" / job["id"] / "segments" / "frames"
        eventually(lambda: len(list(frames.glob("*.png"))) > 15, 120)
        server.kill()
        assert len(list(frames.glob("*.png"))) < 60
        server = launch(tmp_path / "data")
        status = finished(server, job)
        assert (status["state"], status["report"]["frames"]) == ("done", 60), status
        assert any("were finished by an earlier run, and kept" in note for note in status["report"]["notes"])
    finally:
        server.kill()


@needs_chromium
def test_the_page_takes_a_zip(browser: Any, server: Server, material: Material, plates: Path, tmp_path: Path) -> None:
    uploads, target = server.data / "uploads", tmp_path / "mine.zip"
    target.write_bytes(plates.with_suffix(".zip").read_bytes())
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = b"nobody else's upload"
    with opened(browser, server.url) as page:
        give(page, material.grace, target)
        page.wait_for_selector("#people .person")
        page.wait_for_selector(".divided .layer.after img")
        assert "6 frames" in page.inner_text("#target .about").replace("\u00a0", " ")
        assert [page.get_by_label(f"{which} frame").input_value() for which in ("First", "Last")] == ["1001", "1006"]
        rate = page.get_by_label("Frame rate")
        rate.fill("12,5")
        rate.press("Enter")
        page.wait_for_function("document.querySelector('#target .about').innerText.includes('12.5')")
        last = page.get_by_label("Last frame")
        last.fill("1003")
        last.press("Enter")
        page.wait_for_selector(".divided .layer.after img")
        page.get_by_text("More settings").click()
        page.get_by_label("Video format").select_option("mp4")
        page.click("#go")
        page.wait_for_selector("#download")
        page.wait_for_selector(".layer.before video")
        info = probe(save(page, tmp_path / "film.mp4"))
        assert (info.frames, info.rate) == (3, 12.5)
        page.click("#comparison")
        page.wait_for_selector("#comparison-file")
        (upload,) = uploads.rglob("mine.zip")
        kept = list(upload.parent.rglob("shot_*.png"))
        assert len(kept) == 6
        # The last job that was made of them takes them along.
        names = page.evaluate("""async () => {
            const headers = { "X-Recast-Token": recast.owner() };
            const jobs = (await (await fetch("studio/jobs", { headers })).json()).jobs;
            for (const { id } of jobs) await fetch(`jobs/${id}`, { method: "DELETE", headers });
            return jobs.map((job) => job.name);
        }""")
        assert names and set(names) == {"mine.zip"}
        assert not [path for path in kept if path.exists()]
