"""Sessions: batches of a fixed size over many threads, bound inputs, and the device that is truly active."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest

from pipeline.errors import DeviceError, ModelError
from pipeline.models.batches import Batcher
from pipeline.models.catalogue import CATALOGUE
from pipeline.models.devices import check_device, settle, works
from pipeline.models.onnx_runner import OnnxRunner, settings
from pipeline.models.providers import PROVIDERS, chain, device_of
from pipeline.models.session import Session
from pipeline.options import DEVICES
from pipeline.types import FloatArray
from tests import networks

CONTRACT = CATALOGUE["hyperswap_1a_256"].swap
assert CONTRACT is not None


def rows(count: int, seed: int = 0) -> dict[str, FloatArray]:
    random = np.random.default_rng(seed)
    return {
        "target": random.random((count, 3, 256, 256), np.float32),
        "source": random.random((count, 512), np.float32),
    }


@pytest.mark.parametrize("batch", (1, "batch"))
def test_rows_of_a_batch_equal_rows_alone(tmp_path: Path, batch: int | str) -> None:
    """A file that says 1 and one that says nothing; fed with fewer rows than fit, and with more."""
    path = tmp_path / "network.onnx"
    onnx.save(networks.seeded(CONTRACT, batch=batch), str(path))
    alone, together = Session(path, "cpu"), Session(path, "cpu", batch=4)
    assert (alone.batch, together.batch) == (1, 4)
    given = rows(6)
    singles = np.concatenate([alone(**{name: value[i : i + 1] for name, value in given.items()})[0] for i in range(6)])
    assert np.abs(together(**given)[0] - singles).max() < 1e-5
    # The result of a row does not depend on its neighbours, to the last bit.
    assert (together(**{name: value[:1] for name, value in given.items()})[0] == together(**given)[0][:1]).all()


def test_a_network_with_its_batch_built_in_is_run_row_by_row(tmp_path: Path) -> None:
    graph = networks.Graph()
    flat = graph.add("Reshape", "target", graph.constant([1, 3 * 256 * 256], np.int64))
    back = graph.add("Reshape", flat, graph.constant([1, 3, 256, 256], np.int64))
    shift = graph.add("Mul", graph.add("ReduceMean", "source"), graph.constant(0))
    graph.nodes.append(onnx.helper.make_node("Add", [back, shift], ["output"]))
    inputs = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
              for name, shape in (("target", [1, 3, 256, 256]), ("source", [1, 512]))]  # fmt: skip
    output = onnx.helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, [1, 3, 256, 256])
    onnx.save(networks.finished(graph, inputs, [output]), str(tmp_path / "fixed.onnx"))
    session = Session(tmp_path / "fixed.onnx", "cpu", batch=4)
    given = rows(3)
    assert session.batch == 1 and (session(**given)[0] == given["target"]).all()


def test_bound_inputs_give_what_plain_ones_give(tmp_path: Path) -> None:
    """The way of a GPU, taken on the CPU."""
    onnx.save(networks.seeded(CONTRACT), str(tmp_path / "network.onnx"))
    session = Session(tmp_path / "network.onnx", "cpu")
    given = rows(1)
    assert isinstance(session._runner, OnnxRunner)
    assert (session._runner.bound(given)[0] == session._runner.run(given)[0]).all()


def test_many_threads_share_full_batches() -> None:
    sizes: list[int] = []
    first, going = threading.Event(), threading.Event()

    def run(batch: list[int]) -> list[int]:
        sizes.append(len(batch))
        if len(sizes) == 1:
            first.set()
            going.wait(10)
        return [value * 2 for value in batch]

    batcher = Batcher(run, 4)
    with ThreadPoolExecutor(9) as pool:
        opening = pool.submit(batcher, [0])
        first.wait(10)
        rest = [pool.submit(batcher, [number]) for number in range(1, 9)]
        until = time.monotonic() + 8
        while len(batcher._waiting) < 8 and time.monotonic() < until:
            time.sleep(0.001)
        going.set()
        assert opening.result(30) == [0] and [job.result(30) for job in rest] == [[2 * n] for n in range(1, 9)]
    assert sizes == [1, 4, 4]


def test_who_has_a_result_leaves_with_it() -> None:
    """Threads that come again and again, as renderers of a film do: batches stay full. One whose row is done does not
    run the next batch for those who have only begun to gather."""
    sizes: list[int] = []

    def run(batch: list[int]) -> list[int]:
        sizes.append(len(batch))
        time.sleep(0.03)
        return batch

    batcher = Batcher(run, 4)

    def come(first: int) -> bool:
        return all(batcher([first + number]) == [first + number] for number in range(10))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(come, range(0, 800, 100)))
    assert sum(sizes) == 80 and len(sizes) <= 40


def test_an_error_reaches_everybody_in_the_batch() -> None:
    def run(batch: list[int]) -> list[int]:
        raise ModelError("broken")

    with pytest.raises(ModelError, match="broken"):
        Batcher(run, 2)([1, 2, 3])


def test_what_is_no_network_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"none")
    with pytest.raises(ModelError, match=r"bad\.onnx cannot be opened"):
        Session(tmp_path / "bad.onnx", "cpu")
    onnx.save(networks.seeded(CONTRACT), str(tmp_path / "network.onnx"))
    session = Session(tmp_path / "network.onnx", "cpu")
    with pytest.raises(ModelError, match="takes target, source"):
        session(target=rows(1)["target"])
    with pytest.raises(ModelError, match="could not be run"):
        session(target=np.zeros((1, 3, 7, 7), np.float32), source=rows(1)["source"])


def test_why_a_file_cannot_be_opened_is_said(tmp_path: Path) -> None:
    """As users have them: a page that was saved instead, half a file, weights left behind, a newer exporter's."""

    def said(name: str) -> str:
        with pytest.raises(ModelError) as caught:
            Session(tmp_path / name, "cpu")
        return str(caught.value)

    whole = networks.seeded(CONTRACT)
    onnx.save(whole, str(tmp_path / "whole.onnx"))
    (tmp_path / "page.onnx").write_text("<html>Not found</html>")
    (tmp_path / "half.onnx").write_bytes((tmp_path / "whole.onnx").read_bytes()[:500])
    (tmp_path / "none.onnx").touch()
    for name in ("page.onnx", "half.onnx", "none.onnx"):
        assert f"{name} cannot be opened: it is no ONNX file, or only a part of one." in said(name)
    onnx.save(whole, str(tmp_path / "apart.onnx"), save_as_external_data=True, location="apart.bin", size_threshold=0)
    (tmp_path / "apart.bin").unlink()
    assert "a file beside it, which is missing" in said("apart.onnx")
    newer = networks.seeded(CONTRACT)
    newer.opset_import[0].version = 99
    onnx.save(newer, str(tmp_path / "newer.onnx"))
    assert "made for a newer ONNX Runtime" in said("newer.onnx")
    strange = networks.seeded(CONTRACT)
    strange.graph.node[-1].op_type, strange.graph.node[-1].domain = "Sparkle", "mine"
    strange.opset_import.append(onnx.helper.make_opsetid("mine", 1))
    onnx.save(strange, str(tmp_path / "strange.onnx"))
    assert "it uses mine:Sparkle, which this ONNX Runtime does not know" in said("strange.onnx")


def test_threads_of_a_network_are_the_operator_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECAST_THREADS", "1")
    assert settings("cpu").intra_op_num_threads == 1
    onnx.save(networks.seeded(CONTRACT), str(tmp_path / "network.onnx"))
    monkeypatch.setenv("RECAST_THREADS", "many")
    with pytest.raises(ModelError, match="RECAST_THREADS has to be a whole number of threads, and is 'many'"):
        Session(tmp_path / "network.onnx", "cpu")


def test_every_device_has_a_provider_and_falls_back_to_the_cpu(tmp_path: Path) -> None:
    assert set(PROVIDERS) == set(DEVICES) - {"auto"}
    for device in PROVIDERS:
        names = [name for name, _ in chain(device, tmp_path)]
        assert names[0] == PROVIDERS[device] and names[-1] == PROVIDERS["cpu"] and device_of(names[0]) == device


@pytest.mark.skipif(works("cuda"), reason="there is a GPU")
def test_a_device_that_does_not_work_is_told_not_assumed(tmp_path: Path) -> None:
    assert settle("auto") == "cpu"
    for device in ("cuda", "tensorrt", "openvino"):
        with pytest.raises(DeviceError):
            check_device(device)  # type: ignore[arg-type]
    # A session that was to run there says where it truly runs.
    onnx.save(networks.seeded(CONTRACT), str(tmp_path / "network.onnx"))
    session = Session(tmp_path / "network.onnx", "cuda")
    assert session.device == "cpu"
