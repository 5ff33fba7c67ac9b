"""The quickest way to run a network on the CPU, used only where it gives what ONNX Runtime gives in single precision.

OpenVINO in bfloat16 is tried first, then OpenVINO in single precision; the first real input that a network gets is run
both ways and compared. What came of it is remembered for each file, so that it is found out once on a machine.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.models import openvino_runner
from pipeline.models.checksums import stamp
from pipeline.models.notes import Notes
from pipeline.models.onnx_runner import opened
from pipeline.models.openvino_runner import OpenVinoRunner
from pipeline.models.runner import Arithmetic, Port, Row, Runner, Values
from pipeline.options import DeviceName

log = logging.getLogger(__name__)

GOOD: Mapping[Arithmetic, float] = {"bfloat16": 40.0, "single": 80.0}
"""Least peak signal-to-noise ratio in decibels against ONNX Runtime, of every output: 40 are 2.5 grey levels, spread
like fine grain, which cannot be seen; single precision differs by nothing but the order of its sums."""


class Verdicts:
    """Which files were found to be sound in which arithmetic, on this processor and by this OpenVINO."""

    def __init__(self, notes: Path) -> None:
        """
        Args:
            notes: folder of what is remembered; where it cannot be written, each process finds out by itself.
        """
        self._notes = Notes(notes / "arithmetic.json")

    def of(self, path: Path, arithmetic: Arithmetic) -> bool | None:
        """``None`` where it is not known."""
        found = self._notes.read().get(str(path.absolute()))
        known = found if isinstance(found, dict) and found.get("of") == _circumstances(path) else {}
        verdict = known.get(arithmetic)
        return verdict if isinstance(verdict, bool) else None

    def remember(self, path: Path, arithmetic: Arithmetic, sound: bool) -> None:
        key, now = str(path.absolute()), _circumstances(path)

        def change(found: dict[str, object]) -> None:
            old = found.get(key)
            kept = old if isinstance(old, dict) and old.get("of") == now else {"of": now}
            found[key] = {**kept, arithmetic: sound}

        try:
            self._notes.change(change)
        except OSError as error:
            log.info("%s cannot be written: %s", self._notes.path.name, error)


class TrialRunner:
    """See the module, and `pipeline.models.runner.Runner`. Until the first call nothing is decided."""

    device: DeviceName = "cpu"

    def __init__(self, path: Path, arithmetics: Sequence[Arithmetic], verdicts: Verdicts) -> None:
        """
        Args:
            arithmetics: what may be tried, the quickest first.

        Raises:
            ModelError, DeviceMemory: see `pipeline.models.onnx_runner.opened`.
        """
        self._path, self._verdicts = path, verdicts
        self._lock = threading.Lock()
        self._untried = [one for one in arithmetics if verdicts.of(path, one) is not False]
        known = None
        while known is None and self._untried and verdicts.of(path, self._untried[0]):
            known = self._opened(self._untried.pop(0))
        self._runner: Runner = known or opened(path, "cpu", 1, path.parent)[0]
        self._decided = known is not None or not self._untried

    @property
    def runtime(self) -> str:
        return self._runner.runtime

    @property
    def inputs(self) -> Mapping[str, Port]:
        if self._decided:
            return self._runner.inputs
        # Rows are taken one at a time until it is known who takes them.
        return {name: replace(port, shape=(1, *port.shape[1:])) for name, port in self._runner.inputs.items()}

    @property
    def outputs(self) -> tuple[str, ...]:
        return self._runner.outputs

    def run(self, feed: Row) -> list[Values]:
        if not self._decided:
            with self._lock:
                if not self._decided:
                    return self._decide(feed)
        return self._runner.run(feed)

    def _decide(self, feed: Row) -> list[Values]:
        """Choose by a real input. Its outputs, by what was chosen."""
        reference = self._runner
        wanted = outputs = reference.run(feed)
        for arithmetic in self._untried:
            runner = self._opened(arithmetic)
            found = _outputs(runner, reference, feed) if runner is not None else None
            if runner is None or found is None:
                continue
            decibels = likeness(found, wanted)
            sound = decibels >= GOOD[arithmetic]
            log.info("%s by %s is %.0f dB from ONNX Runtime", self._path.name, runner.runtime, decibels)
            self._verdicts.remember(self._path, arithmetic, sound)
            if sound:
                self._runner, outputs = runner, found
                break
        self._decided = True
        return outputs

    def _opened(self, arithmetic: Arithmetic) -> OpenVinoRunner | None:
        try:
            return OpenVinoRunner(self._path, arithmetic)
        except Exception as error:  # OpenVINO's own, which have no common root; ONNX Runtime goes on
            log.info("%s is not run by OpenVINO in %s: %s", self._path.name, arithmetic, error)
            return None


def likeness(found: Sequence[Values], wanted: Sequence[Values]) -> float:
    """Peak signal-to-noise ratio in decibels of the output that is farthest from what it should be; minus infinity
    where one is no number. The peak is the reach of what was wanted."""
    return min(_decibels(np.asarray(one, np.float64), np.asarray(other, np.float64))
               for one, other in zip(found, wanted, strict=True))  # fmt: skip


def _decibels(found: Values, wanted: Values) -> float:
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return -np.inf
    reach = max(float(np.ptp(wanted)), float(np.abs(wanted).max()), 1e-9)
    error = float(np.sqrt(np.mean((found - wanted) ** 2)))
    return float(20 * np.log10(reach / max(error, 1e-12 * reach)))


def _outputs(runner: Runner, reference: Runner, feed: Row) -> list[Values] | None:
    """What `runner` gives, or ``None`` where it is not the same network to those who use it."""
    if list(runner.inputs) != list(reference.inputs) or runner.outputs != reference.outputs:
        log.info("OpenVINO has other names for what a network takes or gives")
        return None
    try:
        return runner.run(feed)
    except Exception as error:  # OpenVINO's own, which have no common root; ONNX Runtime goes on
        log.warning("OpenVINO opens a network that it cannot run: %s", error)
        return None


def _circumstances(path: Path) -> list[object]:
    return [*stamp(path), openvino_runner.version()]
