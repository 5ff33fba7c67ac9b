"""What a start of the server leaves out. None of it is missed; each part of it made everybody wait."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.studio.conftest import eventually, serving

ROOT = Path(__file__).resolve().parents[2]

_BUILT = """
import gc, json, os, sys, tracemalloc
stubs = []
sys.addaudithook(lambda event, given: event == "open" and str(given[0]).endswith(".pyi") and stubs.append(given[0]))
from pathlib import Path
from studio import framework, server
from studio.settings import Settings
with framework.uncollected():
    _, studio = server.build_app(Settings(data=Path(sys.argv[1]), mcp="mcp" in sys.argv))
loaded = sorted({name.partition(".")[0] for name in sys.modules if sys.modules[name] is not None})
kept, open_files = gc.get_freeze_count(), len(os.listdir("/dev/fd"))
gc.unfreeze()
gc.collect()
import gradio
[sessions] = [one.state_holder for one in gc.get_objects() if isinstance(one, gradio.Blocks)]
sessions["first"]
tracemalloc.start()
for number in range(5):
    sessions[str(number)]
visits = tracemalloc.get_traced_memory()[0] / 5 * sessions.capacity
print(json.dumps({"visits": visits, "loaded": loaded, "stubs": stubs, "kept": kept, "collects": gc.isenabled(),
                  "files": [open_files, len(os.listdir("/dev/fd"))],
                  "examples": sorted(path.name for path in studio.settings.examples.iterdir())}))
"""


def built(data: Path, *words: str) -> Mapping[str, Any]:
    """What a process is like that has built the studio and serves nothing yet."""
    done = subprocess.run(
        [sys.executable, "-c", _BUILT, str(data), *words], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    return built(tmp_path_factory.mktemp("start") / "data")


def test_what_only_some_jobs_need_is_loaded_by_them(plain: Mapping[str, Any]) -> None:
    late = {"c2pa", "insightface", "matplotlib", "moviepy", "onnx", "onnxruntime", "openvino", "scipy", "skimage"}
    assert not late & set(plain["loaded"])
    assert {"gradio", "fastapi", "pipeline"} <= set(plain["loaded"])


def test_tools_for_assistants_are_loaded_where_the_operator_wants_them(
    plain: Mapping[str, Any], tmp_path: Path
) -> None:
    assert not {"mcp", "mcp_types"} & set(plain["loaded"])
    assert "mcp" in built(tmp_path / "data", "mcp")["loaded"]


def test_no_stubs_are_written_for_editors(plain: Mapping[str, Any]) -> None:
    """They lie where packages are installed, which a server has no business to write."""
    assert plain["stubs"] == []


def test_garbage_is_looked_for_again_but_not_in_what_stays(plain: Mapping[str, Any]) -> None:
    assert plain["collects"]
    assert plain["kept"] > 100_000


def test_visits_that_are_remembered_fit_into_little_memory(plain: Mapping[str, Any]) -> None:
    """The framework keeps a copy of the page for each of so many; by its own default that is a gigabyte."""
    assert 1e6 < plain["visits"] < 64e6


def test_no_garbage_holds_files_open(plain: Mapping[str, Any]) -> None:
    """What is never looked through again has to be free of it: event loops that building the page leaves behind."""
    before, after = plain["files"]
    assert before == after


@pytest.mark.skipif(sys.platform != "linux", reason="files are looked at in processes of their own on Linux only")
def test_the_first_upload_waits_for_no_decoders(tmp_path: Path) -> None:
    """Also where the data folder's path is longer than a socket's may be."""
    with serving(tmp_path / "long" / ("data" * 20)) as server:
        eventually(lambda: any("forkserver" in words for words in children(server.process.pid)), 60)


def children(process: int) -> list[str]:
    """The command lines of a process's children."""
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            found.append(Path(f"/proc/{child}/cmdline").read_text())
    return found


def test_the_examples_are_whole(plain: Mapping[str, Any]) -> None:
    assert {"eileen-collins.jpg", "eileen-collins.mp4", "grace-hopper.jpg"} <= set(plain["examples"])
    assert not [name for name in plain["examples"] if ".part" in name]
