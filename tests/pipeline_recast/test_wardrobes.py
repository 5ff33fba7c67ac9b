"""What jobs render with: opened once, by whoever needs it first, and nobody else waits for that."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import onnx
import pytest

from pipeline import Cast, Recaster, wardrobes
from pipeline.models import library, onnx_runner
from pipeline.models.catalogue import ModelEntry, SwapContract
from pipeline.models.onnx_runner import OnnxRunner
from pipeline.models.store import Store
from pipeline.options import EngineName, Options, UserEngine
from pipeline.policy import EVERYTHING
from pipeline.wardrobes import Wardrobes
from tests import faces, media, models, networks

SLOW: EngineName = "blendswap_256"
QUICK: EngineName = "uniface_256"


class SlowStore(Store):
    """One of its models is long in coming."""

    def __init__(self, folder: Path) -> None:
        super().__init__(models.places(folder), models.UNPINNED)
        self.asked, self.come = threading.Event(), threading.Event()

    def checked(self, entry: ModelEntry) -> Path:
        if entry.name == SLOW:
            self.asked.set()
            assert self.come.wait(60)
        return super().checked(entry)


@pytest.fixture
def store(tmp_path: Path) -> SlowStore:
    for name in (SLOW, QUICK):
        networks.write_family(tmp_path / "models", name)
    return SlowStore(tmp_path)


def test_a_network_that_is_being_fetched_holds_up_nobody_else(store: SlowStore) -> None:
    shared = Wardrobes(store, 0, EVERYTHING, lambda *_: faces.identity("hopper").embedding)
    with ThreadPoolExecutor(4) as pool:
        slow = [pool.submit(shared.of, Options(engine=SLOW, device="cpu")) for _ in range(2)]
        try:
            assert store.asked.wait(30)
            others = [pool.submit(shared.of, Options(engine=name, device="cpu")) for name in ("mesh", QUICK)]
            mesh, quick = (other.result(30) for other in others)
            assert (mesh.engine.name, quick.engine.name) == ("mesh", QUICK)
            assert set(pool.submit(lambda: shared.networks).result(30)) == {QUICK}
        finally:
            store.come.set()
        first, second = (one.result(30) for one in slow)
    assert first is second
    assert shared.of(Options(engine=QUICK, device="cpu")) is quick


class OnGpu(OnnxRunner):
    """ONNX Runtime on the CPU that says it runs on a GPU."""

    device = "cuda"

    def __init__(self, runner: OnnxRunner) -> None:
        self.runtime, self.inputs, self.outputs = runner.runtime, runner.inputs, runner.outputs
        self._session = runner._session


def test_a_camera_s_faces_are_no_full_batches_on_a_gpu(store: SlowStore, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = onnx_runner.opened

    def open_here(path: Path, device: Any, batch: int, cache: Path, gpu: int = 0) -> tuple[OnnxRunner, int]:
        found, size = opened(path, "cpu", batch, cache)
        return OnGpu(found), size

    on_cpu = Wardrobes(store, 0, EVERYTHING, lambda *_: faces.identity("hopper").embedding)
    options = Options(engine=QUICK)
    assert on_cpu.live(options) is on_cpu.of(options)
    for room in (library, wardrobes):
        monkeypatch.setattr(room, "settle", lambda _: "cuda")
    monkeypatch.setattr(onnx_runner, "opened", open_here)
    shared = Wardrobes(store, 0, EVERYTHING, lambda *_: faces.identity("hopper").embedding)
    film, camera = shared.of(options), shared.live(options)
    assert (film.engine.together, camera.engine.together) == (4, 1)
    assert shared.live(options) is camera and shared.of(options) is film


def test_segments_of_another_network_of_the_same_name_are_not_gone_on_with(tmp_path: Path) -> None:
    """A network of one's own that was exported again between two runs of a job."""
    entries, contract = tmp_path / "notes" / "entries", SwapContract("arcface_128", 128)
    entries.mkdir(parents=True)
    (entries / "mine.json").write_text('{"file": "mine.onnx", "template": "arcface_128", "size": 128}')
    clip = media.write_clip(tmp_path / "clip.mp4", media.still(10, "hopper", 90.0).frames, 25, options={"g": "5"})
    cast, options = Cast(everyone=faces.identity("astronaut")), Options(engine=UserEngine("mine"), device="cpu")
    models.library(tmp_path)
    results = []
    for form in ("constant", "channels", "channels"):
        onnx.save(networks.closed_form(contract, form), str(entries / "mine.onnx"))  # type: ignore[arg-type]
        recaster = Recaster(store=Store(models.places(tmp_path), models.UNPINNED))
        recaster.recast(cast, clip, tmp_path / "a.mp4", options, work=tmp_path / "work", segment=0.2)
        results.append((tmp_path / "work" / "000000.part").stat().st_mtime_ns)
    assert results[0] != results[1] == results[2]
