"""Networks of the user's own: a small JSON file for each, in the folder ``entries`` of ``RECAST_HOME``.

``my_swap.json``::

    {"file": "my_swap.onnx", "title": "My swap", "template": "arcface_128", "size": 256,
     "mean": [0.5, 0.5, 0.5], "deviation": [0.5, 0.5, 0.5], "identity": "direct", "signed": true}

``file`` is relative to the JSON file, or absolute. What is left out is as in `SwapContract`. The engine is then called
``my_swap``, in every interface. A network that was made for another recogniser than ArcFace R50 names it as
``recogniser``: an entry of its own, with ``"kind": "recogniser"``.
"""

from __future__ import annotations

import json
import logging
import math
import typing
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.errors import ModelError
from pipeline.models.align import TEMPLATES
from pipeline.models.catalogue import ARCFACE, CATALOGUE, UNKNOWN, IdentityPath, ModelEntry, SwapContract

log = logging.getLogger(__name__)

_PATHS: tuple[IdentityPath, ...] = typing.get_args(IdentityPath)
_KNOWN = {"file", "title", "template", "size", "mean", "deviation", "identity", "converter", "unit", "signed",
          "source_template", "source_size", "kind", "recogniser", "matrix"}  # fmt: skip


def user_entries(folder: Path) -> tuple[ModelEntry, ...]:
    """The entries of a folder, by name. One that cannot be used is left out, and the log says why."""
    return _read(_files(folder))[0]


def faults(folder: Path) -> tuple[str, ...]:
    """Why entries of a folder cannot be used, a sentence for each of them."""
    return _read(_files(folder))[1]


def _files(folder: Path) -> tuple[tuple[Path, int, int], ...]:
    """Entries by name, with what is another one once a file was changed."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            state = path.stat()
        except OSError:
            found.append((path, 0, 0))
        else:
            found.append((path, state.st_size, state.st_mtime_ns))
    return tuple(found)


@lru_cache(maxsize=8)
def _read(files: tuple[tuple[Path, int, int], ...]) -> tuple[tuple[ModelEntry, ...], tuple[str, ...]]:
    """Kept as long as the files are the same: entries are looked up by the dozen, and each fault is logged once."""
    entries, faults = [], []
    for path, _, _ in files:
        try:
            entries.append(read_entry(path))
        except ModelError as error:
            faults.append(str(error))
    recognisers = {entry.name for entry in (*CATALOGUE.values(), *entries) if entry.kind == "recogniser"}
    usable = []
    for entry in entries:
        if entry.swap is None or entry.swap.identity == "image" or entry.swap.recogniser in recognisers:
            usable.append(entry)
        else:
            faults.append(f"'recogniser' in the model entry {entry.name}.json has to be the name of a recogniser.")
    for fault in faults:
        log.warning("%s", fault)
    return tuple(usable), tuple(faults)


def read_entry(path: Path) -> ModelEntry:
    """The entry that a JSON file describes.

    Raises:
        ModelError: it is no such file, with the field that is wrong.
    """
    name = path.stem
    if name in CATALOGUE or name == "mesh" or not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
        raise ModelError(f"A model of your own cannot be called {name!r}. Give its file another name.")
    try:
        # As editors on Windows save it, too: with a mark before the first letter.
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ModelError(f"The model entry {path.name} is no JSON file: see {place}.") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"The model entry {path.name} has letters that are not in UTF-8. Save it as UTF-8.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"The model entry {path.name} is no JSON file.") from error
    if not isinstance(data, dict):
        raise ModelError(f"The model entry {path.name} has to be a JSON object.")
    unknown = sorted(set(data) - _KNOWN)
    if unknown:
        raise ModelError(f"The model entry {path.name} has a field {unknown[0]!r}, which is not known.")
    if not isinstance(data.get("file"), str):
        raise ModelError(f"The model entry {path.name} has to name its file.")
    if not isinstance(data.get("title", ""), str):
        raise ModelError(f"'title' in the model entry {path.name} has to be a text.")
    kind = data.get("kind", "swap")
    if kind not in ("swap", "recogniser"):
        raise ModelError(f"'kind' in the model entry {path.name} has to be swap or recogniser.")
    contract = _contract(path, data) if kind == "swap" else None
    return ModelEntry(
        name, data.get("title", name), kind, "", Path(data["file"]).name, UNKNOWN, "your own",
        needs=contract.needs if contract is not None else (), swap=contract, local=str(path.parent / data["file"]),
    )  # fmt: skip


def _contract(path: Path, data: Mapping[str, Any]) -> SwapContract:
    def wrong(field: str, wanted: str) -> ModelError:
        return ModelError(f"{field!r} in the model entry {path.name} has to be {wanted}.")

    for field, choices in (("template", tuple(TEMPLATES)), ("source_template", tuple(TEMPLATES)), ("identity", _PATHS)):
        if field in data and data[field] not in choices:
            raise wrong(field, f"one of {', '.join(choices)}")
    for field in ("size", "source_size"):
        if field in data and not (type(data[field]) is int and 32 <= data[field] <= 1024):
            raise wrong(field, "a whole number from 32 to 1024")
    for field in ("mean", "deviation"):
        value = data.get(field, [1.0, 1.0, 1.0])
        if not (isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))):
            raise wrong(field, "three numbers")
        if field == "deviation" and not all(value):
            raise wrong(field, "three numbers other than 0")
    if not isinstance(data.get("recogniser", ""), str):
        raise wrong("recogniser", "the name of an entry")
    if not isinstance(data.get("matrix") or "", str):
        raise wrong("matrix", "the name of a file")
    for field in ("unit", "signed"):
        if field in data and not isinstance(data[field], bool):
            raise wrong(field, "true or false")
    if "template" not in data or "size" not in data:
        raise wrong("template" if "template" not in data else "size", "given")
    identity = data.get("identity", "direct")
    converter = data.get("converter")
    known = CATALOGUE.get(converter) if isinstance(converter, str) else None
    if identity == "converter" and (known is None or known.kind != "converter"):
        raise wrong("converter", "a converter of the catalogue")
    return SwapContract(
        template=data["template"],
        size=data["size"],
        mean=_three(data.get("mean", (0.0, 0.0, 0.0))),
        deviation=_three(data.get("deviation", (1.0, 1.0, 1.0))),
        identity=identity,
        converter=converter if identity == "converter" else None,
        unit=data.get("unit", True),
        signed=data.get("signed", False),
        source_template=data.get("source_template", "arcface_112_v2"),
        source_size=data.get("source_size", 112),
        recogniser=data.get("recogniser", ARCFACE),
        matrix=str(path.parent / data["matrix"]) if data.get("matrix") else None,
    )


def _is_number(value: Any) -> bool:
    """JSON as Python reads it knows numbers without end, and some that are none."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _three(values: Any) -> tuple[float, float, float]:
    first, second, third = (float(value) for value in values)
    return first, second, third
