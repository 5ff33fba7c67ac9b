"""Networks on the CPU by OpenVINO: the same answers, found out by trial, and remembered."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from pipeline import Cast, Recaster
from pipeline.engines.network import NetworkEngine
from pipeline.errors import ModelError
from pipeline.frame_recaster import recast_frame
from pipeline.marking import Marking
from pipeline.media import Picture
from pipeline.models.catalogue import CATALOGUE
from pipeline.models.openvino_runner import OpenVinoRunner, arithmetics
from pipeline.models.runner import Arithmetic
from pipeline.models.session import Session
from pipeline.models.trial import TrialRunner, Verdicts, likeness
from pipeline.options import Options
from pipeline.types import FloatArray, ImageArray
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = CATALOGUE["hyperswap_1a_256"].swap
assert CONTRACT is not None
pytestmark = pytest.mark.skipif(not arithmetics(), reason="OpenVINO has no wheel for this machine")
QUICKEST = "OpenVINO bf16" if "bfloat16" in arithmetics() else "OpenVINO fp32"


def rows(count: int, seed: int = 0) -> dict[str, FloatArray]:
    random = np.random.default_rng(seed)
    return {
        "target": random.random((count, 3, 256, 256), np.float32),
        "source": random.random((count, 512), np.float32),
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    onnx.save(networks.seeded(CONTRACT), str(tmp_path / "network.onnx"))
    return tmp_path / "network.onnx"


def trial(path: Path, *tried: Arithmetic) -> Session:
    runner = TrialRunner(path, tried or arithmetics(), Verdicts(path.parent / "notes"))
    return Session(path, "cpu", on_cpu=lambda _: runner)


def picky(path: Path) -> Path:
    """A network that needs more than eight bits: what it takes away again is a thousand times what it is given."""
    random = np.random.default_rng(0)
    there = random.normal(0, 1, (64, 64)) @ np.diag(np.logspace(0, 4, 64)) @ random.normal(0, 1, (64, 64))
    graph = networks.Graph()
    far = graph.add("MatMul", "x", graph.constant(there.astype(np.float32)))
    graph.nodes.append(helper.make_node("MatMul", [far, graph.constant(np.linalg.inv(there))], ["y"]))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 64]) for name in ("x", "y")]
    onnx.save(networks.finished(graph, ends[:1], ends[1:]), str(path))
    return path


@pytest.mark.parametrize("batch", (1, "batch"))
def test_it_gives_what_onnx_runtime_gives(tmp_path: Path, batch: int | str) -> None:
    """A file that says 1 and one that says nothing; rows alone and together, to the last bit."""
    path = tmp_path / "network.onnx"
    onnx.save(networks.seeded(CONTRACT, batch=batch, mask=True), str(path))
    runtime, ours, given = Session(path, "cpu"), trial(path, "single"), rows(3)
    first = ours(**given)
    assert ours.runtime == "OpenVINO fp32" and ours.outputs == runtime.outputs == ("output", "mask")
    for wanted, found in zip(runtime(**given), first, strict=True):
        assert wanted.dtype == found.dtype == np.float32 and np.abs(wanted - found).max() < 1e-5
    alone = [ours(**{name: value[row : row + 1] for name, value in given.items()})[0] for row in range(3)]
    assert (np.concatenate(alone) == first[0]).all() and (ours(**given)[0] == first[0]).all()


@pytest.mark.parametrize("family", models.FAMILIES)
def test_every_family_runs_as_quick_as_it_can(tmp_path: Path, family: str) -> None:
    """In a film's way: an engine, a frame with a face. The picture is the one of single precision."""
    networks.write_family(tmp_path / "models", family)
    pictures = []
    for precision in ("auto", "single"):
        library = models.library(tmp_path, precision=precision)  # type: ignore[arg-type]
        engine = NetworkEngine(family, library)
        pictures.append(recast(engine))
        quickest = QUICKEST if precision == "auto" else "OpenVINO fp32"
        assert library.running()[family] == f"CPU, {quickest}"
    difference = np.abs(pictures[0].astype(int) - pictures[1])
    assert difference.mean() < 0.1 and difference.max() <= 8


def test_finer_rendering_is_the_same_too(tmp_path: Path) -> None:
    """Sixteen phases of one crop."""
    networks.write_family(tmp_path / "models", "inswapper_128")
    pictures = [
        recast(NetworkEngine("inswapper_128", models.library(tmp_path, precision=precision)),  # type: ignore[arg-type]
               Options(pixel_boost="4x"))
        for precision in ("auto", "single")
    ]  # fmt: skip
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() < 0.1


def recast(engine: NetworkEngine, options: Options | None = None) -> ImageArray:
    picture = Picture(media.portrait("hopper").copy())
    changed = [FaceRole(faces.portrait_face("hopper"), faces.identity("astronaut"))]
    recast_frame(picture, changed, Wardrobe(engine), options or Options())
    return picture.image()


@pytest.mark.skipif("bfloat16" not in arithmetics(), reason="the processor has no bfloat16")
def test_what_bfloat16_spoils_runs_in_single_precision(tmp_path: Path) -> None:
    path = picky(tmp_path / "picky.onnx")
    given = {"x": np.random.default_rng(1).random((2, 64), np.float32)}
    session, runtime = trial(path), Session(path, "cpu")
    assert likeness(OpenVinoRunner(path, "bfloat16").run({"x": given["x"][:1]}), runtime(x=given["x"][:1])) < 40
    assert np.abs(session(**given)[0] - given["x"]).max() < 0.01
    assert "bf16" not in session.runtime
    # Found out once.
    assert Verdicts(tmp_path / "notes").of(path, "bfloat16") is False


def test_what_was_found_out_is_remembered_until_the_file_changes(path: Path) -> None:
    first = trial(path)
    assert first.runtime == "ONNX Runtime"
    first(**rows(1))
    assert first.runtime == QUICKEST
    second = trial(path)
    assert second.runtime == QUICKEST
    assert (second(**rows(1))[0] == first(**rows(1))[0]).all()
    onnx.save(networks.seeded(CONTRACT, seed=5), str(path))
    assert trial(path).runtime == "ONNX Runtime"


def test_notes_that_cannot_be_kept_cost_a_trial_each_time(path: Path) -> None:
    (path.parent / "notes").write_text("no folder")
    for _ in range(2):
        session = trial(path)
        assert session.runtime == "ONNX Runtime"
        session(**rows(1))
        assert session.runtime == QUICKEST


def test_what_openvino_does_not_know_onnx_runtime_runs(tmp_path: Path) -> None:
    path = tmp_path / "theirs.onnx"
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 3]),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])]  # fmt: skip
    graph = helper.make_graph([helper.make_node("Det", ["x"], ["y"])], "theirs", ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 17)]), str(path))
    with pytest.raises(Exception, match="Det"):
        OpenVinoRunner(path)
    session = trial(path)
    assert session(x=2 * np.eye(3, dtype=np.float32)[None])[0] == [8]
    assert session.runtime == "ONNX Runtime"


def test_what_is_wrong_is_said_in_the_same_words(path: Path) -> None:
    (path.parent / "bad.onnx").write_bytes(b"none")
    with pytest.raises(ModelError, match=r"bad\.onnx cannot be opened"):
        trial(path.parent / "bad.onnx")
    session = trial(path)
    wrong = {"target": np.zeros((1, 3, 7, 7), np.float32), "source": rows(1)["source"]}
    # While it is not yet known who runs it, and then.
    for _ in range(2):
        with pytest.raises(ModelError, match="could not be run on cpu"):
            session(**wrong)
        session(**rows(1))
    assert session.runtime == QUICKEST


def test_many_threads_get_each_their_own(path: Path) -> None:
    session, runtime = trial(path, "single"), Session(path, "cpu")
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda seed: session(**rows(1, seed))[0], range(12)))
    for seed, one in enumerate(found):
        assert np.abs(one - runtime(**rows(1, seed))[0]).max() < 1e-5


SCRIPT = """
import sys
from pathlib import Path
import numpy as np
{before}
from pipeline.models.library import Library
from pipeline.models.openvino_runner import arithmetics
from pipeline.models.session import Session
from tests import models
library = models.library(Path(sys.argv[1]), precision="auto")
session = library.session("hyperswap_1a_256")
for _ in range(2):
    session(target=np.zeros((1, 3, 256, 256), np.float32), source=np.zeros((1, 512), np.float32))
assert sys.modules.get("openvino_telemetry") is None
print(arithmetics(), library.running())
{after}
"""


def other(folder: Path, before: str = "", after: str = "") -> str:
    """What a process of its own says that runs a network, with its home in `folder`."""
    environment: dict[str, Any] = {**os.environ, "HOME": str(folder / "home"), "TMPDIR": str(folder / "home")}
    (folder / "home").mkdir(exist_ok=True)
    code = SCRIPT.format(before=before, after=after)
    done = subprocess.run([sys.executable, "-c", code, str(folder)], check=True, timeout=120, cwd=ROOT,
                          env=environment, capture_output=True, text=True)  # fmt: skip
    return done.stdout.strip()


def test_without_openvino_onnx_runtime_runs_everything(tmp_path: Path) -> None:
    networks.write_family(tmp_path / "models", "hyperswap_1a_256")
    said = other(tmp_path, "sys.modules['openvino'] = None")
    assert said == "() {'hyperswap_1a_256': 'CPU, ONNX Runtime'}"


def test_it_leaves_no_trace_at_home_and_reports_to_nobody(tmp_path: Path) -> None:
    """Its telemetry is a package of its own, which is not among ours."""
    networks.write_family(tmp_path / "models", "hyperswap_1a_256")
    said = other(tmp_path, "sys.modules['openvino_telemetry'] = None", "import openvino.tools.ovc")
    assert QUICKEST in said
    assert list((tmp_path / "home").rglob("*")) == []


@pytest.mark.slow
def test_memory_is_given_back(tmp_path: Path) -> None:
    """A network of 200 MB, opened and dropped three times over."""
    heavy = tmp_path / "heavy.onnx"
    graph = networks.Graph()
    weights = np.random.default_rng(0).random((5000, 10000), np.float32)
    graph.nodes.append(helper.make_node("MatMul", ["x", graph.constant(weights)], ["y"]))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, side]) for name, side in
            (("x", 5000), ("y", 10000))]  # fmt: skip
    onnx.save(networks.finished(graph, ends[:1], ends[1:]), str(heavy))
    code = """
import sys
from pathlib import Path
import numpy as np
from pipeline.models.openvino_runner import OpenVinoRunner
def megabytes():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1000
found = []
for _ in range(4):
    runner = OpenVinoRunner(Path(sys.argv[1]))
    runner.run({"x": np.zeros((1, 5000), np.float32)})
    held = megabytes()
    del runner
    found.append(megabytes())
print(held - found[-1], found[-1] - found[0])
"""
    done = subprocess.run([sys.executable, "-c", code, str(heavy)], check=True, timeout=120, cwd=ROOT,
                          capture_output=True, text=True)  # fmt: skip
    freed, grown = (float(word) for word in done.stdout.split())
    assert freed > 150 and grown < 40


@pytest.mark.skipif(sys.platform != "linux", reason="how much a process may have is limited in Linux' way")
def test_memory_that_does_not_suffice_is_said_so(tmp_path: Path) -> None:
    """Planes of 16384 x 16384 in a process that may have 2 GB more."""
    graph = networks.Graph()
    large = graph.add("Resize", "x", "", graph.constant([1, 1, 64, 64]), mode="linear")
    large = graph.conv(large, np.ones((3, 3, 3, 3), np.float32))
    graph.nodes.append(helper.make_node("GlobalAveragePool", [large], ["y"]))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, side, side]) for name, side in
            (("x", 256), ("y", 1))]  # fmt: skip
    onnx.save(networks.finished(graph, ends[:1], ends[1:]), str(tmp_path / "large.onnx"))
    onnx.save(networks.seeded(CONTRACT), str(tmp_path / "small.onnx"))
    code = """
import resource, sys
from pathlib import Path
import numpy as np
from pipeline.errors import DeviceMemory
from pipeline.models.memory import out_of_memory
from pipeline.models.openvino_runner import OpenVinoRunner, arithmetics
from pipeline.models.session import Session
from pipeline.models.trial import TrialRunner, Verdicts
folder = Path(sys.argv[1])
OpenVinoRunner(folder / "small.onnx")
line = next(line for line in open("/proc/self/status") if line.startswith("VmSize"))
most = int(line.split()[1]) * 1024 + (2 << 30)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
try:
    OpenVinoRunner(folder / "large.onnx").run({"x": np.zeros((1, 3, 256, 256), np.float32)})
except Exception as error:
    print(out_of_memory(error))
verdicts = Verdicts(folder / "notes")
session = Session(folder / "large.onnx", "cpu", on_cpu=lambda path: TrialRunner(path, arithmetics(), verdicts))
try:
    session(x=np.zeros((1, 3, 256, 256), np.float32))
except DeviceMemory:
    print("said")
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=120, cwd=ROOT,
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout.split() == ["True", "said"]


def test_a_job_may_ask_for_single_precision(tmp_path: Path) -> None:
    networks.write_family(tmp_path / "models", "uniface_256")
    recaster = Recaster("cpu", marking=Marking(frozenset()), store=models.library(tmp_path).store)
    cast = Cast(everyone=recaster.identify([media.portrait_file("astronaut", tmp_path)]))
    target = media.portrait_file("hopper", tmp_path)
    for precision, runtime in (("single", "CPU, OpenVINO fp32"), ("auto", f"CPU, {QUICKEST}")):
        options = Options(engine="uniface_256", precision=precision)  # type: ignore[arg-type]
        assert recaster.recast(cast, target, tmp_path / f"{precision}.png", options).changed == 1
        assert recaster.networks["uniface_256"] == runtime
