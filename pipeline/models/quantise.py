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
from pipeline.models.session import Session
from pipeline.types import FloatArray

log = logging.getLogger(__name__)

GOOD = 34.0
"""Least peak signal-to-noise ratio in decibels, against the same network in single precision, on crops that were not
used for calibration."""
HELD_BACK = 0.34
"""Share of the crops that the result is judged on."""
Example = dict[str, FloatArray]


@dataclass(frozen=True)
class Quantised:
    """What came of it.

    Attributes:
        path: of the file, ``None`` where it was not kept.
        decibels: peak signal-to-noise ratio against single precision.
        before, after: milliseconds of one face.
        kept: whether it is offered as an engine of its own.
    """

    path: Path | None
    decibels: float
    before: float
    after: float

    @property
    def kept(self) -> bool:
        return self.path is not None


def quantise(
    entry: ModelEntry, path: Path, examples: Sequence[Example], entries: Path, *, anyway: bool = False
) -> Quantised:
    """Write an int8 variant beside the user's own entries, called ``NAME_int8``, if it holds quality and is faster.

    Weights and activations are calibrated on real crops (static quantisation of ONNX Runtime, weights by channel); only
    convolutions and matrix products are touched.

    Args:
        entry: of kind ``"swap"``.
        path: its file in single precision.
        examples: inputs of real crops by name, ``(1, …)`` each; at least three.
        entries: the folder of the user's own entries.
        anyway: keep it even where it is not faster; never where it is worse.

    Raises:
        ModelError: there are too few examples, or the network cannot be quantised.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
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
        quantize_static(
            str(prepared), str(made), _reader(examples[len(judged) :]), quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "MatMul", "Gemm"], per_channel=True, activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
        )  # fmt: skip
        single, small = Session(path, "cpu"), Session(made, "cpu")
        decibels = min(_decibels(single(**one)[0], small(**one)[0], entry.swap) for one in judged)
        before, after = _milliseconds(single, judged[0]), _milliseconds(small, judged[0])
        if decibels < GOOD or (after >= before and not anyway):
            return Quantised(None, decibels, before, after)
        final = entries / f"{name}.onnx"
        made.replace(final)
        (entries / f"{name}.json").write_text(json.dumps(_entry(entry, final.name, path), indent=2) + "\n")
        return Quantised(final, decibels, before, after)
    except ModelError:
        raise
    except Exception as error:  # the quantiser's own, which have no common root
        log.warning("%s cannot be quantised: %s", entry.name, error)
        raise ModelError(f"{entry.title} cannot be quantised. The log says why.") from error
    finally:
        made.unlink(missing_ok=True)
        prepared.unlink(missing_ok=True)


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


def _milliseconds(session: Session, example: Example, rounds: int = 5) -> float:
    session(**example)
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        session(**example)
        times.append(time.perf_counter() - begin)
    return float(np.median(times)) * 1000


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
