"""The network by itself on a device: is it right there, how long does a face take, what could the card do?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.card import card
from benchmarks.gpu_said import Figure, Line, Said, Verdict
from pipeline.engines.network.precision import TOLERANCE, sound
from pipeline.models.onnx_runner import opened
from pipeline.models.session import Session
from pipeline.models.trial import likeness
from pipeline.options import DeviceName
from pipeline.types import FloatArray
from tests import faces, media

OPERATIONS = 349e9
"""Of one face, a multiplication and an addition counted as two."""
ROWS = (1, 4, 8)
SIDE, PRODUCTS = 8192, 64
"""Of the matrices that are multiplied to see what the card can do, and how often."""
ALIKE = 1e-3
"""What outputs in single precision may differ by, in parts of the range 0 to 1."""
LEVEL = 1 / 255
"""The same where eleven bits are multiplied: in half precision and in TF32, which CUDA's libraries take for single."""
WARM, ROUNDS, LONGEST = 3, 20, 4.0
"""Calls that are not counted, calls that are, and seconds after which there are no more of them."""
Feed = dict[str, FloatArray]


def head(device: DeviceName, path: Path, *, light: bool) -> Iterator[Said]:
    """What it runs on, and what of that is at work."""
    told = card("name,memory.total,driver_version")
    yield Line(f"* card: {', '.join(told) if told else 'none'}")
    session = Session(path, device)
    yield Line(f"* asked for {device}, truly active: {session.device}; rows of a call: {session.batch}")
    yield Line(f"* network: {'a light stand-in' if light else 'a stand-in of the true size and cost'}")
    yield Verdict(f"{device} is truly active", session.device == device)
    if session.device != "cpu":
        rate = multiplications(device, path.parent)
        least = OPERATIONS / rate * 1000
        yield Figure("rate", rate)
        yield Line(f"* half-precision matrices: {rate / 1e12:.0f} TFLOP/s, so {least:.2f} ms a face at least")


def multiplications(device: DeviceName, folder: Path) -> float:
    """Operations a second of one large product of half-precision matrices."""
    import onnx
    from onnx import TensorProto, helper

    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT16, [SIDE, SIDE]) for name in ("a", "b")]
    sums = helper.make_tensor_value_info("s", TensorProto.FLOAT16, [1, SIDE])
    one = helper.make_tensor("axes", TensorProto.INT64, [1], [0])
    nodes, last = [], "a"
    for place in range(PRODUCTS):
        nodes.append(helper.make_node("MatMul", [last, "b"], [f"p{place}"]))
        last = f"p{place}"
    nodes.append(helper.make_node("ReduceSum", [last, "axes"], ["s"], keepdims=1))
    graph = helper.make_graph(nodes, "products", sides, [sums], [one])
    path = folder / "products.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    runner, _ = opened(path, device, 1, folder)
    # No zeros: cards multiply those faster.
    random = np.random.default_rng(0)
    values = {name: (random.standard_normal((SIDE, SIDE)) / SIDE**0.5).astype(np.float16) for name in ("a", "b")}
    runner.run(values)
    taken = []
    for _ in range(3):
        begin = time.perf_counter()
        runner.run(values)
        taken.append(time.perf_counter() - begin)
    # Copying the two matrices there is counted, too: beside so many products it is a small part.
    return PRODUCTS * 2 * SIDE**3 / min(taken)


def halved(path: Path, result: Path) -> None:
    """Write the network of `path` in half precision to `result`, its inputs and outputs as they were."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(str(path)), keep_io_types=True), str(result))


def alone(device: DeviceName, single: Path, half: Path) -> Iterator[Said]:
    """Times by rows of a call in both precisions, and what the outputs differ by."""
    feed = real_faces(max(ROWS))
    wanted = Session(single, "cpu")(**_first(feed, 1))[0]
    yield Line("| network | rows of a call | ms a face | rows alone differ by at most |")
    yield Line("|---|---|---|---|")
    for name, path in (("single precision", single), ("half precision", half)):
        face, apart = wanted, 0.0
        for rows in ROWS if device != "cpu" else ROWS[:2]:
            session = Session(path, device, batch=rows)
            together = session(**_first(feed, rows))[0]
            if rows == 1:
                face = together
                mean, alike = float(np.abs(face - wanted).mean()), likeness([face], [wanted])
                yield Verdict(f"{name} on {device} is sound beside the CPU's single precision: {mean:.1e} in the mean "
                              f"of {TOLERANCE} allowed, {alike:.0f} dB", sound(face, wanted))  # fmt: skip
            off = float(np.abs(together[:1] - face).max())
            apart = max(apart, off)
            each = _milliseconds(session, _first(feed, rows)) / rows
            yield Line(f"| {name} | {session.batch} | {each:.2f} | {off:.1e} |")
        allowed = ALIKE if path is single and device == "cpu" else LEVEL
        yield Verdict(f"a face in a batch is the face alone, {name}: {apart:.1e} at most, wanted {allowed:.1g}",
                      apart < allowed)  # fmt: skip


def exact(device: DeviceName, path: Path) -> Iterator[Said]:
    """Single precision beside the CPU's, to the last digits."""
    feed = real_faces(1)
    session = Session(path, device, batch=1)
    off = float(np.abs(session(**feed)[0] - Session(path, "cpu")(**feed)[0]).max())
    yield Verdict(f"single precision on {device} is the CPU's: {off:.1e} at most, wanted {ALIKE}", off < ALIKE)
    yield Line(f"{_milliseconds(session, feed):.2f} ms a face.")


def _first(feed: Feed, rows: int) -> Feed:
    return {name: value[:rows] for name, value in feed.items()}


def real_faces(count: int) -> Feed:
    """As a film gives them: the face of a portrait, a little moved from one to the next, with ArcFace's embedding."""
    from pipeline.engines.network.contract import to_input
    from pipeline.engines.network.crop import take
    from pipeline.models.align import to_crop
    from pipeline.models.catalogue import CATALOGUE

    contract, portrait = CATALOGUE["inswapper_128"].swap, faces.portrait_face("hopper")
    assert contract is not None and portrait.points is not None
    crops = []
    for number in range(count):
        matrix = to_crop(portrait.points, contract.template, contract.size)
        matrix[:, 2] += (number % 3 - 1, number // 3)
        crops.append(take(media.portrait("hopper"), matrix, contract.size))
    raw = faces.arcface_raw(media.portrait("astronaut"), faces.portrait_face("astronaut"))
    source = np.tile((raw / np.linalg.norm(raw)).astype(np.float32), (count, 1))
    return {"target": to_input(np.stack(crops), contract), "source": source}


def _milliseconds(session: Session, feed: Feed) -> float:
    """Of one call; the first ones, which find everything cold, do not count."""
    taken: list[float] = []
    begin = time.perf_counter()
    while len(taken) < WARM + ROUNDS and (len(taken) < WARM + 1 or time.perf_counter() - begin < LONGEST):
        last = time.perf_counter()
        session(**feed)
        taken.append(time.perf_counter() - last)
    return statistics.median(taken[WARM:]) * 1000
