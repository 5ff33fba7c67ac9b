"""The content gate: a classifier of the operator's own, which says of a picture whether it is allowed.

It is an ONNX file and a small JSON entry beside it that says how it is fed::

    {"file": "gate.onnx", "sha256": "…", "size": 224, "mean": [0.485, 0.456, 0.406], "deviation": [0.229, 0.224, 0.225],
     "class": 1, "threshold": 0.5, "output": "logits", "sentence": "This server does not take such pictures."}

``file`` is relative to the entry. Pictures are given as RGB from 0 to 1, less ``mean``, over ``deviation``, reduced to
``size`` in whatever proportions they have. Of what comes out, the number at ``class`` (after a softmax where
``output`` says ``"logits"``, a sigmoid where it says ``"logit"``, as it is where it says ``"score"``) must stay below
``threshold``. What cannot be loaded or run refuses everything: a gate that is broken is shut.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import cv2
import numpy as np

from pipeline.errors import ContentRefused, ModelError, PolicyUnusable
from pipeline.models.checksums import sha256
from pipeline.types import ImageArray

if TYPE_CHECKING:
    from pipeline.models.session import Session

log = logging.getLogger(__name__)

Output = Literal["score", "logit", "logits"]
_FIELDS = {"file", "sha256", "size", "mean", "deviation", "class", "threshold", "output", "sentence"}


class GateUnusable(PolicyUnusable):
    code = "gate_unusable"
    sentence = (
        "The content gate of this server cannot be used, so it carries out nothing. Its operator has to mend it; the "
        "log says what is wrong."
    )


@dataclass(frozen=True)
class GateEntry:
    """How a classifier is fed and read; see the module.

    Attributes:
        file: the network.
        sha256: of its bytes.
        size: pixels of the input's side.
        place: index of the class that is not allowed.
        sentence: what whoever is refused is told.
    """

    file: Path
    sha256: str
    size: int
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    place: int
    threshold: float
    output: Output
    sentence: str


class ContentGate:
    """One classifier, loaded when it is first asked. Shared by threads."""

    def __init__(self, entry: Path) -> None:
        self._path = entry
        self._lock = threading.Lock()
        self._loaded: tuple[GateEntry, Session] | None = None

    def check(self, image: ImageArray) -> None:
        """Let ``(height, width, 3)`` uint8 BGR pass, or not.

        Raises:
            ContentRefused: it is not allowed.
            GateUnusable: nobody can tell.
        """
        entry, session = self._network()
        try:
            score = _score(entry, session, image)
        except (ModelError, IndexError, ValueError, TypeError) as error:
            raise self._shut("its network does not run on a picture") from error
        if not score < entry.threshold:
            if math.isnan(score):
                raise self._shut("its network gives no number")
            log.info("the content gate turned something down: %.3f, and %.3f is the bar", score, entry.threshold)
            raise ContentRefused(entry.sentence or None)

    def _network(self) -> tuple[GateEntry, Session]:
        with self._lock:
            if self._loaded is None:
                from pipeline.models.session import Session

                try:
                    entry = read_gate(self._path)
                    if sha256(entry.file) != entry.sha256:
                        raise ValueError("the file is not the one that the entry's sha256 names")
                    self._loaded = entry, Session(entry.file, "cpu")
                except (OSError, ValueError, ModelError) as error:
                    raise self._shut(str(error)) from error
            return self._loaded

    def _shut(self, why: str) -> GateUnusable:
        log.error("the content gate %s cannot be used: %s", self._path.name, why)
        return GateUnusable()


def read_gate(path: Path) -> GateEntry:
    """The entry in a JSON file.

    Raises:
        ValueError: it is none; the text says which field is wrong.
        OSError: it cannot be read.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or set(data) - _FIELDS:
        raise ValueError(f"the entry has to be an object of {', '.join(sorted(_FIELDS))}")
    output = data.get("output", "score")
    rules: dict[str, bool] = {
        "file": isinstance(data.get("file"), str),
        "sha256": isinstance(data.get("sha256"), str) and len(data["sha256"]) == 64,
        "size": type(data.get("size")) is int and 8 <= data["size"] <= 2048,
        "class": type(data.get("class", 0)) is int and data.get("class", 0) >= 0,
        "threshold": _number(data.get("threshold")),
        "mean": _three(data.get("mean", [0.0] * 3)),
        "deviation": _three(data.get("deviation", [1.0] * 3)) and all(data.get("deviation", [1.0])),
        "output": output in get_args(Output),
        "sentence": isinstance(data.get("sentence", ""), str),
    }
    wrong = [name for name, right in rules.items() if not right]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is missing or not allowed")
    mean, deviation = data.get("mean", [0.0] * 3), data.get("deviation", [1.0] * 3)
    return GateEntry(
        file=path.parent / data["file"], sha256=data["sha256"].lower(), size=data["size"],
        mean=(mean[0], mean[1], mean[2]), deviation=(deviation[0], deviation[1], deviation[2]),
        place=data.get("class", 0), threshold=float(data["threshold"]), output=output,
        sentence=data.get("sentence", ""),
    )  # fmt: skip


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _three(values: Any) -> bool:
    return isinstance(values, Sequence) and len(values) == 3 and all(_number(value) for value in values)


def _score(entry: GateEntry, session: Session, image: ImageArray) -> float:
    side, name = (entry.size, entry.size), next(iter(session.inputs))
    small = cv2.resize(image, side, interpolation=cv2.INTER_AREA)
    rgb = cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.float32) / 255
    fed = (rgb - np.array(entry.mean, np.float32)) / np.array(entry.deviation, np.float32)
    last = session.inputs[name][-1]
    # Channels come last where the network says so, and first everywhere else.
    planes = fed[None] if last == 3 else fed.transpose(2, 0, 1)[None]
    values = session(**{name: planes})[0].reshape(-1).astype(np.float64)
    if entry.output == "logits":
        values = np.exp(values - values.max())
        values = values / values.sum()
    value = float(values[entry.place])
    return 1 / (1 + math.exp(-max(-700.0, value))) if entry.output == "logit" else value
