"""The container image, as far as it can be tried without an engine: its files alone have to be enough."""

from __future__ import annotations

import fnmatch
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipeline.marking.credentials import folder as credentials_folder
from pipeline.models.folders import folders
from studio.settings import address_file
from tests.conftest import Material
from tests.processes import end
from tests.watch import MARK

ROOT = Path(__file__).resolve().parents[2]
LISTED = (ROOT / "Dockerfile").read_text()


def copied() -> list[tuple[str, str]]:
    """What the last stage copies out of the project, and where to."""
    last = LISTED.split("\nFROM ")[-1]
    found = []
    for line in re.findall(r"^COPY (.+)$", last, re.MULTILINE):
        *given, target = [word for word in shlex.split(line) if not word.startswith("--chown")]
        if not any(word.startswith("--from") for word in given):
            found += [(source, target) for source in given]
    return found


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path out of the build."""
    out = False
    for pattern in (ROOT / ".dockerignore").read_text().split():
        keep, pattern = pattern.startswith("!"), pattern.lstrip("!")
        bare = pattern.removeprefix("**/")
        if any(fnmatch.fnmatch(part, bare) for part in ([path.split("/")[0]] if bare == pattern else path.split("/"))):
            out = not keep
    return out


def laid_out(folder: Path) -> Path:
    """The image's /app, compiled as the image compiles it."""
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    for path in files.stdout.split("\n"):
        for source, target in copied():
            if (
                path
                and not ignored(path)
                and (path == source or path.startswith(source + "/"))
                and (ROOT / path).exists()
            ):
                place = folder / (target if target != "./" else "") / path.removeprefix(source).lstrip("/")
                place = folder / path if path == source else place
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / path, place)
    [compiling] = re.findall(r"^RUN \S+/python (-m compileall .+)$", LISTED, re.MULTILINE)
    subprocess.run([sys.executable, *shlex.split(compiling)], cwd=folder, check=True, timeout=240)
    return folder


def test_everything_that_is_copied_is_sent_to_the_build() -> None:
    for source, _ in copied():
        assert (ROOT / source).exists() and not ignored(source), source
    for name in re.findall(r"COPY (requirements\S+) (requirements\S+)", LISTED)[0]:
        assert not ignored(name)
    assert ignored("tests/conftest.py") and ignored("studio/__pycache__/x.pyc") and not ignored("studio/server.py")


def test_no_start_has_to_compile_anything(tmp_path: Path) -> None:
    """A container's own user writes nothing beside the program, so it would be compiled anew each time."""
    app = laid_out(tmp_path / "app")
    sources = [path for path in app.rglob("*.py") if path.name != "__init__.py" or path.stat().st_size]
    assert len(sources) > 200
    assert not [path for path in sources if not Path(importlib.util.cache_from_source(str(path))).exists()]


def variables() -> dict[str, str]:
    return dict(re.findall(r"([A-Z_]+)=(\S+)", LISTED[LISTED.index("\nENV ") :].split("\nVOLUME")[0]))


def test_what_has_to_last_is_on_the_volume() -> None:
    """The files for Compose and Kubernetes leave nothing else to write to, and a new container has nothing else."""
    volume = Path(re.findall(r"^VOLUME (\S+)$", LISTED, re.MULTILINE)[0])
    given = variables()
    models = folders(given)
    assert Path(given["RECAST_DATA"]) == volume and volume in models.own.parents and volume in models.notes.parents
    assert volume in credentials_folder(given).parents


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path.startswith("/health?") else 404)
        self.end_headers()


def test_health_is_asked_for_where_the_studio_listens(tmp_path: Path) -> None:
    """By a flag, or by a host that names a port (Cloud Run and its like): the image says none itself."""
    assert not {"PORT", "GRADIO_SERVER_PORT"} & set(variables())
    [words] = re.findall(r"^ +CMD (\[.+\])$", LISTED, re.MULTILINE)
    _, *command = json.loads(words)
    given = {"PATH": os.environ["PATH"], "RECAST_DATA": str(tmp_path), "PORT": "1"}

    def asked() -> int:
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=given, capture_output=True, timeout=60
        ).returncode

    assert asked() != 0
    with HTTPServer(("127.0.0.1", 0), _Healthy) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address_file(tmp_path).write_text(f"http://127.0.0.1:{server.server_port}\n")
        assert asked() == 0
        server.shutdown()
    assert asked() != 0


def environment(data: Path) -> dict[str, str]:
    """The image's variables, and nothing of this machine but how to find Python's packages."""
    return {
        **variables(),
        "PATH": os.environ["PATH"],
        "RECAST_DATA": str(data),
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
    }


def test_its_files_are_enough_for_a_job(tmp_path: Path, material: Material) -> None:
    app, output = laid_out(tmp_path / "app"), tmp_path / "out.png"
    words = ["--headless", "-s", str(material.grace), "-t", str(material.eileen), "-o", str(output)]
    done = subprocess.run(
        [sys.executable, "app.py", *words], cwd=app, env=environment(tmp_path / "data"), capture_output=True, text=True,
        timeout=240,
    )  # fmt: skip
    assert done.returncode == 0 and output.stat().st_size > 0, done.stderr


@pytest.mark.slow
def test_its_files_are_enough_for_the_studio(tmp_path: Path) -> None:
    """Started as the image starts it: on all addresses, without a home, and with nothing but the data to write to."""
    app, data = laid_out(tmp_path / "app"), tmp_path / "data"
    before = set(app.rglob("*"))
    given = {**environment(data), "GRADIO_SERVER_PORT": "0", MARK: os.environ[MARK]}
    server = subprocess.Popen(
        [sys.executable, "app.py"], cwd=app, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout is not None
        lines: list[str] = []
        threading.Thread(target=lambda: lines.extend(server.stdout or ()), daemon=True).start()
        until = time.monotonic() + 240
        while not (found := re.search(r"http://\S+", "".join(lines))):
            assert server.poll() is None and time.monotonic() < until, "".join(lines)
            time.sleep(0.2)
        while True:
            try:
                with urllib.request.urlopen(found.group() + "/health?ready=true", timeout=20) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                assert time.monotonic() < until, "".join(lines)
                time.sleep(0.5)
        assert "recast_" in "".join(lines), "a first key"
        assert set(app.rglob("*")) == before
    finally:
        end(server)
    assert "Traceback" not in "".join(lines)
