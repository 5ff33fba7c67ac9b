"""Swap networks in eight-bit integers for the CPU: made from a file that is here, kept only where they are as good."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import ModelError
from pipeline.models.catalogue import ModelEntry, SwapContract
from pipeline.models.openvino_runner import OpenVinoRunner, arithmetics
from pipeline.models.runner import Arithmetic
from pipeline.models.session import Session
from pipeline.models.trial import TrialRunner, Verdicts
from pipeline.types import FloatArray

log = logging.getLogger(__name__)

GOOD = 34.0
"""Least peak signal-to-noise ratio in decibels, against the same network in single precision, on crops that were not
used for calibration."""
HELD_BACK = 0.34
"""Share of the crops that the result is judged on."""
ENDS = ((2, 2), (4, 2), (4, 4))
"""Convolutions at the beginning and at the end of a network that stay in single precision, as they see and make the
pixels; more of the first ones, whose errors all others pass on, where fewer do not hold quality."""
Example = dict[str, FloatArray]


@dataclass(frozen=True)
class Quantised:
    """What came of it.

    Attributes:
        path: of the file, ``None`` where it was not kept.
        decibels: peak signal-to-noise ratio against single precision.
        before, after: milliseconds of one face, each in the quickest way that this machine has for it.
        runtime: what is quickest for the variant, in words.
        kept: whether it is offered as an engine of its own.
    """

    path: Path | None
    decibels: float
    before: float
    after: float
    runtime: str

    @property
    def kept(self) -> bool:
        return self.path is not None


@dataclass(frozen=True)
class _Way:
    """A variant as it is run: by OpenVINO, or by ONNX Runtime where `arithmetic` is ``None``."""

    arithmetic: Arithmetic | None
    session: Session
    decibels: float


def quantise(
    entry: ModelEntry,
    path: Path,
    examples: Sequence[Example],
    entries: Path,
    verdicts: Verdicts,
    *,
    anyway: bool = False,
) -> Quantised:
    """Write an int8 variant beside the user's own entries, called ``NAME_int8``, if it holds quality and is faster.

    Weights and activations are calibrated on real crops (static quantisation of ONNX Runtime, weights by channel). Only
    convolutions are touched, which is where the time goes; what passes them by, as in residual blocks, stays as it is.

    Args:
        entry: of kind ``"swap"``.
        path: its file in single precision.
        examples: inputs of real crops by name, ``(1, …)`` each; at least three.
        entries: the folder of the user's own entries.
        verdicts: where it is kept in which way the variant is to be run.
        anyway: keep it even where it is not faster; never where it is worse.

    Raises:
        ModelError: there are too few examples, or the network cannot be quantised.
    """
    from onnxruntime.quantization.shape_inference import quant_pre_process

    if entry.swap is None:
        raise ModelError(f"{entry.title} is no swap network.")
    if len(examples) < 3:
        raise ModelError("At least three faces are needed to calibrate a network.")
    judged = examples[: max(1, round(len(examples) * HELD_BACK))]
    name = f"{entry.name}_int8"
    entries.mkdir(parents=True, exist_ok=True)
    made, prepared = entries / f".{name}.part.onnx", entries / f".{name}.pre.onnx"
    try:
        quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
        convolutions = _named(prepared)
        single = Session(path, "cpu")
        wanted = [single(**one)[0] for one in judged]
        usual = Session(path, "cpu", on_cpu=lambda one: TrialRunner(one, arithmetics(), verdicts))
        # Of a network that is all ends nothing would be left.
        for first, last in [pair for pair in ENDS if len(convolutions) > 1.5 * sum(pair)] or [(0, 0)]:
            ends = [*convolutions[:first], *convolutions[len(convolutions) - last :]]
            _shrink(prepared, made, ends, examples[len(judged) :])
            ways = list(_ways(made, judged, wanted, entry.swap))
            before, *times = _milliseconds([usual, *(way.session for way in ways)], judged[0])
            for way, spent in zip(ways, times, strict=True):
                what = f"{name} by {way.session.runtime}, {len(ends)} ends in single precision"
                log.info("%s: %.1f dB, %.0f ms", what, way.decibels, spent)
            # The quickest of those that are good enough, or else the one that comes nearest to it.
            best, after = min(zip(ways, times, strict=True), key=_worth)
            if best.decibels >= GOOD:
                break
        final = entries / f"{name}.onnx"
        keep = best.decibels >= GOOD and (after < before or anyway)
        result = Quantised(final if keep else None, best.decibels, before, after, best.session.runtime)
        if keep:
            made.replace(final)
            (entries / f"{name}.json").write_text(json.dumps(_entry(entry, final.name, path), indent=2) + "\n")
            _remember(verdicts, final, list(zip(ways, times, strict=True)))
        return result
    except ModelError:
        raise
    except Exception as error:  # the quantiser's own, which have no common root
        log.warning("%s cannot be quantised: %s", entry.name, error)
        raise ModelError(f"{entry.title} cannot be quantised. The log says why.") from error
    finally:
        made.unlink(missing_ok=True)
        prepared.unlink(missing_ok=True)


def _named(path: Path) -> list[str]:
    """Give every node of a network a name, and return those of the convolutions in their order."""
    import onnx

    model = onnx.load(str(path))
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{number}"
    onnx.save(model, str(path))
    return [node.name for node in model.graph.node if node.op_type == "Conv"]


def _shrink(path: Path, made: Path, ends: Sequence[str], examples: Sequence[Example]) -> None:
    """Write the network of `path` to `made` with its convolutions, but for `ends`, in eight bits."""
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    # Values without a sign: OpenVINO has no convolution of signed ones whose zero is not in the middle.
    quantize_static(
        str(path), str(made), _reader(examples), quant_format=QuantFormat.QDQ, op_types_to_quantize=["Conv"],
        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax, nodes_to_exclude=list(ends),
    )  # fmt: skip
    _untangle(made)


def _untangle(path: Path) -> None:
    """Give whatever is no convolution the values themselves, where the quantiser gave it rounded ones.

    It rounds a tensor for all who read it, so that a residual block adds to what was rounded; and a rounded tensor with
    two readers keeps ONNX Runtime from running the convolution in eight bits at all.
    """
    import onnx

    model = onnx.load(str(path))
    made = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.op_type in ("Conv", "QuantizeLinear", "DequantizeLinear"):
            continue
        for place, name in enumerate(node.input):
            back = made.get(name)
            rounded = made.get(back.input[0]) if back is not None and back.op_type == "DequantizeLinear" else None
            if rounded is None or rounded.op_type != "QuantizeLinear":
                continue
            origin = made.get(rounded.input[0])
            # A convolution in eight bits gives eight bits.
            if origin is None or origin.op_type != "Conv":
                node.input[place] = rounded.input[0]
    onnx.save(model, str(path))


def _reader(examples: Sequence[Example]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._rest: Iterator[Example] = iter(examples)

        def get_next(self) -> Example | None:
            return next(self._rest, None)

    return Reader()


def _decibels(wanted: FloatArray, found: FloatArray, contract: SwapContract) -> float:
    """Over RGB in 0..1, whatever the network's own range."""
    deviation = np.reshape(contract.deviation if contract.signed else (1.0, 1.0, 1.0), (1, 3, 1, 1))
    error = float(np.mean(((wanted - found) * deviation) ** 2))
    return 10 * float(np.log10(1 / max(error, 1e-12)))


def _ways(
    path: Path, judged: Sequence[Example], wanted: Sequence[FloatArray], contract: SwapContract
) -> Iterator[_Way]:
    """Every way to run a variant here, in the order of `pipeline.models.trial`, ONNX Runtime's last."""

    def way(arithmetic: Arithmetic | None) -> _Way:
        runner = OpenVinoRunner(path, arithmetic) if arithmetic is not None else None
        session = Session(path, "cpu", on_cpu=None if runner is None else lambda _: runner)
        pairs = zip(wanted, (session(**one)[0] for one in judged), strict=True)
        return _Way(arithmetic, session, min(_decibels(*pair, contract) for pair in pairs))

    for one in arithmetics():
        try:
            yield way(one)
        except Exception as error:  # OpenVINO's own, which have no common root; ONNX Runtime's way is there
            log.info("%s is not run by OpenVINO in %s: %s", path.name, one, error)
    yield way(None)


def _remember(verdicts: Verdicts, path: Path, timed: Sequence[tuple[_Way, float]]) -> None:
    """Have the quickest of the ways that are good enough taken: they are gone through in this order."""
    for place, (way, milliseconds) in enumerate(timed):
        if way.arithmetic is not None:
            later = [other for one, other in timed[place + 1 :] if one.decibels >= GOOD]
            verdicts.remember(path, way.arithmetic, way.decibels >= GOOD and milliseconds <= min(later, default=np.inf))


def _worth(timed: tuple[_Way, float]) -> tuple[float, float]:
    """Smaller for a better one."""
    way, milliseconds = timed
    return max(GOOD - way.decibels, 0.0), milliseconds


def _milliseconds(sessions: Sequence[Session], example: Example, rounds: int = 5) -> list[float]:
    """Of one face, by turns, so that whatever else the machine does weighs on all."""
    times: list[list[float]] = [[] for _ in sessions]
    for number in range(rounds + 1):
        for session, spent in zip(sessions, times, strict=True):
            begin = time.perf_counter()
            session(**example)
            if number:
                spent.append(time.perf_counter() - begin)
    return [float(np.median(spent)) * 1000 for spent in times]


def _entry(entry: ModelEntry, file: str, original: Path) -> dict[str, Any]:
    contract = entry.swap
    assert contract is not None
    return {
        "file": file, "title": f"{entry.title}, int8", "template": contract.template, "size": contract.size,
        "mean": list(contract.mean), "deviation": list(contract.deviation), "identity": contract.identity,
        "converter": contract.converter, "unit": contract.unit, "signed": contract.signed,
        "source_template": contract.source_template, "source_size": contract.source_size,
        "recogniser": contract.recogniser, "matrix": str(original) if contract.identity == "emap" else None,
    }  # fmt: skip
